//! The whole program on virtual time for long: every fault on more seeds, and 20 minutes of all of them on the worst network.

use std::time::Duration;

use anyhow::Result;

use super::report;
use crate::check::Count;
use crate::command::{cargo, watch};

const TITLE: &str = "The worst network, every fault";
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// Runs the tests of the whole program in their long form and writes what the hostile runs print.
pub fn worst() -> Result<Count> {
    let mut tests = cargo(&["test", "-p", "tutti-app", "--test", "it", "whole::", "--", "--nocapture"]);
    let seen = watch(tests.env("TUTTI_LONG", "1"), DEADLINE)?;
    report::put(TITLE, &page(&seen.text))?;
    Ok(Count::of(seen.success, &seen.text))
}

fn page(printed: &str) -> String {
    let mut rows: Vec<&str> =
        printed.lines().filter_map(|line| line.find("| hostile ").map(|at| &line[at..])).collect();
    rows.sort_by_key(|row| row.split('|').take(4).map(|cell| format!("{:>8}", cell.trim())).collect::<String>());
    format!(
        "Five members, each on the profile hostile, 20 virtual minutes with a fault of any kind about every 8 s and a hand about \
         every 15 s; then everything is well again. Kept: no panic, nobody stuck, nothing sent within a `Retry-After` or beyond \
         the ledger, no sign-in lost. “Repeated” are accepted commands that were sent again after a look that failed.\n\n\
         | profile | seed | client ids | faults | requests | in step again after | repeated | times real time | |\n\
         |---|---|---|---|---|---|---|---|---|\n{}",
        rows.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_among_other_output_and_sorted_by_seed() {
        let text = "running 2 tests\n| hostile | 10 | one | 5 |\ntest whole ... | hostile | 2 | five | 5 |\nok\n";

        assert!(
            page(text).ends_with("|---|\n| hostile | 2 | five | 5 |\n| hostile | 10 | one | 5 |"),
            "{}",
            page(text)
        );
    }
}
