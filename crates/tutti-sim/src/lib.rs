//! A Spotify that can be run here: virtual players in pure virtual time, and everything built on them.
//!
//! [`player::VirtualPlayer`] is one account: it takes instants in µs and has no clock, no IO and no
//! randomness but its own seed. The HTTP server and rooms on virtual time share it.

pub mod catalogue;
pub mod churn;
pub mod exchanges;
pub mod fault;
pub mod gateway;
pub mod player;
pub mod plot;
pub mod profile;
pub mod random;
pub mod report;
pub mod scenario;
pub mod sign_in;
pub mod sim;
pub mod timing;
pub mod web_api;
pub mod workload;
pub mod world;
