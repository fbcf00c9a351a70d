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
    format!(
        "Five members, each on the profile hostile, 20 virtual minutes with a fault of any kind about every 8 s and a hand about \
         every 15 s; then everything is well again. Kept: no panic, nobody stuck, nothing sent within a `Retry-After` or beyond \
         the ledger, no accepted command sent again without a look that was answered, no sign-in lost.\n\n\
         | profile | seed | client ids | faults | requests | in step again after | times real time | |\n\
         |---|---|---|---|---|---|---|---|\n{}\n\n\
         The same room, one fault after the other: from each fault's end until the look at its member that is answered. With one \
         client id five members have 33 readings in 30 s together.\n\n\
         | | seed | client ids | faults | half within | 95 of 100 | all | |\n|---|---|---|---|---|---|---|---|\n{}\n\n\
         The demo's script on the profile mobile: from its last action until everybody is in step.\n\n\
         | profile | seed | in step after |\n|---|---|---|\n{}",
        rows(printed, "| hostile ").join("\n"),
        rows(printed, "| in turn ").join("\n"),
        rows(printed, "| mobile ").join("\n"),
    )
}

/// The rows that begin so, sorted by seed.
fn rows<'a>(printed: &'a str, begin: &str) -> Vec<&'a str> {
    let mut rows: Vec<&str> = printed.lines().filter_map(|line| line.find(begin).map(|at| &line[at..])).collect();
    rows.sort_by_key(|row| row.split('|').take(4).map(|cell| format!("{:>8}", cell.trim())).collect::<String>());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_among_other_output_and_sorted_by_seed() {
        let text = "running 2 tests\n| hostile | 10 | one | 5 |\ntest whole ... | hostile | 2 | five | 5 |\nok\n";

        assert_eq!(rows(text, "| hostile "), ["| hostile | 2 | five | 5 |", "| hostile | 10 | one | 5 |"]);
        assert!(
            page(text).contains("|---|\n| hostile | 2 | five | 5 |\n| hostile | 10 | one | 5 |\n"),
            "{}",
            page(text)
        );
    }
}
