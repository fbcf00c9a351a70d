//! Whole rooms on virtual time: what must hold for every seed, and the numbers of the demo.

use tutti_sim::profile::Profile;
use tutti_sim::report::{Report, missed, report};
use tutti_sim::world::{Workload, WorldConfig, run};

fn room(members: usize, profile: Profile, seed: u64) -> WorldConfig {
    WorldConfig::room(members, profile, seed, 90, Workload::Demo)
}

/// The report of a run in which nothing may go wrong.
fn flawless(config: &WorldConfig) -> Report {
    let trace = run(config);
    let report = report(&trace);
    let seed = config.seed;
    assert!(missed(&trace).is_empty(), "seed {seed}: missed {:?}", missed(&trace));
    assert_eq!(report.takeovers.wrong, 0, "seed {seed}: false takeovers");
    assert_eq!((report.false_moves, report.leader_flaps, report.requests_429), (0, 0, 0), "seed {seed}");
    assert_eq!(report.actions.made, report.actions.followed + report.actions.superseded, "seed {seed}");
    report
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn the_same_seed_is_the_same_run() {
    let config = room(4, Profile::Broadband, 11);
    let (a, b) = (run(&config), run(&config));
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert_ne!(format!("{a:?}"), format!("{:?}", run(&room(4, Profile::Broadband, 12))));
}

#[test]
fn in_broadband_every_act_is_followed_within_the_numbers_of_the_demo() {
    let reports: Vec<Report> = (1..=60).map(|seed| flawless(&room(5, Profile::Broadband, seed))).collect();
    let middle = |of: fn(&Report) -> Option<f64>| median(reports.iter().filter_map(of).collect());
    assert!(middle(|report| report.spread_ms.p50) <= 60.0);
    assert!(middle(|report| report.spread_ms.p95) <= 200.0);
    assert!(middle(|report| report.propagation_s.p50) <= 2.6);
    assert!(middle(|report| report.propagation_s.p95) <= 4.5);
    assert!(reports.iter().all(|report| report.requests_member_minute.all.is_some_and(|requests| requests <= 60.0)));
    assert!(reports.iter().all(|report| report.takeovers.right >= 3));
}

#[test]
fn twelve_members_are_not_slower_than_five() {
    let pooled = |members| {
        let reports = (1..=20).map(|seed| flawless(&room(members, Profile::Broadband, seed)));
        median(reports.filter_map(|report| report.propagation_s.p95).collect())
    };
    let (five, twelve) = (pooled(5), pooled(12));
    assert!(twelve <= 1.25 * five, "{twelve} s with 12, {five} s with 5");
}

#[test]
fn with_exact_answers_predictions_are_within_a_millisecond() {
    for seed in 1..=5 {
        let report = flawless(&room(5, Profile::Ideal, seed));
        assert!(report.prediction_error_ms.mean_abs <= 1.0, "seed {seed}: {:?}", report.prediction_error_ms);
    }
}

#[test]
fn in_hours_of_listening_nobody_is_moved_by_nobody() {
    let mut steady = Vec::new();
    for seed in 1..=20 {
        let config = WorldConfig::room(5, Profile::Broadband, seed, 3_600, Workload::STANDARD);
        let report = report(&run(&config));
        assert_eq!((report.takeovers.wrong, report.false_moves, report.leader_flaps), (0, 0, 0), "seed {seed}");
        steady.push(report.corrections.steady_member_hour);
    }
    assert!(median(steady.clone()) <= 2.0, "steady corrections a member and hour: {steady:?}");
}
