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
    /// Who may lead; None: everybody (L1).
    pub may_lead: Option<Vec<MemberId>>,
}

impl RoomState {
    /// A room in which nothing happened yet. `term` counts hubs of the same room.
    pub fn new(term: u64) -> Self {
        Self {
            term,
            epoch: 0,
            seq: 0,
            leader: None,
            playback: None,
            action: None,
            actions: 0,
            own_speeds: Vec::new(),
            may_lead: None,
        }
    }

    /// Of two states of one room the later one has the greater of these.
    pub fn order(&self) -> (u64, u64, u64) {
        (self.term, self.epoch, self.seq)
    }

    /// The same in the time of another clock, which is so much ahead.
    pub fn shift(&mut self, by: Span) {
        if let Some(playback) = &mut self.playback {
            playback.at = playback.at + by;
        }
        if let Some(action) = &mut self.action {
            action.when = When { earliest: action.when.earliest + by, latest: action.when.latest + by };
        }
    }

    pub fn may_lead(&self, member: MemberId) -> bool {
        self.may_lead.as_ref().is_none_or(|members| members.contains(&member))
    }
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
