//! The Tutti program without a window.
//!
//! [`Program`] is one actor behind a handle: actions go in, whole snapshots come out ([`api`]). Windows, the browser
//! host and the terminal draw snapshots and send actions; what they may be asked for is [`shell::Shell`].

pub mod accounts;
mod agent;
mod announce;
pub mod api;
pub mod clock;
mod controller;
pub mod cover;
pub mod demo;
pub mod doctor;
pub mod invite;
mod link;
pub mod local_room;
mod lock;
pub mod log;
pub mod login_start;
pub mod network;
mod notices;
pub mod players;
pub mod problem;
mod program;
pub mod ration;
pub mod running;
pub mod secrets;
pub mod settings;
pub mod shell;
pub mod sign_in;
pub mod texts;
pub mod tray;
mod trouble;
pub mod updates;
pub mod view;
pub mod web_host;
pub mod window;

pub use cover::Cover;
pub use program::{DemoOptions, Options, Program};
