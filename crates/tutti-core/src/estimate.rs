//! Where a player is: the line on which most of the last readings' intervals overlap (E1, E2).
//!
//! A reading asked at `s`, answered at `r`, with position `p` was exact at some instant in [s, r]; so the offset of
//! the line `position = speed × time + offset` lies in [p − speed × r, p − speed × s]. Reported positions are cut to
//! whole milliseconds. A song's speed is 1; an episode's is one at which all of its readings are on one line (E7).

mod quality;

use std::collections::VecDeque;

use crate::speed::{Speed, Speeds};
use crate::time::{LocalTime, Span};
pub use quality::Quality;

/// Intervals kept for one line: more add nothing once clocks drift.
const MARKS: usize = 40;
/// How fast a player's clock and ours may drift apart.
const DRIFT_PPM: i64 = 150;
/// A position is reported in whole milliseconds, cut off.
const CUT: Span = Span::from_millis(1);
/// After so many readings a speed is taken to be what it seems, however well they fit.
const SPEED_AFTER: usize = 12;

/// One position and the two instants between which it was exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    asked: LocalTime,
    answered: LocalTime,
    position: Span,
}

impl Mark {
    pub fn of(asked: LocalTime, answered: LocalTime, position: Span) -> Self {
        Self { asked, answered, position }
    }

    /// What it says about the offset of a line at this pace, before it is widened.
    fn offsets(self, pace: Speed) -> (Span, Span) {
        let zero = LocalTime::default();
        (self.position - pace.run(self.answered - zero), self.position + CUT - pace.run(self.asked - zero))
    }
}

/// One line of one player: all readings since its last change.
#[derive(Debug, Clone)]
pub struct Estimate {
    running: bool,
    /// How fast it runs when it does. A song's is known; an episode's is chosen of those that fit.
    speed: Speed,
    speeds: Option<Speeds>,
    speed_known: bool,
    marks: VecDeque<Mark>,
    /// Where most intervals overlap, if all reports are new.
    lo: Span,
    hi: Span,
    /// The same with reports as old as they may be: the honest extent.
    least: Span,
    most: Span,
}

impl Estimate {
    /// A song's, at its own speed.
    pub fn new(running: bool, mark: Mark, quality: &Quality) -> Self {
        Self::at(Speed::NORMAL, None, running, mark, quality)
    }

    /// An episode's (E7). `known`: the speed at which this account was seen to hear episodes.
    pub fn of_episode(known: Option<Speed>, running: bool, mark: Mark, quality: &Quality) -> Self {
        let mut estimate = Self::at(known.unwrap_or(Speed::NORMAL), Some(Speeds::ALL), running, mark, quality);
        estimate.speed_known = known.is_some();
        estimate
    }

    fn at(speed: Speed, speeds: Option<Speeds>, running: bool, mark: Mark, quality: &Quality) -> Self {
        let (marks, zero) = (VecDeque::from([mark]), Span::ZERO);
        let mut estimate =
            Self { running, speed, speeds, speed_known: true, marks, lo: zero, hi: zero, least: zero, most: zero };
        (estimate.lo, estimate.hi) = estimate.slackened(mark, quality, mark.answered);
        (estimate.least, estimate.most) = estimate.widened(mark, quality, mark.answered);
        estimate
    }

    pub fn running(&self) -> bool {
        self.running
    }

    pub fn readings(&self) -> usize {
        self.marks.len()
    }

    /// How fast it runs when it does.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// The readings leave no other speed, or this account's is known.
    pub fn speed_known(&self) -> bool {
        self.speed_known
    }

    /// Its speed is its listener's choice.
    pub fn is_episode(&self) -> bool {
        self.speeds.is_some()
    }

    /// Takes one more reading of the same line, and learns from how well it fits.
    pub fn add(&mut self, mark: Mark, quality: &mut Quality) {
        if self.marks.len() >= 2 && self.speed_known {
            self.teach(mark, quality);
        }
        self.push(mark);
        if !self.speed_known && self.running {
            self.choose_speed(quality);
        } else {
            self.settle(quality);
        }
    }

    fn push(&mut self, mark: Mark) {
        self.marks.push_back(mark);
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
    }

    /// An old report of this line, which counts once it is known how old reports get here (E2).
    pub fn add_late(&mut self, mark: Mark) {
        self.marks.push_front(mark);
        if self.marks.len() > MARKS {
            self.marks.pop_front();
        }
    }

    /// The line as it is remembered once the player has left it: nothing is added to it any more.
    pub fn left(mut self) -> Self {
        self.marks = self.marks.pop_back().into_iter().collect();
        self
    }

    /// How far a reading is from this line: + ahead; None when their intervals meet.
    pub fn miss(&self, mark: Mark, quality: &Quality) -> Option<Span> {
        let (lo, hi) = self.widened(mark, quality, mark.answered);
        let drift = self.scaled(self.age(mark.answered).ppm(DRIFT_PPM));
        let (from, to) = mark.offsets(self.pace());
        (lo > self.hi + drift || hi < self.lo - drift).then(|| from + (to - from) / 2 - self.offset())
    }

    /// The position at `now`, not held back by the ends of the item.
    pub fn position(&self, now: LocalTime) -> Span {
        self.offset() + self.pace().run(now - LocalTime::default())
    }

    /// The true position lies within ± this of [`Estimate::position`], by the service's report.
    pub fn bound(&self, now: LocalTime) -> Span {
        let (offset, age) = (self.offset(), self.age(now));
        let unknown = match self.speeds {
            Some(speeds) if self.running && !self.speed_known => speeds.around(self.speed).run(age),
            _ => Span::ZERO,
        };
        (self.most - offset).max(offset - self.least) + self.scaled(age.ppm(DRIFT_PPM)) + unknown
    }

    /// When a running line passes `position`.
    pub fn passes(&self, position: Span) -> LocalTime {
        LocalTime::default() + self.speed.takes(position - self.offset())
    }

    /// This line with those readings of another: if one speed fits them all, that line (E7).
    pub fn joined(&self, other: &Self, quality: &Quality) -> Option<Self> {
        let mut joined = self.clone();
        other.marks.iter().for_each(|&mark| joined.push(mark));
        let speeds = joined.speeds_that_fit(quality)?;
        joined.take_speed(speeds, quality);
        Some(joined)
    }

    /// The speeds at which all readings of this episode are on one line; None: there is none.
    pub fn speeds_that_fit(&self, quality: &Quality) -> Option<Speeds> {
        let mut marks: Vec<Mark> = self.marks.iter().copied().collect();
        marks.sort_unstable_by_key(|mark| mark.asked);
        // Either instant may be off by this.
        let about = quality.slack() * 2 + quality.report_age();
        let mut speeds = Speeds::ALL;
        for (index, later) in marks.iter().enumerate() {
            for first in &marks[..index] {
                let moved = later.position - first.position;
                let (most, least) = (later.answered - first.asked + about, later.asked - first.answered - about);
                speeds = speeds.narrowed((moved - CUT, most), (moved + CUT, least))?;
            }
        }
        Some(speeds)
    }

    /// Goes on with one of these speeds.
    pub fn take_speed(&mut self, speeds: Speeds, quality: &Quality) {
        self.speeds = Some(speeds);
        self.speed = speeds.choose(self.speed);
        self.speed_known = speeds.are_one();
        self.settle(quality);
    }

    fn choose_speed(&mut self, quality: &Quality) {
        match self.speeds_that_fit(quality) {
            Some(speeds) => self.take_speed(speeds, quality),
            None => {
                self.speed_known = self.marks.len() >= SPEED_AFTER;
                self.settle(quality);
            }
        }
    }

    fn pace(&self) -> Speed {
        self.speed.while_running(self.running)
    }

    /// A stretch of time as a stretch of positions.
    fn scaled(&self, time: Span) -> Span {
        if self.running { self.speed.run(time) } else { time }
    }

    /// A reading as it came, but for what clocks may have drifted since.
    fn drifted(&self, mark: Mark, now: LocalTime) -> (Span, Span) {
        let (lo, hi) = mark.offsets(self.pace());
        let by = self.scaled((now - mark.answered).abs().ppm(DRIFT_PPM));
        (lo - by, hi + by)
    }

    fn slackened(&self, mark: Mark, quality: &Quality, now: LocalTime) -> (Span, Span) {
        let (lo, hi) = self.drifted(mark, now);
        let slack = self.scaled(quality.slack());
        (lo - slack, hi + slack)
    }

    /// Everywhere the line may be by this reading: the report may be old, too.
    fn widened(&self, mark: Mark, quality: &Quality, now: LocalTime) -> (Span, Span) {
        let (lo, hi) = self.slackened(mark, quality, now);
        (lo, hi + self.scaled(quality.report_age()))
    }

    /// What one more reading of this line says about its account: how old reports may be, and by how much those that are
    /// not old contradict each other. Only where the others leave little room for the line does a reading that contradicts
    /// none of them speak for front ends that agree.
    fn teach(&self, mark: Mark, quality: &mut Quality) {
        let now = mark.answered;
        let (lo, hi) = self.slackened(mark, quality, now);
        let (from, to) = mark.offsets(self.pace());
        if hi < self.lo {
            return quality.lagged(self.speed.takes(self.lo - to) + quality.slack());
        }
        let on_line = self.marks.iter().map(|&before| (before, self.slackened(before, quality, now)));
        let agree = on_line.filter(|(_, (lo, hi))| *lo <= self.hi && *hi >= self.lo).map(|(before, _)| before);
        let edges = agree.map(|before| self.drifted(before, now));
        let Some((most_lo, least_hi)) = edges.reduce(|(a, b), (lo, hi)| (a.max(lo), b.min(hi))) else { return };
        if lo > self.hi {
            return;
        }
        let gap = (most_lo - to).max(from - least_hi).max(Span::ZERO);
        quality.compared(self.speed.takes(gap / 2), self.speed.takes(least_hi - most_lo));
    }

    fn offset(&self) -> Span {
        self.lo + (self.hi - self.lo) / 2
    }

    fn age(&self, now: LocalTime) -> Span {
        self.marks.back().map_or(Span::ZERO, |mark| (now - mark.answered).max(Span::ZERO))
    }

    fn settle(&mut self, quality: &Quality) {
        let Some(newest) = self.marks.back().copied() else {
            return;
        };
        let (aged, now) = (quality.report_age() > Span::ZERO, newest.answered);
        let reported = self.marks.iter().map(|&mark| self.slackened(mark, quality, now));
        (self.lo, self.hi) = most_overlap(reported, self.slackened(newest, quality, now), aged);
        (self.least, self.most) = (self.lo, self.hi);
        if aged {
            let possible = self.marks.iter().map(|&mark| self.widened(mark, quality, now));
            (self.least, self.most) = most_overlap(possible, self.widened(newest, quality, now), aged);
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
        Mark::of(at(asked), at(asked + way + back), ms(asked + way))
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
        let wrong = Mark::of(at(6_000), at(6_080), ms(5_000));
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
    fn a_line_that_was_left_is_small_and_says_the_same() {
        let mut quality = Quality::default();
        let line = line((0..30).map(|i| (20 + (i * 37) % 60, 20 + (i * 53) % 60)), &mut quality);
        let left = line.clone().left();
        assert_eq!(left.readings(), 1);
        let now = at(70_000);
        assert_eq!((left.position(now), left.bound(now)), (line.position(now), line.bound(now)));
        for ahead in [-3_000, -40, 0, 40, 3_000] {
            let mark = Mark::of(now, now + ms(80), ms(70_040 + ahead));
            assert_eq!(left.miss(mark, &quality), line.miss(mark, &quality));
        }
    }

    #[test]
    fn a_paused_player_stands_still() {
        let quality = Quality::default();
        let line = Estimate::new(false, Mark::of(at(0), at(80), ms(61_000)), &quality);
        assert!((line.position(at(90_000)) - ms(61_000)).abs() <= CUT);
    }
}
