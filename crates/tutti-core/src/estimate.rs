//! Where a player is: the line on which most of the last readings' intervals overlap (E1, E2).
//!
//! A reading asked at `s`, answered at `r`, with position `p` was exact at some instant in [s, r]; so the offset of
//! the line `position = time + offset` lies in [p − r, p − s]. Reported positions are cut to whole milliseconds.

use std::collections::VecDeque;

use crate::time::{LocalTime, Span};

/// Intervals kept for one line: more add nothing once clocks drift.
const MARKS: usize = 40;
/// How fast a player's clock and ours may drift apart.
const DRIFT_PPM: i64 = 150;
/// A position is reported in whole milliseconds, cut off.
const CUT: Span = Span::from_millis(1);
/// Before enough readings of an account are in, its front ends are taken to differ by this much (E2).
const PRIOR_SLACK: Span = Span::from_millis(30);
/// Front ends that differ by more are not told apart from players that jump.
const MOST_SLACK: Span = Span::from_millis(300);
/// The slack never gets smaller: a millisecond of rounding and one of scheduling.
const LEAST_SLACK: Span = Span::from_millis(2);
/// Readings after which the learned slack replaces the prior.
const LEARNED_AFTER: usize = 16;
/// Readings from which slack and report age are learned.
const QUALITY_KEPT: usize = 64;
/// A smaller report age is not told apart from slack.
const LEAST_REPORT_AGE: Span = Span::from_millis(50);

/// How honest an account's readings are, learned over all its lines.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    /// For each reading on a known line: how far its interval missed the line, − early, + late.
    misses: VecDeque<Span>,
    slack: Option<Span>,
    report_age: Span,
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

    /// A reading missed its line by this much, and the line held.
    pub fn learn(&mut self, miss: Span) {
        self.misses.push_back(miss);
        if self.misses.len() > QUALITY_KEPT {
            self.misses.pop_front();
        }
        let n = self.misses.len();
        if n < LEARNED_AFTER {
            return;
        }
        let mut sizes: Vec<Span> = self.misses.iter().map(|miss| miss.abs()).collect();
        sizes.sort_unstable();
        let common = sizes[(n * 94).div_ceil(100).min(n) - 1];
        self.slack = Some((common + common / 2).clamp(LEAST_SLACK, MOST_SLACK));
        let mut lags: Vec<Span> = self.misses.iter().map(|&miss| (-miss).max(Span::ZERO)).collect();
        lags.sort_unstable();
        let lag = lags[(n * 94).div_ceil(100).min(n) - 1].ppm(1_120_000);
        self.report_age = if lag < LEAST_REPORT_AGE { Span::ZERO } else { lag };
    }
}

/// What one reading says about a line's offset, before it is widened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    lo: Span,
    hi: Span,
    /// When the answer arrived.
    at: LocalTime,
}

impl Mark {
    /// `running`: the position moves with the clock; otherwise it stands.
    pub fn of(running: bool, asked: LocalTime, answered: LocalTime, position: Span) -> Self {
        let zero = LocalTime::default();
        let (early, late) = if running { (answered - zero, asked - zero) } else { (Span::ZERO, Span::ZERO) };
        Self { lo: position - early, hi: position + CUT - late, at: answered }
    }

    fn widened(self, quality: &Quality, now: LocalTime) -> (Span, Span) {
        let by = quality.slack() + (now - self.at).ppm(DRIFT_PPM);
        (self.lo - by, self.hi + by + quality.report_age())
    }

    fn middle(self) -> Span {
        self.lo + (self.hi - self.lo) / 2
    }
}

/// One line of one player: all readings since its last change.
#[derive(Debug, Clone)]
pub struct Estimate {
    running: bool,
    marks: VecDeque<Mark>,
    /// Where most intervals overlap.
    lo: Span,
    hi: Span,
}

impl Estimate {
    pub fn new(running: bool, mark: Mark, quality: &Quality) -> Self {
        let (lo, hi) = mark.widened(quality, mark.at);
        Self { running, marks: VecDeque::from([mark]), lo, hi }
    }

    pub fn running(&self) -> bool {
        self.running
    }

    pub fn readings(&self) -> usize {
        self.marks.len()
    }

    /// Takes one more reading of the same line, and learns from how well it fits.
    pub fn add(&mut self, mark: Mark, quality: &mut Quality) {
        if self.running && self.marks.len() >= 2 {
            quality.learn(self.lateness(mark, quality.slack()));
        }
        self.marks.push_back(mark);
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
        self.settle(quality);
    }

    /// An old report of this line, which counts once it is known how old reports get here (E2).
    pub fn add_late(&mut self, mark: Mark) {
        self.marks.push_front(mark);
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
    }

    /// How far a reading is from this line: + ahead; None when their intervals meet.
    pub fn miss(&self, mark: Mark, quality: &Quality) -> Option<Span> {
        let (lo, hi) = mark.widened(quality, mark.at);
        let drift = self.age(mark.at).ppm(DRIFT_PPM);
        (lo > self.hi + drift || hi < self.lo - drift).then(|| mark.middle() - self.offset())
    }

    /// The position at `now`, not held back by the ends of the item.
    pub fn position(&self, now: LocalTime) -> Span {
        let run = if self.running { now - LocalTime::default() } else { Span::ZERO };
        self.offset() + run
    }

    /// The true position lies within ± this of [`Estimate::position`], by the service's report.
    pub fn bound(&self, now: LocalTime) -> Span {
        (self.hi - self.lo) / 2 + self.age(now).ppm(DRIFT_PPM)
    }

    /// When a running line passes `position`.
    pub fn passes(&self, position: Span) -> LocalTime {
        LocalTime::default() + (position - self.offset())
    }

    /// How far a reading as it came is from where the others agree without any slack: − early, + late, else 0.
    fn lateness(&self, mark: Mark, slack: Span) -> Span {
        let (lo, hi) = (self.lo + slack, self.hi - slack);
        let (lo, hi) = if lo <= hi { (lo, hi) } else { (self.offset(), self.offset()) };
        if mark.hi < lo {
            mark.hi - lo
        } else if mark.lo > hi {
            mark.lo - hi
        } else {
            Span::ZERO
        }
    }

    fn offset(&self) -> Span {
        self.lo + (self.hi - self.lo) / 2
    }

    fn age(&self, now: LocalTime) -> Span {
        self.marks.back().map_or(Span::ZERO, |mark| (now - mark.at).max(Span::ZERO))
    }

    /// Sweeps over the edges of all intervals for the stretch that most of them cover; of equals, the one that the
    /// newest reading covers, else the first.
    fn settle(&mut self, quality: &Quality) {
        let Some(newest) = self.marks.back().copied() else {
            return;
        };
        let mut edges: Vec<(Span, i32)> = Vec::with_capacity(2 * self.marks.len());
        for mark in &self.marks {
            let (lo, hi) = mark.widened(quality, newest.at);
            edges.push((lo, 1));
            edges.push((hi, -1));
        }
        edges.sort_unstable_by_key(|&(at, step)| (at, -step));
        let (newest_lo, newest_hi) = newest.widened(quality, newest.at);
        let (mut depth, mut best) = (0, (0, false));
        for pair in edges.windows(2) {
            depth += pair[0].1;
            let covers = newest_lo <= pair[0].0 && pair[1].0 <= newest_hi;
            if pair[0].1 == 1 && pair[1].1 == -1 && (depth, covers) > best {
                best = (depth, covers);
                (self.lo, self.hi) = (pair[0].0, pair[1].0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> LocalTime {
        LocalTime::from_micros(ms * 1_000)
    }

    fn ms(ms: i64) -> Span {
        Span::from_millis(ms)
    }

    /// A player that passed position 0 at 0 ms, read with `way` ms there and `back` ms back.
    fn mark(asked: i64, way: i64, back: i64) -> Mark {
        Mark::of(true, at(asked), at(asked + way + back), ms(asked + way))
    }

    fn line(trips: impl IntoIterator<Item = (i64, i64)>, quality: &mut Quality) -> Estimate {
        let mut marks = trips.into_iter().enumerate().map(|(i, (way, back))| mark(i as i64 * 2_000, way, back));
        let mut line = Estimate::new(true, marks.next().expect("a first reading"), quality);
        marks.for_each(|mark| line.add(mark, quality));
        line
    }

    #[test]
    fn intervals_beat_the_middle_of_the_round_trip() {
        let mut quality = Quality::default();
        let line = line([(10, 70), (70, 10), (40, 40), (5, 90)], &mut quality);
        let error = (line.position(at(8_000)) - ms(8_000)).abs();
        assert!(error <= ms(3), "{error:?}");
    }

    #[test]
    fn one_wrong_reading_does_not_move_the_line() {
        let mut quality = Quality::default();
        let mut line = line([(40, 40), (30, 50), (50, 30)], &mut quality);
        let wrong = Mark::of(true, at(6_000), at(6_080), ms(5_000));
        assert_eq!(line.miss(wrong, &quality).map(|by| by.floor_ms() / 100), Some(-10));
        line.add(wrong, &mut quality);
        assert!((line.position(at(6_080)) - ms(6_080)).abs() < ms(20));
    }

    #[test]
    fn the_truth_lies_within_the_bound() {
        let mut quality = Quality::default();
        for n in 1..30 {
            let line = line((0..n).map(|i| (20 + (i * 37) % 60, 20 + (i * 53) % 60)), &mut quality);
            let error = (line.position(at(n * 2_000)) - ms(n * 2_000)).abs();
            assert!(error <= line.bound(at(n * 2_000)), "{error:?} after {n}");
        }
    }

    #[test]
    fn honest_readings_shrink_the_slack() {
        let mut quality = Quality::default();
        assert_eq!(quality.slack(), PRIOR_SLACK);
        line((0..30).map(|i| (20 + (i * 37) % 60, 20 + (i * 53) % 60)), &mut quality);
        assert!(quality.slack() <= ms(5), "{:?}", quality.slack());
    }

    #[test]
    fn a_paused_player_stands_still() {
        let quality = Quality::default();
        let line = Estimate::new(false, Mark::of(false, at(0), at(80), ms(61_000)), &quality);
        assert!((line.position(at(90_000)) - ms(61_000)).abs() <= CUT);
    }
}
