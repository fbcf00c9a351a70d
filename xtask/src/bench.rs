//! `cargo xtask bench`: measures in the release profile, and holds the figures against those that are kept in benches/.
//!
//! A benchmark is a module with a [`Bench`]; what it measures are examples of the packages that print a JSON array of
//! figures: `{"name", "value", "unit"}`, with `goal` (and `at_least`), `tolerance`, `noisy` and `beside` where they apply
//! (see [`Figure`]).

mod clock;
mod engine;
mod figure;
mod http;
mod relay;
mod rooms;
mod sim;
mod summary;
mod window;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::command::{cargo, output, root, run, watch_silently};
pub use engine::plots;
pub use figure::Figure;
use figure::{Verdict, kept_of, table};

/// Everything that can be measured.
const BENCHES: &[Bench] =
    &[http::BENCH, sim::BENCH, clock::BENCH, relay::BENCH, rooms::BENCH, window::BENCH, engine::BENCH];

/// One benchmark.
pub struct Bench {
    /// What the command line and the file in benches/ call it.
    pub name: &'static str,
    pub title: &'static str,
    /// Packages whose programs the examples start.
    pub programs: &'static [&'static str],
    /// The examples to run: package and name.
    pub examples: &'static [(&'static str, &'static str)],
    /// What else measures, where no example can.
    pub measures: Option<fn() -> Result<String>>,
    /// An example takes no longer than this; a build of the release profile takes minutes, and has no deadline.
    pub deadline: Duration,
    /// What the figures mean, below the table.
    pub says: fn(&[Figure]) -> Vec<String>,
    /// What else is written where figures are kept.
    pub writes: fn(&[Figure]) -> Result<()>,
}

/// Measures; true if every goal is met, and nothing is worse than what is kept by more than its tolerance.
pub fn bench(names: &[String], write: bool, as_json: bool) -> Result<bool> {
    let mut met = true;
    for bench in chosen(names)? {
        let (mut figures, mut lines) = (Vec::new(), Vec::new());
        for package in bench.programs {
            run(&mut cargo(&["build", "--quiet", "--release", "--bins", "-p", package]))?;
        }
        for (package, example) in bench.examples {
            let args = ["--release", "-p", package, "--example", example];
            run(cargo(&["build", "--quiet"]).args(args))?;
            let (seen, said) = measured(package, example, bench.deadline)?;
            figures.extend(seen);
            lines.extend(said);
        }
        if let Some(measures) = bench.measures {
            figures.extend(self::figures(&serde_json::from_str(&measures()?)?));
        }
        let kept = kept(bench)?;
        met &= figures.iter().all(|figure| figure.verdict(kept_of(figure, &kept)) == Verdict::Good);
        if as_json {
            println!("{}", json!({ "bench": bench.name, "machine": machine(), "figures": to_json(&figures) }));
        } else {
            println!("{}\n{}", bench.title, table(&figures, &kept));
            lines.iter().chain(&(bench.says)(&figures)).for_each(|line| println!("{line}"));
        }
        if write {
            let text = json!({ "machine": machine(), "figures": to_json(&figures) });
            let path = file(bench);
            std::fs::create_dir_all(root().join("benches"))?;
            std::fs::write(&path, format!("{text:#}\n")).with_context(|| path.display().to_string())?;
            (bench.writes)(&figures)?;
        }
    }
    Ok(met)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Bench>> {
    if let Some(unknown) = names.iter().find(|name| !BENCHES.iter().any(|bench| bench.name == **name)) {
        let known: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("there is no benchmark `{unknown}`; there are: {}", known.join(", "));
    }
    Ok(BENCHES.iter().filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name)).collect())
}

/// The figures of an example, and what it said beside them.
fn measured(package: &str, example: &str, deadline: Duration) -> Result<(Vec<Figure>, Vec<String>)> {
    let mut command = cargo(&["run", "--quiet", "--release", "-p", package, "--example", example, "--", "--json"]);
    let seen = watch_silently(&mut command, deadline)?;
    if !seen.success {
        bail!("the example `{example}` of {package} failed:\n{}", seen.text.trim());
    }
    let line = seen.text.lines().rev().find(|line| line.starts_with('[')).context("no figures were printed")?;
    let said = seen.text.lines().filter(|line| !line.starts_with('[')).map(str::to_owned).collect();
    Ok((figures(&serde_json::from_str(line)?), said))
}

fn figures(value: &Value) -> Vec<Figure> {
    value.as_array().into_iter().flatten().filter_map(Figure::of).collect()
}

fn to_json(figures: &[Figure]) -> Value {
    figures.iter().map(Figure::json).collect()
}

fn file(bench: &Bench) -> PathBuf {
    root().join("benches").join(format!("{}.json", bench.name))
}

/// The figures in benches/; none yet is no error.
fn kept(bench: &Bench) -> Result<Vec<Figure>> {
    let path = file(bench);
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(Vec::new()) };
    let value: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(figures(&value["figures"]))
}

/// What the figures were taken on: they mean little beside those of another machine.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    let rust = output(&mut crate::command::command("rustc", &["--version"])).unwrap_or_default();
    format!("{} {}, {cores} cores, {}", std::env::consts::OS, std::env::consts::ARCH, rust.trim())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_unknown_benchmark_is_refused_with_the_names_of_all() {
        assert_eq!(chosen(&[]).unwrap().len(), BENCHES.len());
        let error = chosen(&["htp".into()]).err().unwrap();
        assert!(error.to_string().contains("there are: http, sim, clock, relay, rooms, window, engine"), "{error}");
    }
}
