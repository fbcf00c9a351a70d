//! A thousand rooms whose members and hubs come, break off and go, on virtual time: every property at every step.

use std::time::Duration;

use anyhow::Result;

use super::report;
use crate::check::Count;
use crate::command::{cargo, watch};

const TITLE: &str = "Rooms that churn";
const ROOMS: u32 = 1_000;
/// Virtual hours of each room: 24,000 together take some 80 minutes of one core, and every core has its rooms.
const HOURS: u32 = 24;
/// No room begins later than that.
const WITHIN: Duration = Duration::from_secs(60 * 60);
const DEADLINE: Duration = Duration::from_secs(75 * 60);

/// Runs the rooms and writes what was seen of them.
pub fn churn() -> Result<Count> {
    let (rooms, hours, within) = (ROOMS.to_string(), HOURS.to_string(), WITHIN.as_secs().to_string());
    let args = ["run", "--quiet", "--release", "-p", "tutti-sim", "--example", "churn", "--"];
    let mut run = cargo(&args);
    run.args(["--rooms", &rooms, "--hours", &hours, "--within-s", &within]);
    let seen = watch(&mut run, DEADLINE)?;
    report::put(TITLE, &page(&seen.text))?;
    Ok(Count::one(seen.success))
}

/// The last row says it all; those before it are for whoever waits.
fn page(printed: &str) -> String {
    let row = printed.lines().rev().find(|line| line.starts_with("| churn ")).unwrap_or("| churn | nothing was run |");
    format!(
        "Real gates and hubs, plain clients and listeners, a network that fails, all on virtual time: two minutes of cuts, half-open \
         connections, resets, sleep, leaving, coming back, processes begun anew, hubs killed, suspended and ended, and one minute of \
         calm, again and again; every second room has heirs, the others one relay. Looked at after every event: one leader in each \
         epoch, one driver of each account, one answer to each claim, messages within their limits; at the end of each calm: all have \
         met, no claim is unanswered, what was accepted last is the room's, states are small. “Met after” is from the end of a \
         trouble until everybody who is on is in one room, knows the same of it, and is driven; “stored” are entries of a room's hubs \
         at the ends of calms, in its first and its last hour.\n\n\
         | | rooms | hours each | broken | welcomes | claims accepted | hubs killed / suspended / inherited / ended | calms | \
         met after p50 / p95 / at most, s | stored first / last hour | longest message, bytes | took, s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n{row}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_is_the_one_that_is_kept() {
        let page = page("| churn | 50 | 8 |\nsomething broke\n| churn | 60 | 8 |\n");

        assert!(page.ends_with("|---|\n| churn | 60 | 8 |") && !page.contains("| 50 |"), "{page}");
    }
}
