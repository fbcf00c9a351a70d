//! The room's clock as one machine knows it: an offset to the local clock with a hard bound (rule C1).
//!
//! Where the hub is in the same process, both clocks are one. Over a network a [`ClockSync`] learns it from exchanges (C2).
//! The offset may be corrected in either direction at any time, so that an instant of the room can come a little before one
//! that was reckoned earlier. Nothing waits for an instant of the room: deadlines are local, and what members tell each
//! other is a line and the instant for which it holds.

mod exchange;
mod hull;
mod lines;
mod pace;
mod sync;

pub use exchange::{Exchange, Refused};
pub use sync::ClockSync;

use crate::time::{LocalTime, RoomTime, Span};

/// How to get from this machine's clock to the room's and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomClock {
    /// Room time minus local time.
    offset: Span,
    /// The true offset lies within ± this.
    bound: Span,
}

impl RoomClock {
    /// The clock of a room whose hub runs in this process: the same clock, exactly.
    pub const fn same_machine() -> Self {
        Self { offset: Span::ZERO, bound: Span::ZERO }
    }

    pub const fn new(offset: Span, bound: Span) -> Self {
        Self { offset, bound }
    }

    pub fn to_room(self, at: LocalTime) -> RoomTime {
        RoomTime::from_micros(at.as_micros()) + self.offset
    }

    pub fn to_local(self, at: RoomTime) -> LocalTime {
        LocalTime::from_micros(at.as_micros()) - self.offset
    }

    /// Room time minus local time.
    pub const fn offset(self) -> Span {
        self.offset
    }

    /// The true offset lies within ± this.
    pub const fn bound(self) -> Span {
        self.bound
    }
}
