//! `cargo xtask`: parses what is asked for and calls the file that does it.

mod bench;
mod browser;
mod check;
mod codegen;
mod command;
mod demo;
mod dist;
mod driver;
mod long;
mod system;
mod test;
mod tidy;
mod ui;
mod webdriver;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything that this repository can do for you")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// See it work: installs what is missing, builds, and opens the window on simulated accounts.
    Demo {
        /// Passed on to the program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Runs every check, in order; the last line is `N passed, N failed`.
    Test {
        /// Also run what takes long, and write docs/long-report.md.
        #[arg(long)]
        long: bool,
        /// Run this check alone (repeatable); see --list.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Name the checks and stop.
        #[arg(long)]
        list: bool,
    },
    /// Measures the program in its release profile, and holds the figures against those in benches/.
    Bench {
        /// Measure this alone (repeatable); all without it.
        names: Vec<String>,
        /// Make these figures the ones to be held against.
        #[arg(long)]
        write: bool,
        /// One line of JSON a benchmark instead of a table.
        #[arg(long)]
        json: bool,
        /// Measure nothing: draw the pictures of docs/sync.md.
        #[arg(long)]
        plots: bool,
    },
    /// Proves the invariants of ARCHITECTURE.md that a command can prove.
    Tidy,
    /// Writes ui/src/generated/api.ts from the contract in Rust.
    Codegen {
        /// Change nothing; fail if the file is not what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Pictures of every screen: light and dark, at 360, 800 and 1400 px, in English, and at 360 px in German too.
    Shots {
        /// Where they go.
        #[arg(default_value = "shots")]
        folder: PathBuf,
    },
    /// Makes the packages of the desktop app for this system, and looks into them.
    Dist {
        /// Kinds, for example deb, rpm, appimage, dmg, msi, nsis; those that need no tools from elsewhere without it.
        bundles: Vec<String>,
        /// Make nothing: try this .deb on a system made for that alone, as `test --only package` does with a new one.
        #[arg(long = "try", value_name = "PACKAGE")]
        tried: Option<PathBuf>,
    },
    /// Writes latest.json beside signed packages: where programs that run see a newer version (docs/packaging.md).
    Latest {
        /// The packages with their `.sig` files, in folders or not.
        folder: PathBuf,
        /// As they were signed: 1.2.3 or v1.2.3.
        version: String,
        /// The https address below which the packages will be had by their names.
        place: String,
        /// What changed, for whoever reads the file.
        #[arg(long, default_value = "")]
        notes: String,
    },
    /// What the window costs, for `bench window`: the programs of the desktop, the terminal and the simulator.
    #[command(hide = true)]
    Numbers {
        programs: Vec<PathBuf>,
        #[arg(long)]
        inside: bool,
    },
    /// Memory of the window over an hour, for `test --long`: the programs of the desktop and the simulator.
    #[command(hide = true)]
    Hour {
        programs: Vec<PathBuf>,
        #[arg(long, default_value = "60")]
        minutes: usize,
        #[arg(long)]
        inside: bool,
    },
    /// The smoke test of the real window, on a screen of its own.
    Window {
        /// A built tutti-desktop; without it, one is built.
        #[arg(long)]
        binary: Option<PathBuf>,
        /// The simulator of the story; without it, the one beside the desktop.
        #[arg(long)]
        simulator: Option<PathBuf>,
        /// Nothing but the story of two people.
        #[arg(long)]
        story: bool,
        /// Where the picture of the window goes.
        #[arg(long, default_value = "shots/window.png")]
        picture: PathBuf,
        /// There is a screen and a session bus already (set by the task itself).
        #[arg(long, hide = true)]
        inside: bool,
    },
}

/// Whether these are words that `cargo xtask` understands; if not, what it says.
fn understood(words: &[&str]) -> Result<(), String> {
    let args = Args::try_parse_from(["cargo xtask"].iter().chain(words)).map_err(|error| error.to_string())?;
    match args.task {
        Task::Test { only, .. } => test::known(&only).map_err(|error| error.to_string()),
        _ => Ok(()),
    }
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Demo { args } => demo::demo(&args),
        Task::Test { list: true, .. } => {
            test::list();
            Ok(true)
        }
        Task::Test { long, only, .. } => test::test(long, &only),
        Task::Bench { plots: true, .. } => bench::plots(),
        Task::Bench { names, write, json, .. } => bench::bench(&names, write, json),
        Task::Dist { tried: Some(deb), .. } => dist::clean_root::tried(&deb).map(|count| count.failed == 0),
        Task::Dist { bundles, .. } => dist::dist(&bundles),
        Task::Latest { folder, version, place, notes } => dist::latest::latest(&folder, &version, &place, &notes),
        Task::Numbers { programs, inside } => window::numbers(&programs, inside).map(|()| true),
        Task::Hour { programs, minutes, inside } => window::hour(&programs, minutes, inside).map(|()| true),
        Task::Tidy => tidy::tidy().map(|(_, failed)| failed == 0),
        Task::Codegen { check } => codegen::codegen(check, None).map(|()| true),
        Task::Shots { folder } => ui::shots(&folder).map(|()| true),
        Task::Window { binary, simulator, story, picture, inside } => {
            window::window(binary, simulator, story, &picture, inside).map(|()| true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
