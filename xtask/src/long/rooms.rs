//! Rooms of real programs: ten minutes of five users, one of them on two computers, with hands and faults.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Bound, last_report, report, shown};
use crate::check::Count;
use crate::command::watch;

const TITLE: &str = "Rooms of real programs";
/// Ten minutes, signing in, and whatever somebody waits for who is not back.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

const NONE: fn(f64) -> bool = |n| n == 0.0;

/// Looser than on virtual time where a busy machine shows: thirteen processes share its cores.
const BOUNDS: &[Bound] = &[
    Bound { at: "/spread_ms/p50", keeps: |ms| ms <= 60.0, words: "<= 60 ms" },
    Bound { at: "/spread_ms/p95", keeps: |ms| ms <= 200.0, words: "<= 200 ms" },
    Bound { at: "/propagation_s/p50", keeps: |s| s <= 2.6, words: "<= 2.6 s" },
    // One action is made while the relay is away: it is followed when that is back.
    Bound { at: "/propagation_s/p95", keeps: |s| s <= 5.5, words: "<= 5.5 s" },
    Bound { at: "/named_heard_ms/p95", keeps: |ms| ms <= 30.0, words: "<= 30 ms" },
    Bound { at: "/unheard", keeps: NONE, words: "none" },
    Bound { at: "/clock_off_ms/p95", keeps: |ms| ms <= 5.0, words: "<= 5 ms" },
    Bound { at: "/actions/made", keeps: |n| n >= 25.0, words: ">= 25" },
    Bound { at: "/actions/missed", keeps: NONE, words: "none" },
    Bound { at: "/takeovers/true", keeps: |n| n >= 15.0, words: ">= 15" },
    Bound { at: "/takeovers/false", keeps: NONE, words: "none" },
    Bound { at: "/false_moves", keeps: NONE, words: "none" },
    Bound { at: "/leader_flaps", keeps: NONE, words: "none" },
    Bound { at: "/commands/came", keeps: |n| n >= 60.0, words: ">= 60" },
    Bound { at: "/commands/doubled", keeps: NONE, words: "none" },
    Bound { at: "/commands/lost", keeps: NONE, words: "none" },
    Bound { at: "/jumps", keeps: NONE, words: "none" },
    Bound { at: "/handover_s/closed/most", keeps: |s| s <= 4.0, words: "<= 4 s" },
    Bound { at: "/handover_s/killed/most", keeps: |s| s <= 13.0, words: "<= 13 s" },
    Bound { at: "/relay_back_s/most", keeps: |s| s <= 12.0, words: "<= 12 s" },
    Bound { at: "/requests_429", keeps: NONE, words: "none" },
];

/// Runs the evening and writes the report; one check for each number.
pub fn rooms(rooms: &Path, tutti: &Path, relay: &Path) -> Result<Count> {
    let mut evening = Command::new(rooms);
    evening.arg("evening").arg(tutti).arg(relay);
    let seen = watch(&mut evening, DEADLINE)?;
    let seen = last_report(&seen.text).context("the evening ended without a report")?;
    let mut sum = Count::default();
    let mut rows = String::new();
    for bound in BOUNDS {
        let (line, kept) = row(bound, &seen);
        sum.passed += u32::from(kept);
        sum.failed += u32::from(!kept);
        println!("{line}");
        writeln!(rows, "{line}")?;
    }
    report::put(TITLE, &page(&seen, &rows))?;
    Ok(sum)
}

fn row(bound: &Bound, seen: &Value) -> (String, bool) {
    let value = seen.pointer(bound.at).and_then(Value::as_f64);
    let kept = value.is_some_and(bound.keeps);
    let name = bound.at.trim_start_matches('/').replace('/', " ");
    (format!("| {name} | {} | {} | {} |", shown(value), bound.words, if kept { "kept" } else { "BROKEN" }), kept)
}

fn page(seen: &Value, rows: &str) -> String {
    let number = |at: &str| shown(seen.pointer(at).and_then(Value::as_f64));
    let mut page = format!(
        "A simulator, a `tutti-relay` and {} `tutti` are processes of their own for {} s: {} users, one of them on two computers. \
         Friends act by hand about every 10 s; {} faults meanwhile: members killed and started again, the relay killed and started \
         again (once while somebody acts), the driving one of two devices closed and killed, links cut for 1 s and 12 s and silent \
         for 30 s. “Jumps” are players that did anything but play on while nothing but a fault happened; “doubled” commands came \
         twice or were sent by nobody, “lost” ones were sent and never came. Actions: {} followed, {} superseded.\n\n\
         | number | value | promised | |\n|---|---|---|---|\n{rows}",
        number("/programs"),
        number("/seconds"),
        number("/members"),
        number("/faults"),
        number("/actions/followed"),
        number("/actions/superseded"),
    );
    let recoveries = seen["recoveries"].as_array().map_or(&[][..], Vec::as_slice);
    if !recoveries.is_empty() {
        page.push_str(
            "\nFrom the end of what befell a member until it was in step:\n\n| | median | most |\n|---|---|---|\n",
        );
    }
    for recovery in recoveries {
        let name = recovery["fault"].as_str().unwrap_or_default().replace('_', " ");
        let (p50, most) = (shown(recovery["p50_s"].as_f64()), shown(recovery["max_s"].as_f64()));
        writeln!(page, "| {name} | {p50} s | {most} s |").expect("a String takes every line");
    }
    page
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_broken_promise_is_seen_and_what_happened_is_told() {
        let seen = json!({
            "schema": 1, "programs": 6, "members": 5, "spread_ms": { "p50": 61.0, "p95": 199.0 },
            "recoveries": [{ "fault": "device_killed", "p50_s": 1.5, "max_s": 2.0 }],
        });
        let kept: Vec<bool> = BOUNDS[..3].iter().map(|bound| row(bound, &seen).1).collect();
        assert_eq!(kept, [false, true, false]);
        let page = page(&seen, &row(&BOUNDS[0], &seen).0);
        assert!(page.contains("6 `tutti`") && page.contains("| spread_ms p50 | 61 | <= 60 ms | BROKEN |"), "{page}");
        assert!(page.contains("| device killed | 1.5 s | 2 s |"), "{page}");
    }
}
