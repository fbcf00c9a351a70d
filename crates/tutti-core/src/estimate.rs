//! Where a player is: the line on which most of the last readings' intervals overlap (E1, E2).
//!
//! A reading asked at `s`, answered at `r`, with position `p` was exact at some instant in [s, r]; so the offset of
//! the line `position = time + offset` lies in [p − r, p − s]. Reported positions are cut to whole milliseconds.

mod quality;

use std::collections::VecDeque;

use crate::time::{LocalTime, Span};
pub use quality::Quality;

/// Intervals kept for one line: more add nothing once clocks drift.
const MARKS: usize = 40;
/// How fast a player's clock and ours may drift apart.
const DRIFT_PPM: i64 = 150;
/// A position is reported in whole milliseconds, cut off.
const CUT: Span = Span::from_millis(1);

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

    /// As it came, but for what clocks may have drifted since.
    fn drifted(self, now: LocalTime) -> (Span, Span) {
        let by = (now - self.at).abs().ppm(DRIFT_PPM);
        (self.lo - by, self.hi + by)
    }

    fn slackened(self, quality: &Quality, now: LocalTime) -> (Span, Span) {
        let (lo, hi) = self.drifted(now);
        (lo - quality.slack(), hi + quality.slack())
    }

    /// Everywhere the line may be by this reading: the report may be old, too.
    fn widened(self, quality: &Quality, now: LocalTime) -> (Span, Span) {
        let (lo, hi) = self.slackened(quality, now);
        (lo, hi + quality.report_age())
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
    /// Where most intervals overlap, if all reports are new.
    lo: Span,
    hi: Span,
    /// The same with reports as old as they may be: the honest extent.
    least: Span,
    most: Span,
}

impl Estimate {
    pub fn new(running: bool, mark: Mark, quality: &Quality) -> Self {
        let (lo, hi) = mark.slackened(quality, mark.at);
        let (least, most) = mark.widened(quality, mark.at);
        Self { running, marks: VecDeque::from([mark]), lo, hi, least, most }
    }

    pub fn running(&self) -> bool {
        self.running
    }

    pub fn readings(&self) -> usize {
        self.marks.len()
    }

    /// Takes one more reading of the same line, and learns from how well it fits.
    pub fn add(&mut self, mark: Mark, quality: &mut Quality) {
        if self.marks.len() >= 2 {
            self.teach(mark, quality);
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
        let offset = self.offset();
        (self.most - offset).max(offset - self.least) + self.age(now).ppm(DRIFT_PPM)
    }

    /// When a running line passes `position`.
    pub fn passes(&self, position: Span) -> LocalTime {
        LocalTime::default() + (position - self.offset())
    }

    /// What one more reading of this line says about its account: how old reports may be, and by how much those that are
    /// not old contradict each other. Only where the others leave little room for the line does a reading that contradicts
    /// none of them speak for front ends that agree.
    fn teach(&self, mark: Mark, quality: &mut Quality) {
        let (lo, hi) = mark.slackened(quality, mark.at);
        if hi < self.lo {
            return quality.lagged(self.lo + quality.slack() - mark.hi);
        }
        let on_line = self.marks.iter().map(|mark_before| (mark_before, mark_before.slackened(quality, mark.at)));
        let agree = on_line.filter(|(_, (lo, hi))| *lo <= self.hi && *hi >= self.lo).map(|(before, _)| before);
        let edges = agree.map(|before| before.drifted(mark.at));
        let Some((most_lo, least_hi)) = edges.reduce(|(a, b), (lo, hi)| (a.max(lo), b.min(hi))) else { return };
        if lo > self.hi {
            return;
        }
        let gap = (most_lo - mark.hi).max(mark.lo - least_hi).max(Span::ZERO);
        quality.compared(gap / 2, least_hi - most_lo);
    }

    fn offset(&self) -> Span {
        self.lo + (self.hi - self.lo) / 2
    }

    fn age(&self, now: LocalTime) -> Span {
        self.marks.back().map_or(Span::ZERO, |mark| (now - mark.at).max(Span::ZERO))
    }

    fn settle(&mut self, quality: &Quality) {
        let Some(newest) = self.marks.back().copied() else {
            return;
        };
        let aged = quality.report_age() > Span::ZERO;
        let reported = self.marks.iter().map(|mark| mark.slackened(quality, newest.at));
        (self.lo, self.hi) = most_overlap(reported, newest.slackened(quality, newest.at), aged);
        (self.least, self.most) = (self.lo, self.hi);
        if aged {
            let possible = self.marks.iter().map(|mark| mark.widened(quality, newest.at));
            (self.least, self.most) = most_overlap(possible, newest.widened(quality, newest.at), aged);
        }
    }
}

/// Sweeps over the edges of all intervals for the stretch that most of them cover. Of equals, the one that the newest
/// covers, else the first; where reports may be old, the last: they are never from the future.
fn most_overlap(intervals: impl Iterator<Item = (Span, Span)>, newest: (Span, Span), aged: bool) -> (Span, Span) {
    let mut edges: Vec<(Span, i32)> = intervals.flat_map(|(lo, hi)| [(lo, 1), (hi, -1)]).collect();
    edges.sort_unstable_by_key(|&(at, step)| (at, -step));
    let (mut depth, mut best, mut stretch) = (0, (0, false), newest);
    for pair in edges.windows(2) {
        depth += pair[0].1;
        let rank = (depth, !aged && newest.0 <= pair[0].0 && pair[1].0 <= newest.1);
        if pair[0].1 == 1 && pair[1].1 == -1 && (rank > best || aged && rank == best) {
            best = rank;
            stretch = (pair[0].0, pair[1].0);
        }
    }
    stretch
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
        assert_eq!(quality.slack(), ms(30));
        line((0..300).map(|i| (20 + (i * 37) % 60, 20 + (i * 53) % 60)), &mut quality);
        assert!(quality.slack() <= ms(5), "{:?}", quality.slack());
    }

    #[test]
    fn a_paused_player_stands_still() {
        let quality = Quality::default();
        let line = Estimate::new(false, Mark::of(false, at(0), at(80), ms(61_000)), &quality);
        assert!((line.position(at(90_000)) - ms(61_000)).abs() <= CUT);
    }
}
