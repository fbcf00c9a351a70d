//! Long stretches: what must never happen in a thousand hours, and ten thousand actions of which none may be missed.

use tutti_sim::profile::Profile;
use tutti_sim::report::{Report, report};
use tutti_sim::world::{self, Workload, WorldConfig};

use crate::figure::{Figure, Tolerance};
use crate::runs::{Bench, each};

const MEMBERS: usize = 5;
/// A working day. Longer runs use up the day's ration of a client id: 27 looks a minute are 15,000 in nine hours, and whoever
/// acts after that is seen late.
const RUN_S: u32 = 8 * 3_600;

/// A stretch of runs that belong together.
struct Stretch {
    name: &'static str,
    profile: Profile,
    workload: Workload,
    runs: u64,
    /// Goals for false takeovers and false moves together, and for missed actions.
    wrong: f64,
    missed: Option<f64>,
}

/// 10,000 actions in a calm room take 920 h, 10,000 in a lively one 96 h: together the thousand hours at home.
const STRETCHES: &[Stretch] = &[
    Stretch {
        name: "lively, an act every 5 to 100 s",
        profile: Profile::Broadband,
        workload: Workload::Poisson { mean_s: 30.0 },
        runs: 12,
        wrong: 0.0,
        missed: Some(0.0),
    },
    Stretch {
        name: "calm, two acts 8 to 20 s apart",
        profile: Profile::Broadband,
        workload: Workload::Pairs,
        runs: 115,
        wrong: 0.0,
        missed: Some(0.0),
    },
    Stretch {
        name: "mobile, an act every 2 min",
        profile: Profile::Mobile,
        workload: Workload::STANDARD,
        runs: 125,
        wrong: 0.0,
        missed: None,
    },
    Stretch {
        name: "hostile, an act every 2 min",
        profile: Profile::Hostile,
        workload: Workload::STANDARD,
        runs: 13,
        wrong: 1.0,
        missed: None,
    },
];

pub fn figures(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for stretch in STRETCHES {
        let run = |seed: &u64| -> Report {
            let config = WorldConfig::room(MEMBERS, stretch.profile, *seed, RUN_S, stretch.workload);
            report(&world::run_with(&config, &bench.catalogue))
        };
        // Other seeds than those of the scenarios.
        let reports = each(&(101..=100 + stretch.runs).collect::<Vec<_>>(), run);
        let total = |of: fn(&Report) -> usize| reports.iter().map(of).sum::<usize>() as f64;
        let hours = reports.iter().map(|report| report.virtual_s).sum::<f64>() / 3_600.0;
        let figure = |what: &str, value: f64, tolerance| {
            Figure::new(format!("{:.0} h {}: {what}", hours, stretch.name), value, "", tolerance)
        };
        let rare = if stretch.profile == Profile::Hostile { Tolerance::COUNT } else { Tolerance::NONE };
        figures.push(figure("acts made", total(|report| report.actions.made), Tolerance::COUNT).at_least(1.0));
        let missed = figure("acts missed", total(|report| report.actions.missed), rare);
        figures.push(match stretch.missed {
            Some(goal) => missed.goal(goal),
            None => missed,
        });
        let wrong = [
            ("false takeovers", total(|report| report.takeovers.wrong)),
            ("false moves", total(|report| report.false_moves)),
        ];
        figures.extend(wrong.map(|(what, value)| figure(what, value, rare).goal(stretch.wrong)));
        figures.push(figure("acts ambiguous", total(|report| report.actions.ambiguous), Tolerance::COUNT));
        figures.push(figure("acts superseded", total(|report| report.actions.superseded), Tolerance::COUNT));
    }
    Ok(figures)
}
