//! The desktop program: parses flags, starts logging, runs.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod cover;
mod ipc;
mod shell;
mod tray;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use tutti_app::texts::{Language, set_language};

/// Several Spotify accounts playing in step.
#[derive(Debug, Parser)]
#[command(name = "tutti-desktop", version)]
pub struct Flags {
    /// Open on simulated accounts; no Spotify account is needed.
    #[arg(long)]
    demo: bool,
    /// Start in the tray, without a window (with one where there is no tray).
    #[arg(long)]
    hidden: bool,
    /// A link to open: tutti://join/…
    link: Option<String>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    set_language(Language::of_system());
    let filter = EnvFilter::try_from_env("TUTTI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(std::io::stderr().is_terminal()).init();
    match app::run(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutti: {error:#}");
            ExitCode::FAILURE
        }
    }
}
