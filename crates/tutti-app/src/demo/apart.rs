//! The demo without a window, its accounts apart: members of a room on the network, each in a process of its own.

pub mod evening;
mod machine;
mod member;
mod process;
mod said;
pub mod wire;

use std::process::Command;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tutti_core::proof::RoomSecret;
use tutti_core::wire::parts::{ActSent, RoomSent};
use tutti_relay::HubClock;
use tutti_sim::report::Trace;

use super::failed;
use super::headless::{HeadlessOptions, Play};
use crate::invite::{HubAddress, Invite};
use crate::problem::Problem;
pub use machine::Tap;
pub use member::member;
use process::Process;
use said::Said;

/// What a member's process is told: one line of JSON. It goes when its input ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// The simulator.
    pub base: String,
    /// The simulator's name for the account.
    pub user: String,
    pub invite: String,
    pub trim_us: i64,
    /// Of the dither of its looks.
    pub seed: u64,
}

/// What it says: a line of JSON each. Instants are µs since this machine was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    In {
        member: u32,
    },
    /// It heard of the room.
    Room {
        at_us: i64,
        room: Box<RoomSent>,
    },
    /// Its engine named an act of its user.
    Named {
        at_us: i64,
        act: ActSent,
    },
    /// Its engine sends a command.
    Sends {
        at_us: i64,
        what: Sent,
    },
    /// How far the room's clock as it knows it is ahead of the hub's.
    Clock {
        at_us: i64,
        off_us: i64,
    },
    /// Whether the account is driven by this process.
    Drives {
        at_us: i64,
        on: bool,
    },
    /// Whether the hub is reached.
    Reached {
        at_us: i64,
        on: bool,
    },
    /// The link for the host's own devices.
    Invite {
        link: String,
    },
    Failed {
        why: String,
    },
}

/// Which kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    Play,
    Pause,
    Seek,
    Queue,
}

/// A run, and what only processes can show.
#[derive(Debug)]
pub struct Apart {
    pub trace: Trace,
    /// From an engine naming a hand action to each other member hearing of it, µs.
    pub heard_us: Vec<i64>,
    /// How often somebody did not hear of a named action within 2 s.
    pub unheard: usize,
    /// How far off each member's clock of the room was, in either direction, every 100 ms after it had settled, µs.
    pub clock_off_us: Vec<i64>,
}

/// Runs the demo with members in processes that `start` starts, in a room at this hub. The hub's clock must be this
/// machine's.
///
/// # Errors
/// The simulator cannot be started, or a member's process does not come in.
pub async fn run(options: &HeadlessOptions, hub: &HubAddress, start: impl Fn() -> Command) -> Result<Apart, Problem> {
    let play = Play::set(options).await?;
    let secret = RoomSecret::new(rand::random());
    let invite = Invite { secret, hubs: vec![hub.clone()], host: None, user: None }.link();
    let (to_lines, mut lines) = mpsc::unbounded_channel();
    let mut said = Said::default();
    let mut members = Vec::new();
    for (place, person) in play.stage.people.iter().enumerate() {
        let part = Part {
            base: play.stage.endpoints.accounts.clone(),
            user: person.user.clone(),
            invite: invite.clone(),
            trim_us: (play.trims_ms[place] * 1e3) as i64,
            seed: play.seed_of(place),
        };
        let begun = Process::begin(&mut start(), Some(&part), place, to_lines.clone());
        members.push(begun.map_err(|error| failed(error.to_string()))?);
        // One after the other, so that numbers in the room are places on the stage.
        while !said.is_in(place) {
            let (of, line) = lines.recv().await.ok_or_else(|| failed("a member's process ended"))?;
            said.take(of, of, line)?;
        }
    }
    drop(to_lines);
    let mut trace = play.perform().await;
    let boot_to_trace_us = play.now_us() - boot_us();
    let ended = tokio::task::spawn_blocking(move || members.into_iter().for_each(Process::end)).await;
    ended.map_err(|error| failed(error.to_string()))?;
    while let Some((place, line)) = lines.recv().await {
        said.take(place, place, line)?;
    }
    play.end(&mut trace).await;
    said.write(&mut trace, 0, boot_to_trace_us);
    let (heard_us, unheard) = said.heard();
    Ok(Apart { trace, heard_us, unheard, clock_off_us: said.clock_off_us })
}

/// µs since this machine was started: the same for all processes.
fn boot_us() -> i64 {
    HubClock::of_this_machine().now().as_micros()
}
