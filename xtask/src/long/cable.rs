//! A cable that is pulled: the tests in network namespaces, in their long form, and what each of them saw.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::report;
use crate::check::Count;
use crate::command::{cargo, watch};

const TITLE: &str = "A pulled cable";
/// Ten minutes without the cable, what comes before and after, and a compilation.
const DEADLINE: Duration = Duration::from_secs(40 * 60);

/// Runs the tests and writes the report. Needs root: elsewhere each of them says so and passes, and nothing is written.
pub fn cable() -> Result<Count> {
    let args = ["test", "-p", "tutti-cli", "--test", "it", "--no-fail-fast", "--", "cable", "--show-output"];
    let seen = watch(cargo(&args).env("TUTTI_LONG", "1"), DEADLINE)?;
    let rows = rows(&seen.text);
    if !rows.is_empty() {
        report::put(TITLE, &page(&rows))?;
    }
    Ok(Count::of(seen.success, &seen.text))
}

/// A test that pulled a cable.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    name: &'a str,
    said: Vec<&'a str>,
    kept: bool,
}

/// From what the tests printed: `---- NAME stdout ----`, what was said, and an empty line.
fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let named = line.strip_prefix("---- cable::").and_then(|rest| rest.strip_suffix(" stdout ----"));
        let Some(name) = named else { continue };
        let said = lines.by_ref().take_while(|line| !line.is_empty());
        // A length, and what was seen; all else is why there was nothing to be seen.
        let said: Vec<&str> = said.filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
        let kept = text.lines().any(|line| line.trim() == format!("test cable::{name} ... ok"));
        if !said.is_empty() || !kept {
            rows.push(Row { name, said, kept });
        }
    }
    rows
}

fn page(rows: &[Row]) -> String {
    let mut page = "`cargo xtask test --only cable`: Spotify, the relay, Anna and Chiara are programs in one network namespace, Ben in \
                    another; the link between the two is taken down for so long. In the last kind Anna's program holds the room \
                    in place of the relay, and Ben's for himself meanwhile.\n\n| | seen | |\n|---|---|---|\n"
        .to_owned();
    for Row { name, said, kept } in rows {
        let (name, said) = (name.replace('_', " "), said.join("; "));
        let verdict = if *kept { "kept" } else { "BROKEN" };
        writeln!(page, "| {name} | {said} | {verdict} |").expect("a String takes every line");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_test_saw_is_told_with_whether_it_held_and_a_skipped_one_is_not() {
        let text = "test cable::one_second ... ok\ntest cable::half_a_minute ... FAILED\ntest cable::is_a_house ... ok\n\n\
                    successes:\n\n---- cable::one_second stdout ----\n1 s: all in step 0.2 s after it, noticed: false\n\n\
                    ---- cable::skipped stdout ----\nno network namespaces here\n\n\
                    failures:\n\n---- cable::half_a_minute stdout ----\n\nthread panicked\ntest cable::skipped ... ok\n";

        let rows = rows(text);

        let told: Vec<_> = rows.iter().map(|row| (row.name, row.kept)).collect();
        assert_eq!(told, [("one_second", true), ("half_a_minute", false)]);
        let page = page(&rows);
        assert!(page.contains("| one second | 1 s: all in step 0.2 s after it, noticed: false | kept |"), "{page}");
        assert!(page.contains("| half a minute |  | BROKEN |"), "{page}");
    }
}
