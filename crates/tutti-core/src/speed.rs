//! How fast positions run: songs at 1.0, episodes at the speed that their listener chose, 0.5 to 3.5 times (E7).

use core::fmt;

use crate::time::Span;

/// The slowest and the fastest that the players offer.
const SLOWEST: i64 = 500_000;
const FASTEST: i64 = 3_500_000;
/// Speeds that differ by more than this part of the slower one are different ones.
const DIFFERS: i64 = 10_000;
/// People choose round speeds; of several that fit, the roundest is meant.
const ROUND: [i64; 4] = [1_000_000, 500_000, 100_000, 50_000];
/// Steps of this size are the finest that are offered.
const FINEST: i64 = 50_000;

/// Media time in real time, in parts per million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Speed(i64);

impl Speed {
    pub const NORMAL: Self = Self(1_000_000);
    pub const FASTEST: Self = Self(FASTEST);
    const STANDS: Self = Self(0);

    /// 1,500 is one and a half times.
    pub const fn from_permille(permille: i64) -> Self {
        Self(permille * 1_000)
    }

    /// What a peer says; beyond what players offer it is the nearest that they do.
    pub fn from_ppm(ppm: i64) -> Self {
        Self(ppm.clamp(SLOWEST, FASTEST))
    }

    pub const fn as_ppm(self) -> i64 {
        self.0
    }

    /// The factor, for windows and for sentences, which write its mark as their language does.
    pub fn factor(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The same while it runs, else none.
    pub const fn while_running(self, running: bool) -> Self {
        if running { self } else { Self::STANDS }
    }

    /// How far a position moves in this time.
    pub const fn run(self, time: Span) -> Span {
        time.ppm(self.0)
    }

    /// How long a position takes to move this far.
    pub const fn takes(self, by: Span) -> Span {
        match self.0 {
            1_000_000 | ..=0 => by,
            ppm => Span::from_micros((by.as_micros() as i128 * 1_000_000 / ppm as i128) as i64),
        }
    }

    /// Not the same speed: a listener would hear it, and positions run apart.
    pub const fn differs(self, other: Self) -> bool {
        let (slower, faster) = if self.0 < other.0 { (self.0, other.0) } else { (other.0, self.0) };
        faster - slower > Span::from_micros(slower).ppm(DIFFERS).as_micros()
    }
}

impl fmt::Debug for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ppm", self.0)
    }
}

/// The speeds that are possible by what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speeds {
    lo: i64,
    hi: i64,
}

impl Speeds {
    /// Nothing was read yet.
    pub const ALL: Self = Self { lo: SLOWEST, hi: FASTEST };

    /// A position moved by at least `least` within `most_time` at most, and by at most `most` in no less than
    /// `least_time`; None: no speed does that.
    pub fn narrowed(self, (least, most_time): (Span, Span), (most, least_time): (Span, Span)) -> Option<Self> {
        let ppm = |by: Span, time: Span| by.as_micros().saturating_mul(1_000_000) / time.as_micros().max(1);
        let lo = if most_time > Span::ZERO { self.lo.max(ppm(least, most_time)) } else { self.lo };
        let hi = if least_time > Span::ZERO { self.hi.min(ppm(most, least_time)) } else { self.hi };
        (lo <= hi).then_some(Self { lo, hi })
    }

    pub fn contains(self, speed: Speed) -> bool {
        self.lo <= speed.0 && speed.0 <= self.hi
    }

    /// The one to go on with: the present one if it is possible, else the roundest.
    pub fn choose(self, present: Speed) -> Speed {
        if self.contains(present) {
            return present;
        }
        let middle = self.lo + (self.hi - self.lo) / 2;
        let nearest = |step: i64| Speed((middle + step / 2) / step * step);
        ROUND.iter().map(|&step| nearest(step)).find(|&speed| self.contains(speed)).unwrap_or(Speed(middle))
    }

    /// No two speeds that are offered are left.
    pub fn are_one(self) -> bool {
        self.hi.div_euclid(FINEST) - (self.lo - 1).div_euclid(FINEST) <= 1
    }

    /// How far a speed can be from the true one.
    pub fn around(self, speed: Speed) -> Speed {
        Speed((self.hi - speed.0).max(speed.0 - self.lo).max(0))
    }

    /// Could a change from `from` to one of these, during `time` or a part of it, have moved the position by `jump`
    /// besides what `from` does, give or take `about`?
    pub fn could_bend(self, from: Speed, jump: Span, about: Span, time: Span) -> bool {
        let least =
            (jump.abs() - about).max(Span::ZERO).as_micros().saturating_mul(1_000_000) / time.as_micros().max(1);
        if jump.is_negative() { self.lo <= from.0 - least } else { self.hi >= from.0 + least }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lo: i64, hi: i64) -> Speeds {
        Speeds { lo, hi }
    }

    #[test]
    fn of_the_speeds_that_fit_the_roundest_is_meant_and_the_present_one_first() {
        assert_eq!(of(900_000, 1_700_000).choose(Speed::from_permille(1_100)), Speed::from_permille(1_100));
        assert_eq!(of(900_000, 1_700_000).choose(Speed::from_permille(2_000)), Speed::NORMAL);
        assert_eq!(of(1_400_000, 1_700_000).choose(Speed::NORMAL), Speed::from_permille(1_500));
        assert_eq!(of(1_170_000, 1_230_000).choose(Speed::NORMAL), Speed::from_permille(1_200));
        assert_eq!(of(1_496_000, 1_498_000).choose(Speed::NORMAL).as_ppm(), 1_497_000);
    }

    #[test]
    fn speeds_differ_from_one_percent_on() {
        assert!(!Speed::NORMAL.differs(Speed(1_009_000)) && !Speed(1_009_000).differs(Speed::NORMAL));
        assert!(Speed::NORMAL.differs(Speed(1_011_000)) && Speed(985_000).differs(Speed::NORMAL));
    }

    #[test]
    fn a_speed_is_known_when_no_two_that_are_offered_fit() {
        assert!(of(1_460_000, 1_540_000).are_one() && of(1_496_000, 1_498_000).are_one());
        assert!(of(1_500_000, 1_500_000).are_one());
        assert!(!of(1_450_000, 1_500_000).are_one());
    }

    #[test]
    fn running_and_taking_are_each_others_inverse() {
        let (fast, time) = (Speed::from_permille(2_500), Span::from_millis(4_000));
        assert_eq!(fast.run(time), Span::from_secs(10));
        assert_eq!(fast.takes(Span::from_secs(10)), time);
        assert_eq!(fast.while_running(false).run(time), Span::ZERO);
    }
}
