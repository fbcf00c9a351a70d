//! The messages of the room protocol as they travel: JSON text frames over a WebSocket (docs/protocol.md).
//!
//! These types are apart from the engine's own and converted at this edge ([`parts`], [`shown`]). What comes from a peer is
//! read here, with every limit; what a limit cuts or refuses is said beside it. Times are whole microseconds of the room's
//! clock unless said otherwise; unknown fields are passed over, so that later versions can add some.

pub mod error;
pub mod parts;
pub mod shown;
pub mod since;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::proof::{AccountMark, Nonce, Proof, RoomId, Token, UserId};
pub use error::{Refusal, Trouble};
use parts::{ActSent, PlaybackSent, PresenceSent, RoomSent, WhenSent};
use shown::Shown;

/// The version of this protocol.
pub const VERSION: u32 = 1;
/// The longest message that a hub takes, in bytes: a playback with the 20 items that come next is under 12 KiB.
pub const MOST_BYTES: usize = 16 * 1024;
/// The longest message that a member takes, in bytes: lists of a room of a thousand have some 200 KiB.
pub const MOST_BYTES_FROM_HUB: usize = 1024 * 1024;
/// Unless a hub says otherwise, a heartbeat is due so often, and carries the exchange of clocks.
pub const BEAT_MS: u32 = 5_000;

/// What a connection tells its hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToHub {
    /// The first message: who comes, and the proofs for it.
    Hello(Box<Hello>),
    /// A heartbeat with the sender's own clock, in microseconds from any zero; it comes back in [`FromHub::Pong`].
    Ping { sent_us: i64 },
    /// "I acted by hand." Answered by [`FromHub::Answer`] with the same id, however often it is sent.
    Claim { id: u64, epoch: u64, when: WhenSent, act: ActSent, playback: PlaybackSent },
    /// How the member takes part (L4).
    Presence(PresenceSent),
    /// The leader's line without a new hand action.
    Publish { epoch: u64, playback: PlaybackSent },
    /// What others see of this member.
    Standing(Box<Shown>),
    /// The connection that drives sent a command to the player, whose effect may show until then.
    Commanded { until_us: i64 },
    /// The host says who may lead.
    MayLead { who: WhoLeads },
    /// The host lets nobody new in, or does again.
    Lock { on: bool },
    /// The host sends a member away for good.
    Remove { member: u32 },
    /// A clean end: what this connection held is free at once.
    Bye,
}

/// Who comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    pub version: u32,
    pub room: Hex<RoomId>,
    /// Of the hub's nonce with the room's secret.
    pub proof: Hex<Proof>,
    /// Opens the room if the hub does not have it.
    #[serde(default)]
    pub open: bool,
    /// The name that others see.
    pub name: String,
    /// The name of this computer or browser.
    pub device: String,
    /// Whose connection this is; without it, a listener of its own that drives nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserSent>,
    /// Takes up a connection that broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Hex<Token>>,
    /// It drives the account, under the hub before this one: a new hub lets nobody else for as long as one may.
    #[serde(default, skip_serializing_if = "is_false")]
    pub drives: bool,
    /// What the member knows of the room, for a hub that has lost it or is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brings: Option<Box<Brought>>,
    /// Where this process can hold the room's hub if the present one goes: `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heir: Option<String>,
}

/// A user with the account that plays for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserSent {
    pub id: Hex<UserId>,
    /// Of the hub's nonce with the user's key for this room.
    pub proof: Hex<Proof>,
    pub account: Hex<AccountMark>,
}

/// A room as a member knew it, for a new hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brought {
    /// The member's number in it.
    pub member: u32,
    /// No member had this number or a higher one.
    pub next_member: u32,
    pub room: RoomSent,
    /// The room's clock as the member knows it, at sending: the times in `room` are of the same.
    pub now_us: i64,
    /// Which clock that is: [`Welcome::clock`].
    pub clock: String,
    /// The room's (term, epoch, seq) when the hub was last another, if nobody has done anything by hand since: a hub that
    /// was there all the time, and has gone on since then, knows better than one that only stood in for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<(u64, u64, u64)>,
}

/// Who may lead (L1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoLeads {
    #[default]
    Anyone,
    Host,
    Members(Vec<u32>),
}

/// What a hub tells a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromHub {
    /// The first message: what to sign, and the versions that are spoken here.
    Challenge {
        nonce: Hex<Nonce>,
        versions: [u32; 2],
    },
    Welcome(Box<Welcome>),
    /// The room's state, always whole.
    Room(Box<RoomSent>),
    /// Who is here, always whole.
    Members(MembersSent),
    /// How members stand, those that changed.
    Standings {
        list: Vec<(u32, Shown)>,
    },
    Answer {
        id: u64,
        accepted: bool,
    },
    Pong {
        sent_us: i64,
        /// When the ping reached the hub, and when this left it.
        received_us: i64,
        replied_us: i64,
    },
    /// This connection drives its account from now on, or no longer. `quiet_us`: commands of the one before may show until
    /// then: it begins with a baseline and sends none of its own before.
    Drive {
        on: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quiet_us: Option<i64>,
    },
    /// What is wrong; see [`Trouble`]. After a fatal one the hub closes.
    Error(Refusal),
    /// This hub ends: be back, here or at another, after a random part of so many ms.
    Leaving {
        within_ms: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The member's number in this room.
    pub member: u32,
    /// To be taken up again with.
    pub token: Hex<Token>,
    /// The name of the hub's clock: if it is another than before, all that is known of the room's clock is void.
    pub clock: String,
    pub now_us: i64,
    /// This connection drives its account.
    pub drives: bool,
    pub limits: LimitsSent,
    pub room: RoomSent,
    pub members: MembersSent,
}

/// What a hub takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsSent {
    pub message_bytes: u32,
    pub messages_s: u32,
    pub members: u32,
    pub beat_ms: u32,
    /// Silent for more than so many beats is gone.
    pub missed_pings: u32,
}

/// Everybody in the room, longest here first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MembersSent {
    pub list: Vec<MemberSent>,
    pub who_leads: WhoLeads,
    pub locked: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberSent {
    pub id: u32,
    pub name: String,
    /// Its connections, the one that drives first.
    pub devices: Vec<String>,
    /// One of them drives an account.
    pub drives: bool,
    /// None of them is connected; it is kept for a while.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reconnecting: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub host: bool,
    /// Where it can hold the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heir: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Bytes as hexadecimal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex<T>(pub T);

macro_rules! as_hex {
    ($($name:ident),*) => {$(
        impl Serialize for Hex<$name> {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for Hex<$name> {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                $name::parse(&text).map(Hex).ok_or_else(|| serde::de::Error::custom("not the right hexadecimal digits"))
            }
        }
    )*};
}

as_hex!(RoomId, UserId, Proof, Nonce, Token, AccountMark);

/// A message as text.
pub fn write(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("these types have text keys and finite numbers only")
}

/// A message of a member.
///
/// # Errors
/// What is wrong with it, to be told to the sender.
pub fn read_to_hub(text: &str) -> Result<ToHub, Refusal> {
    // Most of all that is said are standings: they are read without the detour that a tag anywhere in a message takes.
    if text.len() <= MOST_BYTES
        && text.starts_with(r#"{"type":"standing","#)
        && let Ok(shown) = serde_json::from_str(text)
    {
        return Ok(ToHub::Standing(shown));
    }
    read(text, MOST_BYTES)
}

/// A message of a hub.
///
/// # Errors
/// What is wrong with it.
pub fn read_from_hub(text: &str) -> Result<FromHub, Refusal> {
    read(text, MOST_BYTES_FROM_HUB)
}

fn read<T: DeserializeOwned>(text: &str, most: usize) -> Result<T, Refusal> {
    if text.len() > most {
        return Err(Refusal::new(Trouble::TooLong));
    }
    serde_json::from_str(text).map_err(|error| match serde_json::from_str::<Kind>(text) {
        // It reads as a message, but of no kind or shape that is known here.
        Ok(kind) => Refusal::with(Trouble::UnknownMessage, format!("{}: {error}", parts::short(&kind.kind, 40))),
        Err(_) => Refusal::with(Trouble::Malformed, error.to_string()),
    })
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[cfg(test)]
mod tests;
