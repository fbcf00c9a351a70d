//! The sync engine of Tutti: pure state machines that keep several players in step.
//!
//! # Contract
//! A [`member::Member`] looks after one account in one room; a [`hub::Hub`] holds the room. Both work alike:
//! 1. hand in what happened: [`member::Member::handle`] with a [`member::Input`] and the local instant,
//! 2. drain what is to be done: [`member::Member::poll`] until it answers `None`,
//! 3. sleep until [`member::Member::deadline`], which carries its reason, or until something happens; at the deadline
//!    hand in [`member::Input::Tick`].
//!
//! Across a network a [`gate::Gate`] stands before the hub: it knows connections and users, speaks the protocol of [`wire`],
//! and works like the other two.
//!
//! There is no clock, no IO, no task, no lock and no randomness in here: instants come with the inputs, dither from a
//! seed. The same inputs give the same outputs, byte for byte, on every machine.
//!
//! Rules are cited by the names that `docs/sync.md` gives them (C1, E1 … P2).

pub mod clock;
pub mod command;
pub mod estimate;
pub mod event;
pub mod follow;
pub mod gate;
pub mod hub;
pub mod issued;
pub mod latency;
pub mod lead;
pub mod limit;
pub mod member;
pub mod name;
pub mod observe;
pub mod playback;
pub mod poll;
pub mod proof;
pub mod reading;
pub mod room;
pub mod speed;
pub mod standing;
pub mod time;
pub mod wire;
