//! What the desktop app's window costs beside a bare WebKitGTK window that shows the very same page.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Bench;
use crate::command::{cargo, root, run, watch_silently};

pub const BENCH: Bench = Bench {
    name: "window",
    title: "The window beside a bare WebKitGTK window with the same page",
    programs: &["tutti-desktop", "tutti-cli", "tutti-sim"],
    examples: &[],
    measures: Some(measure),
    deadline: Duration::from_secs(1_200),
    says: |_| {
        vec![
            "Memory is PSS, of the program and its web view's processes; the simulator is another process. The bare window is \
             WebKitGTK's MiniBrowser as it is installed, and once more drawn without the graphics card, as our window is: against \
             that one, what drawing saves does not count. Starts alternate, and the least of four counts."
                .to_owned(),
        ]
    },
    writes: |_| Ok(()),
};

fn measure() -> Result<String> {
    crate::ui::build()?;
    run(&mut cargo(&["build", "--quiet", "--release", "-p", "tutti-desktop"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let itself = std::path::absolute(std::env::args_os().next().context("this task has no name")?)?;
    let mut numbers = std::process::Command::new(itself);
    numbers.arg("numbers").current_dir(root());
    numbers.args(["tutti-desktop", "tutti", "tutti-sim"].map(|name| target.join("release").join(name)));
    let seen = watch_silently(&mut numbers, BENCH.deadline)?;
    let line = seen.text.lines().rev().find(|line| line.starts_with('['));
    match line {
        Some(line) if seen.success => Ok(line.to_owned()),
        _ => bail!("nothing was measured:\n{}", seen.text.trim()),
    }
}
