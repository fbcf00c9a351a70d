//! What a hub refuses, by names that say what to do.

use serde::{Deserialize, Serialize};

/// A refusal with its name, and what there is to say about this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: Trouble,
    /// For logs and people who write clients; never needed to decide anything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Names of what can be wrong. Unknown ones, of later versions, read as [`Trouble::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Not JSON, or not an object with a `type`.
    Malformed,
    /// No message of this kind and shape is known here; it was passed over.
    UnknownMessage,
    /// A frame of bytes instead of text.
    Binary,
    /// Longer than `message_bytes`.
    TooLong,
    /// More than `messages_s` for too long.
    Flood,
    /// The first message was not a hello, or came too late, or a second one came.
    HelloExpected,
    /// This client is older than what is spoken here: update it.
    VersionTooOld,
    /// This hub is older than the client: update the hub, or take another.
    VersionTooNew,
    /// The proof is not of this room's secret: ask for a new invite.
    WrongSecret,
    /// Too many wrong proofs from this address: wait a minute.
    TooManyAttempts,
    /// The proof is not of this user's key.
    WrongUser,
    /// The room is not here, and the hello did not say to open it: it has ended.
    NoSuchRoom,
    /// As many members as it takes.
    RoomFull,
    /// The host lets nobody new in.
    RoomLocked,
    /// The host removed this member.
    Removed,
    /// The account is in this or another room under another user.
    AccountElsewhere,
    /// The user has as many connections as it may.
    TooManyConnections,
    /// The address has as many connections as it may.
    TooManyFromAddress,
    /// The hub has as many rooms or connections as it takes.
    HubFull,
    /// Nothing was heard for too long.
    Silent,
    /// Another hub holds this room, with a higher term.
    NewerHub,
    /// Only the host can do that.
    NotTheHost,
    /// Only the connection that drives can say that.
    NotDriving,
    #[serde(other)]
    Other,
}

impl Refusal {
    pub fn new(code: Trouble) -> Self {
        Self { code, message: String::new() }
    }

    pub fn with(code: Trouble, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<Trouble> for Refusal {
    fn from(code: Trouble) -> Self {
        Self::new(code)
    }
}

impl Trouble {
    /// The hub closes the connection after it.
    pub fn is_fatal(self) -> bool {
        !matches!(self, Self::Malformed | Self::UnknownMessage | Self::NotTheHost | Self::NotDriving | Self::Other)
    }

    /// The client may try again by itself; after all others somebody has to do something first.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::TooManyAttempts
                | Self::TooManyConnections
                | Self::TooManyFromAddress
                | Self::HubFull
                | Self::Silent
                | Self::Flood
                | Self::HelloExpected
                | Self::NewerHub
                | Self::Other
        )
    }
}
