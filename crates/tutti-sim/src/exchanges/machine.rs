//! A machine's clock whose rate changes and that jumps, against the hub's.

use tutti_core::time::{LocalTime, RoomTime, Span};

const BILLION: i128 = 1_000_000_000;

/// From here on the clock runs fast by so many parts in a billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    world_us: i64,
    local_us: i64,
    ppb: i64,
}

/// Maps the hub's time (the world's) to the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    stretches: Vec<Stretch>,
}

impl Machine {
    /// Shows `zero_us` at the world's beginning and runs fast by `ppb`.
    pub fn new(zero_us: i64, ppb: i64) -> Self {
        Self { stretches: vec![Stretch { world_us: 0, local_us: zero_us, ppb }] }
    }

    /// From `world_us` on (later than all before) the clock shows `jump_us` more and runs fast by `ppb`.
    pub fn then(&mut self, world_us: i64, jump_us: i64, ppb: i64) {
        let local_us = self.local(world_us).as_micros() + jump_us;
        self.stretches.push(Stretch { world_us, local_us, ppb });
    }

    pub fn local(&self, world_us: i64) -> LocalTime {
        let at = self.stretches.partition_point(|stretch| stretch.world_us <= world_us).max(1) - 1;
        let stretch = &self.stretches[at];
        let run = i128::from(world_us - stretch.world_us) * (BILLION + i128::from(stretch.ppb)) / BILLION;
        LocalTime::from_micros(stretch.local_us + run as i64)
    }

    /// The first instant at which the clock shows at least this.
    pub fn world(&self, local: LocalTime) -> i64 {
        let local_us = local.as_micros();
        let at = self.stretches.partition_point(|stretch| stretch.local_us <= local_us).max(1) - 1;
        let stretch = &self.stretches[at];
        let rate = BILLION + i128::from(stretch.ppb);
        let run = (i128::from(local_us - stretch.local_us) * BILLION).div_euclid(rate) as i64;
        let within = stretch.world_us + run + i64::from(self.local(stretch.world_us + run) < local);
        // What a jump passed over was never shown.
        self.stretches.get(at + 1).map_or(within, |next| within.min(next.world_us))
    }

    /// Room time minus local time at this instant.
    pub fn offset(&self, world_us: i64) -> Span {
        RoomTime::from_micros(world_us - self.local(world_us).as_micros()) - RoomTime::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_changes_its_rate_and_jumps_goes_there_and_back() {
        let mut machine = Machine::new(1_000, 100_000);
        machine.then(10_000_000, 0, -500_000);
        machine.then(20_000_000, 300_000, 0);
        assert_eq!(machine.local(10_000_000), LocalTime::from_micros(10_002_000));
        assert_eq!(machine.local(20_000_000), LocalTime::from_micros(20_297_000));
        assert_eq!(machine.offset(30_000_000), Span::from_micros(-297_000));
        for us in [0, 9_999_999, 10_000_001, 15_000_000, 20_000_000, 25_000_000] {
            assert!((machine.world(machine.local(us)) - us).abs() <= 1, "{us}");
        }
        // What the jump passed over comes when it jumps.
        assert_eq!(machine.world(LocalTime::from_micros(20_100_000)), 20_000_000);
    }
}
