//! The simulator over real HTTP, as any client of Spotify's Web API would meet it.
#![allow(clippy::unwrap_used)]

mod binary;
mod browse;
mod churn;
mod commands;
mod description;
mod exchanges;
mod faults;
mod pretend;
mod properties;
mod readings;
mod report;
mod rspotify;
mod scenarios;
mod server;
mod sign_in;
mod spotipy;
mod trouble;
mod world;
