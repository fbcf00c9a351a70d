//! One member as shown: the line under the name, the band, the number, the trouble.

use tutti_core::command::{CommandId, CommandKind, Outcome};
use tutti_core::event::Event;
use tutti_core::member::Trouble;
use tutti_core::playback::Playback;
use tutti_core::reading::Failure;
use tutti_core::room::{Act, MemberId};
use tutti_core::standing::{Standing, View};
use tutti_core::time::{LocalTime, Span};

use super::words::{act_code, act_words};
use super::{Change, MemberRequests};
use crate::api::{self, Action, Band};
use crate::settings::Endpoints;
use crate::texts::{decimal, t};
use crate::trouble::{Told, of_failure};

/// What somebody did stands under their name for so long.
const ACTED_FOR: Span = Span::from_secs(8);
/// A number that jumps with every reading cannot be read: it follows with this time constant.
const SMOOTHING: Span = Span::from_millis(2_500);
/// A larger step is news and is shown at once.
pub(super) const NEWS: Span = Span::from_millis(150);

/// Why no player can be seen is asked for; without an answer by then it is said as far as it is known.
const WHY_WITHIN: Span = Span::from_secs(2);
/// An item that was asked for, and was not there after this long while the next of its list was, cannot be played here.
const SKIPPED_AFTER: Span = Span::from_secs(3);

#[derive(Debug)]
pub struct MemberShown {
    pub id: MemberId,
    pub account: String,
    pub name: String,
    color: u32,
    view: Option<(View, LocalTime)>,
    /// Another program drives it: what is wrong is for somebody else to put right.
    afar: bool,
    smoothed: Option<Smoothed>,
    /// Since when no player can be seen, and whether that is because of a private session, as soon as it is known.
    unseen: Option<LocalTime>,
    private: Option<bool>,
    asked: Option<Asked>,
    pub(super) acted: Option<(Act, LocalTime)>,
}

/// The item that a player was last told to play.
#[derive(Debug)]
struct Asked {
    command: CommandId,
    uri: String,
    at: LocalTime,
    outcome: Option<Outcome>,
}

/// A timing error as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothed {
    error_us: f64,
    bound: Span,
    at: LocalTime,
}

impl Smoothed {
    pub fn new(error: Span, bound: Span, at: LocalTime) -> Self {
        Self { error_us: error.as_micros() as f64, bound, at }
    }

    /// Moves towards a new value; a large step is taken at once.
    pub fn towards(self, error: Span, bound: Span, at: LocalTime) -> Self {
        let step = error.as_micros() as f64 - self.error_us;
        if step.abs() >= NEWS.as_micros() as f64 {
            return Self::new(error, bound, at);
        }
        let passed = (at - self.at).as_secs().max(0.0);
        let share = passed / (passed + SMOOTHING.as_secs());
        Self { error_us: self.error_us + step * share, bound, at }
    }

    pub fn picture(self) -> api::Timing {
        let error_ms = self.error_us / 1_000.0;
        api::Timing { error_ms, bound_ms: self.bound.as_ms(), band: band(error_ms) }
    }
}

/// The band of a timing error, in ms.
pub fn band(error_ms: f64) -> Band {
    match error_ms.abs() {
        error if error <= 40.0 => Band::OneSound,
        error if error <= 100.0 => Band::Imperceptible,
        error if error <= 250.0 => Band::Fine,
        error if error <= 500.0 => Band::LittleApart,
        _ => Band::OutOfStep,
    }
}

impl MemberShown {
    pub fn new(id: MemberId, account: String, name: String, color: u32) -> Self {
        Self {
            id,
            account,
            name,
            color,
            view: None,
            afar: false,
            smoothed: None,
            unseen: None,
            private: None,
            asked: None,
            acted: None,
        }
    }

    /// How the member is now; `room`: what the room plays.
    pub fn seen(&mut self, view: View, room: Option<&Playback>, now: LocalTime) -> Change {
        let goes_on = self.view.as_ref().is_some_and(|(before, at)| goes_on(before, &view, now - *at));
        if let (Some(player), Some(room)) = (&view.player, room)
            && player.item.same_recording(&room.item)
        {
            // What was heard can be played.
            self.asked = None;
        }
        if view.trouble == Some(Trouble::NoDevice) {
            self.unseen.get_or_insert(now);
        } else {
            (self.unseen, self.private) = (None, None);
        }
        self.smoothed = view.timing.map(|(error, bound)| match self.smoothed {
            Some(smoothed) => smoothed.towards(error, bound, now),
            None => Smoothed::new(error, bound, now),
        });
        self.view = Some((view, now));
        Change::news_if(!goes_on)
    }

    /// Whether another program drives it.
    pub(super) fn is_afar(&mut self, afar: bool) {
        self.afar = afar;
    }

    /// Why no player can be seen: whether because of a private session.
    pub fn private(&mut self, private: bool) {
        self.private = self.unseen.map(|_| private);
    }

    pub fn heard(&mut self, event: &Event, now: LocalTime) {
        match event {
            Event::Commanded { id, kind: CommandKind::Play { uris, .. }, .. } => {
                self.asked = uris.first().map(|uri| Asked { command: *id, uri: uri.clone(), at: now, outcome: None });
            }
            Event::Answered { id, outcome } => {
                if let Some(asked) = self.asked.as_mut().filter(|asked| asked.command == *id) {
                    asked.outcome = Some(outcome.clone());
                }
            }
            _ => {}
        }
    }

    /// The room's item cannot be played by this account: it was refused, or passed over for the next of its list.
    fn lacks(&self, room: &Playback, view: &View, now: LocalTime) -> bool {
        let Some(asked) = self.asked.as_ref().filter(|asked| asked.uri == room.item.uri) else { return false };
        let heard = view.player.as_ref().map(|player| &player.item);
        if !room.playing || heard.is_some_and(|item| item.same_recording(&room.item)) {
            return false;
        }
        let passed_over = || heard.is_some_and(|item| room.next.iter().any(|next| next.same_recording(item)));
        match asked.outcome {
            Some(Outcome::Restriction) => true,
            Some(Outcome::Accepted) => now - asked.at >= SKIPPED_AFTER && passed_over(),
            _ => false,
        }
    }

    fn trouble(
        &self,
        leads: bool,
        room: Option<&Playback>,
        endpoints: &Endpoints,
        asked_to_wait: bool,
        now: LocalTime,
    ) -> Option<Told> {
        let (view, _) = self.view.as_ref()?;
        if let Some(since) = self.unseen {
            match self.private {
                Some(true) => return Some(Told::new("private_session")),
                None if now - since < WHY_WITHIN => return None,
                _ => {}
            }
        }
        let wrong = if self.afar {
            // Which server somebody else's program talks to is not known.
            trouble(view, self.id, &self.name, &Endpoints::default(), true, now).map(|told| told.of(&self.name))
        } else {
            trouble(view, self.id, &self.name, endpoints, asked_to_wait, now)
        };
        wrong.or_else(|| {
            let room = room.filter(|room| !leads && self.lacks(room, view, now))?;
            Some(Told::new("unavailable_item").with("title", room.item.title.clone()))
        })
    }

    /// The newest timing error, not smoothed.
    pub fn error(&self) -> Option<Span> {
        self.view.as_ref()?.0.timing.map(|(error, _)| error)
    }

    pub fn picture(
        &self,
        now: LocalTime,
        leads: bool,
        room: Option<&Playback>,
        endpoints: &Endpoints,
        requests: MemberRequests,
    ) -> api::Member {
        let view = self.view.as_ref().map(|(view, _)| view);
        let timing = self.smoothed.map(Smoothed::picture);
        let acted = self.acted.as_ref().filter(|(_, at)| now - *at < ACTED_FOR).map(|(act, _)| act);
        api::Member {
            id: self.id.0,
            account: self.account.clone(),
            name: self.name.clone(),
            color: self.color,
            leads,
            device: view.and_then(|view| view.device.as_ref()).map(|device| device.name.clone()),
            status: status_of(
                view.map(|view| view.standing),
                leads.then_some(acted).flatten(),
                leads,
                room.is_some_and(|room| room.playing),
                timing,
            ),
            trouble: self.trouble(leads, room, endpoints, requests.asked_to_wait, now).map(Told::into_trouble),
            timing,
            trim_ms: view.map_or(0, |view| (view.trim.as_micros() / 1_000) as i32),
            player: self.player(now),
            requests_minute: requests.minute,
            place: None,
        }
    }

    fn player(&self, now: LocalTime) -> Option<api::Player> {
        let (view, at) = self.view.as_ref()?;
        let player = view.player.as_ref()?;
        let since = if player.playing { player.speed.run(now - *at) } else { Span::ZERO };
        Some(api::Player {
            title: Some(player.item.title.clone()),
            playing: player.playing,
            position_ms: (player.position + since).clamp(Span::ZERO, player.item.duration).as_ms(),
            speed: player.speed.factor(),
            duration_ms: player.item.duration.as_ms(),
        })
    }
}

/// The member does what it did `since` ago: only its numbers are others.
fn goes_on(before: &View, now: &View, since: Span) -> bool {
    let near = |one: Span, other: Span| (one - other).abs() < NEWS;
    let player = match (&before.player, &now.player) {
        (Some(before), Some(now)) => {
            let run = if before.playing { before.speed.run(since) } else { Span::ZERO };
            before.item == now.item
                && before.playing == now.playing
                && before.speed == now.speed
                && near(before.position + run, now.position)
        }
        (before, now) => before.is_none() && now.is_none(),
    };
    let timing = match (before.timing, now.timing) {
        (Some((before, _)), Some((now, _))) => near(before, now),
        (before, now) => before.is_none() && now.is_none(),
    };
    player
        && timing
        && before.standing == now.standing
        && before.trim == now.trim
        && before.device == now.device
        && before.trouble == now.trouble
}

fn status_of(
    standing: Option<Standing>,
    acted: Option<&Act>,
    leads: bool,
    room_plays: bool,
    timing: Option<api::Timing>,
) -> api::Status {
    if let Some(act) = acted {
        return api::Status { code: act_code(act).into(), text: act_words(act) };
    }
    match standing {
        Some(Standing::Away) => status("away"),
        Some(Standing::Joining) | None => status("joining"),
        _ if leads => status(if room_plays { "leads_playing" } else { "leads_paused" }),
        Some(Standing::Waiting | Standing::Leads) => status("waiting"),
        Some(Standing::Watching) => status("watching"),
        Some(Standing::Paused) => status("paused_with_room"),
        Some(Standing::CatchingUp) => status("catching_up"),
        Some(Standing::OwnSpeed) => status("own_speed"),
        Some(Standing::PlaysOn) => status("plays_on"),
        Some(Standing::InPlace) => match timing.map(|timing| timing.band) {
            Some(Band::OneSound) => status("one_sound"),
            Some(Band::Imperceptible) => status("imperceptible"),
            Some(Band::Fine) => status("fine"),
            Some(Band::LittleApart) => status("little_apart"),
            Some(Band::OutOfStep) => status("out_of_step"),
            None => status("catching_up"),
        },
    }
}

fn status(code: &str) -> api::Status {
    api::Status { code: code.into(), text: t(&format!("status.{code}"), &[]) }
}

/// What is wrong with a member at `now`, with the way out.
pub fn trouble(
    view: &View,
    id: MemberId,
    name: &str,
    endpoints: &Endpoints,
    asked_to_wait: bool,
    now: LocalTime,
) -> Option<Told> {
    let device = || view.device.as_ref().map(|device| device.name.clone()).unwrap_or_default();
    Some(match view.trouble.as_ref()? {
        Trouble::NoDevice => Told::new("no_device").out("look_again", Action::LookAgain { member: id.0 }),
        Trouble::NotPremium => Told::new("not_premium"),
        Trouble::Restricted => Told::new("restricted_device").with("device", device()),
        Trouble::Ad => Told::new("ad"),
        Trouble::Unavailable(title) => Told::new("unavailable_item").with("title", title.clone()),
        Trouble::SteppedOut => Told::new("stepped_out"),
        Trouble::OtherSpeed(own, room) => {
            Told::new("other_speed").with("own", decimal(own.factor())).with("room", decimal(room.factor()))
        }
        Trouble::NoEffect => Told::new("no_effect").with("device", device()),
        // The wait is over, and the next look is on its way.
        Trouble::Failure(Failure::RateLimited { until, .. }) if *until <= now => return None,
        Trouble::Failure(Failure::RateLimited { .. }) if !asked_to_wait => Told::new("pacing"),
        Trouble::Failure(failure) => of_failure(failure, name, endpoints),
    })
}
