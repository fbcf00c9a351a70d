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
    /// An item started by itself so long before the end of the one before it.
    pub(super) fn saw(&mut self, early: Span) {
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

    /// Can an item that started so long before the end of the one before have started by itself? Until the crossfade is
    /// known, any that could be set.
    pub fn explains(&self, early: Span) -> bool {
        match self.known() {
            Some(known) => early <= known + EARLY && early >= known - EARLY,
            None => EARLY <= early && early <= EARLIEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(s: i64) -> Span {
        Span::from_secs(s)
    }

    #[test]
    fn any_crossfade_is_possible_until_two_transitions_agree() {
        let mut crossfade = Crossfade::default();
        assert!(crossfade.explains(s(8)) && !crossfade.explains(s(20)));
        crossfade.saw(s(8));
        assert_eq!(crossfade.known(), None);
        crossfade.saw(s(8));
        assert_eq!(crossfade.known(), Some(s(8)));
        assert!(crossfade.explains(s(9)) && !crossfade.explains(s(3)));
    }

    #[test]
    fn items_that_start_at_the_end_leave_early_ones_to_hands() {
        let mut crossfade = Crossfade::default();
        crossfade.saw(Span::ZERO);
        crossfade.saw(Span::ZERO);
        assert!(!crossfade.explains(s(8)));
    }
}
