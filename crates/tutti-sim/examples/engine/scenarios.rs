//! Every scenario with every seed: which bounds hold, and the numbers that goals speak of.

use std::collections::BTreeMap;

use tutti_sim::scenario::{Outcome, Overrides, Scenario};
use tutti_sim::world::RulesName;

use crate::figure::{Figure, Tolerance};
use crate::runs::{Bench, SEEDS, each, median, number, sum};

type Rooms = BTreeMap<String, Vec<Outcome>>;

/// Faults after whose end everybody is to be in step within 8 s, and half of the times within 5 s: scenario and fault.
const RECOVERIES: &[(&str, &str)] = &[
    ("fault-stall", "stall"),
    ("stall-of-the-leader", "stall"),
    ("fault-buffering", "buffering"),
    ("fault-offline", "offline"),
    ("fault-gone", "gone"),
    ("fault-asleep", "asleep"),
    ("fault-ad", "ad"),
    ("network", "network_away"),
    ("sleep-and-wake", "sleep"),
];

pub fn figures(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let scenarios = Scenario::all()?;
    let rooms = run(bench, &scenarios)?;
    let mut figures = bounds(&scenarios, &rooms);
    figures.extend(standard(&rooms["standard"]));
    for (name, goals) in [
        ("calm", Goals { spread: Some((34.0, 85.0)), follow: Some((5.0, 8.5)), requests: Some(13.0) }),
        ("lan", Goals { spread: Some((11.0, 30.0)), ..Goals::default() }),
        ("mobile", Goals::default()),
        ("hostile", Goals::default()),
        ("two", Goals { spread: Some((34.0, 85.0)), ..Goals::default() }),
        ("twelve", Goals { spread: Some((34.0, 85.0)), ..Goals::default() }),
        ("thirty-two", Goals { spread: Some((34.0, 85.0)), ..Goals::default() }),
        ("thrifty", Goals { requests: Some(16.0), ..Goals::default() }),
        ("one-client-id", Goals { requests: Some(16.0), ..Goals::default() }),
    ] {
        if let Some(room) = rooms.get(name) {
            figures.extend(room_figures(name, room, goals));
        }
    }
    figures.extend(rooms.get("nudges").map(|room| {
        let found = sum(room, "found.share") / room.len() as f64 * 100.0;
        Figure::new("nudges: jumps of 0.2 to 1 s found", found, "%", Tolerance::SHARE).at_least(100.0)
    }));
    figures.extend(truth(&rooms));
    figures.extend(recoveries(&rooms));
    Ok(figures)
}

fn run(bench: &Bench, scenarios: &[Scenario]) -> anyhow::Result<Rooms> {
    let jobs: Vec<(&Scenario, u64)> =
        scenarios.iter().flat_map(|scenario| SEEDS.map(move |seed| (scenario, seed))).collect();
    let outcomes =
        each(&jobs, |(scenario, seed)| scenario.run(*seed, RulesName::Tutti, Overrides::default(), &bench.catalogue));
    let mut rooms = Rooms::new();
    for ((scenario, _), outcome) in jobs.iter().zip(outcomes) {
        rooms.entry(scenario.name.clone()).or_default().push(outcome?);
    }
    Ok(rooms)
}

/// How many bounds there are and how many are broken; each that is stands in the error output.
fn bounds(scenarios: &[Scenario], rooms: &Rooms) -> Vec<Figure> {
    let (mut all, mut broken_runs, mut broken_medians) = (0, 0, 0);
    for scenario in scenarios {
        let outcomes = &rooms[&scenario.name];
        all += scenario.every.len() * outcomes.len() + scenario.median.len();
        let mut broken: BTreeMap<&str, (usize, String)> = BTreeMap::new();
        for breach in outcomes.iter().flat_map(|outcome| &outcome.breaches) {
            broken_runs += 1;
            broken.entry(&breach.bound.of).or_insert((0, breach.to_string())).0 += 1;
        }
        for (times, words) in broken.values() {
            eprintln!("{}: with {times} of {} seeds {words}", scenario.name, outcomes.len());
        }
        for breach in scenario.median_breaches(outcomes) {
            broken_medians += 1;
            eprintln!("{}: in the median {breach}", scenario.name);
        }
    }
    let figure = |name: &str, value: usize| Figure::new(name, value as f64, "", Tolerance::NONE);
    vec![
        figure("scenarios", scenarios.len()).at_least(1.0),
        figure("scenarios: bounds checked", all).at_least(1.0),
        figure("scenarios: bounds of a run that do not hold", broken_runs).goal(0.0),
        figure("scenarios: bounds of a median that do not hold", broken_medians).goal(0.0),
    ]
}

#[derive(Clone, Copy, Default)]
struct Goals {
    /// p50 and p95, ms.
    spread: Option<(f64, f64)>,
    /// p50 and p95 of propagation, s.
    follow: Option<(f64, f64)>,
    /// A member and minute.
    requests: Option<f64>,
}

/// What every room is asked.
fn room_figures(name: &str, room: &[Outcome], goals: Goals) -> Vec<Figure> {
    let mut figures = Vec::new();
    let with = |figure: Figure, goal: Option<f64>| match goal {
        Some(goal) => figure.goal(goal),
        None => figure,
    };
    let mut push = |what: &str, of: &str, unit, tolerance, goal: Option<f64>| {
        if let Some(value) = median(room, of) {
            figures.push(with(Figure::new(format!("{name}: {what}"), value, unit, tolerance), goal));
        }
    };
    push("spread p50", "spread_ms.p50", "ms", Tolerance::DISTANCE, goals.spread.map(|goal| goal.0));
    push("spread p95", "spread_ms.p95", "ms", Tolerance::DISTANCE, goals.spread.map(|goal| goal.1));
    push("follow p50", "propagation_s.p50", "s", Tolerance::TIME, goals.follow.map(|goal| goal.0));
    push("follow p95", "propagation_s.p95", "s", Tolerance::TIME, goals.follow.map(|goal| goal.1));
    let rate = if name == "calm" { "requests_member_minute.calm" } else { "requests_member_minute.all" };
    push("requests a member and minute", rate, "", Tolerance::RATE, goals.requests);
    let never = |what: &str, of: &str| {
        let figure = Figure::new(format!("{name}: {what}"), sum(room, of), "", Tolerance::COUNT);
        // In bursts of acts the smallest rations run out; the worst network is held to nothing but what is kept.
        let rationed = matches!(name, "thrifty" | "one-client-id") && of == "actions.missed";
        if name == "hostile" || rationed { figure } else { Figure { tolerance: Tolerance::NONE, ..figure }.goal(0.0) }
    };
    let mut counts = vec![
        never("acts missed", "actions.missed"),
        never("false takeovers", "takeovers.false"),
        never("false moves", "false_moves"),
    ];
    figures.append(&mut counts);
    figures
}

fn standard(room: &[Outcome]) -> Vec<Figure> {
    let follow = Some((2.3, 3.9));
    let mut figures = room_figures("standard", room, Goals { spread: Some((34.0, 85.0)), follow, requests: None });
    let median = |of: &str| median(room, of).unwrap_or(f64::NAN);
    let mut push = |what: &str, value: f64, unit, tolerance, goal: f64| {
        figures.push(Figure::new(format!("standard: {what}"), value, unit, tolerance).goal(goal));
    };
    push("follow a resume p50", median("follow.resume.p50_s"), "s", Tolerance::TIME, 2.6);
    push("follow a resume p95", median("follow.resume.p95_s"), "s", Tolerance::TIME, 4.5);
    let audible = median("audible_spread_ms.p50") - median("spread_ms.p50");
    push("audible spread p50 above the reported", audible, "ms", Tolerance::DISTANCE, 20.0);
    push("first look after an act to its name p95", median("after_look_s.p95"), "s", Tolerance::TIME, 0.7);
    push("requests a member and minute, lively", median("requests_member_minute.lively"), "", Tolerance::RATE, 28.0);
    let corrections = [("steady_member_hour", 2.0), ("settling_member_action", 0.7), ("boundary_member_item", 0.3)];
    for (name, goal) in corrections {
        let value = median(&format!("corrections.{name}"));
        push(&format!("corrections, {}", name.replace('_', " ")), value, "", Tolerance::RATE, goal);
    }
    push("flaps of the leader", sum(room, "leader_flaps"), "", Tolerance::NONE, 0.0);
    figures
}

/// Stated bounds that contain the truth, worst seed of each room, %.
fn truth(rooms: &Rooms) -> Vec<Figure> {
    let worst = |name: &str| {
        let shares = rooms.get(name)?.iter().filter_map(|outcome| number(outcome, "bound_true"));
        shares.min_by(f64::total_cmp).map(|share| share * 100.0)
    };
    let figure = |(name, goal): (&str, f64)| {
        let name_and = format!("{name}: bound true, worst seed");
        Some(Figure::new(name_and, worst(name)?, "%", Tolerance::SHARE).at_least(goal))
    };
    let names = [
        ("standard", 99.9),
        ("calm", 99.9),
        ("mobile", 99.9),
        ("hostile", 99.9),
        ("drifting-clocks", 99.9),
        ("fault-front-ends", 99.9),
        ("fault-repeated", 99.0),
        ("leader-repeats", 99.0),
    ];
    names.into_iter().filter_map(figure).collect()
}

fn recoveries(rooms: &Rooms) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, fault) in RECOVERIES {
        let Some(room) = rooms.get(*name) else { continue };
        let most = room.iter().filter_map(|run| number(run, &format!("recovery.{fault}.max_s"))).max_by(f64::total_cmp);
        if let (Some(p50), Some(most)) = (median(room, &format!("recovery.{fault}.p50_s")), most) {
            figures.push(Figure::new(format!("{name}: in step again p50"), p50, "s", Tolerance::TIME).goal(5.0));
            figures.push(Figure::new(format!("{name}: in step again at most"), most, "s", Tolerance::TIME).goal(8.0));
        }
    }
    figures
}
