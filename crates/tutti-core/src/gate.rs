//! The gate of a room: who comes in over which connection, who drives, who fell silent, and what everybody is told.
//!
//! A [`Gate`] stands before a [`Hub`]. It works like the other state machines: hand in what happened with the instant of
//! the room's clock, drain [`Gate::poll`], come back at [`Gate::deadline`]. Frames are JSON texts of [`crate::wire`].

mod driving;
mod enter;
mod limits;
mod people;
mod tell;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub use limits::Limits;
use people::{LetGo, Line, Person};

use crate::hub::Hub;
use crate::proof::{Dice, RoomId, UserId};
use crate::room::{Claim, ClaimId, MemberId, MemberToHub, RoomState};
use crate::time::{RoomTime, Span};
use crate::wire::{Refusal, ToHub, Trouble, WhoLeads};

/// Connections are looked through for silent ones so often, or five times a beat if that is more often.
const LOOK_THROUGH: Span = Span::from_secs(1);
/// A leader that is not connected is followed no longer after this: a driver without its hub commands no longer, too.
const LEADER_KEPT: Span = Span::from_secs(8);
/// A new hub takes what members bring for so long before it judges claims.
const SETTLES: Span = Span::from_secs(1);

/// A connection, by the number that the driver gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What a room is opened with.
#[derive(Debug)]
pub struct Config {
    pub room: RoomId,
    /// The name of this hub's clock.
    pub clock: String,
    pub limits: Limits,
    /// Tokens come from these 32 random bytes.
    pub seed: [u8; 32],
    /// The room as it was under the hub before; its times are of this hub's clock.
    pub state: Option<RoomState>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// One text for all of these.
    Send { to: Vec<ConnectionId>, text: Arc<str> },
    /// Nothing more is to be said: close it.
    Close(ConnectionId),
}

/// One room with its connections.
#[derive(Debug)]
pub struct Gate {
    config: Config,
    hub: Hub,
    dice: Dice,
    people: BTreeMap<MemberId, Person>,
    lines: BTreeMap<ConnectionId, Line>,
    /// Sent away for good; the newest so many as a room has members.
    banned: VecDeque<UserId>,
    /// Accounts of members who left or were sent away while a device of theirs may still command; the newest so many as a
    /// room has members.
    let_go: VecDeque<LetGo>,
    /// Numbers of those who are here no more, and whose they were (None: a listener's); the newest so many as a room has
    /// members.
    left: VecDeque<(MemberId, Option<UserId>)>,
    locked: bool,
    who_leads: WhoLeads,
    /// What members bring counts until then, and claims wait.
    settles_until: Option<RoomTime>,
    /// This room was under another hub, whose drivers may command until then: only they drive before.
    old_drivers_until: Option<RoomTime>,
    /// Whose accounts were driven at this hub as it met that one: two devices of each may command until then.
    driven_twice: Vec<UserId>,
    /// The newest that was brought to this hub.
    brought: Option<(u64, u64, u64)>,
    held: Vec<(MemberId, Claim)>,
    look_through: RoomTime,
    opened: RoomTime,
    /// Whose standing changed since it was told, and when that was.
    changed: BTreeSet<MemberId>,
    told: Option<RoomTime>,
    /// Who is here changed since it was told, and when that was.
    members_changed: bool,
    members_told: Option<RoomTime>,
    out: VecDeque<Out>,
}

impl Gate {
    /// A room in which nobody is.
    pub fn new(config: Config, now: RoomTime) -> Self {
        let inherited = config.state.as_ref().map(RoomState::order);
        let mut dice = Dice::new(config.seed);
        let rise = dice.rise();
        let hub = match &config.state {
            Some(state) => Hub::restored(RoomState { term: state.term.saturating_add(rise), ..state.clone() }),
            None => Hub::new(rise),
        };
        Self {
            hub,
            dice,
            opened: now,
            look_through: now + look_through(&config.limits),
            config,
            people: BTreeMap::new(),
            lines: BTreeMap::new(),
            banned: VecDeque::new(),
            let_go: VecDeque::new(),
            left: VecDeque::new(),
            locked: false,
            who_leads: WhoLeads::Anyone,
            // Others may know more of it than whoever inherited it.
            settles_until: inherited.map(|_| now + SETTLES),
            old_drivers_until: inherited.map(|_| now + people::DRIVES_FOR),
            driven_twice: Vec::new(),
            brought: inherited.map(|(term, epoch, seq)| (term.saturating_sub(1), epoch, seq)),
            held: Vec::new(),
            changed: BTreeSet::new(),
            told: None,
            members_changed: false,
            members_told: None,
            out: VecDeque::new(),
        }
    }

    /// Nobody is in it, and nobody is awaited: it can go.
    pub fn is_over(&self) -> bool {
        self.people.is_empty()
    }

    pub fn state(&self) -> &RoomState {
        self.hub.state()
    }

    pub fn members(&self) -> usize {
        self.people.len()
    }

    /// How many things it has stored, those of its hub included: what it takes in memory is in proportion.
    pub fn stored(&self) -> usize {
        let of_person = |person: &Person| person.connections.len() + person.broke_off.len();
        let people: usize = self.people.values().map(|person| 1 + of_person(person)).sum();
        let named = if let WhoLeads::Members(members) = &self.who_leads { members.len() } else { 0 };
        let waits = self.held.len() + self.changed.len() + self.out.len();
        people
            + self.lines.len()
            + self.banned.len()
            + self.let_go.len()
            + self.left.len()
            + self.driven_twice.len()
            + named
            + waits
            + self.hub.stored()
    }

    /// Takes one message of a connection that entered; others are passed over.
    pub fn received(&mut self, from: ConnectionId, message: Result<ToHub, Refusal>, now: RoomTime) {
        let Some(line) = self.lines.get_mut(&from) else { return };
        line.heard = now;
        if !line.bucket.takes(&self.config.limits, now) {
            return self.refuse(from, Trouble::Flood.into(), now);
        }
        let member = line.member;
        match message {
            Err(refusal) => self.refuse(from, refusal, now),
            Ok(ToHub::Ping { sent_us }) => self.pong(from, sent_us, now),
            Ok(ToHub::Hello(_)) => self.refuse(from, Trouble::HelloExpected.into(), now),
            Ok(ToHub::Bye) => {
                // First, so that nobody sees it drive beside the next one.
                self.out.push_back(Out::Close(from));
                self.part(from, true, now);
            }
            Ok(ToHub::MayLead { who }) => self.as_host(from, now, |gate| gate.let_lead(who, now)),
            Ok(ToHub::Lock { on }) => self.as_host(from, now, |gate| {
                gate.locked = on;
                gate.tell_members(now);
            }),
            Ok(ToHub::Remove { member }) => self.as_host(from, now, |gate| gate.remove(MemberId(member), now)),
            Ok(message) if self.drives(from) => self.of_driver(member, message, now),
            Ok(_) => self.refuse(from, Trouble::NotDriving.into(), now),
        }
        self.hand_on();
    }

    /// A connection said something that is no message, as the pings of its own protocol: it counts as one.
    pub fn noise(&mut self, from: ConnectionId, now: RoomTime) {
        let Some(line) = self.lines.get_mut(&from) else { return };
        if !line.bucket.takes(&self.config.limits, now) {
            self.refuse(from, Trouble::Flood.into(), now);
            self.hand_on();
        }
    }

    /// The connection broke off without a word.
    pub fn closed(&mut self, connection: ConnectionId, now: RoomTime) {
        self.part(connection, false, now);
        self.hand_on();
    }

    /// When to call [`Gate::tick`] if nothing happens before.
    pub fn deadline(&self) -> Option<RoomTime> {
        let look = (!self.people.is_empty()).then_some(self.look_through);
        let tell = self.tells_standings_at();
        [look, tell, self.tells_members_at(), self.hub.deadline(), self.settles_until, self.hands_over_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The deadline has come.
    pub fn tick(&mut self, now: RoomTime) {
        self.hub.tick(now);
        if self.settles_until.is_some_and(|until| now >= until) {
            self.settles_until = None;
            for (member, claim) in std::mem::take(&mut self.held) {
                self.hub.handle(member, MemberToHub::Claim(claim), now);
            }
        }
        // Answers are for whoever drives now, and not for the next.
        self.hand_on();
        if now >= self.look_through {
            self.look_through = now + look_through(&self.config.limits);
            self.drop_silent(now);
            self.forget_gone(now);
        }
        self.hand_over(now);
        if self.tells_standings_at().is_some_and(|at| now >= at) {
            self.tell_standings(now);
        }
        if self.tells_members_at().is_some_and(|at| now >= at) {
            self.tell_members(now);
        }
        self.hand_on();
    }

    /// The next thing to do; None when all is done.
    pub fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    fn of_driver(&mut self, member: MemberId, message: ToHub, now: RoomTime) {
        match message {
            ToHub::Claim { id, epoch, when, act, playback } => {
                let claim =
                    Claim { id: ClaimId(id), epoch, when: when.into(), act: act.into(), playback: playback.into() };
                if self.settles_until.is_some() {
                    if self.held.len() < self.people.len() * 2 {
                        self.held.push((member, claim));
                    }
                } else {
                    self.hub.handle(member, MemberToHub::Claim(claim), now);
                }
            }
            ToHub::Presence(presence) => self.hub.handle(member, MemberToHub::Presence(presence.into()), now),
            ToHub::Publish { epoch, playback } => {
                self.hub.handle(member, MemberToHub::Publish { epoch, playback: playback.into() }, now);
            }
            ToHub::Standing(shown) => self.stands(member, shown.cut(), now),
            ToHub::Commanded { until_us } => self.commanded(member, RoomTime::from_micros(until_us), now),
            ToHub::Hello(_)
            | ToHub::Ping { .. }
            | ToHub::MayLead { .. }
            | ToHub::Lock { .. }
            | ToHub::Remove { .. }
            | ToHub::Bye => {}
        }
    }

    fn as_host(&mut self, from: ConnectionId, now: RoomTime, act: impl FnOnce(&mut Self)) {
        let member = self.lines.get(&from).map(|line| line.member);
        if member.is_some() && member == self.host() {
            act(self);
        } else {
            self.refuse(from, Trouble::NotTheHost.into(), now);
        }
    }

    /// Who may change the room: whoever is here longest of those with an account.
    fn host(&self) -> Option<MemberId> {
        // Numbers rise with time.
        self.people.values().find(|person| person.user.is_some()).map(|person| person.id)
    }

    fn let_lead(&mut self, who: WhoLeads, now: RoomTime) {
        self.who_leads = match who {
            WhoLeads::Members(mut members) => {
                members.truncate(self.config.limits.members as usize);
                WhoLeads::Members(members)
            }
            other => other,
        };
        self.apply_who_leads();
        self.tell_members(now);
    }

    /// As the host goes and comes, "the host" is another member.
    fn apply_who_leads(&mut self) {
        let members = match &self.who_leads {
            WhoLeads::Anyone => None,
            WhoLeads::Host => Some(self.host().into_iter().collect()),
            WhoLeads::Members(members) => Some(members.iter().copied().map(MemberId).collect()),
        };
        self.hub.let_lead(members);
    }

    fn remove(&mut self, member: MemberId, now: RoomTime) {
        let Some(person) = self.people.get(&member) else { return };
        if let Some((user, _)) = person.user {
            self.banned.push_back(user);
            if self.banned.len() > self.config.limits.members as usize {
                self.banned.pop_front();
            }
        }
        for connection in person.connections.clone() {
            self.refuse(connection, Trouble::Removed.into(), now);
        }
        self.lets_go(member, now);
        self.forget(member, now);
    }

    /// Says what is wrong; after what is fatal the connection is closed.
    fn refuse(&mut self, connection: ConnectionId, refusal: Refusal, now: RoomTime) {
        let fatal = refusal.code.is_fatal();
        self.tell_one(connection, &crate::wire::FromHub::Error(refusal));
        if fatal {
            self.out.push_back(Out::Close(connection));
            self.part(connection, false, now);
        }
    }

    fn drop_silent(&mut self, now: RoomTime) {
        let limit = self.config.limits.silence();
        let silent = |(&id, line): (&ConnectionId, &Line)| (now - line.heard > limit).then_some(id);
        let silent: Vec<ConnectionId> = self.lines.iter().filter_map(silent).collect();
        for connection in silent {
            self.refuse(connection, Trouble::Silent.into(), now);
        }
    }

    fn forget_gone(&mut self, now: RoomTime) {
        let gone = |person: &Person| person.gone.map(|since| now - since);
        let over: Vec<MemberId> = self
            .people
            .values()
            .filter(|person| gone(person).is_some_and(|for_so_long| for_so_long > self.config.limits.kept))
            .map(|person| person.id)
            .collect();
        for member in over {
            self.forget(member, now);
        }
        self.let_go.retain(|account| account.is_awaited(now));
        let leader = self.hub.state().leader;
        if let Some(leader) = leader.filter(|leader| !self.people.contains_key(leader))
            && now - self.opened > LEADER_KEPT
        {
            // Of another hub's time, and not back.
            self.hub.leave(leader);
        }
        let leader = leader.and_then(|leader| self.people.get(&leader));
        if let Some(leader) = leader.filter(|person| gone(person).is_some_and(|since| since > LEADER_KEPT)) {
            let away = MemberToHub::Presence(crate::room::Presence::Away);
            self.hub.handle(leader.id, away, now);
        }
    }

    fn forget(&mut self, member: MemberId, now: RoomTime) {
        let Some(person) = self.people.remove(&member) else { return };
        self.left.retain(|(left, _)| *left != member);
        self.left.push_back((member, person.user.map(|(user, _)| user)));
        if self.left.len() > self.config.limits.members as usize {
            self.left.pop_front();
        }
        for connection in &person.connections {
            self.lines.remove(connection);
        }
        self.changed.remove(&member);
        self.held.retain(|(of, _)| *of != member);
        self.hub.leave(member);
        self.apply_who_leads();
        self.tell_members(now);
    }
}

fn look_through(limits: &Limits) -> Span {
    LOOK_THROUGH.min(Span::from_millis(limits.beat_ms.into()) / 5)
}

#[cfg(test)]
mod tests;
