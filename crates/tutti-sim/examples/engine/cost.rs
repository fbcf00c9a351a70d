//! What takes real time: the world's speed, an input's cost; and how well positions are predicted.

use std::time::Instant;

use tutti_sim::profile::Profile;
use tutti_sim::timing::Timing;
use tutti_sim::world::{self, RulesName, Workload, WorldConfig};

use crate::figure::{Figure, Tolerance};
use crate::runs::{Bench, cpu_s};

pub fn figures(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (hours, room) = (4, WorldConfig::room(5, Profile::Broadband, 1, 4 * 3_600, Workload::STANDARD));
    let (cpu, wall) = (cpu_s(), Instant::now());
    let trace = world::run_with(&WorldConfig { records: Some(1), ..room }, &bench.catalogue);
    let took_s = cpu_s().zip(cpu).map_or(wall.elapsed().as_secs_f64(), |(after, before)| after - before);
    let speed = (f64::from(hours) * 3_600.0 / took_s / 100.0).round() * 100.0;
    let recording = trace.recording.ok_or_else(|| anyhow::anyhow!("nothing was recorded"))?;
    let mut member = recording.member();
    let mut took_us = Vec::with_capacity(recording.len());
    for (at, input) in recording.inputs() {
        let before = Instant::now();
        member.handle(input, at);
        while member.poll().is_some() {}
        std::hint::black_box(member.deadline(at));
        took_us.push(before.elapsed().as_nanos() as f64 / 1e3);
    }
    took_us.sort_by(f64::total_cmp);
    let percentile = |percent: usize| took_us[(took_us.len() * percent / 100).min(took_us.len() - 1)];
    Ok(vec![
        Figure::new("speed of the world, 5 members, one core", speed, "×", Tolerance::NOISY).at_least(20_000.0).noisy(),
        Figure::new("an input of the engine p50", percentile(50), "µs", Tolerance::NOISY).noisy(),
        Figure::new("an input of the engine p99", percentile(99), "µs", Tolerance::NOISY).goal(20.0).noisy(),
    ])
}

/// The original's experiment on virtual time, both methods on the same readings.
pub fn timing(_: &Bench) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for profile in [Profile::Ideal, Profile::Lan, Profile::Broadband, Profile::Mobile] {
        let timing = Timing { loops: 2_000, max_sleep_ms: 5_000, profile, seed: 7 };
        let report = timing.report("virtual", &timing.run_virtual());
        let name = format!("prediction error, {profile}: mean absolute");
        let beside = vec![(RulesName::Original.name(), report.original.mean_abs)];
        let tolerance = Tolerance { share: 0.08, absolute: 0.05 };
        let figure = Figure::new(name, report.tutti.mean_abs, "ms", tolerance).beside(beside);
        figures.push(if profile == Profile::Ideal { figure.goal(0.35) } else { figure });
        if profile == Profile::Broadband {
            let ratio = (report.tutti.mean_abs / report.original.mean_abs * 1e3).round() / 1e3;
            let name = "prediction error, broadband: ours over the original's";
            figures.push(Figure::new(name, ratio, "×", Tolerance::RATE).goal(0.2));
        }
    }
    Ok(figures)
}
