//! What the engine says about its own doing: for logs, windows and reports, never for decisions.

use crate::command::{CommandId, CommandKind, Outcome};
use crate::room::{Act, When};
use crate::speed::Speed;
use crate::time::{LocalTime, Span};

/// Something the engine did or named.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A change of the player was given a cause and an author.
    Named { what: What, author: Author, when: When },
    /// A command is about to go out.
    Commanded { id: CommandId, kind: CommandKind, why: Why },
    /// A command was answered.
    Answered { id: CommandId, outcome: Outcome },
    /// A command took effect `after` its sending; feeds the learned latency.
    Landed { id: CommandId, after: Span },
    /// A command was accepted and changed nothing in its time.
    NoEffect { id: CommandId },
    /// Where the player was predicted to be when a reading was asked, before that reading was used.
    Predicted { at: LocalTime, uri: String, position: Span },
    /// What its user did is for this player alone, since others undid the like again and again (L6).
    SteppedOut,
    /// Others have paused the room, and this member plays on by itself from now on; or no longer.
    PlaysOn(bool),
    /// A reading was left out, and the reason's name.
    LeftOut(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// One of the acts that a hand can do; the author may be another.
    Act(Act),
    NaturalTransition {
        title: String,
    },
    Repeat,
    Ended,
    /// A small discontinuity: by so much ahead (+) or behind.
    Drifted(Span),
    /// So much time was lost while it said that it plays (A4).
    Stalled(Span),
    /// The session went by itself to a place known for that: so much ahead (+) or back (A5).
    Phantom(Span),
    DeviceChanged,
    /// An episode goes on at another speed (E7).
    SpeedChanged(Speed),
    Gone,
    Back,
    Ad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    User,
    Player,
    Ours,
    Spotify,
    Unknown,
}

/// Why a command goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The first answer to an action, a join or a transition (F1).
    Follow,
    /// Putting right within 10 s of it (F1).
    Settle,
    /// F2.
    Steady,
    /// F3 and F4.
    Boundary,
    /// Handing on the queue (F5).
    HandOn,
}
