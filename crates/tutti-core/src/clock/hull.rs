//! One side's proofs as points, and the part of them that a line can touch: exact geometry in whole numbers.

/// The offset was at most `value` at `at`; on the lower side the offset's negative was, so that both sides are handled alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// µs; 0 is the newest instant, all others are before it.
    pub at: i128,
    /// Picoseconds.
    pub value: i128,
}

/// Picoseconds a µs, that is ppm, as a fraction; `run` is above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slope {
    pub rise: i128,
    pub run: i128,
}

/// The points of one side that a line can touch, in the order of time. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hull(Vec<Point>);

impl Slope {
    pub const fn ppm(ppm: i64) -> Self {
        Self { rise: ppm as i128, run: 1 }
    }

    pub fn is_below(self, other: Self) -> bool {
        self.rise * other.run < other.rise * self.run
    }

    pub fn negative(self) -> Self {
        Self { rise: -self.rise, ..self }
    }

    fn between(from: Point, to: Point) -> Self {
        Self { rise: to.value - from.value, run: to.at - from.at }
    }
}

impl Point {
    /// Where a line of this slope through the point passes the newest instant, times the slope's run.
    pub fn foot(self, slope: Slope) -> i128 {
        self.value * slope.run - slope.rise * self.at
    }
}

impl Hull {
    /// Of points in the order of time; None if there are none.
    pub fn of(points: impl Iterator<Item = Point>) -> Option<Self> {
        let mut hull: Vec<Point> = Vec::new();
        for point in points {
            match hull.last() {
                // Of two at the same instant only the lower one can be touched.
                Some(last) if last.at == point.at && last.value <= point.value => continue,
                Some(last) if last.at == point.at => drop(hull.pop()),
                _ => {}
            }
            while let [.., before, last] = hull.as_slice()
                && !Slope::between(*before, *last).is_below(Slope::between(*last, point))
            {
                hull.pop();
            }
            hull.push(point);
        }
        (!hull.is_empty()).then_some(Self(hull))
    }

    /// The point that a line of this slope touches from below.
    pub fn touched(&self, slope: Slope) -> Point {
        self.0.iter().copied().min_by_key(|point| point.foot(slope)).unwrap_or(self.0[0])
    }

    /// The steepest that a line can be which passes below these points and above those of the other side; None if nothing
    /// limits it.
    ///
    /// From the last point back and forth between the hulls, each time to where the slope is least. It falls each time, and
    /// where it stays it is the least of all, if any line passes between the sides at all; if none does, this one does not.
    pub fn steepest(&self, other: &Self) -> Option<Slope> {
        let flattest = |slopes: &mut dyn Iterator<Item = (Point, Slope)>| {
            slopes.reduce(|least, next| if next.1.is_below(least.1) { next } else { least })
        };
        let rising = |from: Point, to: Point| Slope { rise: to.value + from.value, run: to.at - from.at };
        let mut to = *self.0.last()?;
        let mut best: Option<Slope> = None;
        loop {
            let before = other.0.iter().filter(|point| point.at < to.at);
            let (from, _) = flattest(&mut before.map(|point| (*point, rising(*point, to))))?;
            let after = self.0.iter().filter(|point| point.at > from.at);
            let (next, slope) = flattest(&mut after.map(|point| (*point, rising(from, *point))))?;
            if best.is_some_and(|best| !slope.is_below(best)) {
                return best;
            }
            (to, best) = (next, Some(slope));
        }
    }

    /// The slope along which this upper side and the lower one are farthest apart, no steeper than `most` either way.
    ///
    /// The steeper a line, the later it touches the upper side and the earlier the lower one; where the two touches pass each
    /// other, the gap is widest.
    pub fn widest(&self, lower: &Self, most: Slope) -> Slope {
        let (upper, lower) = (&self.0, &lower.0);
        let (mut above, mut below) = (0, lower.len() - 1);
        let mut slope = most.negative();
        while upper[above].at < lower[below].at {
            let on_upper = upper.get(above + 1).map(|next| Slope::between(upper[above], *next));
            let on_lower = below.checked_sub(1).map(|before| Slope::between(lower[before], lower[below]).negative());
            let next = match (on_upper, on_lower) {
                (Some(one), Some(other)) if other.is_below(one) => other,
                (Some(one), _) => one,
                (None, Some(other)) => other,
                (None, None) => most,
            };
            if !next.is_below(most) {
                return most;
            }
            if slope.is_below(next) {
                slope = next;
            }
            if on_upper == Some(next) { above += 1 } else { below -= 1 }
        }
        slope
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn hull(points: &[(i128, i128)]) -> Hull {
        Hull::of(points.iter().map(|&(at, value)| Point { at, value })).unwrap()
    }

    fn drawn(random: &mut u64, below: u64) -> i128 {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i128::from((*random >> 33) % below)
    }

    /// Both sides around a line of slope 3, wide enough for some lines.
    fn sides(seed: u64) -> [Vec<(i128, i128)>; 2] {
        let mut random = seed;
        let mut side = |sign: i128| {
            let at = |place: i128| place * 10 - 200 + sign;
            (0..20).map(|place| (at(place), sign * 3 * at(place) + 5 + drawn(&mut random, 100))).collect()
        };
        [side(1), side(-1)]
    }

    #[test]
    fn a_hull_keeps_what_a_line_can_touch() {
        let kept = hull(&[(0, 5), (1, 9), (2, 1), (2, 0), (2, 3), (3, 4), (4, 2), (5, 8)]);
        assert_eq!(kept, hull(&[(0, 5), (2, 0), (4, 2), (5, 8)]));
        assert!(Hull::of([].into_iter()).is_none());
        assert_eq!(kept.touched(Slope::ppm(0)), Point { at: 2, value: 0 });
    }

    #[test]
    fn the_steepest_line_is_the_one_that_trying_all_pairs_finds() {
        for seed in 0..200 {
            let [upper, lower] = sides(seed);
            let pairs = upper.iter().flat_map(|to| lower.iter().map(move |from| (from, to)));
            let slopes = pairs
                .filter(|(from, to)| from.0 < to.0)
                .map(|(from, to)| Slope { rise: from.1 + to.1, run: to.0 - from.0 });
            let least = slopes.reduce(|least, next| if next.is_below(least) { next } else { least }).unwrap();
            let found = hull(&upper).steepest(&hull(&lower)).unwrap();
            assert!(!found.is_below(least) && !least.is_below(found), "seed {seed}: {found:?} {least:?}");
        }
    }

    #[test]
    fn the_widest_gap_is_wider_than_along_any_other_slope() {
        for seed in 0..200 {
            let [upper, lower] = sides(seed);
            let (upper, lower) = (hull(&upper), hull(&lower));
            let gap = |slope: Slope| {
                upper.touched(slope).foot(slope) + lower.touched(slope.negative()).foot(slope.negative())
            };
            let found = upper.widest(&lower, Slope::ppm(100));
            for tenth in -1_000..1_000 {
                let other = Slope { rise: tenth, run: 10 };
                assert!(gap(found) * other.run >= gap(other) * found.run, "seed {seed}: {found:?} {other:?}");
            }
        }
    }
}
