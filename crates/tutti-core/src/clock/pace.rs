//! When the next exchange with the hub is due: a burst where little is known, then one now and again.

use crate::time::{LocalTime, Span};

/// The best of eight is near the least round trip, also where every third message is late.
const BURST: u32 = 8;
/// Dithered to 50 to 100 ms: far enough apart that one late packet does not hold up all, and over within 0.7 s.
const IN_BURST: Span = Span::from_millis(75);
/// Two crystals drift apart by 0.5 ms at most in between; and connections are not closed for silence.
const STEADY: Span = Span::from_secs(5);
/// A hub whose answers never agree is not asked in bursts without end.
const BURSTS_APART: Span = Span::from_secs(30);

/// When to ask. What becomes of the answers does not matter: what is lost is made up for by the next.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    due: LocalTime,
    left: u32,
    burst_at: LocalTime,
    random: u64,
}

impl Pace {
    pub fn new(seed: u64, now: LocalTime) -> Self {
        Self { due: now, left: BURST, burst_at: now, random: seed | 1 }
    }

    pub fn due(&self) -> LocalTime {
        self.due
    }

    pub fn begun(&mut self, now: LocalTime) {
        self.left = self.left.saturating_sub(1);
        let wait = if self.left > 0 { self.dithered(IN_BURST, 33) } else { self.dithered(STEADY, 20) };
        self.due = now + wait;
    }

    /// Nothing is known from now on.
    pub fn burst(&mut self, now: LocalTime) {
        (self.due, self.left, self.burst_at) = (now, BURST, now);
    }

    /// Little is known; asked for in a burst unless there was one a moment ago.
    pub fn burst_again(&mut self, now: LocalTime) {
        if now - self.burst_at >= BURSTS_APART {
            self.burst(now);
        }
    }

    /// ± so many percent, so that members who joined together do not ask together, nor in step with anything else.
    fn dithered(&mut self, wait: Span, percent: i64) -> Span {
        // xorshift64*: dither needs no quality, only to be the same everywhere.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let drawn = (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as i64;
        wait * (1_000 - 10 * percent + drawn % (20 * percent + 1)) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: LocalTime = LocalTime::from_micros(7_000_000);

    fn waits(pace: &mut Pace, count: usize) -> Vec<i64> {
        let mut wait = || {
            let due = pace.due();
            pace.begun(due);
            (pace.due() - due).floor_ms()
        };
        (0..count).map(|_| wait()).collect()
    }

    #[test]
    fn eight_come_at_once_and_then_one_every_five_seconds_never_quite_alike() {
        let mut pace = Pace::new(3, START);
        assert_eq!(pace.due(), START);
        let waits = waits(&mut pace, 60);
        assert!(waits[..7].iter().all(|wait| (50..=100).contains(wait)), "{waits:?}");
        assert!(waits[7..].iter().all(|wait| (4_000..=6_000).contains(wait)), "{waits:?}");
        let mean = waits[7..].iter().sum::<i64>() / 53;
        assert!((4_700..=5_300).contains(&mean), "{mean}");
        assert!(waits[7..].windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn bursts_for_contradictions_are_half_a_minute_apart() {
        let mut pace = Pace::new(3, START);
        waits(&mut pace, 8);
        pace.burst_again(START + Span::from_secs(29));
        assert!(pace.due() < START + Span::from_secs(8));
        pace.burst_again(START + Span::from_secs(31));
        assert_eq!(pace.due(), START + Span::from_secs(31));
    }
}
