//! What a hub is told when it starts, and the limits of a whole process, each with its reason.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tutti_core::gate::Limits;
use tutti_core::proof::RoomId;
use tutti_core::room::RoomState;

use crate::clock::HubClock;

/// How a hub works.
#[derive(Debug, Clone)]
pub struct Config {
    /// Of each room.
    pub limits: Limits,
    /// Memory: a room with its connections takes some 80 KB.
    pub rooms: usize,
    /// Sockets that the process may hold.
    pub connections: usize,
    /// Several members sit behind one address at home, some dozens in a dormitory; as many rooms may be opened from it.
    pub connections_address: usize,
    /// Wrong secrets or user keys for one room from one address within a minute, before it has to wait as long.
    pub attempts: u32,
    /// Whoever connects asks for something within this, and says hello within the same again: some round trips of a phone.
    pub hello_within: Duration,
    /// When this hub ends, its members come back within a random part of so long, not all at once.
    pub back_within_ms: u32,
    pub clock: Arc<HubClock>,
    /// Inside a member's program: this room only, as it was under the hub before.
    pub only: Option<Heirloom>,
}

/// A room that is taken over from another hub, or opened in the program of its host.
#[derive(Debug, Clone)]
pub struct Heirloom {
    pub room: RoomId,
    /// Its times are of [`Config::clock`].
    pub state: Option<RoomState>,
    /// Cancelled when another hub was found to have the room: this one gives way to it as it ends.
    pub elsewhere: CancellationToken,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            rooms: 10_000,
            connections: 50_000,
            connections_address: 64,
            attempts: 5,
            hello_within: Duration::from_secs(10),
            back_within_ms: 2_000,
            clock: Arc::new(HubClock::of_this_machine()),
            only: None,
        }
    }
}
