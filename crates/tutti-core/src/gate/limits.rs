//! What one room takes, each with its reason.

use crate::time::{RoomTime, Span};
use crate::wire::{BEAT_MS, LimitsSent, MOST_BYTES};

/// What one room takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Everybody hears of everybody: what is sent grows with the square of this.
    pub members: u32,
    /// A laptop, a desktop, a phone's browser, and as many that have not been noticed to be gone.
    pub connections_user: u32,
    /// A member says a few things a second at most, five times that after a hand action.
    pub messages_s: u32,
    /// So many seconds' worth may come at once: what waited while a connection was taken up again.
    pub burst_s: u32,
    /// Members are to be heard of so often, in ms: a broken connection is noticed in some beats, a clock drifts by µs in one.
    pub beat_ms: u32,
    /// Silent for more than so many heartbeats is gone.
    pub missed_pings: u32,
    /// A member all of whose connections broke off is kept for so long: a router starts again in two minutes.
    pub kept: Span,
    /// Changes of standings are told together this often at most; zero: each by itself.
    pub together: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 64,
            connections_user: 6,
            messages_s: 20,
            burst_s: 3,
            beat_ms: BEAT_MS,
            missed_pings: 3,
            kept: Span::from_secs(120),
            together: Span::from_millis(100),
        }
    }
}

impl Limits {
    /// Whoever was silent for longer is gone: the beats, and a fifth of one for the network (1 s of 5).
    pub fn silence(&self) -> Span {
        let beat = Span::from_millis(self.beat_ms.into());
        beat * i64::from(self.missed_pings) + beat / 5
    }

    pub fn sent(&self) -> LimitsSent {
        LimitsSent {
            message_bytes: MOST_BYTES as u32,
            messages_s: self.messages_s,
            members: self.members,
            beat_ms: self.beat_ms,
            missed_pings: self.missed_pings,
        }
    }
}

/// What a connection may still say now.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Messages, in millionths.
    filled: i64,
    at: RoomTime,
}

const MESSAGE: i64 = 1_000_000;

impl Bucket {
    pub fn full(limits: &Limits, now: RoomTime) -> Self {
        Self { filled: i64::from(limits.messages_s) * i64::from(limits.burst_s) * MESSAGE, at: now }
    }

    /// Whether one more message is within the limits.
    pub fn takes(&mut self, limits: &Limits, now: RoomTime) -> bool {
        let a_second = i64::from(limits.messages_s);
        let most = a_second * i64::from(limits.burst_s) * MESSAGE;
        let passed = (now - self.at).as_micros().clamp(0, 3_600_000_000);
        self.filled = (self.filled + passed * a_second).min(most);
        self.at = now;
        let takes = self.filled >= MESSAGE;
        if takes {
            self.filled -= MESSAGE;
        }
        takes
    }
}
