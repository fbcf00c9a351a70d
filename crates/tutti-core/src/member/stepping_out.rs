//! A member whose pauses others undo again and again: a call app or headphones pause by themselves (L6).

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
