//! The ledger of a client id on disk: wall-clock stamps, so that rations and waits outlive the process.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tutti_core::limit::{Ledger, Limits, Wait};
use tutti_core::time::{LocalTime, Span};

use crate::clock;

const VERSION: u32 = 1;
/// Older requests count no longer.
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// The longest wait that is believed after a restart: a week, as when it was asked for.
const LONGEST_WAIT_MS: i64 = 7 * DAY_MS;

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    version: u32,
    /// The oldest request, ms since 1970.
    first_ms: i64,
    /// Each further request: ms after the one before.
    then_ms: Vec<i64>,
    /// Spotify asked us to wait.
    wait: Option<WrittenWait>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct WrittenWait {
    since_ms: i64,
    until_ms: i64,
    quota: bool,
}

/// The ledger in the file; `None` if there is none that can be used.
pub(super) fn load(path: &Path) -> Option<Ledger> {
    let text = std::fs::read(path).ok()?;
    let written: Written = match serde_json::from_slice(&text) {
        Ok(written) => written,
        Err(error) => {
            tracing::warn!(%error, "the request ledger is broken and begins anew");
            return None;
        }
    };
    (written.version == VERSION).then(|| restore(&written, clock::now(), clock::wall_ms()))
}

pub(super) fn text(ledger: &Ledger) -> Vec<u8> {
    let written = write(ledger, clock::now(), clock::wall_ms());
    serde_json::to_vec(&written).expect("numbers become JSON")
}

fn restore(written: &Written, now: LocalTime, wall: i64) -> Ledger {
    let local = |ms: i64| now + Span::from_millis(ms.saturating_sub(wall).clamp(-LONGEST_WAIT_MS, LONGEST_WAIT_MS));
    let made = std::iter::once(0).chain(written.then_ms.iter().copied()).scan(written.first_ms, |at, after| {
        *at = at.saturating_add(after);
        Some(*at)
    });
    let any = written.first_ms != 0;
    let made = made.filter(|&at| any && at <= wall && wall - at < DAY_MS).map(local).collect();
    let wait = written.wait.filter(|wait| wait.until_ms - wall <= LONGEST_WAIT_MS).map(|wait| Wait {
        since: local(wait.since_ms),
        until: local(wait.until_ms),
        quota: wait.quota,
    });
    Ledger::restore(Limits::default(), made, wait)
}

fn write(ledger: &Ledger, now: LocalTime, wall: i64) -> Written {
    let ms = |at: LocalTime| wall + (at - now).floor_ms();
    let (made, wait) = ledger.entries();
    let stamps: Vec<i64> = made.map(ms).collect();
    Written {
        version: VERSION,
        first_ms: stamps.first().copied().unwrap_or(0),
        then_ms: stamps.windows(2).map(|pair| pair[1] - pair[0]).collect(),
        wait: wait.map(|wait| WrittenWait { since_ms: ms(wait.since), until_ms: ms(wait.until), quota: wait.quota }),
    }
}

#[cfg(test)]
mod tests {
    use tutti_core::limit::{Answer, Class};

    use super::*;

    const WALL: i64 = 1_800_000_000_000;

    #[test]
    fn a_wait_outlives_the_process_on_another_monotonic_clock() {
        let now = LocalTime::from_micros(5_000_000);
        let mut ledger = Ledger::new(Limits::default());
        ledger.wait(now, now + Span::from_secs(3_600), true);

        let later = LocalTime::from_micros(77);
        let mut restored = restore(&write(&ledger, now, WALL), later, WALL + 600_000);

        assert_eq!(restored.ask(Class::Read, later), Answer::At(later + Span::from_secs(3_000)));
        assert!(restored.waiting(later).is_some_and(|wait| wait.quota));
    }

    #[test]
    fn requests_count_on_after_a_restart_and_old_ones_do_not() {
        let now = LocalTime::from_micros(0);
        let mut ledger = Ledger::new(Limits::default());
        for second in 0..20 {
            ledger.ask(Class::Read, now + Span::from_secs(second));
        }
        let written = write(&ledger, now + Span::from_secs(20), WALL);

        let soon = restore(&written, now, WALL + 1_000);
        assert_eq!(soon.count(Span::from_secs(3_600), now), 20);
        let next_day = restore(&written, now, WALL + DAY_MS);
        assert_eq!(next_day.count(Span::from_secs(86_400), now), 0);
    }

    #[test]
    fn an_empty_ledger_stays_empty() {
        let now = LocalTime::from_micros(0);
        let restored = restore(&write(&Ledger::new(Limits::default()), now, WALL), now, WALL);

        assert_eq!(restored.count(Span::from_secs(86_400), now), 0);
    }
}
