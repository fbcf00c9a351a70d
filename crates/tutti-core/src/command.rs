//! What a member asks of its player, and what becomes of it.

use crate::reading::Failure;
use crate::time::{LocalTime, Span};

/// Counts the commands of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub id: CommandId,
    pub kind: CommandKind,
    /// The device to act on; none = the active one.
    pub device: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandKind {
    /// Start the first of these at `position`, the others follow (F5).
    Play {
        uris: Vec<String>,
        position: Span,
    },
    Pause,
    Seek {
        position: Span,
    },
    /// Put one item behind what is already given.
    Queue {
        uri: String,
    },
}

/// How a command ended, as far as the service says. Acceptance is not yet effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub id: CommandId,
    /// When the request left.
    pub sent: LocalTime,
    pub answered: LocalTime,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// 403 "restriction violated": an answer to a redundant command; read again, then decide (F6).
    Restriction,
    NoDevice,
    NotPremium,
    Failed(Failure),
}
