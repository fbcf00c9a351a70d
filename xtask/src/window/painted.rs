//! How long a snapshot takes from the program to the screen: published by the log, drawn by the page, on one clock.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use chrono::DateTime;
use serde_json::Value;

use crate::webdriver::Session;

/// Makes the program say in its log when it publishes; from `crates/tutti-app/src/controller/publish.rs`.
pub const SAYS: (&str, &str) = ("TUTTI_LOG", "info,tutti_app::controller::publish=trace");
/// Fewer snapshots than this say nothing of the slowest in a hundred.
const FEWEST: usize = 40;

/// From now on the page keeps when each snapshot was drawn: the first task after the frame that has it in its document.
pub fn watch(session: &Session) -> Result<()> {
    session
        .script(
            "const page = document.querySelector('.page'); window.tuttiPainted = []; \
             const then = new MessageChannel(); const waiting = []; \
             then.port1.onmessage = () => window.tuttiPainted.push([waiting.shift(), performance.timeOrigin + performance.now()]); \
             new MutationObserver(() => { const seq = page.dataset.seq; \
             requestAnimationFrame(() => { waiting.push(Number(seq)); then.port2.postMessage(0); }); }) \
             .observe(page, { attributeFilter: ['data-seq'] });",
        )
        .map(drop)
}

/// Milliseconds from publishing to the screen, ascending.
pub fn latencies(session: &Session, log: &str) -> Result<Vec<f64>> {
    let painted = session.script("return window.tuttiPainted")?;
    let all = between(&published(log), &painted);
    ensure!(all.len() >= FEWEST, "only {} snapshots were followed to the screen", all.len());
    Ok(all)
}

fn between(published: &BTreeMap<u64, f64>, painted: &Value) -> Vec<f64> {
    let painted =
        painted.as_array().into_iter().flatten().filter_map(|pair| Some((pair[0].as_u64()?, pair[1].as_f64()?)));
    let mut all: Vec<f64> = painted.filter_map(|(seq, at)| Some(at - published.get(&seq)?)).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// When each snapshot was published, ms since 1970.
fn published(log: &str) -> BTreeMap<u64, f64> {
    let line = |line: &str| {
        let (_, seq) = line.split_once("published seq=")?;
        let at = DateTime::parse_from_rfc3339(line.split_whitespace().next()?).ok()?;
        Some((seq.trim().parse().ok()?, at.timestamp_micros() as f64 / 1_000.0))
    };
    log.lines().filter_map(line).collect()
}

/// The value that so many percent of `ascending` do not exceed.
pub fn percentile(ascending: &[f64], percent: usize) -> f64 {
    let place = (ascending.len() * percent).div_ceil(100).saturating_sub(1);
    ascending.get(place).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_snapshot_is_followed_from_the_log_to_the_page() {
        let log = "noise\n1970-01-01T00:00:01.500250Z TRACE tutti_app::controller::publish: published seq=7\n";

        let all = between(&published(log), &json!([[7, 1_512.25], [8, 2_000.0]]));

        assert_eq!(all, [12.0]);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=40).map(f64::from).collect();
        assert_eq!([50, 95, 100].map(|percent| percentile(&values, percent)), [20.0, 38.0, 40.0]);
    }
}
