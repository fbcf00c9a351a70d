//! How long before the end of an item this account's player starts the next one, learned from its transitions (A3).

use std::collections::VecDeque;

use crate::time::Span;

/// Two transitions that agree by this much tell the crossfade.
const AGREE: Span = Span::from_millis(500);
/// A start earlier than this is no mere inaccuracy, and the longest crossfade that can be set is 12 s.
const EARLY: Span = Span::from_millis(1_500);
const EARLIEST: Span = Span::from_millis(13_500);
/// Transitions remembered: a changed setting is learned after two.
const KEPT: usize = 3;

/// One account's crossfade, as far as its transitions tell.
#[derive(Debug, Clone, Default)]
pub struct Crossfade {
    early: VecDeque<Span>,
}

impl Crossfade {
    /// An item started so long before the end of the one before it, by itself or, as far as is known, by hand.
    pub(super) fn saw(&mut self, early: Span) {
        if early >= EARLY && !possible(early) {
            return;
        }
        self.early.push_back(early.max(Span::ZERO));
        if self.early.len() > KEPT {
            self.early.pop_front();
        }
    }

    /// As two of the last transitions agree; None until they do.
    pub fn known(&self) -> Option<Span> {
        let newest = *self.early.back()?;
        self.early.iter().rev().skip(1).any(|&other| (other - newest).abs() <= AGREE).then_some(newest)
    }

    /// How early the next item may start here: what is known, else the last that was seen.
    pub fn expected(&self) -> Span {
        self.known().or(self.early.back().copied()).unwrap_or(Span::ZERO)
    }

    /// Can an item that started so long before the end of the one before have started by itself? By what two of the last
    /// transitions agree on; and at a follower's first one ever, by any crossfade that could be set.
    pub fn explains(&self, early: Span, leads: bool) -> bool {
        match self.known() {
            Some(known) => early <= known + EARLY && early >= known - EARLY,
            None => !leads && self.early.is_empty() && possible(early),
        }
    }
}

fn possible(early: Span) -> bool {
    EARLY <= early && early <= EARLIEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(s: i64) -> Span {
        Span::from_secs(s)
    }

    #[test]
    fn any_crossfade_is_possible_at_the_first_transition_and_the_one_of_two_that_agree_then() {
        let mut crossfade = Crossfade::default();
        assert!(!crossfade.explains(s(8), true), "a leader is followed");
        assert!(crossfade.explains(s(8), false) && !crossfade.explains(s(20), false));
        crossfade.saw(s(8));
        assert!(crossfade.known().is_none() && !crossfade.explains(s(5), false));
        crossfade.saw(s(8));
        assert_eq!(crossfade.known(), Some(s(8)));
        assert!(crossfade.explains(s(9), false) && !crossfade.explains(s(3), false));
    }

    #[test]
    fn items_that_start_at_the_end_leave_early_ones_to_hands() {
        let mut crossfade = Crossfade::default();
        crossfade.saw(Span::ZERO);
        crossfade.saw(Span::ZERO);
        assert!(!crossfade.explains(s(8), false));
    }
}
