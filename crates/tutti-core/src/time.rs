//! Instants of the two monotonic clocks of the engine, and signed spans; the two cannot be mixed.
//!
//! Everything is a whole number of microseconds. Wall time does not occur in this crate. What would be too large or too
//! small stays at the end of the numbers: what services and peers say must not stop an engine.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A signed length of time, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Span {
    pub const ZERO: Self = Self(0);
    pub const MAX: Self = Self(i64::MAX / 4);

    pub const fn from_micros(us: i64) -> Self {
        Self(us)
    }

    pub const fn from_millis(ms: i64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    pub const fn from_secs(s: i64) -> Self {
        Self(s.saturating_mul(1_000_000))
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds, with the fraction.
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Seconds, with the fraction.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    /// Whole milliseconds, rounded towards minus infinity.
    pub const fn floor_ms(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// This span times `ppm` parts in a million.
    pub const fn ppm(self, ppm: i64) -> Self {
        let parts = self.0 as i128 * ppm as i128 / 1_000_000;
        match parts {
            _ if parts > i64::MAX as i128 => Self(i64::MAX),
            _ if parts < i64::MIN as i128 => Self(i64::MIN),
            _ => Self(parts as i64),
        }
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Span {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Mul<i64> for Span {
    type Output = Self;
    fn mul(self, by: i64) -> Self {
        Self(self.0.saturating_mul(by))
    }
}

impl Div<i64> for Span {
    type Output = Self;
    fn div(self, by: i64) -> Self {
        Self(self.0 / by)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Span {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Span {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ms", self.as_ms())
    }
}

macro_rules! instant {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            pub const fn from_micros(us: i64) -> Self {
                Self(us)
            }

            /// Microseconds since the clock's own zero.
            pub const fn as_micros(self) -> i64 {
                self.0
            }
        }

        impl Add<Span> for $name {
            type Output = Self;
            fn add(self, span: Span) -> Self {
                Self(self.0.saturating_add(span.0))
            }
        }

        impl Sub<Span> for $name {
            type Output = Self;
            fn sub(self, span: Span) -> Self {
                Self(self.0.saturating_sub(span.0))
            }
        }

        impl Sub for $name {
            type Output = Span;
            fn sub(self, other: Self) -> Span {
                Span(self.0.saturating_sub(other.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:.6} s)"), self.0 as f64 / 1e6)
            }
        }
    };
}

instant!(LocalTime, "An instant of this machine's monotonic clock, which counts suspend. Its zero is arbitrary.");
instant!(RoomTime, "An instant of the room's clock, the same for all members. Its zero is the hub's.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_or_too_small_stays_at_the_end_of_the_numbers() {
        let (most, least) = (Span::from_micros(i64::MAX), Span::from_micros(i64::MIN));
        assert_eq!((least.abs(), -least, most + most, least - most, most * 2), (most, most, most, least, most));
        assert_eq!((Span::from_millis(i64::MAX), Span::from_secs(i64::MIN)), (most, least));
        assert_eq!((most.ppm(2_000_000), least.ppm(2_000_000)), (most, least));
        assert_eq!(Span::from_secs(-10).ppm(150), Span::from_micros(-1_500));
    }
}
