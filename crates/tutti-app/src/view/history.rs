//! The last minutes of timing errors, one value a second; filled when somebody looks, so that no timer is needed.

use std::collections::{BTreeMap, VecDeque};

use tutti_core::room::MemberId;
use tutti_core::time::{LocalTime, Span};

use crate::api;

const STEP: Span = Span::from_secs(1);
/// Three minutes: long enough to see a song begin and settle, short enough to see each correction.
const STEPS: usize = 180;

#[derive(Debug)]
pub(super) struct History {
    /// The instant of the newest value.
    filled: LocalTime,
    steps: usize,
    lines: BTreeMap<MemberId, VecDeque<Option<i32>>>,
}

impl History {
    pub fn new(now: LocalTime) -> Self {
        Self { filled: now, steps: 0, lines: BTreeMap::new() }
    }

    /// Writes the errors that have held until now into every step since the last one.
    pub fn fill(&mut self, now: LocalTime, errors: impl Iterator<Item = (MemberId, Option<Span>)>) {
        let due = ((now - self.filled).as_micros() / STEP.as_micros()).max(0);
        if due == 0 {
            return;
        }
        self.filled = self.filled + STEP * due;
        let due = (due as usize).min(STEPS);
        for (member, error) in errors {
            let steps = self.steps;
            let line = self.lines.entry(member).or_insert_with(|| std::iter::repeat_n(None, steps).collect());
            let ms = error.map(|error| (error.as_micros() as f64 / 1_000.0).round() as i32);
            line.extend(std::iter::repeat_n(ms, due));
            line.drain(..line.len().saturating_sub(STEPS));
        }
        self.steps = (self.steps + due).min(STEPS);
    }

    pub fn picture(&self, members: impl Iterator<Item = MemberId>, marks: Vec<api::HistoryMark>) -> api::History {
        let lines = members.map(|member| api::HistoryLine {
            member: member.0,
            errors_ms: self.lines.get(&member).map(|line| line.iter().copied().collect()).unwrap_or_default(),
        });
        api::History { step_ms: (STEP.as_micros() / 1_000) as u32, lines: lines.collect(), marks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MemberId = MemberId(0);
    const B: MemberId = MemberId(1);

    #[test]
    fn a_value_holds_until_the_next_one_and_late_joiners_begin_unknown() {
        let start = LocalTime::from_micros(0);
        let at = |ms| start + Span::from_millis(ms);
        let error = |ms| Some(Span::from_millis(ms));
        let mut history = History::new(start);

        history.fill(at(900), [(A, error(1))].into_iter());
        history.fill(at(2_100), [(A, error(10))].into_iter());
        history.fill(at(4_200), [(A, None), (B, error(-7))].into_iter());

        let lines = history.picture([A, B].into_iter(), Vec::new()).lines;
        assert_eq!(lines[0].errors_ms, [Some(10), Some(10), None, None]);
        assert_eq!(lines[1].errors_ms, [None, None, Some(-7), Some(-7)]);
    }

    #[test]
    fn no_more_than_three_minutes_are_kept_also_after_a_long_silence() {
        let mut history = History::new(LocalTime::from_micros(0));

        history.fill(LocalTime::from_micros(10_000_000_000), [(A, None)].into_iter());
        history.fill(LocalTime::from_micros(10_003_000_000), [(A, Some(Span::ZERO))].into_iter());

        let line = &history.picture([A].into_iter(), Vec::new()).lines[0];
        assert_eq!(line.errors_ms.len(), STEPS);
        assert_eq!(line.errors_ms[STEPS - 3..], [Some(0); 3]);
    }
}
