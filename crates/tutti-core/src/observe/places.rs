//! The places to which sessions go by themselves (A5): one that reports name, and those that were learned.

use std::collections::VecDeque;

use crate::time::{LocalTime, Span};

/// Every session's (docs/simulator.md names the reports).
const PHANTOM: Span = Span::from_millis(62_047);
/// A place seen twice is the same within this, at times that have nothing to do with each other.
const SAME: Span = Span::from_millis(150);
const UNRELATED: Span = Span::from_secs(30);
/// A place so near to an item's start is no place: that is where hands go, too.
const NO_PLACE: Span = Span::from_secs(5);
/// Landings remembered, and places learned.
const SEEN: usize = 32;
const LEARNED: usize = 4;

/// The places that are known for one account.
#[derive(Debug)]
pub(super) struct Places {
    known: VecDeque<Span>,
    seen: VecDeque<(Span, LocalTime)>,
}

impl Default for Places {
    fn default() -> Self {
        Self { known: VecDeque::from([PHANTOM]), seen: VecDeque::new() }
    }
}

impl Places {
    pub(super) fn known(&mut self) -> &[Span] {
        self.known.make_contiguous()
    }

    /// Soon after a seek or a play the player went here once more.
    pub(super) fn went_to(&mut self, place: Span, at: LocalTime) {
        let same = |other: Span| (other - place).abs() <= SAME;
        if place < NO_PLACE || self.known.iter().any(|&known| same(known)) {
            return;
        }
        if self.seen.iter().any(|&(other, then)| same(other) && at - then > UNRELATED) {
            self.known.push_back(place);
            if self.known.len() > LEARNED {
                self.known.remove(1);
            }
        }
        self.seen.push_back((place, at));
        if self.seen.len() > SEEN {
            self.seen.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_learned_from_two_landings_at_unrelated_times() {
        let (at, ms) = (|s: i64| LocalTime::from_micros(s * 1_000_000), Span::from_millis);
        let mut places = Places::default();
        places.went_to(ms(45_000), at(10));
        places.went_to(ms(45_020), at(12));
        places.went_to(ms(0), at(12));
        places.went_to(ms(0), at(90));
        assert_eq!(places.known(), [PHANTOM]);
        places.went_to(ms(45_010), at(90));
        assert_eq!(places.known(), [PHANTOM, ms(45_010)]);
    }
}
