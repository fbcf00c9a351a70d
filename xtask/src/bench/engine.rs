//! The engine on virtual time: its numbers against the goals, the kept ones and those of other rules; and its pictures.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::{Bench, Figure};
use crate::command::{cargo, root, run};

pub const BENCH: Bench = Bench {
    name: "engine",
    title: "The engine on virtual time",
    programs: &[],
    examples: &[("tutti-sim", "memory"), ("tutti-sim", "engine")],
    measures: None,
    // Some minutes on one core; a machine that does other things beside takes longer.
    deadline: Duration::from_secs(45 * 60),
    says,
    writes: super::summary::write,
};

/// Where docs/sync.md has its pictures.
const PICTURES: &str = "docs/images";

fn says(figures: &[Figure]) -> Vec<String> {
    let missed = figures.iter().filter(|figure| !figure.is_met()).count();
    let goals = figures.iter().filter(|figure| figure.goal.is_some()).count();
    vec![format!(
        "{} of {goals} goals are met. Virtual time: the same code gives the same digits, but for real time.",
        goals - missed
    )]
}

/// Draws the pictures of docs/sync.md.
pub fn plots() -> Result<bool> {
    let folder = root().join(Path::new(PICTURES));
    let args = ["run", "--quiet", "--release", "-p", "tutti-sim", "--example", "engine", "--", "--plots"];
    run(cargo(&args).arg(folder))?;
    Ok(true)
}
