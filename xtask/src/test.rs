//! `cargo xtask test`: every check in order, each with its title and time, and their sum as the last line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::check::Count;
use crate::command::{cargo, find, output, watch};
use crate::system::{Purpose, prepare};
use crate::{codegen, dist, long, tidy, ui, window};

/// A compilation of everything on a slow machine, with room.
const LONG: Duration = Duration::from_secs(25 * 60);
/// Anything that compiles little or nothing.
const SHORT: Duration = Duration::from_secs(10 * 60);

/// One check of the repository.
struct Check {
    /// What `--only` calls it.
    name: &'static str,
    title: &'static str,
    run: fn() -> Result<Count>,
}

/// What builds the UI comes before anything that compiles the desktop, which carries it; one build of the whole workspace
/// comes before the checks that use its programs, so that nothing is compiled twice with other features.
const CHECKS: &[Check] = &[
    Check { name: "fmt", title: "Rust is formatted", run: || cargo_check(&["fmt", "--all", "--check"], SHORT) },
    Check {
        name: "tidy",
        title: "The invariants hold",
        run: || tidy::tidy().map(|(passed, failed)| Count { passed, failed, names: Vec::new() }),
    },
    Check { name: "ui-check", title: "The UI type-checks", run: || npm_check("check") },
    Check { name: "ui-test", title: "The UI's unit tests", run: || npm_check("test") },
    Check { name: "ui-build", title: "The UI builds", run: || npm_check("build") },
    Check { name: "stories", title: "The UI's stories in a browser", run: || npm_check("stories") },
    Check { name: "build", title: "Everything builds", run: || cargo_check(&BUILD, LONG) },
    Check { name: "codegen", title: "The contract's TypeScript is the one that Rust describes", run: contract },
    Check { name: "clippy", title: "No lint", run: clippy },
    Check { name: "doc", title: "The documentation builds without a warning", run: doc },
    Check { name: "rust", title: "The tests in Rust", run: rust },
    Check { name: "browser", title: "The real programs in a browser, driven", run: browser },
    Check { name: "window", title: "The real window, driven", run: window },
];

/// Checks that take long.
const LONG_CHECKS: &[Check] = &[
    Check { name: "long", title: "The demo's numbers on three seeds", run: long_demo },
    Check { name: "churn", title: "A thousand rooms that churn, for virtual hours", run: long::churn },
    Check { name: "random", title: "Rooms and inputs drawn at random, always others", run: random },
    Check { name: "rooms", title: "Rooms of real programs for ten minutes, with faults", run: long_rooms },
    Check { name: "cable", title: "A cable pulled for up to ten minutes, in network namespaces", run: long::cable },
    Check { name: "worst", title: "Every fault, and the worst network for 20 virtual minutes", run: long::worst },
    Check { name: "window-hour", title: "An hour with the window open: its memory stays", run: long_window },
    Check {
        name: "package",
        title: "The Debian package on a clean system, up to a room of two",
        run: dist::clean_root::check,
    },
];

const BUILD: [&str; 4] = ["build", "--workspace", "--all-targets", "--locked"];

/// Names the checks.
pub fn list() {
    for check in CHECKS.iter().chain(LONG_CHECKS) {
        println!("{:11} {}", check.name, check.title);
    }
}

/// Runs the checks, or those of the names in `only`; true if nothing failed.
pub fn test(long: bool, only: &[String]) -> Result<bool> {
    let chosen = choose(long, only)?;
    ui::require_node()?;
    prepare(Purpose::Tests)?;
    ui::install()?;
    if !only.is_empty() {
        ui::build()?;
    }
    let mut sum = Count::default();
    let mut lines = Vec::new();
    let start = Instant::now();
    for check in chosen {
        println!("\n== {}: {}", check.name, check.title);
        let start = Instant::now();
        let count = (check.run)().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Count { names: vec![format!("{error:#}")], ..Count::one(false) }
        });
        let verdict = if count.failed == 0 { "ok" } else { "FAILED" };
        println!("== {}: {verdict} in {:.1} s", check.name, start.elapsed().as_secs_f64());
        lines.push(format!(
            "{verdict:7} {:11} {:>5} passed {:>3} failed {:>7.1} s  {}",
            check.name,
            count.passed,
            count.failed,
            start.elapsed().as_secs_f64(),
            check.title
        ));
        lines.extend(count.names.iter().map(|name| format!("        {name}")));
        sum += count;
    }
    println!("\n{}\nin {:.0} s", lines.join("\n"), start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(sum.failed == 0)
}

/// Refuses names that no check has.
pub fn known(only: &[String]) -> Result<()> {
    choose(false, only).map(drop)
}

fn choose(long: bool, only: &[String]) -> Result<Vec<&'static Check>> {
    let all = || CHECKS.iter().chain(LONG_CHECKS);
    if let Some(unknown) = only.iter().find(|name| !all().any(|check| check.name == **name)) {
        let names: Vec<&str> = all().map(|check| check.name).collect();
        bail!("there is no check `{unknown}`; there are: {}", names.join(", "));
    }
    let wanted = |check: &&Check| only.iter().any(|name| name == check.name);
    if only.is_empty() {
        return Ok(CHECKS.iter().chain(LONG_CHECKS.iter().filter(|_| long)).collect());
    }
    Ok(all().filter(wanted).collect())
}

fn watched(command: &mut Command, deadline: Duration) -> Result<Count> {
    let seen = watch(command, deadline)?;
    Ok(Count::of(seen.success, &seen.text))
}

fn cargo_check(args: &[&str], deadline: Duration) -> Result<Count> {
    watch(&mut cargo(args), deadline).map(|seen| Count::one(seen.success))
}

fn npm_check(script: &str) -> Result<Count> {
    watched(&mut ui::npm(&["run", script]), SHORT)
}

fn contract() -> Result<Count> {
    codegen::codegen(true, Some(&built("codegen")?)).map(|()| Count::one(true))
}

/// As it is built here, and with what packages may hold beside (docs/packaging.md, newer versions).
fn clippy() -> Result<Count> {
    let mut all = Count::default();
    for features in [&[][..], &["--features", "updates"]] {
        let args = [&["clippy", "--workspace", "--all-targets"], features, &["--", "--deny", "warnings"]].concat();
        all += cargo_check(&args, LONG)?;
    }
    Ok(all)
}

fn doc() -> Result<Count> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
    watch(doc.env("RUSTDOCFLAGS", "--deny warnings"), LONG).map(|seen| Count::one(seen.success))
}

fn rust() -> Result<Count> {
    let runner: &[&str] = if find("cargo-nextest").is_some() { &["nextest", "run"] } else { &["test"] };
    let args = [runner, &["--workspace", "--all-targets", "--no-fail-fast"]].concat();
    watched(&mut cargo(&args), LONG)
}

fn random() -> Result<Count> {
    let args = [
        "test",
        "-p",
        "tutti-core",
        "-p",
        "tutti-sim",
        "--test",
        "it",
        "--no-fail-fast",
        "--",
        "properties",
        "enduring",
    ];
    watched(cargo(&args).env("TUTTI_LONG", "1"), LONG)
}

/// All of them are in one folder.
fn browser() -> Result<Count> {
    let tutti = built("tutti")?;
    let folder = tutti.parent().context("the program is in no folder")?;
    watched(ui::npm(&["run", "browser"]).env("TUTTI_PROGRAMS", folder), SHORT)
}

fn window() -> Result<Count> {
    let driven = window::window(Some(built("tutti-desktop")?), None, false, Path::new("shots/window.png"), false);
    driven.map(|()| Count::one(true))
}

fn long_demo() -> Result<Count> {
    long::demo(&built("tutti")?)
}

fn long_window() -> Result<Count> {
    long::window_hour(&built("tutti-desktop")?, &built("tutti-sim")?)
}

fn long_rooms() -> Result<Count> {
    long::rooms(&built("rooms")?, &built("tutti")?, &built("tutti-relay")?)
}

/// A program of the workspace, as the build of everything left it.
fn built(name: &str) -> Result<PathBuf> {
    let messages = output(cargo(&BUILD).args(["--quiet", "--message-format", "json-render-diagnostics"]))?;
    executable(&messages, name).with_context(|| format!("the build made no program `{name}`"))
}

fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let programs = messages.filter(|message| message["target"]["name"] == name && message["profile"]["test"] == false);
    programs.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_check_can_be_chosen_by_name_and_an_unknown_one_is_refused() {
        assert_eq!(choose(false, &["tidy".into()]).unwrap().len(), 1);
        assert_eq!(choose(true, &[]).unwrap().len(), CHECKS.len() + LONG_CHECKS.len());
        let error = choose(false, &["tydy".into()]).err().unwrap();
        assert!(error.to_string().contains("there are: fmt, tidy"), "{error}");
    }

    #[test]
    fn a_program_is_found_among_the_build_s_messages_and_its_tests_are_not_taken_for_it() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"tutti"},"profile":{"test":true},"executable":"/t/deps/tutti-1"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"tutti"},"profile":{"test":false},"executable":"/t/tutti"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "tutti"), Some(PathBuf::from("/t/tutti")));
        assert_eq!(executable(messages, "other"), None);
    }
}
