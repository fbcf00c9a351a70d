//! The demo without a window: a whole run in real time over HTTP, and its numbers from the simulator's truth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval_at};
use tutti_core::time::Span;
use tutti_sim::report::{Logged, PlayerTruth, Report, RoomChange, SAMPLE_US, Sample, Trace};
use tutti_sim::sim::Sim;
use tutti_sim::workload;

use super::{Stage, failed, friends};
use crate::agent;
use crate::clock;
use crate::local_room::{self, LocalRoom, Seat};
use crate::problem::Problem;
use crate::program::DemoOptions;

/// After the last action everybody has so long to follow.
const SETTLE_US: i64 = 7_000_000;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadlessOptions {
    pub members: usize,
    /// At least long enough for three actions, whatever it says.
    pub seconds: u32,
    pub profile: String,
    pub seed: u64,
}

/// Runs the demo and reads the numbers off it.
pub async fn headless(options: &HeadlessOptions) -> Result<Report, Problem> {
    Ok(tutti_sim::report::report(&run(options).await?))
}

/// Runs the demo and answers everything that was recorded of it.
pub async fn run(options: &HeadlessOptions) -> Result<Trace, Problem> {
    let began = Instant::now();
    let stage = Stage::set(&DemoOptions {
        members: options.members,
        profile: options.profile.clone(),
        seed: options.seed,
        ..DemoOptions::default()
    })
    .await?;
    let sim = stage.sim().map(Arc::clone).ok_or_else(|| failed("no simulator"))?;
    let users: Vec<String> = stage.people.iter().map(|person| person.user.clone()).collect();
    let zero_us = sim.now_us();
    let script = workload::demo(sim.catalogue(), users.len(), options.seconds, options.seed);
    let last = script.last().map_or(0, |planned| planned.at_us + SETTLE_US);
    let length_us = (i64::from(options.seconds) * 1_000_000).max(last);

    let (to_reports, reports) = mpsc::unbounded_channel();
    let mut room = LocalRoom::open(to_reports);
    let mut trims_ms = Vec::new();
    for (place, person) in stage.people.iter().enumerate() {
        let seed = options.seed.wrapping_mul(1_000).wrapping_add(place as u64);
        // Trims are set from the truth, so that what is heard is measured too.
        let delay_ms = sim.with_player(&person.user, |player, _| player.audible_offset_ms()).ok().flatten();
        let trim_ms = delay_ms.unwrap_or(0.0);
        trims_ms.push(trim_ms);
        let trim = Span::from_micros((trim_ms * 1e3) as i64);
        let seat = Seat { player: Arc::clone(&person.player), device: None, trim, seed };
        room.join(seat).await;
    }
    let run = Duration::from_micros(length_us as u64);
    let acting = friends::act(Arc::clone(&sim), &users, script, zero_us);
    let (samples, hands) = tokio::join!(sample(&sim, run), acting);
    let ended_us = sim.now_us();
    room.close().await;

    let to_trace_us = -clock::local(sim.origin()).as_micros();
    let mut trace = Trace {
        scenario: "demo".into(),
        profile: options.profile.clone(),
        seed: options.seed,
        members: stage.people.iter().map(|person| person.name.clone()).collect(),
        trims_ms,
        started_us: zero_us,
        ended_us,
        samples,
        hands,
        local_to_trace_us: to_trace_us,
        ..Trace::default()
    };
    read_reports(&mut trace, reports);
    read_requests(&mut trace, &sim, &users);
    stage.strike().await;
    trace.wall_s = began.elapsed().as_secs_f64();
    Ok(trace)
}

/// The truth about everybody, every 100 ms.
async fn sample(sim: &Sim, run: Duration) -> Vec<Sample> {
    let start = tokio::time::Instant::now();
    let mut ticks = interval_at(start, Duration::from_micros(SAMPLE_US as u64));
    // What matters are exact instants, and those are read with each sample.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut samples = Vec::new();
    while start.elapsed() < run {
        ticks.tick().await;
        let (at_us, truths) = sim.truth();
        let players = truths.into_iter().map(|(_, truth)| {
            let item = truth.uri.as_deref().and_then(|uri| sim.catalogue().find(uri));
            PlayerTruth {
                duration_ms: item.map_or(0.0, |item| sim.catalogue().duration_us(item) as f64 / 1e3),
                uri: truth.uri.map(Into::into),
                playing: truth.playing,
                reported_ms: truth.reported_ms,
                audible_ms: truth.audible_ms,
                speed: 1.0,
            }
        });
        samples.push(Sample { at_us, players: players.collect() });
    }
    samples
}

/// What the engines and the hub said; the room has ended, so that everything is there.
fn read_reports(trace: &mut Trace, mut reports: mpsc::UnboundedReceiver<local_room::Report>) {
    let shift = Span::from_micros(trace.local_to_trace_us);
    while let Ok(report) = reports.try_recv() {
        match report {
            local_room::Report::State(at, state) => {
                // The room's clock is this machine's.
                let at_us = (at + shift).as_micros();
                trace.rooms.push(RoomChange::of(at_us, &state, trace.local_to_trace_us));
            }
            local_room::Report::Member(member, agent::Report::Event(at, event)) => {
                let at_us = (at + shift).as_micros();
                trace.events.push(Logged { at_us, member: member.0 as usize, event });
            }
            local_room::Report::Member(..) | local_room::Report::Network(_) => {}
        }
    }
    trace.events.sort_by_key(|logged| logged.at_us);
}

/// Every request that reached the simulator during the run, of every kind.
fn read_requests(trace: &mut Trace, sim: &Sim, users: &[String]) {
    let log = sim.log();
    let run = trace.started_us..trace.ended_us;
    let during = log.requests().filter(|request| run.contains(&request.at_us));
    for request in during {
        if request.status == 429 {
            trace.requests_429 += 1;
        }
        if let Some(member) = users.iter().position(|user| **user == *request.user) {
            trace.requests.push((request.at_us, member));
        }
    }
    trace.requests.sort_unstable();
}
