//! One exchange with the hub: four instants, and what they prove about the offset.

use thiserror::Error;

use crate::time::{LocalTime, RoomTime, Span};

/// A question to the hub and its answer. `sent` is what this machine noted itself, never what the hub says back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    pub sent: LocalTime,
    pub hub_received: RoomTime,
    pub hub_sent: RoomTime,
    pub received: LocalTime,
}

/// Why an exchange is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("the answer came before its question")]
    BackInTime,
    #[error("the answer came faster than clocks allow")]
    Impossible,
    #[error("the answer took too long to be of use")]
    TooLong,
    #[error("the hub's clock shows no time that can be reckoned with")]
    TooFar,
    #[error("a later exchange, or a suspend, came before it")]
    Stale,
}

/// What took longer says next to nothing: its bound is wider than what is known after any other answer.
const LONGEST: Span = Span::from_secs(10);
/// Offsets beyond this are nobody's clock (36,000 years); below it, everything here is exact in 128 bits.
const FARTHEST_US: i64 = 1 << 60;
/// Each instant is a whole µs, rounded down, so that a difference of two may be less than 1 µs too small.
const ROUNDING_US: i64 = 1;

/// What one exchange proves, in µs: the offset was at most `most` at `sent`, and at least `least` at `received`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proof {
    pub sent: i64,
    pub most: i64,
    pub received: i64,
    pub least: i64,
}

impl Exchange {
    /// The question was under way while the hub's clock went up to `hub_received`; so was the answer from `hub_sent` on.
    pub(super) fn proof(self) -> Result<Proof, Refused> {
        let [sent, received] = [self.sent, self.received].map(LocalTime::as_micros);
        let [hub_received, hub_sent] = [self.hub_received, self.hub_sent].map(RoomTime::as_micros);
        if received < sent || hub_sent < hub_received {
            return Err(Refused::BackInTime);
        }
        if self.received - self.sent > LONGEST {
            return Err(Refused::TooLong);
        }
        let offset = |room: i64, local: i64| {
            room.checked_sub(local)
                .filter(|offset| (-FARTHEST_US..=FARTHEST_US).contains(offset))
                .ok_or(Refused::TooFar)
        };
        let (most, least) = (offset(hub_received, sent)? + ROUNDING_US, offset(hub_sent, received)? - ROUNDING_US);
        Ok(Proof { sent, most, received, least })
    }
}
