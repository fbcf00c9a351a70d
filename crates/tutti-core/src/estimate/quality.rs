//! How honest an account's readings are, learned over all its lines: by how much its front ends differ, how old its
//! reports are (E2).

use std::collections::VecDeque;

use crate::time::Span;

/// Before readings of an account are in, its front ends are taken to differ by this much on either side.
const PRIOR_SLACK: Span = Span::from_millis(30);
/// Front ends that differ by more are not told apart from players that jump.
const MOST_SLACK: Span = Span::from_millis(300);
/// The slack never gets smaller: a millisecond of rounding and one of scheduling.
const LEAST_SLACK: Span = Span::from_millis(2);
/// So many readings that contradict no other one halve what is assumed without a contradiction.
const HALVED_AFTER: i64 = 24;
/// Contradictions are remembered over so many comparisons.
const COMPARISONS_KEPT: usize = 256;
/// Readings from which the report age is learned.
const LAGS_KEPT: usize = 64;
const LEARNED_AFTER: usize = 16;
/// A smaller report age is not told apart from slack.
const LEAST_REPORT_AGE: Span = Span::from_millis(50);

/// How honest an account's readings are.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    /// For each reading on a known line: how far it lagged behind it.
    lags: VecDeque<Span>,
    report_age: Span,
    /// For each reading that was compared closely: half of how far it contradicted the others.
    gaps: VecDeque<Span>,
    slack: Option<Span>,
    compared: i64,
}

impl Quality {
    /// How much an interval is widened on both sides for the differences between front ends.
    pub fn slack(&self) -> Span {
        self.slack.unwrap_or(PRIOR_SLACK)
    }

    /// How old a reported position may be.
    pub fn report_age(&self) -> Span {
        self.report_age
    }

    /// A reading lagged behind its line by so much, and the line held.
    pub fn lagged(&mut self, by: Span) {
        self.lags.push_back(by.max(Span::ZERO));
        if self.lags.len() > LAGS_KEPT {
            self.lags.pop_front();
        }
        let n = self.lags.len();
        if n < LEARNED_AFTER {
            return;
        }
        let mut lags: Vec<Span> = self.lags.iter().copied().collect();
        lags.sort_unstable();
        let lag = lags[(n * 94).div_ceil(100).min(n) - 1].ppm(1_120_000);
        self.report_age = if lag < LEAST_REPORT_AGE { Span::ZERO } else { lag };
    }

    /// A reading contradicts the others of its line by twice `gap`; they leave `room` for the line, less than nothing
    /// where they contradict each other.
    pub(super) fn compared(&mut self, gap: Span, room: Span) {
        self.lagged(Span::ZERO);
        if gap > Span::ZERO || room <= PRIOR_SLACK * 2 {
            self.compared += 1;
            self.differed(gap);
        }
    }

    /// Two front ends of this account were seen to differ by twice `gap`.
    pub fn differed(&mut self, gap: Span) {
        self.gaps.push_back(gap);
        if self.gaps.len() > COMPARISONS_KEPT {
            self.gaps.pop_front();
        }
        let widest = self.gaps.iter().copied().max().unwrap_or_default();
        let assumed = Span::from_micros(PRIOR_SLACK.as_micros() * HALVED_AFTER / (HALVED_AFTER + self.compared));
        self.slack = Some((widest * 2).max(assumed).clamp(LEAST_SLACK, MOST_SLACK));
    }
}
