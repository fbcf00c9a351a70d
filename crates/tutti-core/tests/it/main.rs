//! The engine's rules, each shown on virtual time.
#![allow(clippy::unwrap_used)]

mod clock;
mod dating;
mod enduring;
mod episodes;
mod fuzz;
mod honest;
mod hub;
mod member;
mod misbehaving;
mod observing;
mod player;
