//! The clock of the rooms here: this machine's monotonic clock, counting suspend, put forward to another hub's where a room
//! was taken over.

use std::fmt;

use tutti_core::time::{RoomTime, Span};

/// A clock with a name: times of clocks of the same name can be compared.
#[derive(Clone, PartialEq, Eq)]
pub struct HubClock {
    name: String,
    ahead: Span,
    zero: std::time::Instant,
}

impl HubClock {
    /// The clock of this machine since it was started: it has the same name, and the same time, for every hub that is
    /// started here until the next boot.
    pub fn of_this_machine() -> Self {
        let booted = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let name = booted.map(|id| id.trim().to_owned()).unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
        Self { name, ahead: Span::ZERO, zero: std::time::Instant::now() }
    }

    /// The clock of another hub, which shows this time at the moment.
    pub fn showing(name: String, now: RoomTime) -> Self {
        let own = Self::of_this_machine();
        let ahead = now - own.now();
        Self { name, ahead, ..own }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn now(&self) -> RoomTime {
        RoomTime::default() + self.of_machine() + self.ahead
    }

    #[cfg(target_os = "linux")]
    fn of_machine(&self) -> Span {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Span::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
    }

    #[cfg(not(target_os = "linux"))]
    fn of_machine(&self) -> Span {
        Span::from_micros(i64::try_from(self.zero.elapsed().as_micros()).unwrap_or(i64::MAX / 4))
    }
}

impl fmt::Debug for HubClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HubClock({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_on_for_another_has_its_name_and_its_time() {
        let own = HubClock::of_this_machine();
        let other = HubClock::showing("theirs".into(), own.now() + Span::from_secs(100));

        let ahead = other.now() - own.now();

        assert_eq!(other.name(), "theirs");
        assert!((ahead - Span::from_secs(100)).abs() < Span::from_secs(1), "{ahead:?}");
    }
}
