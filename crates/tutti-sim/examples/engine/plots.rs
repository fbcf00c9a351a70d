//! The pictures of docs/sync.md.

use std::path::Path;

use tutti_sim::plot::{Axis, Chart, Drawn, Picture, Series};
use tutti_sim::profile::Profile;
use tutti_sim::report::distances;
use tutti_sim::scenario::{Overrides, Scenario};
use tutti_sim::timing::{Timing, chart};
use tutti_sim::world::{self, RulesName};

use crate::runs::{Bench, each, median};

/// Colours of the rules, as places in a plot's series.
fn ink(rules: RulesName) -> usize {
    match rules {
        RulesName::Tutti => 0,
        RulesName::Original => 1,
        RulesName::Oracle => 2,
        RulesName::Syncplay => 3,
    }
}

pub fn draw(bench: &Bench, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, chart) in [("spread", spread(bench)?), ("members", members(bench)?), ("timing", timing())] {
        let path = folder.join(format!("{name}.svg"));
        chart.write(&path, Picture::Svg)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Which part of all moments and followers is no further off than this, by all rules in the standard hour.
fn spread(bench: &Bench) -> anyhow::Result<Chart> {
    const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;
    /// Points of a curve.
    const POINTS: usize = 240;
    let (from_ms, to_ms): (f64, f64) = (1.0, 10_000.0);
    let scenario = Scenario::named("standard")?;
    let mut series = Vec::new();
    for rules in RulesName::ALL {
        let worlds: Vec<_> =
            SEEDS.map(|seed| scenario.world(seed, rules, Overrides::default())).collect::<Result<_, _>>()?;
        let mut all: Vec<f64> =
            each(&worlds, |world| distances(&world::run_with(world, &bench.catalogue))).into_iter().flatten().collect();
        all.sort_by(f64::total_cmp);
        let point = |n: usize| {
            let ms = from_ms * libm::pow(to_ms / from_ms, n as f64 / POINTS as f64);
            (ms, all.partition_point(|&distance| distance <= ms) as f64 / all.len().max(1) as f64 * 100.0)
        };
        let points = (0..=POINTS).map(point).collect();
        series.push(Series { name: rules.name().to_owned(), points, drawn: Drawn::Line, ink: ink(rules) });
    }
    Ok(Chart {
        title: "How far followers are from the leader: an hour of five, an act every 2 min, broadband, 10 seeds".into(),
        x: Axis::log("no further off than this, ms (another song or a wrong state counts as 10,000)", from_ms, to_ms),
        y: Axis::plain("% of all moments", 0.0, 100.0),
        series,
    })
}

/// How soon the last one follows, by number of members: the middle act, and in dashes the slowest of twenty.
fn members(bench: &Bench) -> anyhow::Result<Chart> {
    let sizes = [2, 3, 5, 8, 12, 20, 32];
    let mut series = Vec::new();
    for rules in RulesName::ALL {
        let (mut p50, mut p95) = (Vec::new(), Vec::new());
        for members in sizes {
            let overrides = Overrides { members: Some(members), hours: Some(0.5) };
            let runs = bench.room("standard", rules, overrides)?;
            let at = members as f64;
            p50.extend(median(&runs, "propagation_s.p50").map(|s| (at, s)));
            p95.extend(median(&runs, "propagation_s.p95").map(|s| (at, s)));
        }
        series.push(Series { name: rules.name().to_owned(), points: p50, drawn: Drawn::Line, ink: ink(rules) });
        series.push(Series { name: String::new(), points: p95, drawn: Drawn::Dashes, ink: ink(rules) });
    }
    Ok(Chart {
        title: "How soon everybody follows an act: half of them (lines), 19 of 20 (dashes); never counts as 30 s"
            .into(),
        x: Axis::log("members", 2.0, 32.0),
        y: Axis::log("s", 0.2, 50.0),
        series,
    })
}

fn timing() -> Chart {
    let timing = Timing { loops: 500, max_sleep_ms: 5_000, profile: Profile::Broadband, seed: 7 };
    chart(&timing.run_virtual(), "Predicted position at 500 polls with random sleeps between them, broadband")
}
