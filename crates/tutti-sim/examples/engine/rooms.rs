//! Other rules in the same rooms, and the same room with more members.

use tutti_sim::scenario::{Outcome, Overrides};
use tutti_sim::world::RulesName;

use crate::figure::{Figure, Tolerance};
use crate::runs::{Bench, median, sum};

const OTHERS: [RulesName; 3] = [RulesName::Original, RulesName::Syncplay, RulesName::Oracle];
/// Rooms in which everybody is measured.
const ROOMS: [&str; 4] = ["standard", "calm", "lan", "mobile"];

/// What is compared: name, measure, unit, tolerance.
const COMPARED: [(&str, &str, &str, Tolerance); 5] = [
    ("spread p50", "spread_ms.p50", "ms", Tolerance::DISTANCE),
    ("spread p95", "spread_ms.p95", "ms", Tolerance::DISTANCE),
    ("follow p50", "propagation_s.p50", "s", Tolerance::TIME),
    ("follow p95", "propagation_s.p95", "s", Tolerance::TIME),
    ("requests", "requests_member_minute.all", "", Tolerance::RATE),
];

pub fn baselines(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for room in ROOMS {
        let ours = bench.room(room, RulesName::Tutti, Overrides::default())?;
        let mut others = Vec::new();
        for rules in OTHERS {
            others.push((rules.name(), bench.room(room, rules, Overrides::default())?));
        }
        for (name, of, unit, tolerance) in COMPARED {
            let beside = others.iter().filter_map(|(rules, runs)| Some((*rules, median(runs, of)?))).collect();
            let Some(value) = median(&ours, of) else { continue };
            figures.push(Figure::new(format!("beside others, {room}: {name}"), value, unit, tolerance).beside(beside));
        }
        let missed = |runs: &[Outcome]| sum(runs, "actions.missed") / sum(runs, "actions.made").max(1.0) * 100.0;
        let beside = others.iter().map(|(rules, runs)| (*rules, (missed(runs) * 100.0).round() / 100.0)).collect();
        let name = format!("beside others, {room}: acts missed");
        figures.push(Figure::new(name, missed(&ours), "%", Tolerance::SHARE).beside(beside));
        if room == "standard" {
            let spread = |runs: &[Outcome]| median(runs, "spread_ms.p50").unwrap_or(f64::NAN);
            let (original, oracle) = (spread(&others[0].1), spread(&others[2].1));
            let times = |value: f64| (value * 100.0).round() / 100.0;
            let better = Figure::new(
                "the original's spread p50 over ours",
                times(original / spread(&ours)),
                "×",
                Tolerance::RATE,
            );
            figures.push(better.at_least(5.0));
            let name = "our spread p50 over the oracle's";
            figures.push(Figure::new(name, times(spread(&ours) / oracle), "×", Tolerance::RATE));
        }
    }
    Ok(figures)
}

/// The same hour with 2, 5, 12 and 32 members: following must not slow down.
pub fn many(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut of_five = f64::NAN;
    for members in [5, 2, 12, 32] {
        let overrides = Overrides { members: Some(members), hours: None };
        let runs = bench.room("standard", RulesName::Tutti, overrides)?;
        let p95 = median(&runs, "propagation_s.p95").unwrap_or(f64::NAN);
        if members == 5 {
            of_five = p95;
            continue;
        }
        let figure =
            Figure::new(format!("the standard hour, {members} members: follow p95"), p95, "s", Tolerance::TIME);
        figures.push(figure);
        if members == 32 {
            let ratio = (p95 / of_five * 100.0).round() / 100.0;
            let name = "follow p95 with 32 members over that with 5";
            figures.push(Figure::new(name, ratio, "×", Tolerance::RATE).goal(1.2));
        }
    }
    Ok(figures)
}
