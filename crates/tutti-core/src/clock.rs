//! The room's clock as one machine knows it: an offset to the local clock with a hard bound (rule C1).

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

    pub const fn bound(self) -> Span {
        self.bound
    }
}
