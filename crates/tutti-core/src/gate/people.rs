//! Members with their connections: who is here, who broke off, and who left.

use super::*;
use crate::gate::limits::Bucket;
use crate::proof::{AccountMark, Token};
use crate::wire::shown::Shown;

/// A member as the gate knows it.
#[derive(Debug)]
pub(super) struct Person {
    pub id: MemberId,
    /// None: a listener, who drives nothing.
    pub user: Option<(UserId, AccountMark)>,
    pub name: String,
    /// Those that are open, oldest first.
    pub connections: Vec<ConnectionId>,
    pub driver: Option<ConnectionId>,
    /// Nobody drives before; who drove may still command until then.
    pub free_from: Option<RoomTime>,
    /// Commands of whoever drives may show until then.
    pub quiet_until: Option<RoomTime>,
    /// When the last connection broke off.
    pub gone: Option<RoomTime>,
    /// Connections that broke off: their tokens, and whether they drove.
    pub broke_off: VecDeque<(Token, bool)>,
    pub heir: Option<String>,
    pub standing: Option<Shown>,
}

impl Person {
    /// This one drives from now on; whoever broke off before drives no more when it comes back.
    pub fn drives(&mut self, connection: ConnectionId) {
        self.driver = Some(connection);
        self.free_from = None;
        self.broke_off.iter_mut().for_each(|(_, drove)| *drove = false);
    }
}

/// An account whose member is here no more, and may be driven by a device that has not heard of it.
#[derive(Debug)]
pub(super) struct LetGo {
    pub account: AccountMark,
    /// As a [`Person`] has them.
    pub free_from: RoomTime,
    pub quiet_until: Option<RoomTime>,
}

impl LetGo {
    pub fn is_awaited(&self, now: RoomTime) -> bool {
        now < self.free_from || self.quiet_until.is_some_and(|until| now < until)
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) struct Line {
    pub member: MemberId,
    pub device: String,
    pub token: Token,
    pub heard: RoomTime,
    /// When the hub last answered it: so long after that a driver commands.
    pub answered: RoomTime,
    pub bucket: Bucket,
}

impl Gate {
    pub(super) fn person_of(&self, connection: ConnectionId) -> Option<&Person> {
        self.people.get(&self.lines.get(&connection)?.member)
    }

    /// A connection goes: by a word (`clean`), or it broke off.
    pub(super) fn part(&mut self, connection: ConnectionId, clean: bool, now: RoomTime) {
        let Some(line) = self.lines.remove(&connection) else { return };
        let Some(person) = self.people.get_mut(&line.member) else { return };
        person.connections.retain(|open| *open != connection);
        if !clean {
            person.broke_off.push_back((line.token, person.driver == Some(connection)));
            if person.broke_off.len() > self.config.limits.connections_user as usize {
                person.broke_off.pop_front();
            }
        }
        if person.driver == Some(connection) {
            person.driver = None;
            person.free_from = Some(if clean { now } else { line.answered + DRIVES_FOR });
        }
        let id = person.id;
        if person.connections.is_empty() {
            let listener = person.user.is_none();
            person.gone = Some(now);
            // Another device of this user broke off and may be on its way back; its place is kept while it may command.
            let free = person.free_from.is_none_or(|from| now >= from);
            let comes_back = !free && !person.broke_off.is_empty();
            if (clean && !comes_back) || listener {
                self.lets_go(id, now);
                return self.forget(id, now);
            }
        }
        self.hand_over(now);
        self.tell_members(now);
    }

    /// A member goes whose device may still command: nobody else drives its account before it cannot.
    pub(super) fn lets_go(&mut self, member: MemberId, now: RoomTime) {
        let Some(person) = self.people.get(&member) else { return };
        let Some(((_, account), free_from)) = person.user.zip(person.free_from) else { return };
        let quiet_until = person.quiet_until;
        let gone = LetGo { account, free_from, quiet_until };
        if !gone.is_awaited(now) {
            return;
        }
        self.let_go.push_back(gone);
        if self.let_go.len() > self.config.limits.members as usize {
            self.let_go.pop_front();
        }
    }

    pub(super) fn stands(&mut self, member: MemberId, shown: Shown, now: RoomTime) {
        if let Some(person) = self.people.get_mut(&member) {
            person.standing = Some(shown);
            self.changed.insert(member);
        }
        if self.config.limits.together == Span::ZERO {
            self.tell_standings(now);
        }
    }
}

/// A driver that heard nothing of its hub for so long commands no longer.
pub const DRIVES_FOR: Span = Span::from_secs(8);
