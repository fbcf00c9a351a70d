//! The desktop program: a command of the terminal, or else parses flags, starts logging, runs.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod cover;
mod ipc;
mod shell;
mod tray;
#[cfg(feature = "updates")]
mod updates;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tutti_app::settings::Home;
use tutti_app::texts::{Language, set_language};
use tutti_app::{Options, log};

/// Several Spotify accounts playing in step. `tutti help` tells the commands that need no window.
#[derive(Debug, Parser)]
#[command(name = "tutti-desktop", version)]
pub struct Flags {
    /// Open on simulated accounts; no Spotify account is needed.
    #[arg(long)]
    demo: bool,
    /// Start in the tray, without a window (with one where there is no tray).
    #[arg(long)]
    hidden: bool,
    /// Keep settings in this folder, whatever TUTTI_HOME says.
    #[arg(long, value_name = "FOLDER")]
    profile: Option<PathBuf>,
    /// A link to open: tutti://join/…
    link: Option<String>,
}

fn main() -> ExitCode {
    if let Some(done) = tutti_cli::instead_of_a_window() {
        return done;
    }
    let flags = Flags::parse();
    shell::prepare();
    set_language(Language::of_system());
    let run = || {
        let options = match flags.profile.clone() {
            Some(folder) => Options::at(Home::at(folder), flags.demo)?,
            None => Options::from_env(flags.demo)?,
        };
        let _log = log::start(&options.home.log_folder());
        app::run(options, flags)
    };
    tutti_cli::ended(run())
}
