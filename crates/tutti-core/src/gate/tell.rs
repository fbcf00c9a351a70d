//! What everybody is told: the room, who is here, how they stand; each encoded once for all.

use serde::Serialize;

use super::*;
use crate::room::HubToMember;
use crate::wire::shown::Shown;
use crate::wire::{FromHub, MemberSent, MembersSent, write};

/// [`FromHub::Standings`] of what stands here: it is told more often than anything else.
#[derive(Serialize)]
#[serde(tag = "type", rename = "standings")]
struct Standings<'a> {
    list: Vec<(u32, &'a Shown)>,
}

/// Rooms of so many are told of everybody who comes and goes, at once.
const SMALL: i64 = 32;
/// A list of everybody to everybody is some 100 bytes times the square of their number: so long for each 100 bytes keeps it
/// under 20 MB a second, whoever comes and goes.
const TOLD_APART: Span = Span::from_micros(5);

impl Gate {
    /// Hands on what the hub has to say: a state goes to everybody, an answer to whoever claimed.
    pub(super) fn hand_on(&mut self) {
        let mut told: Option<Arc<RoomState>> = None;
        let changed = self.hub.take_changed();
        while let Some((member, message)) = self.hub.poll() {
            match message {
                HubToMember::Room(room) => {
                    if told.as_ref().is_none_or(|told| !Arc::ptr_eq(told, &room)) {
                        self.tell_all(&FromHub::Room(Box::new((&*room).into())));
                        told = Some(room);
                    }
                }
                HubToMember::Answer { claim, accepted } => {
                    if let Some(driver) = self.people.get(&member).and_then(|person| person.driver) {
                        self.tell_one(driver, &FromHub::Answer { id: claim.0, accepted });
                    }
                }
            }
        }
        // Who only listens is no member of the hub.
        if changed && told.is_none() {
            self.tell_all(&FromHub::Room(Box::new(self.hub.state().into())));
        }
    }

    /// The same, without what is for this member alone.
    pub(super) fn hand_on_but_to(&mut self, member: MemberId) {
        self.hub.unsay(member);
        self.hand_on();
    }

    pub(super) fn tell_one(&mut self, to: ConnectionId, message: &FromHub) {
        self.out.push_back(Out::Send { to: vec![to], text: write(message).into() });
    }

    pub(super) fn tell_all(&mut self, message: &FromHub) {
        if !self.lines.is_empty() {
            self.tell_all_text(write(message));
        }
    }

    fn tell_all_text(&mut self, text: String) {
        let to = self.lines.keys().copied().collect();
        self.out.push_back(Out::Send { to, text: text.into() });
    }

    /// Tells who is here: at once in a small room; in a large one the changes of a while together.
    pub(super) fn tell_members(&mut self, now: RoomTime) {
        self.members_changed = true;
        if self.tells_members_at().is_some_and(|at| now >= at) {
            self.members_changed = false;
            self.members_told = Some(now);
            self.tell_all(&FromHub::Members(self.everybody()));
        }
    }

    /// When those changes are due.
    pub(super) fn tells_members_at(&self) -> Option<RoomTime> {
        let crowd = self.people.len() as i64;
        let apart = if crowd > SMALL { TOLD_APART * (crowd * crowd) } else { Span::ZERO };
        let due = || self.members_told.map_or(RoomTime::default(), |told| told + apart);
        self.members_changed.then(due)
    }

    pub(super) fn everybody(&self) -> MembersSent {
        let host = self.host();
        let device = |connection: &ConnectionId| self.lines.get(connection).map(|line| line.device.clone());
        let member = |person: &Person| {
            let (drives, others): (Vec<ConnectionId>, Vec<ConnectionId>) =
                person.connections.iter().partition(|&&connection| Some(connection) == person.driver);
            MemberSent {
                id: person.id.0,
                name: person.name.clone(),
                devices: drives.iter().chain(&others).filter_map(device).collect(),
                drives: person.driver.is_some(),
                reconnecting: person.connections.is_empty(),
                host: Some(person.id) == host,
                heir: person.heir.clone(),
            }
        };
        MembersSent {
            list: self.people.values().map(member).collect(),
            who_leads: self.who_leads.clone(),
            locked: self.locked,
        }
    }

    /// When those standings that changed are due.
    pub(super) fn tells_standings_at(&self) -> Option<RoomTime> {
        let due = || self.told.map_or(RoomTime::default(), |told| told + self.config.limits.together);
        (!self.changed.is_empty()).then(due)
    }

    pub(super) fn tell_standings(&mut self, now: RoomTime) {
        let changed = std::mem::take(&mut self.changed);
        let standing = |member: MemberId| Some((member.0, self.people.get(&member)?.standing.as_ref()?));
        let list: Vec<(u32, &Shown)> = changed.into_iter().filter_map(standing).collect();
        let text = (!list.is_empty()).then(|| write(&Standings { list }));
        self.told = Some(now);
        if let Some(text) = text {
            self.tell_all_text(text);
        }
    }

    pub(super) fn standings_of(&self, members: impl IntoIterator<Item = MemberId>) -> Vec<(u32, Shown)> {
        let standing = |member: MemberId| Some((member.0, self.people.get(&member)?.standing.clone()?));
        members.into_iter().filter_map(standing).collect()
    }

    /// Everything, for a connection that was too slow to be told all of it on the way.
    pub fn tell_whole(&mut self, connection: ConnectionId) {
        if !self.lines.contains_key(&connection) {
            return;
        }
        self.tell_one(connection, &FromHub::Room(Box::new(self.hub.state().into())));
        self.tell_one(connection, &FromHub::Members(self.everybody()));
        let list = self.standings_of(self.people.keys().copied());
        if !list.is_empty() {
            self.tell_one(connection, &FromHub::Standings { list });
        }
        if self.drives(connection) {
            let quiet_us = self.person_of(connection).and_then(|person| person.quiet_until).map(RoomTime::as_micros);
            self.tell_one(connection, &FromHub::Drive { on: true, quiet_us });
        }
    }

    /// Another hub has the room, and this one ends: whom it let drive there, nobody knows. Until the other says so, nobody
    /// from here drives.
    pub fn give_way(&mut self, within_ms: u32) {
        let drivers: Vec<ConnectionId> = self.people.values().filter_map(|person| person.driver).collect();
        for driver in drivers {
            self.tell_one(driver, &FromHub::Drive { on: false, quiet_us: None });
        }
        self.leave(within_ms);
    }

    /// Everybody is to come back, here or elsewhere, since this hub ends.
    pub fn leave(&mut self, within_ms: u32) {
        self.tell_all(&FromHub::Leaving { within_ms });
        let all: Vec<ConnectionId> = self.lines.keys().copied().collect();
        self.out.extend(all.into_iter().map(Out::Close));
    }
}
