//! One member of a room: the state machine that looks after one account.

mod acting;
mod lacking;
mod looking;
mod preferences;
mod presence;
mod seeing;
mod speeds;
mod stepping_out;

pub use preferences::{Correction, LeadersAd, PauseByOthers, Preferences};

use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::RoomClock;
use crate::command::{Answered, Command, CommandId, CommandKind, Outcome};
use crate::event::{Author, Event, What, Why};
use crate::follow::{Follow, Sight};
use crate::issued::Issued;
use crate::latency::Kind;
use crate::lead::{Lead, LeaderLost};
use crate::observe::{Finding, Line, Observer};
use crate::playback::{Item, Playback};
use crate::poll::{Reason, Schedule, Situation};
use crate::reading::{Failure, Reading, Seen};
use crate::room::{Act, HubToMember, MemberId, MemberToHub, RoomState};
use crate::speed::Speed;
use crate::time::{LocalTime, Span};
use lacking::Lacking;
use presence::Reach;
use stepping_out::Pauses;

/// A room is lively for so long after a hand action.
const LIVELY: Span = Span::from_secs(360);
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
    /// The user does not want to wait for the next look.
    Look,
    /// So many members, this one included, use the same client id and share its ration (P2).
    Sharing(u32),
    /// The user's wish for few requests (P1).
    Thrifty(bool),
    /// What the user prefers, where there is a choice.
    Preferences(Preferences),
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
    /// Commands are accepted and nothing happens.
    NoEffect,
    /// This item of the room cannot be played by this account (A7, F7): its title.
    Unavailable(String),
    /// Its episode runs at another speed than the room's (E7): its own, the room's.
    OtherSpeed(Speed, Speed),
    /// Its own pauses were undone by others again and again: the last one is left as it is (L6).
    SteppedOut,
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
    /// Spotify said that this account cannot be commanded.
    not_premium: bool,
    pub(crate) follow: Follow,
    schedule: Schedule,
    sharing: u32,
    thrifty: bool,
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
    /// Since when no device plays or could.
    away_since: Option<LocalTime>,
    reach: Reach,
    lacking: Lacking,
    pub(crate) pauses: Pauses,
    preferences: Preferences,
    /// While others have paused the room and this member plays on: the line on which the room was.
    plays_on: Option<Playback>,
    /// The last command that went out.
    sent: Option<(CommandId, CommandKind, Why)>,
    /// Commands in a row without any effect.
    no_effect: u32,
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
            not_premium: false,
            follow: Follow::new(now),
            schedule: Schedule::new(seed, now),
            sharing: 1,
            thrifty: false,
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
            reach: Reach::default(),
            lacking: Lacking::default(),
            pauses: Pauses::default(),
            preferences: Preferences::default(),
            plays_on: None,
            sent: None,
            no_effect: 0,
            woken: None,
            looked: None,
            commanded: None,
        }
    }

    /// Takes one input. Afterwards drain [`Member::poll`].
    pub fn handle(&mut self, input: Input, now: LocalTime) {
        let alone = self.plays_on();
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
            Input::Look => self.schedule.urge(now, Reason::Planned),
            Input::Sharing(members) => self.sharing = members,
            Input::Thrifty(thrifty) => self.thrifty = thrifty,
            Input::Preferences(preferences) => self.prefer(preferences),
            Input::Suspended => self.start_over(now),
            Input::Clock(clock) => self.clock = clock,
        }
        if self.plays_on() != alone {
            self.say(Event::PlaysOn(!alone));
        }
        self.follow.runs(self.pace(), now);
        self.act(now);
        self.tell_presence(now);
    }

    /// The next thing to do; None when all is said.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to hand in [`Input::Tick`] if nothing else happens before, and why.
    pub fn deadline(&self, now: LocalTime) -> Option<(LocalTime, Reason)> {
        let patience = |since: Option<LocalTime>| since.map(|since| since + PATIENCE);
        let waits = [patience(self.look_first), patience(self.doubt_since)];
        let decide = [
            self.follow.recheck(now),
            self.lead.puts_right_until(),
            self.observer.flight_ends(),
            self.queue_due(),
            waits[0],
            waits[1],
        ]
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

    /// The room's playback as this member should play it: put forward by its own trim. A room that has ended stands at
    /// the item's end for everybody.
    pub(crate) fn wanted(&self, now: LocalTime) -> Option<Playback> {
        let room = self.room.as_ref()?.playback.as_ref()?;
        let line = self.plays_on.as_ref().unwrap_or(room).clone();
        let mut playback = line.gone_on(self.clock.to_room(now), self.goes_on_after());
        if !playback.has_ended() {
            playback.position += playback.speed.run(self.trim);
        }
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

    fn room_changed(&mut self, room: Arc<RoomState>, now: LocalTime) {
        let before = self.room.replace(Arc::clone(&room));
        let might_not = before.as_ref().is_some_and(|before| !before.may_lead(self.id));
        if might_not && room.may_lead(self.id) {
            self.pauses.back();
        }
        self.note_pause(before.as_deref());
        let acted = before.as_ref().map_or(0, |before| before.actions) != room.actions;
        let leader_changed = before.as_ref().and_then(|before| before.leader) != room.leader;
        let plays = |room: &RoomState| room.playback.as_ref().is_some_and(|playback| playback.playing);
        let resumed = room.action.as_ref().is_some_and(|action| action.act == Act::Resumed);
        if acted && resumed && !self.leads() && before.as_ref().is_some_and(|before| !plays(before)) {
            self.pauses.room_resumed(now);
        }
        if self.plays_on() {
            // What happens to a room that stands is nothing to a player that goes on.
        } else if acted {
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
            } else if old.playing && new.playing {
                let room_now = self.clock.to_room(now);
                self.follow.room_shifted(new.line_at(room_now) - old.line_at(room_now), now);
            }
        } else if room.playback.is_some() {
            self.follow.anew(now);
        }
        if leader_changed && self.leads() {
            self.lead.took_over();
            // Whom the hub chose goes where the room is before it says where it is (L4).
            let own_act = room.action.as_ref().is_some_and(|action| action.member == self.id);
            if !(acted && own_act) {
                self.put_right(LeaderLost::Sight, now);
            } else if self.lead.was_undone() {
                self.put_right(LeaderLost::Command, now);
            }
        } else if before.as_ref().is_some_and(|before| before.leader == Some(self.id)) && leader_changed {
            // Its player goes on with its own list, as long as nothing else is given.
            let next = self.observer.line().map(|line| self.lead.next_after(&line.item)).unwrap_or_default();
            self.follow.goes_on_with(next.iter().map(|item| item.uri.clone()).collect());
        }
        let playing = plays(&room) || self.plays_on();
        self.paused_since = (!playing).then(|| self.paused_since.unwrap_or(now));
        if acted {
            let interval = self.situation(now).interval();
            self.schedule.hasten(now, interval);
        }
    }

    fn switch(&mut self, on: bool, now: LocalTime) {
        if on && !self.sync {
            // Who switches it on again may have subscribed meanwhile.
            self.not_premium = false;
            self.pauses.back();
            self.start_over(now);
        }
        if !on {
            self.plays_on = None;
        }
        self.sync = on;
    }

    fn start_over(&mut self, now: LocalTime) {
        self.observer.forget();
        self.follow.anew(now);
        self.schedule.urge(now, Reason::Planned);
    }
}
