//! This machine's monotonic clock as the engine's local time; it counts suspend where the system can.
//!
//! Local time is tokio's clock plus the time that the machine slept. Tokio's clock is `Instant`, which stands still in a
//! suspend; on Linux and macOS another clock runs on, and what it gained is what was slept. On Windows `Instant` itself runs on. A test that stops tokio's clock and puts
//! it forward so moves everything that runs on local time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use tutti_core::time::{LocalTime, Span};

/// Local time at the first use: instants of a while before it are positive too.
const AT_ZERO: LocalTime = LocalTime::from_micros(24 * 3_600 * 1_000_000);

/// Now.
pub fn now() -> LocalTime {
    local(Instant::now())
}

/// An instant of the same run in local time. After a suspend an older instant comes out too late by its length; the
/// engine is told of the suspend and starts afresh.
pub fn local(at: Instant) -> LocalTime {
    let zero = zero();
    let since = match at.checked_duration_since(zero) {
        Some(since) => span(since),
        None => -span(zero.duration_since(at)),
    };
    AT_ZERO + since + slept()
}

/// When to wake for a local time; never in the past.
pub fn instant(at: LocalTime) -> Instant {
    let now = Instant::now();
    now + duration(at - local(now))
}

/// The wall clock in ms since 1970: for ledgers and logs, never for positions. It is put forward with tokio's clock.
pub fn wall_ms() -> i64 {
    let forward = Instant::now().saturating_duration_since(Instant::from_std(std::time::Instant::now()));
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| (since + forward).as_millis() as i64)
}

/// A span that is not negative as the standard library's duration; a negative one is zero.
pub fn duration(span: Span) -> Duration {
    Duration::from_micros(span.as_micros().max(0) as u64)
}

pub fn span(duration: Duration) -> Span {
    Span::from_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4))
}

/// Notices that the machine slept.
#[derive(Debug)]
pub struct SuspendWatch {
    slept: Span,
}

/// Nobody notices a shorter sleep.
const SLEPT: Span = Span::from_secs(2);

impl SuspendWatch {
    pub fn new() -> Self {
        Self { slept: slept() }
    }

    /// True once after each suspend.
    pub fn slept(&mut self) -> bool {
        let before = std::mem::replace(&mut self.slept, slept());
        self.slept - before > SLEPT
    }
}

impl Default for SuspendWatch {
    fn default() -> Self {
        Self::new()
    }
}

fn zero() -> Instant {
    static ZERO: OnceLock<Instant> = OnceLock::new();
    *ZERO.get_or_init(Instant::now)
}

/// The time slept since the first use.
fn slept() -> Span {
    static AT_FIRST: OnceLock<(Span, Span)> = OnceLock::new();
    static SLEPT_US: AtomicI64 = AtomicI64::new(0);
    let (ahead, width) = ahead();
    let (at_first, width_at_first) = *AT_FIRST.get_or_init(|| (ahead, width));
    let measured = ahead - at_first;
    let known = Span::from_micros(SLEPT_US.load(Ordering::Relaxed));
    if !is_sleep(measured - known, width + width_at_first) {
        return known;
    }
    SLEPT_US.store(measured.as_micros(), Ordering::Relaxed);
    measured
}

/// Whether a gain of the boot clock is more than the two clocks being read one after the other on a busy machine: else
/// local time would tremble by it.
fn is_sleep(gained: Span, width: Span) -> bool {
    gained > width * 2 + Span::from_millis(5)
}

/// How far the boot clock is before `Instant`, from a fixed zero, and how long reading them took: the quickest of three,
/// so that being interrupted in between does not count.
fn ahead() -> (Span, Span) {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    let start = *START.get_or_init(std::time::Instant::now);
    let pair = || {
        let before = std::time::Instant::now();
        let booted = boot_clock(start);
        let width = before.elapsed();
        (width, booted - span(before.duration_since(start) + width / 2))
    };
    let (width, ahead) = [pair(), pair(), pair()].into_iter().min_by_key(|(width, _)| *width).expect("three pairs");
    (ahead, span(width))
}

/// Counts suspend.
#[cfg(target_os = "linux")]
fn boot_clock(_: std::time::Instant) -> Span {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Span::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
}

/// Counts suspend, and else goes as `Instant` does (`CLOCK_UPTIME_RAW`): `CLOCK_MONOTONIC` would be adjusted with the wall clock.
#[cfg(target_os = "macos")]
fn boot_clock(start: std::time::Instant) -> Span {
    let clock = nix::time::ClockId::from_raw(nix::libc::CLOCK_MONOTONIC_RAW);
    clock.now().map_or_else(|_| span(start.elapsed()), |time| span(time.into()))
}

/// `Instant` counts suspend by itself, or nothing is known to: nothing is ever slept beside it.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn boot_clock(start: std::time::Instant) -> Span {
    span(start.elapsed())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_instant_comes_back_from_local_time_to_the_microsecond() {
        let soon = Instant::now() + Duration::from_secs(3);

        let back = instant(local(soon));

        let off = back.max(soon) - back.min(soon);
        assert!(off <= Duration::from_micros(2), "{off:?}");
    }

    #[test]
    fn past_local_times_wake_at_once() {
        assert!(instant(now() - Span::from_secs(5)) <= Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn local_time_and_the_wall_clock_go_with_tokios_clock() {
        let (local, wall) = (now(), wall_ms());

        tokio::time::advance(Duration::from_secs(3_600)).await;

        assert_eq!(now() - local, Span::from_secs(3_600));
        assert!((wall_ms() - wall - 3_600_000).abs() < 60_000, "{}", wall_ms() - wall);
    }

    #[test]
    fn a_machine_that_did_not_sleep_is_not_said_to_have_slept() {
        let mut watch = SuspendWatch::new();

        assert!(!watch.slept());
    }

    #[test]
    fn a_suspend_is_noticed_once() {
        let mut watch = SuspendWatch { slept: slept() - Span::from_secs(60) };

        assert!(watch.slept());
        assert!(!watch.slept());
    }

    #[test]
    fn reading_two_clocks_one_after_the_other_is_no_sleep_and_a_short_nap_is() {
        let (quick, busy) = (Span::from_micros(1), Span::from_millis(80));

        assert!(!is_sleep(Span::from_micros(40), quick));
        assert!(!is_sleep(Span::from_millis(80), busy));
        assert!(is_sleep(Span::from_millis(20), quick));
        assert!(is_sleep(Span::from_secs(1), busy));
    }
}
