//! The hub of Tutti's rooms on the network: one listener, many rooms, no knowledge of anybody's secrets.
//!
//! [`serve`] runs on a listener that the caller owns until it is told to stop: alone as `tutti-relay`, or inside the
//! program of whoever hosts a session. A connection's own task reads it; whoever has something to tell writes to the
//! sockets at once, without a task in between ([`line`]). A socket that does not take what is sent gets the newest state
//! when it can, not a backlog. What rooms decide is in `tutti_core::gate`; here are sockets, tasks and clocks.

mod address;
mod attempts;
mod clock;
mod config;
mod frame;
mod http;
mod line;
pub mod listen;
mod metrics;
mod pages;
mod room;
mod rooms;
mod serve;
mod stream;

pub use clock::HubClock;
pub use config::{Config, Heirloom};
pub use serve::serve;
