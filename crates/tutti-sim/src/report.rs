//! The numbers of a run, from the simulator's truth: how far apart everybody was, how fast they followed, what it cost.
//!
//! Instants and positions are the simulator's; what the engine named comes from its own log and is matched to the truth
//! by account, kind and time. Definitions: docs/sync.md.

mod actions;
mod following;
mod incident;
mod measures;
mod numbers;
mod unmet;

use std::sync::Arc;

use serde::Serialize;
use tutti_core::event::Event;
use tutti_core::room::RoomState;

pub use incident::{HappenedTo, Recovery, off_ms, together_from};
pub use measures::measures;
pub use numbers::{Spread, Times};

/// How often the truth is sampled, µs.
pub const SAMPLE_US: i64 = 100_000;

/// Everything recorded of a run. All instants in µs of one clock.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub scenario: String,
    /// By which rules the room was kept together.
    pub rules: &'static str,
    pub profile: String,
    pub seed: u64,
    /// Names; members are known by their index.
    pub members: Vec<String>,
    /// Every member's trim, ms, as set in the engine: in these runs the true delay of their device.
    pub trims_ms: Vec<f64>,
    /// Members that no command can reach; they count in nothing but their own actions.
    pub uncontrollable: Vec<usize>,
    pub started_us: i64,
    pub ended_us: i64,
    /// Real time that the run took, s.
    pub wall_s: f64,
    /// Every [`SAMPLE_US`], in order.
    pub samples: Vec<Sample>,
    pub hands: Vec<Hand>,
    /// All events of all engines, in order.
    pub events: Vec<Logged>,
    /// All states of the room, in order.
    pub rooms: Vec<RoomChange>,
    /// (instant, member) of every request to Spotify.
    pub requests: Vec<(i64, usize)>,
    pub requests_429: u64,
    /// Whose client id each member uses: the first member with the same.
    pub clients: Vec<usize>,
    /// Every 429: under which client id, when it was said, and until when nothing more may be asked.
    pub waits: Vec<ToWait>,
    /// What befell members.
    pub incidents: Vec<HappenedTo>,
    /// Claims that a position is known within a bound: those that were true, and all.
    pub bounds: (u64, u64),
    /// What is to be added to an engine's `LocalTime`, µs, to get to this trace's clock.
    pub local_to_trace_us: i64,
    /// Everything that was handed in to one member, where that was asked for.
    pub recording: Option<crate::world::Recording>,
}

impl Trace {
    /// Writes a state of the room down, unless it only says that everything goes on.
    pub fn note_room(&mut self, change: RoomChange) {
        if self.rooms.last().is_none_or(|last| !change.goes_on_from(last)) {
            self.rooms.push(change);
        }
    }
}

/// The truth at one instant.
#[derive(Debug, Clone)]
pub struct Sample {
    pub at_us: i64,
    pub players: Vec<PlayerTruth>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PlayerTruth {
    pub uri: Option<Arc<str>>,
    pub playing: bool,
    pub reported_ms: f64,
    pub audible_ms: f64,
    pub duration_ms: f64,
    /// How fast its item runs when it plays.
    pub speed: f64,
}

/// Spotify asked a client id to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToWait {
    pub client: usize,
    pub from_us: i64,
    pub until_us: i64,
}

/// Something done by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Hand {
    pub at_us: i64,
    pub member: usize,
    pub kind: HandKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandKind {
    Play,
    Pause,
    Resume,
    Seek,
    Next,
    Previous,
    /// Another device, or a switch (repeat, shuffle, volume): nobody follows it.
    Transfer,
}

impl HandKind {
    pub fn of(hand: &crate::player::Hand) -> Self {
        use crate::player::Hand;
        match hand {
            Hand::Play { uri: None, context_uri: None, .. } => Self::Resume,
            Hand::Play { .. } => Self::Play,
            Hand::Pause => Self::Pause,
            Hand::Seek { .. } => Self::Seek,
            Hand::Next => Self::Next,
            Hand::Previous => Self::Previous,
            Hand::Transfer { .. } | Hand::Repeat { .. } | Hand::Shuffle { .. } | Hand::Volume { .. } => Self::Transfer,
        }
    }
}

/// An event of a member's engine.
#[derive(Debug, Clone)]
pub struct Logged {
    pub at_us: i64,
    pub member: usize,
    pub event: Event,
}

/// The room's state after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomChange {
    pub at_us: i64,
    pub epoch: u64,
    /// Accepted claims so far.
    pub actions: u64,
    pub leader: Option<usize>,
    /// The last accepted claim was by another member than the leader before it.
    pub takeover: bool,
    /// Item, whether it plays, and its line's position at `at_us`, ms.
    pub line: Option<(String, bool, f64)>,
    /// How fast that line runs while it plays.
    pub speed: f64,
}

impl RoomChange {
    /// `at_us` in the trace's clock; `room_to_trace_us` is added to room time to get there.
    pub fn of(at_us: i64, room: &RoomState, room_to_trace_us: i64) -> Self {
        let line = room.playback.as_ref().map(|playback| {
            let at = tutti_core::time::RoomTime::from_micros(at_us - room_to_trace_us);
            (playback.item.uri.clone(), playback.playing, playback.line_at(at).as_ms())
        });
        Self {
            at_us,
            epoch: room.epoch,
            actions: room.actions,
            leader: room.leader.map(|leader| leader.0 as usize),
            takeover: room.action.as_ref().is_some_and(|action| action.takeover),
            line,
            speed: room.playback.as_ref().map_or(1.0, |playback| playback.speed.factor()),
        }
    }

    /// How far its line runs until then, ms.
    fn ran_ms(&self, until_us: i64) -> f64 {
        let plays = self.line.as_ref().is_some_and(|(_, playing, _)| *playing);
        if plays { (until_us - self.at_us) as f64 / 1e3 * self.speed } else { 0.0 }
    }
}

impl RoomChange {
    /// Nothing but time has passed, to half a millisecond.
    fn goes_on_from(&self, before: &Self) -> bool {
        let same_line = match (&before.line, &self.line) {
            (None, None) => true,
            (Some((uri, playing, position)), Some((new_uri, new_playing, new_position))) => {
                let ran = before.ran_ms(self.at_us);
                uri == new_uri && playing == new_playing && (new_position - position - ran).abs() < 0.5
            }
            _ => false,
        };
        same_line && (self.epoch, self.actions, self.leader) == (before.epoch, before.actions, before.leader)
    }
}

/// The report: one line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub schema: u32,
    pub rules: &'static str,
    pub scenario: String,
    pub profile: String,
    pub seed: u64,
    pub members: usize,
    pub virtual_s: f64,
    pub wall_s: f64,
    pub spread_ms: Spread,
    pub spread_samples: usize,
    pub audible_spread_ms: Spread,
    pub prediction_error_ms: PredictionError,
    pub detection_s: Times,
    pub propagation_s: Times,
    pub actions: Actions,
    pub takeovers: Takeovers,
    pub false_moves: usize,
    pub leader_flaps: usize,
    pub corrections: Corrections,
    pub requests_member_minute: Requests,
    pub requests_429: u64,
    pub recoveries: Vec<Recovery>,
    /// Share of the readings at which the truth lay within the stated bound; None where nothing states one.
    pub bound_true: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PredictionError {
    pub mean: f64,
    pub mean_abs: f64,
    pub sd: f64,
    pub max: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Actions {
    pub made: usize,
    pub followed: usize,
    pub superseded: usize,
    pub ambiguous: usize,
    /// Left to themselves by rule L6.
    pub stepped_out: usize,
    pub missed: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Takeovers {
    #[serde(rename = "true")]
    pub right: usize,
    #[serde(rename = "false")]
    pub wrong: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Corrections {
    pub settling_member_action: f64,
    pub steady_member_hour: f64,
    pub boundary_member_item: f64,
}

/// None where the run had no such time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Requests {
    pub lively: Option<f64>,
    pub calm: Option<f64>,
    pub all: Option<f64>,
}

/// Reads the numbers off a trace.
pub fn report(trace: &Trace) -> Report {
    let truth = following::Truth::of(trace);
    let spread = following::spread(trace, &truth);
    let outcome = actions::judge(trace, &truth);
    Report {
        schema: 1,
        rules: if trace.rules.is_empty() { "tutti" } else { trace.rules },
        scenario: trace.scenario.clone(),
        profile: trace.profile.clone(),
        seed: trace.seed,
        members: trace.members.len(),
        virtual_s: numbers::round(seconds(trace), 1),
        wall_s: numbers::round(trace.wall_s, 1),
        spread_samples: spread.reported.len(),
        spread_ms: Spread::of(spread.reported),
        audible_spread_ms: Spread::of(spread.audible),
        prediction_error_ms: numbers::prediction_error(trace),
        detection_s: Times::of(outcome.detections),
        propagation_s: Times::of(outcome.propagations),
        actions: outcome.actions,
        takeovers: outcome.takeovers,
        false_moves: outcome.false_moves,
        leader_flaps: outcome.leader_flaps,
        corrections: actions::corrections(trace, &truth),
        requests_member_minute: numbers::requests(trace),
        requests_429: trace.requests_429,
        recoveries: incident::recoveries(trace, &truth),
        bound_true: (trace.bounds.1 > 0).then(|| numbers::round(trace.bounds.0 as f64 / trace.bounds.1 as f64, 5)),
    }
}

/// The hand actions that count as missed, for those who want to know why.
pub fn missed(trace: &Trace) -> Vec<&Hand> {
    actions::judge(trace, &following::Truth::of(trace)).missed.iter().map(|&index| &trace.hands[index]).collect()
}

/// The states of the room that nobody's hand stands behind: false takeovers and false moves, for those who want to know why.
pub fn wrong(trace: &Trace) -> Vec<&RoomChange> {
    actions::judge(trace, &following::Truth::of(trace)).wrong.iter().map(|&index| &trace.rooms[index]).collect()
}

/// Every distance that `spread_ms` is taken over, ms, in ascending order: for those who draw it.
pub fn distances(trace: &Trace) -> Vec<f64> {
    let mut all = following::spread(trace, &following::Truth::of(trace)).reported;
    all.sort_by(f64::total_cmp);
    all
}

fn seconds(trace: &Trace) -> f64 {
    (trace.ended_us - trace.started_us) as f64 / 1e6
}
