//! Which of a user's connections drives the account, and when the next one may.

use super::people::DRIVES_FOR;
use super::*;
use crate::wire::FromHub;

/// No command shows for longer than this after it was sent.
const SHOWS_FOR: Span = Span::from_secs(10);

impl Gate {
    pub(super) fn drives(&self, connection: ConnectionId) -> bool {
        self.person_of(connection).is_some_and(|person| person.driver == Some(connection))
    }

    /// When the next hand-over is due.
    pub(super) fn hands_over_at(&self) -> Option<RoomTime> {
        let waits =
            |person: &&Person| person.user.is_some() && person.driver.is_none() && !person.connections.is_empty();
        self.people.values().filter(waits).map(|person| person.free_from.unwrap_or_default()).min()
    }

    /// Whoever can drive now does: the longest connected of each user.
    pub(super) fn hand_over(&mut self, now: RoomTime) {
        let mut told = Vec::new();
        for person in self.people.values_mut() {
            let free =
                person.user.is_some() && person.driver.is_none() && person.free_from.is_none_or(|from| now >= from);
            if free && let Some(&next) = person.connections.first() {
                person.drives(next);
                told.push((person.id, next, person.quiet_until.filter(|&until| until > now)));
            }
        }
        if told.is_empty() {
            return;
        }
        for (member, connection, quiet) in told {
            self.hub.speaks_anew(member);
            let quiet_us = quiet.map(RoomTime::as_micros);
            self.tell_one(connection, &FromHub::Drive { on: true, quiet_us });
        }
        self.tell_members(now);
    }

    /// A command went out, which may show until `until`.
    pub(super) fn commanded(&mut self, member: MemberId, until: RoomTime, now: RoomTime) {
        if let Some(person) = self.people.get_mut(&member) {
            person.quiet_until = Some(until.min(now + SHOWS_FOR));
        }
    }

    pub(super) fn pong(&mut self, to: ConnectionId, sent_us: i64, now: RoomTime) {
        if let Some(line) = self.lines.get_mut(&to) {
            line.answered = now;
        }
        let at = now.as_micros();
        // The driver of this machine sends at once what it drains at once: both instants are one.
        self.tell_one(to, &FromHub::Pong { sent_us, received_us: at, replied_us: at });
    }
}

const _: () = assert!(DRIVES_FOR.as_micros() <= LEADER_KEPT.as_micros());
