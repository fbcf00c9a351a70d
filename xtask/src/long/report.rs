//! docs/long-report.md: sections, each written by the check that measures it.

use std::fs;

use anyhow::{Context, Result};

use crate::command::{command, output, root};

const REPORT: &str = "docs/long-report.md";
const HEAD: &str = "# Long report\n\nWritten by `cargo xtask test --long`.\n";

/// Writes a section anew; the others stay as they are.
pub fn put(title: &str, body: &str) -> Result<()> {
    put_of(&commit(), title, body)
}

/// The same for what was measured at this commit.
pub fn put_of(commit: &str, title: &str, body: &str) -> Result<()> {
    let path = root().join(REPORT);
    let before = fs::read_to_string(&path).unwrap_or_default();
    let dated = format!("{}, commit {commit}. {body}", today());
    fs::write(&path, with_section(&before, title, &dated)).with_context(|| format!("{REPORT} could not be written"))
}

fn with_section(report: &str, title: &str, body: &str) -> String {
    let mut sections: Vec<(&str, &str)> =
        report.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let body = format!("\n{}\n", body.trim());
    match sections.iter_mut().find(|(known, _)| *known == title) {
        Some(section) => section.1 = &body,
        None => sections.push((title, &body)),
    }
    let sections: String = sections.iter().map(|(title, body)| format!("\n## {title}\n\n{}\n", body.trim())).collect();
    format!("{HEAD}{sections}")
}

/// What is checked out.
pub fn commit() -> String {
    output(&mut command("git", &["describe", "--always", "--dirty"]))
        .map_or("unknown".into(), |commit| commit.trim().to_owned())
}

fn today() -> String {
    chrono::Local::now().format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let one = with_section("# An older report\n\n| rows |\n", "One", "first");
        let both = with_section(&one, "Other", "second\n\n| row |");
        let again = with_section(&both, "One", "third");

        assert_eq!(one, format!("{HEAD}\n## One\n\nfirst\n"));
        assert_eq!(again, format!("{HEAD}\n## One\n\nthird\n\n## Other\n\nsecond\n\n| row |\n"));
        assert_eq!(with_section(&again, "One", "third"), again);
    }
}
