//! The headless demo on three seeds, its numbers held against what is promised, written to docs/long-report.md.

mod cable;
mod churn;
pub mod report;
mod rooms;
mod window_hour;
mod worst;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::check::Count;
use crate::command::watch;
pub use cable::cable;
pub use churn::churn;
pub use rooms::rooms;
pub use window_hour::window_hour;
pub use worst::worst;

const TITLE: &str = "The demo";
const SEEDS: [u32; 3] = [7, 11, 23];
const MEMBERS: &str = "5";
const SECONDS: u64 = 90;

/// A number of the report and the bound that it must keep.
struct Bound {
    /// Where it stands in the report.
    at: &'static str,
    keeps: fn(f64) -> bool,
    words: &'static str,
}

const BOUNDS: &[Bound] = &[
    Bound { at: "/spread_ms/p50", keeps: |ms| ms <= 60.0, words: "<= 60 ms" },
    Bound { at: "/spread_ms/p95", keeps: |ms| ms <= 200.0, words: "<= 200 ms" },
    Bound { at: "/propagation_s/p50", keeps: |s| s <= 2.6, words: "<= 2.6 s" },
    Bound { at: "/propagation_s/p95", keeps: |s| s <= 4.5, words: "<= 4.5 s" },
    Bound { at: "/actions/made", keeps: |n| n >= 8.0, words: ">= 8" },
    Bound { at: "/actions/missed", keeps: |n| n == 0.0, words: "none" },
    Bound { at: "/takeovers/true", keeps: |n| n >= 3.0, words: ">= 3" },
    Bound { at: "/takeovers/false", keeps: |n| n == 0.0, words: "none" },
    Bound { at: "/false_moves", keeps: |n| n == 0.0, words: "none" },
    Bound { at: "/leader_flaps", keeps: |n| n == 0.0, words: "none" },
    Bound { at: "/requests_member_minute/all", keeps: |n| n <= 60.0, words: "<= 60" },
    Bound { at: "/requests_429", keeps: |n| n == 0.0, words: "none" },
];

/// Runs the demo on each seed and writes the report; one check for each number of each seed.
pub fn demo(tutti: &Path) -> Result<Count> {
    let mut sum = Count::default();
    let mut rows = Vec::new();
    for seed in SEEDS {
        let report = run(tutti, seed)?;
        for bound in BOUNDS {
            let row = Row::of(bound, seed, &report);
            sum.passed += u32::from(row.kept);
            sum.failed += u32::from(!row.kept);
            println!("{}", row.line());
            rows.push(row);
        }
    }
    report::put(TITLE, &page(&rows))?;
    Ok(sum)
}

fn run(tutti: &Path, seed: u32) -> Result<Value> {
    let mut demo = Command::new(tutti);
    demo.args(["demo", "--headless", "--members", MEMBERS, "--profile", "broadband", "--json"]);
    demo.args(["--seconds", &SECONDS.to_string(), "--seed", &seed.to_string()]);
    let seen = watch(&mut demo, Duration::from_secs(SECONDS + 60))?;
    last_report(&seen.text).with_context(|| format!("the demo with seed {seed} ended without a report"))
}

fn last_report(text: &str) -> Option<Value> {
    text.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|value| value["schema"] == 1)
}

struct Row {
    seed: u32,
    at: &'static str,
    value: Option<f64>,
    words: &'static str,
    kept: bool,
}

impl Row {
    fn of(bound: &Bound, seed: u32, report: &Value) -> Self {
        let value = report.pointer(bound.at).and_then(Value::as_f64);
        Self { seed, at: bound.at, value, words: bound.words, kept: value.is_some_and(bound.keeps) }
    }

    fn line(&self) -> String {
        let value = shown(self.value);
        let verdict = if self.kept { "kept" } else { "BROKEN" };
        format!(
            "| {} | {} | {value} | {} | {verdict} |",
            self.seed,
            self.at.trim_start_matches('/').replace('/', " "),
            self.words
        )
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or("not reported".to_owned(), |value| format!("{}", (value * 1000.0).round() / 1000.0))
}

fn page(rows: &[Row]) -> String {
    let mut page = format!(
        "`tutti demo --headless --members {MEMBERS} --profile broadband --seconds {SECONDS}`, in real time over HTTP.\n\n\
         | seed | number | value | promised | |\n|---|---|---|---|---|\n"
    );
    for row in rows {
        writeln!(page, "{}", row.line()).expect("a String takes every line");
    }
    page
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_and_a_missing_number_are_both_seen() {
        let report: Value = serde_json::from_str(r#"{"schema": 1, "spread_ms": {"p50": 61.0, "p95": 199.0}}"#).unwrap();
        let kept: Vec<bool> = BOUNDS[..3].iter().map(|bound| Row::of(bound, 7, &report).kept).collect();
        assert_eq!(kept, [false, true, false]);
        assert!(Row::of(&BOUNDS[2], 7, &report).line().contains("not reported"));
    }

    #[test]
    fn the_report_is_the_last_line_of_its_schema() {
        let text = "warming up\n{\"schema\": 1, \"seed\": 1}\n{\"schema\": 1, \"seed\": 2}\n{\"other\": 3}\nbye";
        assert_eq!(last_report(text).unwrap()["seed"], 2);
    }
}
