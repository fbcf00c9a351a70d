//! An hour in a room with the window open: its memory stays as it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{last_report, report};
use crate::check::Count;
use crate::command::{root, watch};

const TITLE: &str = "An hour with the window open";
/// Minutes in all; in the first ten, caches fill.
const MINUTES: usize = 60;
const WARM: usize = 10;
/// Minutes at the beginning and at the end whose middle values are compared.
const COMPARED: usize = 10;
/// The end may differ from the beginning by so much, of the beginning.
const FLAT: f64 = 0.05;
/// The hour, and starting.
const DEADLINE: Duration = Duration::from_secs(65 * 60);

/// Watches the window and writes the report.
pub fn window_hour(desktop: &Path, simulator: &Path) -> Result<Count> {
    let commit = report::commit();
    let itself = std::path::absolute(PathBuf::from(std::env::args_os().next().context("this task has no name")?))?;
    let mut hour = std::process::Command::new(itself);
    hour.arg("hour").args([desktop, simulator]).args(["--minutes", &MINUTES.to_string()]).current_dir(root());
    let seen = watch(&mut hour, DEADLINE)?;
    let seen = last_report(&seen.text).context("the hour ended without a report")?;
    let megabytes: Vec<f64> = seen["mb"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    let grown = grown(&megabytes).context("the hour was not an hour")?;
    let flat = grown.abs() <= FLAT;
    println!("{:+.1} % over the hour, {:.0} are allowed", grown * 100.0, FLAT * 100.0);
    report::put_of(&commit, TITLE, &page(&megabytes, grown, flat, seen["acted"].as_u64().unwrap_or(0)))?;
    Ok(Count::one(flat))
}

/// By how much the middle value of the last minutes is above that of the first ones after the warm-up.
fn grown(megabytes: &[f64]) -> Option<f64> {
    let early = middle(megabytes.get(WARM..WARM + COMPARED)?);
    let late = middle(&megabytes[megabytes.len() - COMPARED..]);
    Some(late / early - 1.0)
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

fn page(megabytes: &[f64], grown: f64, flat: bool, acted: u64) -> String {
    let tens = megabytes.chunks(10).enumerate().map(|(ten, of)| {
        let (least, most) =
            of.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), mb| (least.min(*mb), most.max(*mb)));
        format!("| {} to {} | {:.0} | {least:.0} | {most:.0} |\n", ten * 10 + 1, ten * 10 + of.len(), middle(of))
    });
    format!(
        "The demo of five in the real window for {} minutes, one next song by hand every third minute ({acted} in all). PSS of the \
         program and its web view's processes, once a minute; the simulator is another process. After {WARM} minutes the median of \
         the next {COMPARED} and that of the last {COMPARED} may differ by {:.0} %: they differ by {:+.1} %, {}.\n\n\
         | minutes | median, MB | least | most |\n|---|---|---|---|\n{}",
        megabytes.len(),
        FLAT * 100.0,
        grown * 100.0,
        if flat { "kept" } else { "BROKEN" },
        tens.collect::<String>(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_after_the_warm_up_is_seen_and_what_grows_in_it_is_not() {
        let warms = |minute: usize| if minute < 10 { 100.0 } else { 300.0 };
        let flat: Vec<f64> = (0..60).map(warms).collect();
        assert_eq!(grown(&flat), Some(0.0));
        let leaks: Vec<f64> = (0..60).map(|minute| 300.0 + minute as f64).collect();
        assert!(grown(&leaks).unwrap() > FLAT);
        assert_eq!(grown(&flat[..15]), None);
    }

    #[test]
    fn the_page_tells_every_ten_minutes() {
        let megabytes: Vec<f64> = (0..60).map(|minute| 300.0 + (minute % 10) as f64).collect();
        let page = page(&megabytes, 0.0, true, 20);
        assert!(page.contains("| 51 to 60 | 304 | 300 | 309 |") && page.contains("+0.0 %, kept"), "{page}");
    }
}
