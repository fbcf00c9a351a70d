//! The timing experiment over real HTTP: one playing account of a simulator in this process, and its truth.

use std::sync::Arc;
use std::time::Duration;

use tutti_sim::player::Hand;
use tutti_sim::random::Random;
use tutti_sim::timing::{Experiment, Shot, Timing};

use super::{Stage, failed};
use crate::clock;
use crate::players::Player;
use crate::problem::Problem;
use crate::program::DemoOptions;

/// The item starts again so long before its end, ms.
const BEFORE_END_MS: f64 = 90_000.0;
/// So many polls without an answer in a row, and the experiment is given up.
const LOST_MOST: usize = 5;

/// Polls a playing account at random times and answers how far the predictions were off.
///
/// # Errors
/// When the simulator cannot be started, or does not answer.
pub async fn timing(options: &Timing) -> Result<Vec<Shot>, Problem> {
    let stage = Stage::set(&DemoOptions {
        members: 2,
        profile: options.profile.to_string(),
        seed: options.seed,
        ..DemoOptions::default()
    })
    .await?;
    let shots = polls(&stage, options).await;
    stage.strike().await;
    shots
}

async fn polls(stage: &Stage, options: &Timing) -> Result<Vec<Shot>, Problem> {
    let sim = stage.sim().map(Arc::clone).ok_or_else(|| failed("no simulator"))?;
    let person = stage.people.first().ok_or_else(|| failed("no account"))?;
    let episode = sim.catalogue().context_items(tutti_sim::catalogue::ContextRef::Show(0))[0];
    let uri = sim.catalogue().item(episode).uri.clone();
    let duration_ms = sim.catalogue().duration_us(episode) as f64 / 1e3;
    sim.hand(&person.user, Hand::song(&uri)).map_err(|error| failed(error.to_string()))?;
    let mut sleeps = Random::named(options.seed, "sleeps");
    let mut experiment = Experiment::new(options.max_sleep_ms);
    let origin = clock::local(sim.origin());
    let mut lost = 0;
    while experiment.shots.len() < options.loops {
        let slept_ms = sleeps.between(0.0, options.max_sleep_ms as f64);
        tokio::time::sleep(Duration::from_micros((slept_ms * 1e3) as u64)).await;
        let reading = person.player.look().await;
        let truth = sim.with_player(&person.user, |player, now_us| (now_us, player.truth(now_us)));
        let (now_us, truth) = truth.map_err(|error| failed(error.to_string()))?;
        // Nothing moves the player but its own clock: where it was when it was asked is as far back as that is.
        let ago_us = now_us - (reading.asked - origin).as_micros();
        let before = experiment.shots.len();
        experiment.take(slept_ms, &reading, truth.reported_ms - ago_us as f64 / 1e3);
        lost = if experiment.shots.len() > before { 0 } else { lost + 1 };
        if lost > LOST_MOST {
            return Err(failed("the simulated account does not answer"));
        }
        if duration_ms - truth.reported_ms < BEFORE_END_MS {
            sim.hand(&person.user, Hand::Seek { position_ms: 0 }).map_err(|error| failed(error.to_string()))?;
            experiment.restart();
        }
    }
    Ok(experiment.shots)
}
