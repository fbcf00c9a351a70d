//! What keeps the players together: the engine, or other rules on the same requests, as a baseline.

mod oracle;
mod original;
mod syncplay;
mod tutti;

use tutti_core::command::{Answered, Command};
use tutti_core::event::Event;
use tutti_core::reading::Reading;
use tutti_core::room::{HubToMember, MemberToHub};

use super::config::{RulesName, WorldConfig};
use super::recording::Recording;
use super::spotify::{QueueSeen, Spotify};
use crate::report::{HandKind, RoomChange};

/// What happens to a member. Every instant is the world's.
#[derive(Debug)]
pub(super) enum Happened {
    Joins,
    Leaves,
    /// What was asked for with [`Wish::Wake`].
    Woken,
    Reading(Reading),
    Queue(QueueSeen),
    Answered(Answered),
    /// Something the rules sent to themselves: on its way to the hub, or from it.
    AtHub(MemberToHub),
    FromHub(HubToMember),
    /// The hub has waited long enough.
    HubDue,
    /// The machine slept and is awake again.
    Awake,
    /// Tutti's network is gone, or there again.
    Network(bool),
    /// The user's switch.
    Sync(bool),
    /// In truth, by hand: only who knows everything may use it.
    Acted(HandKind),
}

/// What the rules want done.
#[derive(Debug)]
pub(super) enum Wish {
    Look(usize),
    LookQueue(usize),
    Command(usize, Command),
    /// Wake this member's rules then, instead of whenever was wished before.
    Wake(usize, i64),
    /// Hand this in for the member then.
    Later(usize, i64, Happened),
    Event(usize, Event),
    Room(RoomChange),
    /// The line by which the member's player is known after a steady reading.
    Known(usize, Known),
}

/// A position that is claimed to be known within a bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub uri: String,
    pub playing: bool,
    pub position_us: i64,
    pub bound_us: i64,
}

pub(super) trait Rules {
    /// What was handed in to the member that is recorded.
    fn recording(&mut self) -> Option<Recording> {
        None
    }

    fn happen(&mut self, now_us: i64, member: usize, what: Happened, spotify: &mut Spotify, wishes: &mut Vec<Wish>);
}

pub(super) fn of(config: &WorldConfig, spotify: &Spotify) -> Box<dyn Rules> {
    match config.rules {
        RulesName::Tutti => Box::new(tutti::Tutti::new(config, spotify)),
        RulesName::Original => Box::new(original::Original::new(config.members.len())),
        RulesName::Syncplay => Box::new(syncplay::Syncplay::new(config.members.len(), config.seed)),
        RulesName::Oracle => Box::new(oracle::Oracle::new(config, spotify)),
    }
}

/// An item and what the leader's list holds after it. The baselines are given it for nothing.
fn list_of(spotify: &mut Spotify, leader: Option<usize>, uri: &str, now_us: i64) -> Vec<String> {
    let next = leader.and_then(|leader| spotify.queue(leader, now_us).1).unwrap_or_default();
    std::iter::once(uri.to_owned()).chain(next.iter().map(|item| item.uri.clone())).collect()
}
