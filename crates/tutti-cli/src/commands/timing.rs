//! `tutti timing`: how well a position is predicted between polls, beside the old way of doing it.

use std::path::Path;

use anyhow::Context;
use tutti_app::demo;
use tutti_sim::plot::Picture;
use tutti_sim::report::PredictionError;
use tutti_sim::timing::{Shot, Timing, chart};

use crate::ending::WrongUse;
use crate::{flags, out};

pub async fn run(flags: flags::Timing) -> anyhow::Result<()> {
    let profile = flags.profile.parse().map_err(WrongUse::of)?;
    let timing = Timing { loops: flags.loops as usize, max_sleep_ms: flags.max_sleep_ms, profile, seed: flags.seed };
    if let Some(path) = &flags.plot {
        // Better now than after twenty minutes.
        plot(path, &[], "")?;
    }
    let (over, shots) = if flags.virtual_time {
        ("virtual", timing.run_virtual())
    } else {
        if !flags.json {
            let minutes = (f64::from(flags.loops) * (flags.max_sleep_ms as f64 / 2.0 + 100.0) / 60_000.0).ceil();
            eprintln!("{} polls over HTTP take about {minutes} min; --virtual takes a moment", flags.loops);
        }
        let shots = tokio::select! {
            shots = demo::timing(&timing) => shots?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        ("http", shots)
    };
    let report = timing.report(over, &shots);
    if let Some(path) = &flags.plot {
        let title = format!("{} polls, {}, {over}, seed {}", report.loops, report.profile, report.seed);
        plot(path, &shots, &title)?;
    }
    if flags.json {
        return Ok(out::line(&serde_json::to_string(&report).context("a report is plain data")?)?);
    }
    out::line(&format!("{:<24} {:>9} {:>9} {:>9} {:>9}", "ms", "mean", "mean abs", "sd", "max"))?;
    for (name, error) in [("tutti", report.tutti), ("old position + elapsed", report.original)] {
        let PredictionError { mean, mean_abs, sd, max } = error;
        out::line(&format!("{name:<24} {mean:>9.3} {mean_abs:>9.3} {sd:>9.3} {max:>9.3}"))?;
    }
    Ok(())
}

fn plot(path: &Path, shots: &[Shot], title: &str) -> anyhow::Result<()> {
    let picture = Picture::of(path).map_err(WrongUse::of)?;
    chart(shots, title).write(path, picture).with_context(|| format!("{} cannot be written", path.display()))
}
