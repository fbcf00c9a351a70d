//! All lines (offset, drift) that a set of proofs leaves, as they are seen after the last of them.
//!
//! An upper proof is a point that the offset's line passes at or below, a lower one a point that it passes at or above. The
//! greatest and the least offset later on belong to the steepest and to the flattest line that passes between the sides:
//! each touches both, or has the greatest drift that is allowed. The answer is the line that leaves the widest gap on both
//! sides together, in the middle of it: both ways to the hub had their least time along it.
//!
//! Everything is exact: offsets are whole picoseconds, drifts fractions of 128-bit integers.

use super::exchange::Proof;
use super::hull::{Hull, Point, Slope};

/// Two clocks drift apart by no more than this: two crystals by 100 ppm each, and one clock that is slewed by 500.
const MOST: Slope = Slope::ppm(700);
/// What crystals do by themselves. More is believed only if the proofs are hard to explain without.
const USUAL: Slope = Slope::ppm(100);
/// After the last proof a slew may begin or end, on top of what crystals do.
const SUDDEN_PPM: i128 = 600;
/// Crystals get warm: a proof is widened by this times the square of its age, in picoseconds a s². After a minute that is
/// 7 µs, after ten 0.7 ms, which is a drift that changed by 2.4 ppm.
const WIDENED: i128 = 2_000;
/// Along the true line both ways had their least time, so that it leaves as much room as the least round trip took, but for
/// jitter and for this, ps.
const LEAST_SLACK: i128 = 100 * PICO;

/// Picoseconds in a microsecond.
const PICO: i128 = 1_000_000;
const SQUARE_SECOND: i128 = 1_000_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    /// The instant of the last proof, µs.
    newest: i64,
    upper: Outermost,
    /// Of negated offsets.
    lower: Outermost,
    middle: Middle,
    bent: bool,
}

/// One end of what is left: the line that is farthest out from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outermost {
    touches: Point,
    slope: Slope,
}

/// The line that leaves the widest gap, and what it lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Middle {
    slope: Slope,
    above: Point,
    below: Point,
}

impl Lines {
    /// What these proofs leave, oldest first; None if there are none, or if no line fits them all.
    pub fn of<'a>(proofs: impl Iterator<Item = &'a Proof> + Clone) -> Option<Self> {
        let newest = proofs.clone().last()?.received;
        let point = |at: i64, value: i64| {
            let at = i128::from(at) - i128::from(newest);
            Point { at, value: i128::from(value) * PICO + WIDENED * at * at / SQUARE_SECOND }
        };
        let upper = Hull::of(proofs.clone().map(|proof| point(proof.sent, proof.most)))?;
        let lower = Hull::of(proofs.clone().map(|proof| point(proof.received, -proof.least)))?;
        let (least_trip, slack) = round_trips(proofs);
        let middle = Middle::of(&upper, &lower, slack);
        Some(Self {
            newest,
            upper: Outermost::of(&upper, &lower)?,
            lower: Outermost::of(&lower, &upper)?,
            middle,
            bent: least_trip - middle.gap() > slack,
        })
    }

    /// Some line fits, but it leaves less room than the least round trip needs: the clock's rate has changed meanwhile. That
    /// shows long before the proofs contradict each other.
    pub const fn bent(&self) -> bool {
        self.bent
    }

    /// The offset at `now`, and how far off it may be, µs. Before the last proof they are what they were at that.
    pub fn offset(&self, now: i64) -> (i64, i64) {
        let since = i128::from(now.saturating_sub(self.newest).max(0));
        let offset = self.middle.value(since).div_euclid(PICO);
        let sudden = SUDDEN_PPM * since;
        let most = (self.upper.value(since) + sudden).div_euclid(PICO) + 1;
        let least = -((self.lower.value(since) + sudden).div_euclid(PICO) + 1);
        (narrow(offset), narrow((most - offset).max(offset - least)))
    }
}

impl Outermost {
    /// The steepest line below all of `side` and above all of `other` (whose values are negated), if there is one.
    fn of(side: &Hull, other: &Hull) -> Option<Self> {
        let slope = side.steepest(other).filter(|slope| slope.is_below(MOST)).unwrap_or(MOST);
        let touches = side.touched(slope);
        let back = slope.negative();
        let fits = !slope.is_below(MOST.negative()) && touches.foot(slope) + other.touched(back).foot(back) >= 0;
        fits.then_some(Self { touches, slope })
    }

    /// Picoseconds at an instant after the newest, rounded up.
    fn value(&self, at: i128) -> i128 {
        self.touches.value + (self.slope.rise * (at - self.touches.at)).div_euclid(self.slope.run) + 1
    }
}

impl Middle {
    /// A drift beyond the usual must leave a gap that is wider by more than `slack`: a few late messages look like one.
    fn of(upper: &Hull, lower: &Hull, slack: i128) -> Self {
        let along = |slope: Slope| Self { slope, above: upper.touched(slope), below: lower.touched(slope.negative()) };
        let widest = along(upper.widest(lower, MOST));
        let usual = match widest.slope {
            slope if USUAL.is_below(slope) => along(USUAL),
            slope if slope.is_below(USUAL.negative()) => along(USUAL.negative()),
            _ => return widest,
        };
        if usual.gap() >= 0 && widest.gap() - usual.gap() <= slack { usual } else { widest }
    }

    /// Picoseconds between the two sides along the line.
    fn gap(&self) -> i128 {
        (self.above.foot(self.slope) + self.below.foot(self.slope.negative())).div_euclid(self.slope.run)
    }

    /// Picoseconds at an instant after the newest.
    fn value(&self, at: i128) -> i128 {
        let twice = self.above.foot(self.slope) - self.below.foot(self.slope.negative()) + 2 * self.slope.rise * at;
        twice.div_euclid(2 * self.slope.run)
    }
}

/// The least round trip, and how much less the two least ways may have taken together, ps.
///
/// Jitter is how much longer the median round trip is than the least. Of up to 16 exchanges the least one may have been late
/// by half of that; the more there are, the less.
fn round_trips<'a>(proofs: impl Iterator<Item = &'a Proof>) -> (i128, i128) {
    let mut trips: Vec<i64> = proofs.map(|proof| proof.most - proof.least).collect();
    let (count, middle) = (trips.len() as i128, trips.len() / 2);
    let (before, median, _) = trips.select_nth_unstable(middle);
    let least = before.iter().copied().min().unwrap_or(*median);
    let jitter = i128::from(*median - least) * PICO;
    (i128::from(least) * PICO, LEAST_SLACK + jitter / 8 + (jitter * 3 / 8).min(jitter * 6 / count))
}

fn narrow(us: i128) -> i64 {
    us.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
}
