//! One member of a room: the state machine that looks after one account.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::RoomClock;
use crate::command::{Answered, Command, CommandId, CommandKind, Outcome};
use crate::event::{Author, Event, What, Why};
use crate::follow::{Follow, Sight};
use crate::issued::Issued;
use crate::latency::Kind;
use crate::lead::Lead;
use crate::observe::{Finding, Observer};
use crate::playback::{Item, Playback};
use crate::poll::{Reason, Schedule, Situation};
use crate::reading::{Failure, Reading, Seen};
use crate::room::{HubToMember, MemberId, MemberToHub, RoomState};
use crate::time::{LocalTime, Span};

/// A room is lively for so long after a hand action.
const LIVELY: Span = Span::from_secs(600);
/// Looks come every second for so long after something was confirmed, and so long before and after a transition.
const BRISK: Span = Span::from_secs(3);
const TRANSITION_BEFORE: Span = Span::from_secs(2);
/// A device that was not heard playing for so long answers late.
const SILENT: Span = Span::from_secs(30);
/// A look that was asked so shortly before a takeover counts as a look before following it (L3).
const JUST_LOOKED: Span = Span::from_millis(150);
/// A command rests on a look that was asked no longer ago than this.
const FRESH: Span = Span::from_millis(700);
/// Following waits no longer than this for looks and doubts.
const PATIENCE: Span = Span::from_secs(3);
/// The leader's queue is read again so long before the end of the item (F5).
const QUEUE_BEFORE_END: Span = Span::from_secs(16);

/// What happens to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The deadline has come.
    Tick,
    /// An answer to [`Output::Look`].
    Reading(Reading),
    /// An answer to [`Output::LookQueue`]: the item that plays and what comes next, nearest first; `next` is None if it
    /// could not be read.
    Queue {
        of: Option<String>,
        next: Option<Vec<Arc<Item>>>,
    },
    /// An answer to [`Output::Command`].
    Answered(Answered),
    FromHub(HubToMember),
    /// The user's switch: off is leaving the line, not the room.
    Sync(bool),
    /// The user's own correction for the delay of their speakers (E8): + plays earlier.
    Trim(Span),
    /// The device that may be started; None = the active one only (F8).
    Device(Option<String>),
    /// So many members, this one included, use the same client id and share its ration (P2).
    Sharing(u32),
    /// The machine slept (A6).
    Suspended,
    /// What is known of the room's clock by now (C2).
    Clock(RoomClock),
}

/// What a member wants done. One look, one look at the queue and one command are in flight at a time; each is answered
/// by its input, also when it failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Look,
    LookQueue,
    Command(Command),
    ToHub(MemberToHub),
    Event(Event),
}

/// Why a member cannot take part fully; each has its words in the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    NoDevice,
    NotPremium,
    Restricted,
    Ad,
    Failure(Failure),
}

/// One account in one room. See the crate's page for how it is driven.
#[derive(Debug)]
pub struct Member {
    pub(crate) id: MemberId,
    pub(crate) clock: RoomClock,
    pub(crate) observer: Observer,
    pub(crate) lead: Lead,
    pub(crate) room: Option<Arc<RoomState>>,
    pub(crate) sync: bool,
    pub(crate) trim: Span,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) follow: Follow,
    schedule: Schedule,
    sharing: u32,
    device: Option<String>,
    out: VecDeque<Output>,
    commands: u64,
    /// The command whose answer is awaited, why it went out, and the item it is about.
    open: Option<(CommandId, CommandKind, Why)>,
    /// A landing whose latency is not learned yet.
    landing: Option<CommandId>,
    /// Following waits for a look that was asked from here on (L3), but not for ever.
    look_first: Option<LocalTime>,
    doubt_since: Option<LocalTime>,
    brisk_until: LocalTime,
    acted: LocalTime,
    paused_since: Option<LocalTime>,
    away_since: Option<LocalTime>,
    /// When a device of this account was last told to start, while none was active.
    woken: Option<LocalTime>,
    /// When the last look that was answered was asked.
    looked: Option<LocalTime>,
    /// When the last command went out; the next one rests on a later look.
    commanded: Option<LocalTime>,
}

impl Member {
    /// A member that joins now. `seed` feeds the dither of its looks.
    pub fn new(id: MemberId, clock: RoomClock, seed: u64, now: LocalTime) -> Self {
        Self {
            id,
            clock,
            observer: Observer::default(),
            lead: Lead::default(),
            room: None,
            sync: true,
            trim: Span::ZERO,
            trouble: None,
            follow: Follow::new(now),
            schedule: Schedule::new(seed, now),
            sharing: 1,
            device: None,
            out: VecDeque::new(),
            commands: 0,
            open: None,
            landing: None,
            look_first: None,
            doubt_since: None,
            brisk_until: now + BRISK,
            acted: now,
            paused_since: None,
            away_since: None,
            woken: None,
            looked: None,
            commanded: None,
        }
    }

    /// Takes one input. Afterwards drain [`Member::poll`].
    pub fn handle(&mut self, input: Input, now: LocalTime) {
        match input {
            Input::Tick => {}
            Input::Reading(reading) => self.reading(&reading, now),
            Input::Queue { of, next } => self.queue(of, next, now),
            Input::Answered(answered) => self.answered(&answered, now),
            Input::FromHub(HubToMember::Room(room)) => self.room_changed(room, now),
            Input::FromHub(HubToMember::Answer { claim, .. }) => self.lead.answered(claim),
            Input::Sync(on) => self.switch(on, now),
            Input::Trim(trim) => {
                self.trim = trim;
                self.follow.anew(now);
                self.publish(now);
            }
            Input::Device(device) => self.device = device,
            Input::Sharing(members) => self.sharing = members,
            Input::Suspended => self.start_over(now),
            Input::Clock(clock) => self.clock = clock,
        }
        self.act(now);
    }

    /// The next thing to do; None when all is said.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to hand in [`Input::Tick`] if nothing else happens before, and why.
    pub fn deadline(&self, now: LocalTime) -> Option<(LocalTime, Reason)> {
        let patience = |since: Option<LocalTime>| since.map(|since| since + PATIENCE);
        let waits = [patience(self.look_first), patience(self.doubt_since)];
        let decide = [self.follow.recheck(now), self.observer.flight_ends(), self.queue_due(), waits[0], waits[1]]
            .into_iter()
            .flatten()
            .filter(|&at| at > now)
            .min()
            .map(|at| (at, Reason::Decide));
        [self.schedule.next(), decide].into_iter().flatten().min_by_key(|&(at, _)| at)
    }

    pub fn leads(&self) -> bool {
        self.room.as_ref().is_some_and(|room| room.leader == Some(self.id))
    }

    /// The room's playback as this member should play it: put forward by its own trim.
    pub(crate) fn wanted(&self) -> Option<Playback> {
        let mut playback = self.room.as_ref()?.playback.clone()?;
        playback.position += self.trim;
        Some(playback)
    }

    pub(crate) fn say(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub(crate) fn tell(&mut self, message: MemberToHub) {
        self.out.push_back(Output::ToHub(message));
    }

    pub(crate) fn look_queue(&mut self) {
        self.out.push_back(Output::LookQueue);
    }

    fn reading(&mut self, reading: &Reading, now: LocalTime) {
        self.looked = Some(reading.asked);
        let predicted = self.observer.line().map(|line| (line.item.uri.clone(), line.estimate.position(reading.asked)));
        let at_rest = self.open.is_none() && !self.observer.in_flight(now);
        let finding = self.observer.observe(reading, now);
        self.note_trouble(reading, &finding, now);
        match finding {
            Finding::Steady => {
                if let Some((uri, position)) = predicted.filter(|_| at_rest) {
                    self.say(Event::Predicted { at: reading.asked, uri, position });
                }
                self.steady(now);
            }
            Finding::Baseline => {
                self.follow.anew(now);
                self.brisk_until = now + BRISK;
                self.lead.fitted(self.room.as_ref());
                self.publish(now);
            }
            Finding::Landed { id, .. } => {
                self.landing = Some(id);
                self.learn_landing(false);
                self.follow.landed();
                self.brisk_until = now + BRISK;
                self.lead.fitted(self.room.as_ref());
                self.publish(now);
            }
            Finding::Named(named) => self.named(&named, now),
            Finding::LookAgain(at) => {
                self.doubt_since.get_or_insert(now);
                self.schedule.urge(at, Reason::SecondLook);
            }
            Finding::LeftOut(why) => self.say(Event::LeftOut(why)),
            Finding::Gone | Finding::Ad => {}
        }
        if !self.observer.in_doubt() {
            self.doubt_since = None;
        }
        if self.look_first.is_some_and(|from| reading.asked >= from - JUST_LOOKED) {
            self.look_first = None;
        }
        self.plan(reading, now);
    }

    fn steady(&mut self, now: LocalTime) {
        self.lead.fitted(self.room.as_ref());
        if self.observer.line().is_some_and(|line| line.estimate.readings() >= 2) {
            self.learn_landing(true);
        }
        if let Some((error, bound)) = self.timing(now)
            && !self.leads()
        {
            self.follow.saw_error(error, bound);
        }
        self.publish(now);
    }

    /// Takes the landing of the last command into the learned latencies: at once, and better with a second reading.
    fn learn_landing(&mut self, again: bool) {
        if let Some(id) = self.landing
            && let Some(after) = self.observer.learn_latency(id, again)
        {
            self.say(Event::Landed { id, after });
        }
        if again {
            self.landing = None;
        }
    }

    fn named(&mut self, named: &crate::name::Named, now: LocalTime) {
        // What plays now says nothing about how the last command landed.
        self.landing = None;
        self.brisk_until = now + BRISK;
        let when = crate::room::When {
            earliest: self.clock.to_room(named.earliest),
            latest: self.clock.to_room(named.latest),
        };
        self.say(Event::Named { what: named.what.clone(), author: named.author, when });
        if let What::NaturalTransition { .. } = &named.what
            && let Some(line) = self.observer.line()
        {
            self.follow.player_moved_on(&line.item.uri);
        }
        match (named.act(), &named.what) {
            (Some(act), _) if self.sync => self.claim(act.clone(), when, now),
            (_, What::DeviceChanged) => {
                self.follow.anew(now);
                self.publish(now);
            }
            (_, What::Ended) => self.publish_ended(now),
            _ => {
                if named.author == Author::Player && matches!(named.what, What::Drifted(_)) {
                    self.follow.anew(now);
                }
                self.publish(now);
            }
        }
        self.lead.fitted(self.room.as_ref());
    }

    fn queue(&mut self, of: Option<String>, next: Option<Vec<Arc<Item>>>, now: LocalTime) {
        let playing = self.observer.line().map(|line| line.item.uri.clone());
        self.lead.queue_read(of, next, playing);
        self.publish(now);
    }

    fn answered(&mut self, answered: &Answered, now: LocalTime) {
        let Some((id, kind, why)) = self.open.take() else {
            return;
        };
        if id != answered.id {
            self.open = Some((id, kind, why));
            return;
        }
        self.say(Event::Answered { id, outcome: answered.outcome.clone() });
        match &answered.outcome {
            Outcome::Accepted => {
                self.observer.answered(id, answered.sent, answered.answered);
                if let Some(at) = self.observer.landing() {
                    self.schedule.urge(at, Reason::Landing);
                }
                return;
            }
            Outcome::Restriction => {}
            Outcome::NoDevice => self.trouble = Some(Trouble::NoDevice),
            Outcome::NotPremium => self.trouble = Some(Trouble::NotPremium),
            Outcome::Failed(failure) => self.trouble = Some(Trouble::Failure(failure.clone())),
        }
        // Whatever became of it: look, then decide again. No answer at all means that it may still take effect.
        if !matches!(answered.outcome, Outcome::Failed(Failure::Network | Failure::Server)) {
            self.observer.refused(id);
        }
        self.follow.failed(now);
        self.look_first = Some(now);
        self.schedule.urge(now, Reason::BeforeFollowing);
    }

    fn room_changed(&mut self, room: Arc<RoomState>, now: LocalTime) {
        let before = self.room.replace(Arc::clone(&room));
        let acted = before.as_ref().map_or(0, |before| before.actions) != room.actions;
        let leader_changed = before.as_ref().and_then(|before| before.leader) != room.leader;
        if acted {
            self.acted = now;
            self.follow.anew(now);
            if !self.leads() && before.is_some() {
                self.look_first = Some(now);
                self.schedule.urge(now, Reason::BeforeFollowing);
            }
        } else if let (Some(old), Some(new)) =
            (before.as_ref().and_then(|before| before.playback.as_ref()), &room.playback)
        {
            if !old.item.same_recording(&new.item) {
                self.follow.room_moved_on(&old.item.uri, now);
                self.brisk_until = self.brisk_until.max(now + BRISK);
            }
        } else if room.playback.is_some() {
            self.follow.anew(now);
        }
        if leader_changed && self.leads() {
            self.lead.took_over();
        }
        let playing = room.playback.as_ref().is_some_and(|playback| playback.playing);
        self.paused_since = (!playing).then(|| self.paused_since.unwrap_or(now));
        if acted {
            let interval = self.situation(now).interval();
            self.schedule.hasten(now, interval);
        }
    }

    fn switch(&mut self, on: bool, now: LocalTime) {
        if on && !self.sync {
            self.start_over(now);
        }
        self.sync = on;
    }

    fn start_over(&mut self, now: LocalTime) {
        self.observer.forget();
        self.follow.anew(now);
        self.schedule.urge(now, Reason::Planned);
    }

    fn note_trouble(&mut self, reading: &Reading, finding: &Finding, now: LocalTime) {
        let lasting = matches!(self.trouble, Some(Trouble::NotPremium));
        let trouble = match (&reading.seen, finding) {
            (Seen::Failed(failure), _) => Some(Trouble::Failure(failure.clone())),
            (_, Finding::Gone) => Some(Trouble::NoDevice),
            (_, Finding::Ad) => Some(Trouble::Ad),
            (Seen::Player(seen), _) if seen.device.as_ref().is_some_and(|device| device.restricted) => {
                Some(Trouble::Restricted)
            }
            (Seen::Nothing, _) => self.trouble.clone(),
            _ if lasting => Some(Trouble::NotPremium),
            _ => None,
        };
        if trouble.is_none() && matches!(self.trouble, Some(Trouble::NoDevice)) {
            self.say(Event::Named {
                what: What::Back,
                author: Author::Unknown,
                when: crate::room::When::exactly(self.clock.to_room(now)),
            });
        }
        self.trouble = trouble;
        let away = matches!(finding, Finding::Gone);
        self.away_since = away.then(|| self.away_since.unwrap_or(now));
    }

    fn situation(&self, now: LocalTime) -> Situation {
        let near_end = |left: Span| left <= TRANSITION_BEFORE && left > -BRISK;
        let transition = self.observer.line().is_some_and(|line| line.playing() && near_end(line.left(now)))
            || self.wanted().and_then(|want| want.ends_at()).is_some_and(|end| near_end(end - self.clock.to_room(now)));
        let settled = !self.leads() && self.sync && self.is_settled(now);
        Situation {
            leads: self.leads(),
            lively: now - self.acted < LIVELY,
            paused_for: self.paused_since.map(|since| now - since),
            away_for: self.away_since.map(|since| now - since),
            brisk: transition || (now < self.brisk_until && !settled),
            sharing: self.sharing,
        }
    }

    /// In place by two readings on its line, or by one after a correction; or standing in a room that stands, with
    /// nothing on its way: nothing more to look at in a hurry.
    fn is_settled(&self, now: LocalTime) -> bool {
        let Some(line) = self.observer.line() else { return false };
        if !line.playing() && self.paused_since.is_some() {
            return self.open.is_none() && !self.observer.in_flight(now);
        }
        let enough = if self.follow.corrected() { 1 } else { 2 };
        line.estimate.readings() >= enough
            && self.timing(now).is_some_and(|(error, _)| error.abs() <= Span::from_millis(60))
    }

    fn plan(&mut self, reading: &Reading, now: LocalTime) {
        let interval = self.situation(now).interval();
        self.observer.plan(interval);
        self.schedule.answered(reading.asked, interval);
        if let Seen::Failed(Failure::RateLimited { until, .. }) = &reading.seen {
            self.schedule.hold(*until);
        }
        // Be there when the transition comes.
        let line = self.observer.line().filter(|line| line.playing());
        if let Some(end) = line.map(|line| line.estimate.passes(line.item.duration) + Span::from_millis(300))
            && end > now
        {
            self.schedule.urge(end, Reason::Planned);
        }
        // A command that is still to be seen.
        if let Some(at) = self.observer.landing().filter(|_| self.observer.in_flight(now)) {
            self.schedule.urge(at.max(now + Span::from_millis(400)), Reason::Landing);
        }
    }

    /// When the leader's queue should be read again: shortly before the end of the item.
    fn queue_due(&self) -> Option<LocalTime> {
        let line = self.observer.line().filter(|line| self.leads() && line.playing())?;
        (!self.lead.queue_known_late(&line.item.uri))
            .then(|| line.estimate.passes(line.item.duration) - QUEUE_BEFORE_END)
    }

    fn act(&mut self, now: LocalTime) {
        if self.leads() {
            let uri = self.observer.line().filter(|line| line.playing()).map(|line| line.item.uri.clone());
            let late = self.queue_due().is_some_and(|at| at <= now);
            if self.lead.wants_queue(uri, late) {
                self.look_queue();
            }
        } else if let Some((kind, why)) = self.decide(now) {
            // Whatever the reason: a hand may have acted since the last look, and must not be overwritten unread (L3).
            let since_command = self.commanded.is_none_or(|sent| self.looked.is_some_and(|asked| asked >= sent));
            if since_command && self.looked.is_some_and(|asked| now - asked <= FRESH) {
                self.command(kind, why, now);
            } else {
                self.schedule.urge(now, Reason::BeforeFollowing);
            }
        }
        if self.schedule.due(now) {
            self.out.push_back(Output::Look);
        }
    }

    fn decide(&self, now: LocalTime) -> Option<(CommandKind, Why)> {
        let waits = |since: Option<LocalTime>| since.is_some_and(|since| now - since < PATIENCE);
        let busy = self.open.is_some() || self.observer.in_flight(now) || self.lead.claims();
        if !self.sync || busy || waits(self.look_first) || waits(self.doubt_since) {
            return None;
        }
        if matches!(self.trouble, Some(Trouble::NotPremium | Trouble::Restricted | Trouble::Ad)) {
            return None;
        }
        let want = self.wanted()?;
        let line = self.observer.line();
        if line.is_none() || self.away_since.is_some() {
            // F8: only a device that the user chose is started, and not over and over.
            let again = self.woken.is_none_or(|woken| now - woken > Span::from_secs(15));
            let heard = line.is_some() || self.away_since.is_some();
            if !(heard && self.device.is_some() && again && want.playing && self.away_since.is_some()) {
                return None;
            }
        }
        let silent = self.is_silent(now);
        let new_item = line.is_none_or(|line| !line.item.same_recording(&want.item));
        let device = self.observer.device().and_then(|device| device.id.as_deref());
        let play = CommandKind::Play { uris: Vec::new(), position: Span::ZERO };
        let seek = CommandKind::Seek { position: Span::ZERO };
        self.follow.decide(&Sight {
            now,
            want: &want,
            room_now: self.clock.to_room(now),
            line: line.filter(|_| self.away_since.is_none()),
            play_latency: self.observer.latencies().expect(&Kind::of(device, &play, silent, new_item)),
            seek_latency: self.observer.latencies().expect(&Kind::of(device, &seek, false, false)),
            reorders: self.observer.reorders(),
        })
    }

    fn is_silent(&self, now: LocalTime) -> bool {
        let playing = self.observer.line().is_some_and(|line| line.playing());
        !playing && self.paused_since.is_none_or(|since| now - since > SILENT)
    }

    fn command(&mut self, kind: CommandKind, why: Why, now: LocalTime) {
        let Some(want) = self.wanted() else { return };
        let id = CommandId(self.commands);
        self.commands += 1;
        self.commanded = Some(now);
        let away = self.away_since.is_some();
        if away {
            self.woken = Some(now);
        }
        let command = Command { id, kind: kind.clone(), device: self.device.clone().filter(|_| away) };
        let line = self.observer.line();
        let silent = self.is_silent(now);
        let new_item = line.is_none_or(|line| !line.item.same_recording(&want.item));
        let item = line.filter(|_| !matches!(kind, CommandKind::Play { .. })).map_or(&want.item, |line| &line.item);
        let item = Arc::clone(item);
        let device = self.observer.device().and_then(|device| device.id.as_deref());
        let latency = Kind::of(device, &kind, silent && matches!(kind, CommandKind::Play { .. }), new_item);
        self.follow.commanded(&kind, why, &item.uri, now);
        if !matches!(kind, CommandKind::Queue { .. }) {
            self.landing = None;
            self.observer.issue(Issued::new(&command, item, latency, silent, now));
        }
        self.say(Event::Commanded { id, kind: kind.clone(), why });
        self.open = Some((id, kind, why));
        self.out.push_back(Output::Command(command));
    }
}
