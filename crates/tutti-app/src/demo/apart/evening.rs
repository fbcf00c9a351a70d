//! An evening: real programs of several users in one room at a relay, in processes of their own, with hands and faults.

mod faults;
mod figures;
mod programs;

use std::path::PathBuf;
use std::process::Command;

use serde::Serialize;

use super::super::headless::{HeadlessOptions, Play};
use super::boot_us;
use crate::problem::Problem;
pub use faults::{Befalls, Fault, LONG, SHORT};
use figures::figures;
use programs::House;

/// What is started, and how.
pub struct Programs {
    /// `tutti`.
    pub tutti: PathBuf,
    /// A relay of this computer that listens at this port.
    pub relay: Box<dyn Fn(u16) -> Command + Send + Sync>,
    /// Added to the environment of each.
    pub env: Vec<(String, String)>,
    /// For their profiles; an empty folder.
    pub folder: PathBuf,
}

/// What an evening came to.
#[derive(Debug, Clone, Serialize)]
pub struct Evening {
    pub schema: u32,
    pub seconds: f64,
    /// Users, and programs: the first user has two.
    pub members: usize,
    pub programs: usize,
    pub faults: usize,
    pub spread_ms: Figures,
    pub detection_s: Figures,
    pub propagation_s: Figures,
    pub actions: tutti_sim::report::Actions,
    pub takeovers: tutti_sim::report::Takeovers,
    pub false_moves: usize,
    pub leader_flaps: usize,
    pub named_heard_ms: Figures,
    pub unheard: usize,
    pub clock_off_ms: Figures,
    pub commands: Commands,
    /// Players that jumped, stopped or started while nothing befell the room but a fault.
    pub jumps: usize,
    pub handover_s: Handover,
    /// From the relay being there again until the last program was.
    pub relay_back_s: Figures,
    /// From the end of what befell a member until it was in step.
    pub recoveries: Vec<tutti_sim::report::Recovery>,
    pub requests_429: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub most: Option<f64>,
}

/// Commands to players, as the engines sent them and as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Commands {
    pub came: usize,
    /// No engine had sent it, or it came twice.
    pub doubled: usize,
    /// It never came.
    pub lost: usize,
    pub which_lost: Vec<String>,
}

/// Until the other device drove, s.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Handover {
    pub closed: Figures,
    pub killed: Figures,
}

/// Plays an evening.
///
/// # Errors
/// A program cannot be started, does not come in, or somebody is not back in time after a fault.
pub async fn evening(options: &HeadlessOptions, programs: Programs, faults: &[Fault]) -> Result<Evening, Problem> {
    let play = Play::set(options).await?;
    let mut house = House::open(&play, programs).await?;
    let zero_us = play.now_us();
    let script = faults::around(play.script(), faults, options.members);
    let (mut trace, befell) = tokio::join!(play.perform_script(script), faults::befall(&mut house, faults, zero_us));
    let boot_to_trace_us = play.now_us() - boot_us();
    let programs = house.count();
    let mut said = house.close().await?;
    let befell = befell?;
    said.away = befell.away(boot_to_trace_us, options.members);
    trace.trims_ms = vec![0.0; options.members];
    trace.incidents.clone_from(&befell.incidents);
    // The second one is never away.
    said.write(&mut trace, 1, boot_to_trace_us);
    let came = play.commands();
    play.end(&mut trace).await;
    Ok(figures(&trace, &said, &befell, &came, (programs, faults.len())))
}
