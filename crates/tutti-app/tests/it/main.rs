//! The program against the simulator over HTTP and on virtual time, seen as a window sees it: snapshots.
#![allow(clippy::unwrap_used)]

mod computer;
mod demo;
mod doctor;
mod endings;
mod friend;
mod full_disk;
mod meeting;
mod processes;
mod relay;
mod room;
mod settings;
mod shared_ration;
mod shared_sign_in;
mod sign_in;
mod sign_in_by_link;
mod spotify;
mod stand;
mod tray;
mod unsaid;
mod updates;
mod web_host;
mod whole;
