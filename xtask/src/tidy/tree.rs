//! What the rules look at: the repository's text files, and what cargo says of the dependencies.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;
use serde_json::Value;

use crate::command::{cargo, command, output, root};

/// A package of the workspace or of a registry.
#[derive(Debug, Clone)]
pub struct Package {
    pub name: String,
    /// SPDX expression, if the package gives one.
    pub licence: Option<String>,
}

/// The repository, loaded once.
#[derive(Debug, Default)]
pub struct Tree {
    /// Path from the root, with `/`, and text.
    pub files: BTreeMap<String, String>,
    /// By package of ours: every crate it is built from, itself included, without those of its tests.
    pub built_from: BTreeMap<&'static str, Vec<String>>,
    pub packages: Vec<Package>,
}

/// The packages of ours whose dependencies some rule is about.
const WATCHED: [&str; 3] = ["tutti-core", "tutti-sim", "tutti-spotify"];

impl Tree {
    /// Files that git knows or would know, and the dependencies by `Cargo.lock`.
    pub fn of_repository() -> Result<Self> {
        // Also where the repository belongs to another user, as on machines that check it out for a container.
        let list = ["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"];
        let list = output(&mut command("git", &list))?;
        let read = |path: &str| Some((path.to_owned(), fs::read_to_string(root().join(path)).ok()?));
        let mut built_from = BTreeMap::new();
        for package in WATCHED {
            let tree = output(&mut cargo(&[
                "tree",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{lib}",
            ]))?;
            built_from.insert(
                package,
                tree.lines().map(|line| line.trim_end_matches("(*)").trim().replace('_', "-")).collect(),
            );
        }
        let metadata: Value =
            serde_json::from_str(&output(&mut cargo(&["metadata", "--format-version", "1", "--quiet"]))?)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let packages =
            metadata["packages"].as_array().into_iter().flatten().filter_map(|package| {
                Some(Package { name: text(&package["name"])?, licence: text(&package["license"]) })
            });
        Ok(Self { files: list.lines().filter_map(read).collect(), built_from, packages: packages.collect() })
    }

    /// Files below a folder (or all, for "") with one of these endings.
    pub fn below<'a>(&'a self, folder: &'a str, endings: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let matches = move |path: &str| path.starts_with(folder) && endings.iter().any(|ending| path.ends_with(ending));
        self.files.iter().filter(move |(path, _)| matches(path)).map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// Whether a Rust file holds nothing but tests.
pub fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// A Rust file up to its tests, which stand at its end.
pub fn before_tests(text: &str) -> &str {
    let tests = text.match_indices("#[cfg(").map(|(at, _)| at).find(|at| {
        let attribute = text[*at..].lines().next().unwrap_or_default();
        let starts_line = text[..*at].ends_with('\n');
        starts_line
            && attribute.contains("test")
            && text[*at..].lines().take(4).any(|line| line.starts_with("mod ") && line.ends_with('{'))
    });
    &text[..tests.unwrap_or(text.len())]
}

/// The lines of a Rust or TypeScript file with their numbers (from 1), comments left out.
pub fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(at, line)| (at, without_comment(line)))
}

fn without_comment(line: &str) -> &str {
    line.find(" // ").map_or(line, |at| &line[..at])
}

#[cfg(test)]
pub fn with(files: &[(&str, &str)]) -> Tree {
    Tree { files: files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect(), ..Tree::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_a_file_are_cut_off() {
        let text =
            "//! Job.\nfn a() {}\n\n#[cfg(test)]\n#[allow(clippy::unwrap_used)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(before_tests(text), "//! Job.\nfn a() {}\n\n");
        let without = "//! Job.\n#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(before_tests(without), without);
    }

    #[test]
    fn comments_are_not_code() {
        let lines: Vec<_> = code("// Instant\nlet a = 1; // HashMap\n    /// Mutex\nlet b = 2;").collect();
        assert_eq!(lines, [(2, "let a = 1;"), (4, "let b = 2;")]);
    }
}
