//! One look at a player: what was seen, and the two instants between which it was true.

use std::sync::Arc;

use crate::playback::Item;
use crate::time::{LocalTime, Span};

/// One look at a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When the request left.
    pub asked: LocalTime,
    /// When the answer arrived. What was seen was exact at some instant in `asked ..= answered`.
    pub answered: LocalTime,
    pub seen: Seen,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Player(PlayerSeen),
    /// "Playback not available or active" (204): unknown, never "stopped".
    Nothing,
    Failed(Failure),
}

/// The state of a player. Absent values are unknown, not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayerSeen {
    pub item: Option<Arc<Item>>,
    pub kind: SeenKind,
    pub progress: Option<Span>,
    pub playing: bool,
    pub device: Option<Device>,
    /// The service's own stamp of the last change, its ms: evidence, not proof (E6).
    pub timestamp: Option<i64>,
    pub shuffle: bool,
    pub repeat: Repeat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenKind {
    Item,
    Ad,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    Off,
    Item,
    Context,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: Option<String>,
    pub name: String,
    /// Takes no commands from us.
    pub restricted: bool,
}

/// Why a look or a command did not work; each has its words in the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    NeedsLogin,
    /// The account is not on the app's list of users.
    NotAllowedHere,
    OwnerPremiumLapsed,
    /// Asked to wait; nothing goes out before.
    RateLimited {
        until: LocalTime,
        quota: bool,
    },
    /// No answer.
    Network,
    /// An answer that makes no sense, or 5xx.
    Server,
}
