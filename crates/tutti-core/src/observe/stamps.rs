//! What the service's stamps are worth on this account: whether they move on seeks, and which instant of ours they name,
//! is learned, never assumed (E6).

use std::collections::VecDeque;

use crate::time::{LocalTime, Span};

/// Changes whose instant is known, from which the service's clock is compared with ours; most of them must agree.
const COMPARED: usize = 5;
const AGREE_WITHIN: Span = Span::from_millis(100);

/// Seeks of ours that must have moved the stamp before a stamp that stands counts as evidence.
const ENOUGH: u32 = 2;
/// One contrary case weighs as much as so many agreeing ones.
const AGAINST: u32 = 8;

/// How this account's stamps behaved so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Stamps {
    /// Seeks of ours that landed with a newer stamp, and with the same.
    moved: u32,
    stood: u32,
    /// Readings of an undisturbed line with another stamp than the one before: stamps of fetching, not of changing.
    idle: u32,
    /// The service's clock minus ours, as far as stamps of changes tell whose instant is known, and within what.
    ahead: VecDeque<(Span, Span)>,
}

impl Stamps {
    /// A seek of ours landed.
    pub(super) fn sought(&mut self, before: Option<i64>, after: Option<i64>) {
        match (before, after) {
            (Some(before), Some(after)) if after > before => self.moved += 1,
            (Some(_), Some(_)) => self.stood += 1,
            _ => {}
        }
    }

    /// A reading fitted its line.
    pub(super) fn steady(&mut self, before: Option<i64>, after: Option<i64>) {
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            self.idle += 1;
        }
    }

    /// Did somebody move the player between these two stamps? `None`: this account's stamps do not say.
    pub(super) fn touched(&self, before: Option<i64>, after: Option<i64>) -> Option<bool> {
        let (before, after) = (before?, after?);
        (self.moved >= ENOUGH && self.moved > self.against()).then_some(after > before)
    }

    /// The same as far as nothing speaks against it: stamps are documented to move on seeks.
    pub(super) fn presumably_touched(&self, before: Option<i64>, after: Option<i64>) -> Option<bool> {
        let (before, after) = (before?, after?);
        (self.moved >= self.against()).then_some(after > before)
    }

    /// The player changed at this instant, by its line, ± `bound`.
    pub(super) fn changed_at(&mut self, before: Option<i64>, after: Option<i64>, at: LocalTime, bound: Span) {
        if let (Some(before), Some(after)) = (before, after)
            && after > before
        {
            self.ahead.push_back((Span::from_millis(after) - (at - LocalTime::default()), bound));
            if self.ahead.len() > COMPARED {
                self.ahead.pop_front();
            }
        }
    }

    /// When the player was moved between these two stamps, and within what; None where stamps do not tell.
    pub(super) fn when(&self, before: Option<i64>, after: Option<i64>) -> Option<(LocalTime, Span)> {
        let (before, after) = (before?, after?);
        let &(ahead, bound) = self.ahead.iter().min_by_key(|(_, bound)| *bound)?;
        let agrees = |&&(other, within): &&(Span, Span)| (other - ahead).abs() <= AGREE_WITHIN + bound + within;
        let agree = self.ahead.iter().filter(agrees).count();
        let tells = agree * 2 > self.ahead.len() && self.moved >= self.against();
        (tells && after > before).then(|| (LocalTime::default() + (Span::from_millis(after) - ahead), bound))
    }

    fn against(&self) -> u32 {
        (self.stood + self.idle) * AGAINST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_that_stands_is_evidence_only_where_seeks_were_seen_to_move_it() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.touched(Some(1), Some(1)), None);
        assert_eq!(stamps.presumably_touched(Some(1), Some(1)), Some(false));

        stamps.sought(Some(1), Some(2));
        stamps.sought(Some(2), Some(9));
        assert_eq!(stamps.touched(Some(9), Some(9)), Some(false));
        assert_eq!(stamps.touched(Some(9), Some(12)), Some(true));

        stamps.sought(Some(9), Some(9));
        assert_eq!(stamps.touched(Some(9), Some(9)), None);
        assert_eq!(stamps.presumably_touched(Some(9), Some(9)), None);
    }

    #[test]
    fn stamps_that_move_by_themselves_say_nothing() {
        let mut stamps = Stamps::default();
        (0..5).for_each(|n| stamps.sought(Some(n), Some(n + 1)));

        stamps.steady(Some(5), Some(6));

        assert_eq!(stamps.touched(Some(6), Some(6)), None);
    }
}
