//! What members and hub tell each other, and the state of a room that everybody sees.

use std::sync::Arc;

use crate::playback::{Item, Playback};
use crate::speed::Speed;
use crate::time::{RoomTime, Span};

/// A member's number in its room; never used twice in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u32);

/// Counts the claims of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimId(pub u64);

/// When an action happened, as exactly as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    pub earliest: RoomTime,
    pub latest: RoomTime,
}

impl When {
    pub fn exactly(at: RoomTime) -> Self {
        Self { earliest: at, latest: at }
    }

    pub fn midpoint(self) -> RoomTime {
        self.earliest + (self.latest - self.earliest) / 2
    }
}

/// What a hand did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// To this position.
    Sought(Span),
    Paused,
    Resumed,
    /// Another item, with its title.
    Started(String),
}

/// "I acted by hand": asks for the lead, or moves the room when the claimant leads already (L1, L2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: ClaimId,
    /// The epoch that the claimant knew.
    pub epoch: u64,
    pub when: When,
    pub act: Act,
    pub playback: Playback,
}

/// How a member takes part, as far as the choice of another leader needs it (L4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Where the room is, but for this.
    InPlace { off: Span },
    /// On the room's episode, but hearing it at this speed instead of the room's (E7).
    OwnSpeed(Speed),
    /// Not there yet, not in line, or of unknown place.
    Elsewhere,
    /// It could not be read for a while.
    Away,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberToHub {
    Claim(Claim),
    Presence(Presence),
    /// The leader's line without a new hand action: a better estimate, a natural transition, the next items.
    Publish {
        epoch: u64,
        playback: Playback,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubToMember {
    Room(Arc<RoomState>),
    Answer { claim: ClaimId, accepted: bool },
}

/// The room as the hub sees it; always sent whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomState {
    /// Counts hubs.
    pub term: u64,
    /// Counts leaders.
    pub epoch: u64,
    /// Counts changes of the playback within everything above.
    pub seq: u64,
    pub leader: Option<MemberId>,
    pub playback: Option<Playback>,
    /// The hand action behind the playback: who did what and when.
    pub action: Option<Action>,
    /// Counts accepted claims; a rise means "somebody acted".
    pub actions: u64,
    /// Who hears the room's episode at another speed, and at which (E7).
    pub own_speeds: Vec<(MemberId, Speed)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    pub member: MemberId,
    pub when: When,
    pub act: Act,
    /// Another member led before.
    pub takeover: bool,
}

/// Titles of what comes next, for windows.
pub fn next_title(next: &[Arc<Item>]) -> Option<&str> {
    next.first().map(|item| item.title.as_str())
}
