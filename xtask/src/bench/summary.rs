//! The table of docs/sync.md: the engine's figures against their goals and beside other rules.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Figure;
use crate::command::root;

/// The table stands between these lines.
const BEGIN: &str = "<!-- figures: written by `cargo xtask bench engine --write`, never by hand -->";
const END: &str = "<!-- end of figures -->";
/// Rules that are measured beside ours.
const OTHERS: [&str; 3] = ["original", "syncplay", "oracle"];

/// One line: its words, and the figures whose numbers stand in it, joined by strokes.
type Row = (&'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    ("spread p50 / p95, ms", &["standard: spread p50", "standard: spread p95"]),
    ("… in a calm room", &["calm: spread p50", "calm: spread p95"]),
    ("… lan", &["lan: spread p50", "lan: spread p95"]),
    ("… mobile", &["mobile: spread p50", "mobile: spread p95"]),
    ("… with 2 / 12 / 32 members, p50", &["two: spread p50", "twelve: spread p50", "thirty-two: spread p50"]),
    ("the original's spread p50 over ours", &["the original's spread p50 over ours"]),
    ("our spread p50 over the oracle's", &["our spread p50 over the oracle's"]),
    ("spread of what is heard above the reported, p50, ms", &["standard: audible spread p50 above the reported"]),
    ("everybody follows p50 / p95, s", &["standard: follow p50", "standard: follow p95"]),
    ("… in a calm room", &["calm: follow p50", "calm: follow p95"]),
    ("… a resume", &["standard: follow a resume p50", "standard: follow a resume p95"]),
    ("… lan", &["lan: follow p50", "lan: follow p95"]),
    ("… mobile", &["mobile: follow p50", "mobile: follow p95"]),
    ("… p95 with 32 members over that with 5", &["follow p95 with 32 members over that with 5"]),
    ("from the first look after an act to its name p95, s", &["standard: first look after an act to its name p95"]),
    ("jumps of 0.2 to 1 s found, %", &["nudges: jumps of 0.2 to 1 s found"]),
    ("missed of 10,000 acts, lively, at least 5 s apart", &["96 h lively, an act every 5 to 100 s: acts missed"]),
    ("missed of 10,000 acts in pairs in a calm room, 8 s", &["920 h calm, two acts 8 to 20 s apart: acts missed"]),
    (
        "false takeovers / moves in 1,000 h at home: lively",
        &["96 h lively, an act every 5 to 100 s: false takeovers", "96 h lively, an act every 5 to 100 s: false moves"],
    ),
    (
        "… and calm",
        &["920 h calm, two acts 8 to 20 s apart: false takeovers", "920 h calm, two acts 8 to 20 s apart: false moves"],
    ),
    (
        "… in 1,000 h mobile",
        &["1000 h mobile, an act every 2 min: false takeovers", "1000 h mobile, an act every 2 min: false moves"],
    ),
    (
        "… in 100 h hostile",
        &["104 h hostile, an act every 2 min: false takeovers", "104 h hostile, an act every 2 min: false moves"],
    ),
    (
        "corrections: settling, a member and act / steady, a member and hour / boundary, a member and item",
        &[
            "standard: corrections, settling member action",
            "standard: corrections, steady member hour",
            "standard: corrections, boundary member item",
        ],
    ),
    (
        "requests a member and minute: lively / calm / thrifty",
        &[
            "standard: requests a member and minute, lively",
            "calm: requests a member and minute",
            "thrifty: requests a member and minute",
        ],
    ),
    (
        "in step again after a stall, p50 / at most, s",
        &["fault-stall: in step again p50", "fault-stall: in step again at most"],
    ),
    (
        "… after a stall of the leader",
        &["stall-of-the-leader: in step again p50", "stall-of-the-leader: in step again at most"],
    ),
    ("… a device that was gone", &["fault-gone: in step again p50", "fault-gone: in step again at most"]),
    ("… devices that were all gone", &["fault-offline: in step again p50", "fault-offline: in step again at most"]),
    ("… the network away for 60 s", &["network: in step again p50", "network: in step again at most"]),
    ("… sleep and wake", &["sleep-and-wake: in step again p50", "sleep-and-wake: in step again at most"]),
    (
        "bounds that are true, worst seed, %: standard / calm / mobile",
        &["standard: bound true, worst seed", "calm: bound true, worst seed", "mobile: bound true, worst seed"],
    ),
    (
        "… reports repeated for 1 s / front ends ± 15 ms / drift of 100 ppm",
        &[
            "fault-repeated: bound true, worst seed",
            "fault-front-ends: bound true, worst seed",
            "drifting-clocks: bound true, worst seed",
        ],
    ),
    ("prediction error, ideal, mean absolute, ms", &["prediction error, ideal: mean absolute"]),
    ("… broadband, ours over the original's", &["prediction error, broadband: ours over the original's"]),
    ("speed of the world, times real time", &["speed of the world, 5 members, one core"]),
    ("an input of the engine, p99, µs", &["an input of the engine p99"]),
    ("memory of a member, most in 24 h, KiB", &["memory of a member after 24 h, an action every 2 min"]),
    ("bounds of all scenarios, 20 seeds: checked", &["scenarios: bounds checked"]),
    ("… that do not hold", &["scenarios: bounds of a run that do not hold"]),
];

/// Writes the table into docs/sync.md.
pub fn write(figures: &[Figure]) -> Result<()> {
    let path: PathBuf = root().join("docs/sync.md");
    let text = std::fs::read_to_string(&path)?;
    let new =
        replaced(&text, &table(figures)).with_context(|| format!("{} has no place for figures", path.display()))?;
    Ok(std::fs::write(path, new)?)
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

fn table(figures: &[Figure]) -> String {
    let mut table = "| | goal | Tutti | original | Syncplay | oracle |\n|---|---|---|---|---|---|\n".to_owned();
    let find = |name: &str| figures.iter().find(|figure| figure.name == name);
    for (words, names) in ROWS {
        let of: Vec<&Figure> = names.iter().filter_map(|name| find(name)).collect();
        if of.is_empty() {
            continue;
        }
        let joined = |one: &dyn Fn(&Figure) -> Option<String>| {
            let parts: Vec<Option<String>> = of.iter().map(|figure| one(figure)).collect();
            let known = parts.iter().any(Option::is_some);
            let parts: Vec<String> = parts.into_iter().map(|part| part.unwrap_or("–".to_owned())).collect();
            if known { parts.join(" / ") } else { String::new() }
        };
        let goal = joined(&|figure| {
            figure.goal.map(|goal| format!("{} {}", if figure.at_least { "≥" } else { "≤" }, short(goal)))
        });
        let ours = joined(&|figure| {
            let value = short(figure.value);
            Some(if figure.is_met() { value } else { format!("**{value}**") })
        });
        let beside = OTHERS.map(|rules| {
            joined(&|figure| {
                let compared = find(&format!("beside others, {}", figure.name)).unwrap_or(figure);
                compared.beside.iter().find(|(name, _)| name == rules).map(|(_, value)| short(*value))
            })
        });
        table += &format!("| {words} | {goal} | {ours} | {} |\n", beside.join(" | "));
    }
    table
}

/// As many digits as mean something.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if (99.0..100.0).contains(&size) => 2,
        size if size >= 30.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn figure(name: &str, value: f64, goal: Option<f64>) -> Figure {
        Figure { name: name.into(), value, unit: "ms".into(), goal, ..Figure::default() }
    }

    #[test]
    fn a_line_joins_its_figures_marks_what_is_missed_and_has_others_beside() {
        let others = Figure {
            beside: vec![("original".into(), 404.69), ("oracle".into(), 19.78)],
            ..figure("beside others, standard: spread p50", 28.99, None)
        };
        let figures = [
            figure("standard: spread p50", 28.99, Some(34.0)),
            figure("standard: spread p95", 90.0, Some(85.0)),
            others,
        ];

        let table = table(&figures);

        let line = table.lines().last().unwrap();
        assert_eq!(line, "| spread p50 / p95, ms | ≤ 34 / ≤ 85 | 29 / **90** | 405 / – |  | 19.8 / – |");
    }

    #[test]
    fn the_table_takes_the_place_of_the_one_before() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replaced("nothing", "new"), None);
    }

    #[test]
    fn numbers_are_as_long_as_they_mean_something() {
        assert_eq!(
            [0.049, 2.5, 28.99, 54_700.0, 99.142, 100.0, 0.0].map(short),
            ["0.05", "2.5", "29", "54700", "99.14", "100", "0"]
        );
    }
}
