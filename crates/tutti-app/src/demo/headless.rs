//! The demo without a window: a whole run in real time over HTTP, and its numbers from the simulator's truth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval_at};
use tutti_core::time::Span;
use tutti_sim::report::{Logged, PlayerTruth, Report, RoomChange, SAMPLE_US, Sample, Trace};
use tutti_sim::sim::{CommandRecord, Sim};
use tutti_sim::workload::{self, Planned};

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
    let play = Play::set(options).await?;
    let (to_reports, reports) = mpsc::unbounded_channel();
    let mut room = LocalRoom::open(to_reports);
    for (place, person) in play.stage.people.iter().enumerate() {
        let trim = Span::from_micros((play.trims_ms[place] * 1e3) as i64);
        let seat =
            Seat { player: Arc::clone(&person.player), device: None, trim, seed: play.seed_of(place), after: None };
        room.join(seat).await;
    }
    let mut trace = play.perform().await;
    room.close().await;
    read_reports(&mut trace, reports);
    play.end(&mut trace).await;
    Ok(trace)
}

/// A stage, and what is played on it.
pub(super) struct Play {
    pub stage: Stage,
    sim: Arc<Sim>,
    users: Vec<String>,
    /// Set from the truth, so that what is heard is measured too.
    pub trims_ms: Vec<f64>,
    options: HeadlessOptions,
    began: Instant,
}

impl Play {
    pub async fn set(options: &HeadlessOptions) -> Result<Self, Problem> {
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
        let delay_ms = |user: &String| sim.with_player(user, |player, _| player.audible_offset_ms()).ok().flatten();
        let trims_ms = users.iter().map(|user| delay_ms(user).unwrap_or(0.0)).collect();
        Ok(Self { stage, sim, users, trims_ms, options: options.clone(), began })
    }

    /// Of the dither of this member's looks.
    pub fn seed_of(&self, place: usize) -> u64 {
        self.options.seed.wrapping_mul(1_000).wrapping_add(place as u64)
    }

    /// The simulator's clock, µs.
    pub fn now_us(&self) -> i64 {
        self.sim.now_us()
    }

    /// The instant of the simulator's zero.
    pub fn origin(&self) -> tokio::time::Instant {
        self.sim.origin()
    }

    /// The demo's script.
    pub fn script(&self) -> Vec<Planned> {
        workload::demo(self.sim.catalogue(), self.users.len(), self.options.seconds, self.options.seed)
    }

    /// Every command that came to a member's player so far.
    pub fn commands(&self) -> Vec<(usize, CommandRecord)> {
        let place = |user: &str| self.users.iter().position(|known| known == user);
        let log = self.sim.log();
        log.commands().filter_map(|record| Some((place(&record.user)?, record.clone()))).collect()
    }

    /// Everybody is in the room: friends act, and the truth is written down.
    pub async fn perform(&self) -> Trace {
        self.perform_script(self.script()).await
    }

    /// The same by another script.
    pub async fn perform_script(&self, script: Vec<Planned>) -> Trace {
        let Self { sim, users, options, .. } = self;
        let zero_us = sim.now_us();
        let last = script.last().map_or(0, |planned| planned.at_us + SETTLE_US);
        let length_us = (i64::from(options.seconds) * 1_000_000).max(last);
        let acting = friends::act(Arc::clone(sim), users, script, zero_us);
        let (samples, hands) = tokio::join!(sample(sim, Duration::from_micros(length_us as u64)), acting);
        Trace {
            scenario: "demo".into(),
            profile: options.profile.clone(),
            seed: options.seed,
            members: self.stage.people.iter().map(|person| person.name.clone()).collect(),
            trims_ms: self.trims_ms.clone(),
            started_us: zero_us,
            ended_us: sim.now_us(),
            samples,
            hands,
            local_to_trace_us: -clock::local(sim.origin()).as_micros(),
            ..Trace::default()
        }
    }

    /// Nobody is in the room any more.
    pub async fn end(self, trace: &mut Trace) {
        read_requests(trace, &self.sim, &self.users);
        self.stage.strike().await;
        trace.wall_s = self.began.elapsed().as_secs_f64();
    }
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
