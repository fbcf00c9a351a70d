//! A member whose acts are for its own player alone: its pauses are undone again and again, since a call app or headphones
//! pause by themselves, or it may not lead (L6).

use super::*;

/// A pause counts as undone when another member resumes so soon after it.
const UNDONE_WITHIN: Span = Span::from_secs(30);
/// The pause after so many that were undone within so long is stepping out: shown, not followed, not undone.
const UNDONE: usize = 2;
const WITHIN: Span = Span::from_secs(600);

/// The pauses of one member, as far as they were undone.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    /// The last one that was claimed.
    last: Option<LocalTime>,
    undone: VecDeque<LocalTime>,
    out: bool,
}

impl Pauses {
    /// Its player stands by itself; it is in no line until its user plays something.
    pub(crate) fn is_out(&self) -> bool {
        self.out
    }

    /// A hand acted on this member's player. Is it for the room?
    pub(super) fn acted(&mut self, act: &Act, now: LocalTime) -> bool {
        while self.undone.front().is_some_and(|&at| now - at > WITHIN) {
            self.undone.pop_front();
        }
        self.out = matches!(act, Act::Paused) && self.undone.len() >= UNDONE;
        self.last = matches!(act, Act::Paused).then_some(now);
        !self.out
    }

    /// A hand of somebody who may not lead paused, or chose something else; anything else is no wish to be alone.
    fn acted_alone(&mut self, wants_out: bool) {
        self.out = wants_out;
        self.last = None;
    }

    /// The room plays by another member's doing.
    pub(super) fn room_resumed(&mut self, now: LocalTime) {
        if self.last.take().is_some_and(|paused| now - paused <= UNDONE_WITHIN) {
            self.undone.push_back(now);
            if self.undone.len() > UNDONE {
                self.undone.pop_front();
            }
        }
    }

    /// The user wants to take part again.
    pub(super) fn back(&mut self) {
        *self = Self::default();
    }
}

impl Member {
    pub(super) fn may_lead(&self) -> bool {
        self.room.as_ref().is_none_or(|room| room.may_lead(self.id))
    }

    /// Who may not lead and pauses, or starts another item, steps out: shown, not undone. A seek is put right; who plays the
    /// room's item, or goes on, is back in line.
    pub(super) fn acted_alone(&mut self, act: &Act, now: LocalTime) {
        let room = self.room.as_ref().and_then(|room| room.playback.as_ref());
        let own = self.observer.line().map(|line| &line.item);
        let same = room.zip(own).is_some_and(|(room, own)| own.same_recording(&room.item));
        let wants_out = match act {
            Act::Paused => room.is_some_and(|room| room.playing),
            Act::Started(_) => !same,
            Act::Sought(_) | Act::Resumed => false,
        };
        self.pauses.acted_alone(wants_out);
        if wants_out {
            self.say(Event::SteppedOut);
        } else {
            self.follow.anew(now);
        }
    }
}
