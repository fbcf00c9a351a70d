//! What makes sound for a member, as the engine sees it: looks, commands, what comes next, devices.

pub mod spotify;

use std::sync::Arc;

use futures::future::BoxFuture;
use tutti_core::command::{Answered, Command, Outcome};
use tutti_core::playback::Item;
use tutti_core::reading::{Failure, Reading};

/// A player that can be looked at and, mostly, commanded. Every call makes one request at most, has a deadline of its
/// own, and may be dropped.
pub trait Player: Send + Sync + 'static {
    /// One look, with the two instants between which it was true.
    fn look(&self) -> BoxFuture<'_, Reading>;
    fn queue(&self) -> BoxFuture<'_, Result<Coming, Failure>>;
    fn command(&self, command: Command) -> BoxFuture<'_, Answered>;
    fn devices(&self) -> BoxFuture<'_, Result<Vec<Listed>, Failure>>;
    /// What plays goes on at this device, by its id; what is paused stays paused.
    fn transfer(&self, device: String) -> BoxFuture<'_, Outcome>;
}

/// What comes next, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// URI of the item that plays.
    pub of: Option<String>,
    pub next: Vec<Arc<Item>>,
}

/// A device that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: Option<String>,
    pub name: String,
    /// Spotify's word: "Computer", "Smartphone", …
    pub kind: String,
    pub active: bool,
    /// Takes no commands from other apps.
    pub restricted: bool,
    /// In a private session: what it plays is not shown to us.
    pub private: bool,
}
