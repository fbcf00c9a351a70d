//! Whole rooms on virtual time: engines (or other rules), hub and virtual players; the same seed, the same run.
//!
//! Every instant is µs of the world's own time. Each member's machine has a clock of its own ([`MachineClock`]), so that
//! nothing can lean on two clocks being one. Nothing in here depends on the platform: maps are ordered, and the only
//! transcendental functions are libm's (`log` for waits and for σ of round trips, `exp`, `cos`, `sqrt` for draws).

mod agenda;
mod clock;
mod config;
mod deeds;
mod hub_link;
mod recording;
mod requests;
mod rules;
mod spotify;
mod stage;
mod tokens;

use std::sync::Arc;

pub use clock::MachineClock;
pub use config::{Incident, MemberConfig, PlannedIncident, RulesName, UnknownRules, Who, Workload, WorldConfig};

pub use recording::Recording;

pub(crate) use spotify::engine_item;

use crate::catalogue::Catalogue;
use crate::report::Trace;

/// Runs a room from its first join to its end.
pub fn run(config: &WorldConfig) -> Trace {
    run_with(config, &Arc::new(Catalogue::new()))
}

/// The same with a catalogue that is there already: building it costs as much as some virtual minutes.
pub fn run_with(config: &WorldConfig, catalogue: &Arc<Catalogue>) -> Trace {
    stage::Stage::set(config, catalogue).run()
}
