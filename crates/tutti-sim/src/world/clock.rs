//! The monotonic clock of one member's machine: its own zero and its own rate.

use tutti_core::clock::RoomClock;
use tutti_core::time::{LocalTime, RoomTime, Span};

const MILLION: i128 = 1_000_000;

/// Maps the world's time to a machine's and back. Whole µs; there and back is exact to 1 µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineClock {
    zero_us: i64,
    ppm: i64,
}

impl MachineClock {
    /// A clock that shows `zero_us` at the world's beginning and runs fast by `ppm`.
    pub const fn new(zero_us: i64, ppm: i64) -> Self {
        Self { zero_us, ppm }
    }

    pub fn local(self, world_us: i64) -> LocalTime {
        let run = i128::from(world_us) * (MILLION + i128::from(self.ppm)) / MILLION;
        LocalTime::from_micros(self.zero_us + run as i64)
    }

    /// The first instant at which the machine's clock shows at least this.
    pub fn world(self, local: LocalTime) -> i64 {
        let rate = MILLION + i128::from(self.ppm);
        let run = i128::from(local.as_micros() - self.zero_us) * MILLION;
        let floor = run.div_euclid(rate) as i64;
        if self.local(floor) < local { floor + 1 } else { floor }
    }

    /// What a machine that has just compared its clock with the hub's knows: the offset as it is now.
    pub fn compared(self, world_us: i64, bound_us: i64) -> RoomClock {
        let offset = RoomTime::from_micros(world_us).as_micros() - self.local(world_us).as_micros();
        RoomClock::new(Span::from_micros(offset), Span::from_micros(bound_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_gains_and_there_and_back_is_the_same_instant() {
        let clock = MachineClock::new(5_000_000, 100);
        assert_eq!(clock.local(0), LocalTime::from_micros(5_000_000));
        assert_eq!(clock.local(3_600_000_000), LocalTime::from_micros(3_605_360_000));
        for us in [0, 1, 999_999, 12_345_678_901, 86_400_000_000] {
            assert!((clock.world(clock.local(us)) - us).abs() <= 1, "{us}");
            assert!(clock.local(clock.world(LocalTime::from_micros(us))) >= LocalTime::from_micros(us), "{us}");
        }
    }

    #[test]
    fn a_comparison_is_exact_then_and_wrong_later_by_the_drift() {
        let clock = MachineClock::new(7_000, 100);
        let known = clock.compared(10_000_000, 0);
        assert_eq!(known.to_room(clock.local(10_000_000)).as_micros(), 10_000_000);
        assert_eq!(known.to_room(clock.local(20_000_000)).as_micros(), 20_001_000);
    }
}
