//! This machine's monotonic clock as the engine's local time; it counts suspend where the system can.
//!
//! On Linux local time is the boot clock, which runs on in a suspend, while `Instant` stands still: instants are
//! converted with the offset measured at the moment of conversion. Elsewhere local time is `Instant` from a fixed zero.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tutti_core::time::{LocalTime, Span};

/// Now.
pub fn now() -> LocalTime {
    read()
}

/// An instant of the same run in local time. After a suspend an older instant comes out too late by its length; the
/// engine is told of the suspend and starts afresh.
pub fn local(at: Instant) -> LocalTime {
    let (here, there) = both();
    match at.checked_duration_since(there) {
        Some(ahead) => here + span(ahead),
        None => here - span(there.duration_since(at)),
    }
}

/// When to wake for a local time; never in the past.
pub fn instant(at: LocalTime) -> Instant {
    let (here, there) = both();
    there + duration(at - here)
}

/// The wall clock in ms since 1970: for ledgers and logs, never for positions.
pub fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// A span that is not negative as the standard library's duration; a negative one is zero.
pub fn duration(span: Span) -> Duration {
    Duration::from_micros(span.as_micros().max(0) as u64)
}

pub fn span(duration: Duration) -> Span {
    Span::from_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4))
}

/// Notices that the machine slept: the boot clock went on and `Instant` did not.
#[derive(Debug)]
pub struct SuspendWatch {
    ahead: Span,
}

/// Shorter differences are the two clocks being read one after the other on a busy machine.
const SLEPT: Span = Span::from_secs(2);

impl SuspendWatch {
    pub fn new() -> Self {
        Self { ahead: ahead() }
    }

    /// True once after each suspend.
    pub fn slept(&mut self) -> bool {
        let before = std::mem::replace(&mut self.ahead, ahead());
        self.ahead - before > SLEPT
    }
}

impl Default for SuspendWatch {
    fn default() -> Self {
        Self::new()
    }
}

/// How far the boot clock is before `Instant`, from a fixed zero.
fn ahead() -> Span {
    let (here, there) = both();
    (here - LocalTime::default()) - span(there.duration_since(zero()))
}

fn zero() -> Instant {
    static ZERO: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *ZERO.get_or_init(Instant::now)
}

/// Both clocks at the same moment: the closest of three pairs, so that being interrupted in between does not count.
fn both() -> (LocalTime, Instant) {
    zero();
    let pair = || {
        let before = Instant::now();
        let here = read();
        let width = before.elapsed();
        (width, here, before + width / 2)
    };
    let (_, here, there) = [pair(), pair(), pair()].into_iter().min_by_key(|(width, ..)| *width).expect("three pairs");
    (here, there)
}

#[cfg(target_os = "linux")]
fn read() -> LocalTime {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    LocalTime::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
}

#[cfg(not(target_os = "linux"))]
fn read() -> LocalTime {
    LocalTime::default() + span(zero().elapsed())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_instant_comes_back_from_local_time_within_half_a_millisecond() {
        let soon = Instant::now() + Duration::from_secs(3);

        let back = instant(local(soon));

        let off = back.max(soon) - back.min(soon);
        assert!(off < Duration::from_micros(500), "{off:?}");
    }

    #[test]
    fn past_local_times_wake_at_once() {
        assert!(instant(now() - Span::from_secs(5)) <= Instant::now());
    }

    #[test]
    fn a_machine_that_did_not_sleep_is_not_said_to_have_slept() {
        let mut watch = SuspendWatch::new();

        assert!(!watch.slept());
    }

    #[test]
    fn a_suspend_is_noticed_once() {
        let mut watch = SuspendWatch { ahead: ahead() - Span::from_secs(60) };

        assert!(watch.slept());
        assert!(!watch.slept());
    }
}
