//! The relay over real sockets, as a client sees it.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod client;
mod documented;
mod entering;
mod half_open;
mod hubs;
mod limits;
