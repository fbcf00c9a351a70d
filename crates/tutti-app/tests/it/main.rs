//! The program against the simulator over HTTP, seen as a window sees it: snapshots.
#![allow(clippy::unwrap_used)]

mod demo;
// Timed in real time, and long: `cargo xtask test --long`.
#[cfg(feature = "long")]
mod faults;
mod room;
mod sign_in;
mod spotify;
mod stand;
mod web_host;
