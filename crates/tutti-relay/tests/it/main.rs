//! The relay over real sockets, as a client sees it.

#![allow(clippy::unwrap_used)]

mod client;
mod entering;
