//! `cargo xtask bench`: measures in the release profile, and holds the figures against those that are kept in benches/.
//!
//! A benchmark is a module with a [`Bench`]; what it measures are examples of the packages that print a JSON array of
//! figures: `{"name", "value", "unit", "goal"?}`, less being better where there is a goal.

mod http;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::command::{cargo, output, root, run, watch_silently};

/// Everything that can be measured.
const BENCHES: &[Bench] = &[http::BENCH];

/// One benchmark.
pub struct Bench {
    /// What the command line and the file in benches/ call it.
    pub name: &'static str,
    pub title: &'static str,
    /// The examples to run: package and name.
    pub examples: &'static [(&'static str, &'static str)],
    /// What the figures mean, below the table.
    pub says: fn(&[Figure]) -> Vec<String>,
}

/// One number that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: String,
    /// It should be no more than this.
    pub goal: Option<f64>,
}

/// An example measures for seconds; a build of the release profile takes minutes, and has no deadline.
const DEADLINE: Duration = Duration::from_secs(120);

/// Measures; true if every goal is met.
pub fn bench(names: &[String], write: bool, as_json: bool) -> Result<bool> {
    let mut met = true;
    for bench in chosen(names)? {
        let mut figures = Vec::new();
        for (package, example) in bench.examples {
            let args = ["--release", "-p", package, "--example", example];
            run(cargo(&["build", "--quiet"]).args(args))?;
            let seen = measured(package, example)?;
            figures.extend(seen);
        }
        let kept = kept(bench)?;
        met &= figures.iter().all(Figure::is_met);
        if as_json {
            println!("{}", json!({ "bench": bench.name, "machine": machine(), "figures": to_json(&figures) }));
        } else {
            println!("{}\n{}", bench.title, table(&figures, &kept));
            (bench.says)(&figures).iter().for_each(|line| println!("{line}"));
        }
        if write {
            let text = json!({ "machine": machine(), "figures": to_json(&figures) });
            let path = file(bench);
            std::fs::create_dir_all(root().join("benches"))?;
            std::fs::write(&path, format!("{text:#}\n")).with_context(|| path.display().to_string())?;
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

fn measured(package: &str, example: &str) -> Result<Vec<Figure>> {
    let mut command = cargo(&["run", "--quiet", "--release", "-p", package, "--example", example, "--", "--json"]);
    let seen = watch_silently(&mut command, DEADLINE)?;
    if !seen.success {
        bail!("the example `{example}` of {package} failed:\n{}", seen.text.trim());
    }
    let line = seen.text.lines().rev().find(|line| line.starts_with('[')).context("no figures were printed")?;
    Ok(figures(&serde_json::from_str(line)?))
}

fn figures(value: &Value) -> Vec<Figure> {
    let figure = |value: &Value| {
        Some(Figure {
            name: value["name"].as_str()?.to_owned(),
            value: value["value"].as_f64()?,
            unit: value["unit"].as_str()?.to_owned(),
            goal: value["goal"].as_f64(),
        })
    };
    value.as_array().into_iter().flatten().filter_map(figure).collect()
}

fn to_json(figures: &[Figure]) -> Value {
    let one = |figure: &Figure| json!({ "name": figure.name, "value": figure.value, "unit": figure.unit, "goal": figure.goal });
    figures.iter().map(one).collect()
}

impl Figure {
    fn is_met(&self) -> bool {
        self.goal.is_none_or(|goal| self.value <= goal)
    }
}

fn table(figures: &[Figure], kept: &[Figure]) -> String {
    let line = |figure: &Figure| {
        let before = kept.iter().find(|before| before.name == figure.name && before.value > 0.0);
        let ratio = before.map_or("–".to_owned(), |before| format!("× {:.2}", figure.value / before.value));
        let goal = match (figure.goal, figure.is_met()) {
            (None, _) => String::new(),
            (Some(goal), true) => format!("≤ {goal}"),
            (Some(goal), false) => format!("≤ {goal} MISSED"),
        };
        let line = format!("{:<44} {:>10} {:<6} {:>8}  {goal}", figure.name, figure.value, figure.unit, ratio);
        line.trim_end().to_owned() + "\n"
    };
    let head = format!("{:<44} {:>10} {:<6} {:>8}  goal\n", "", "now", "", "to kept");
    figures.iter().fold(head, |table, figure| table + &line(figure))
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
    fn figures_survive_being_kept() {
        let given = vec![
            Figure { name: "a".into(), value: 1.5, unit: "µs".into(), goal: Some(2.0) },
            Figure { name: "b".into(), value: 100.0, unit: "/s".into(), goal: None },
        ];
        assert_eq!(figures(&to_json(&given)), given);
    }

    #[test]
    fn a_table_shows_the_ratio_to_what_is_kept_and_what_misses_its_goal() {
        let now = [Figure { name: "a".into(), value: 3.0, unit: "µs".into(), goal: Some(2.0) }];
        let kept = [Figure { value: 2.0, ..now[0].clone() }];

        let table = table(&now, &kept);

        assert!(table.contains("× 1.50") && table.contains("≤ 2 MISSED"), "{table}");
    }

    #[test]
    fn an_unknown_benchmark_is_refused_with_the_names_of_all() {
        assert_eq!(chosen(&[]).unwrap().len(), BENCHES.len());
        let error = chosen(&["htp".into()]).err().unwrap();
        assert!(error.to_string().contains("there are: http"), "{error}");
    }
}
