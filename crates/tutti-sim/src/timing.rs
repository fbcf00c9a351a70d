//! How well a position is predicted between polls: random sleeps, and predicted minus true position at each poll.
//!
//! Side by side on the same readings: the engine's estimator, and "old position + elapsed since the last reading", which
//! is how the script predicted that Tutti began as.

use std::sync::Arc;

use serde::Serialize;
use tutti_core::observe::Observer;
use tutti_core::reading::{Device, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use tutti_core::time::{LocalTime, Span};

use crate::catalogue::{Catalogue, ContextRef};
use crate::player::{Hand, PlayerConfig, VirtualPlayer};
use crate::plot::{Axis, Chart, Drawn, Series, nice};
use crate::profile::Profile;
use crate::random::Random;
use crate::report::PredictionError;

/// The item starts again before it ends.
const BEFORE_END_MS: f64 = 90_000.0;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub loops: usize,
    pub max_sleep_ms: u64,
    pub profile: Profile,
    pub seed: u64,
}

/// One poll: how long after the one before it was asked, and how far each method was off then, ms; + is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shot {
    pub slept_ms: f64,
    pub tutti_ms: f64,
    pub original_ms: f64,
}

/// The numbers of all polls, ms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimingReport {
    pub schema: u32,
    pub over: &'static str,
    pub profile: String,
    pub seed: u64,
    pub loops: usize,
    pub max_sleep_ms: u64,
    pub tutti: PredictionError,
    pub original: PredictionError,
}

/// Both methods, fed with the same readings.
#[derive(Debug, Default)]
pub struct Experiment {
    observer: Observer,
    old: Option<(LocalTime, Span)>,
    pub shots: Vec<Shot>,
}

impl Experiment {
    /// `max_sleep_ms` is the longest planned wait, as the engine would know it.
    pub fn new(max_sleep_ms: u64) -> Self {
        let mut experiment = Self::default();
        experiment.observer.plan(Span::from_millis(i64::try_from(max_sleep_ms).unwrap_or(i64::MAX / 4_000)));
        experiment
    }

    /// Takes one reading, with the true position at the instant when it was asked, ms.
    pub fn take(&mut self, slept_ms: f64, reading: &Reading, true_ms: f64) {
        let Seen::Player(PlayerSeen { progress: Some(progress), .. }) = &reading.seen else { return };
        let known = self.observer.line().map(|line| line.estimate.position(reading.asked).as_ms());
        let old = self.old.map(|(at, position)| (position + (reading.asked - at)).as_ms());
        if let (Some(known), Some(old)) = (known, old) {
            self.shots.push(Shot { slept_ms, tutti_ms: known - true_ms, original_ms: old - true_ms });
        }
        self.observer.observe(reading, reading.answered);
        self.old = Some((reading.answered, *progress));
    }

    /// The player was put elsewhere: what is known of its position is forgotten, what was learned stays.
    pub fn restart(&mut self) {
        self.observer.forget();
        self.old = None;
    }
}

impl Timing {
    /// Runs it on virtual time.
    pub fn run_virtual(&self) -> Vec<Shot> {
        let catalogue = Arc::new(Catalogue::new());
        let config = PlayerConfig::new("anna", self.profile, self.seed);
        let mut player = VirtualPlayer::new(config, Arc::clone(&catalogue));
        let (mut network, mut sleeps) =
            (Random::named(self.seed, "network of anna"), Random::named(self.seed, "sleeps"));
        let mut experiment = Experiment::new(self.max_sleep_ms);
        player.load(0, ContextRef::Show(0));
        let mut now_us = 1_000_000;
        // The episode is loaded and paused, so that it can be resumed.
        let played = player.hand(0, Hand::resume());
        while played.is_ok() && experiment.shots.len() < self.loops {
            let slept_ms = sleeps.between(0.0, self.max_sleep_ms as f64);
            now_us += (slept_ms * 1e3) as i64;
            let truth = player.truth(now_us);
            let item = truth.uri.as_deref().and_then(|uri| catalogue.find(uri));
            let left_ms = item.map_or(0.0, |item| catalogue.duration_us(item) as f64 / 1e3) - truth.reported_ms;
            if left_ms < BEFORE_END_MS && player.hand(now_us, Hand::Seek { position_ms: 0 }).is_ok() {
                experiment.restart();
                continue;
            }
            let trip = self.profile.get_exchange(&mut network);
            let (asked_us, answered_us) = (now_us, now_us + trip.round_trip_us());
            let seen = see(&mut player, now_us + trip.up_us);
            let at = LocalTime::from_micros;
            let reading = Reading { asked: at(asked_us), answered: at(answered_us), seen };
            experiment.take(slept_ms, &reading, truth.reported_ms);
            now_us = answered_us;
        }
        experiment.shots
    }

    /// The numbers of these polls; `over` says how they were made.
    pub fn report(&self, over: &'static str, shots: &[Shot]) -> TimingReport {
        TimingReport {
            schema: 1,
            over,
            profile: self.profile.to_string(),
            seed: self.seed,
            loops: shots.len(),
            max_sleep_ms: self.max_sleep_ms,
            tutti: PredictionError::of(shots.iter().map(|shot| shot.tutti_ms)),
            original: PredictionError::of(shots.iter().map(|shot| shot.original_ms)),
        }
    }
}

/// The error of each prediction over the time since the poll before it; what neither method knew is above and below.
pub fn chart(shots: &[Shot], title: &str) -> Chart {
    let errors = || shots.iter().flat_map(|shot| [shot.tutti_ms, shot.original_ms]);
    let most = nice(errors().fold(1.0, |most: f64, error| most.max(error.abs())));
    let longest = nice(shots.iter().fold(1.0, |most: f64, shot| most.max(shot.slept_ms)));
    let series = |name: &str, ink, error: fn(&Shot) -> f64| Series {
        name: name.to_owned(),
        points: shots.iter().map(|shot| (shot.slept_ms, error(shot))).collect(),
        drawn: Drawn::Dots,
        ink,
    };
    Chart {
        title: title.to_owned(),
        x: Axis::plain("sleep before the poll, ms", 0.0, longest),
        y: Axis::plain("predicted - true position, ms", -most, most),
        series: vec![
            series("old position + elapsed", 1, |shot| shot.original_ms),
            series("tutti", 0, |shot| shot.tutti_ms),
        ],
    }
}

fn see(player: &mut VirtualPlayer, now_us: i64) -> Seen {
    let Some(report) = player.report(now_us) else { return Seen::Nothing };
    let catalogue = Arc::clone(player.catalogue());
    let item = report.item.map(|item| Arc::new(crate::world::engine_item(&catalogue, item, report.market)));
    Seen::Player(PlayerSeen {
        item,
        kind: SeenKind::Item,
        progress: report.progress_ms.map(Span::from_millis),
        playing: report.playing,
        device: Some(Device { id: report.device.id, name: report.device.name, restricted: false }),
        timestamp: Some(report.timestamp_ms),
        shuffle: false,
        repeat: Repeat::Off,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(profile: Profile, loops: usize) -> TimingReport {
        let timing = Timing { loops, max_sleep_ms: 5_000, profile, seed: 7 };
        timing.report("virtual", &timing.run_virtual())
    }

    #[test]
    fn with_exact_answers_the_engine_is_right_to_a_fraction_of_a_millisecond() {
        let report = run(Profile::Ideal, 500);
        assert_eq!(report.loops, 500);
        assert!(report.tutti.mean_abs <= 0.35, "{report:?}");
    }

    #[test]
    fn at_home_the_engine_is_off_by_a_fifth_of_the_old_method_at_most() {
        let report = run(Profile::Broadband, 500);
        assert!(report.tutti.mean_abs * 5.0 <= report.original.mean_abs, "{report:?}");
        // What the old method lacks is the way back, uniformly 0 to the round trip of about 80 ms.
        assert!((-55.0..=-30.0).contains(&report.original.mean), "{report:?}");
    }

    #[test]
    fn the_chart_has_a_dot_for_each_method_and_poll_and_ends_at_round_numbers() {
        let shots: Vec<Shot> =
            (0..50).map(|n| Shot { slept_ms: f64::from(n) * 100.0, tutti_ms: 1.0, original_ms: -43.0 }).collect();
        let chart = chart(&shots, "50 polls");
        assert_eq!(chart.series.iter().map(|series| series.points.len()).sum::<usize>(), 100);
        assert_eq!((chart.y.from, chart.y.to, chart.x.to), (-50.0, 50.0, 5_000.0));
    }

    #[test]
    fn a_long_run_begins_the_item_again_and_makes_all_its_loops() {
        assert_eq!(run(Profile::Lan, 3_000).loops, 3_000);
    }
}
