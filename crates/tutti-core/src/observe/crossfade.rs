//! How long before the end of an item this account's player starts the next one, learned from its transitions (A3).

use std::collections::VecDeque;

use crate::time::Span;

/// Two transitions that agree by this much tell the crossfade.
const AGREE: Span = Span::from_millis(500);
/// A start earlier than this is no mere inaccuracy, and the longest crossfade that can be set is 12 s.
const EARLY: Span = Span::from_millis(1_500);
const EARLIEST: Span = Span::from_millis(13_500);
/// Early starts remembered: a changed setting is learned after two.
const KEPT: usize = 3;
/// After so many starts at the end there is no crossfade, where none was known; and where one was. Short items and albums in
/// one piece do without.
const NONE_AFTER: u32 = 2;
const GONE_AFTER: u32 = 5;

/// One account's crossfade, as far as its transitions tell.
#[derive(Debug, Clone, Default)]
pub struct Crossfade {
    /// How early the last items started that were early.
    early: VecDeque<Span>,
    /// Items that started at the end of the one before, since the last two early ones that agreed.
    at_end: u32,
}

impl Crossfade {
    /// An item started so long before the end of the one before it, by itself or, as far as is known, by hand.
    pub(super) fn saw(&mut self, early: Span) {
        if early < EARLY {
            self.at_end += 1;
        } else if possible(early) {
            if self.was_seen(early) {
                self.at_end = 0;
            }
            self.early.push_back(early);
            if self.early.len() > KEPT {
                self.early.pop_front();
            }
        }
    }

    /// As two of the last transitions agree; None until they do.
    pub fn known(&self) -> Option<Span> {
        let newest = self.early.back().copied().unwrap_or_default();
        let two_agree = self.early.iter().rev().skip(1).any(|&other| (other - newest).abs() <= AGREE);
        match self.at_end {
            at_end if two_agree && at_end < GONE_AFTER => Some(newest),
            NONE_AFTER.. => Some(Span::ZERO),
            _ => None,
        }
    }

    /// How early the next item may start here: what is known, else the last that was seen.
    pub fn expected(&self) -> Span {
        self.known().or(self.early.back().copied()).unwrap_or(Span::ZERO)
    }

    /// Can an item that started so long before the end of the one before have started by itself? If one did so as early
    /// before; by what two of the last transitions agree on; and at a follower's first one ever, by any crossfade that could
    /// be set. A leader's first one can be a hand's, and must be followed like that.
    pub fn explains(&self, early: Span, leads: bool) -> bool {
        if self.was_seen(early) {
            return true;
        }
        match self.known() {
            Some(known) => early <= known + EARLY && early >= known - EARLY,
            None => possible(early) && !leads && self.early.is_empty(),
        }
    }

    fn was_seen(&self, early: Span) -> bool {
        self.early.iter().any(|&seen| (seen - early).abs() <= AGREE)
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

    fn ms(ms: i64) -> Span {
        Span::from_millis(ms)
    }

    #[test]
    fn any_crossfade_is_possible_at_the_first_transition_and_the_one_that_was_seen_then() {
        let mut crossfade = Crossfade::default();
        assert!(!crossfade.explains(s(8), true), "a leader is followed");
        assert!(crossfade.explains(s(8), false) && !crossfade.explains(s(20), false));
        crossfade.saw(ms(8_050));
        assert!(crossfade.known().is_none() && !crossfade.explains(s(5), false));
        assert!(crossfade.explains(s(8), true) && crossfade.explains(s(8), false));
        crossfade.saw(s(8));
        assert_eq!(crossfade.known(), Some(s(8)));
        assert!(crossfade.explains(s(9), false) && !crossfade.explains(s(3), false));
    }

    #[test]
    fn items_that_start_at_the_end_leave_early_ones_to_hands() {
        let mut crossfade = Crossfade::default();
        crossfade.saw(Span::ZERO);
        crossfade.saw(Span::ZERO);
        assert!(!crossfade.explains(s(8), false) && !crossfade.explains(s(8), true));
    }

    #[test]
    fn short_items_that_do_without_do_not_make_a_crossfade_forgotten_but_many_do() {
        let mut crossfade = Crossfade::default();
        crossfade.saw(s(12));
        crossfade.saw(s(12));
        (0..3).for_each(|_| crossfade.saw(Span::ZERO));
        assert_eq!(crossfade.known(), Some(s(12)));
        (0..2).for_each(|_| crossfade.saw(Span::ZERO));
        assert_eq!(crossfade.known(), Some(Span::ZERO));
    }
}
