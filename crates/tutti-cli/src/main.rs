//! `tutti`: sign in, look, keep accounts in step, and the demo, in a terminal.

mod commands;
mod ending;
mod flags;
mod lines;
mod out;
mod screen;
mod table;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use tutti_app::texts::{Language, set_language};

use flags::{Command, Flags};

fn main() -> ExitCode {
    let flags = Flags::parse();
    set_language(Language::of_system());
    // A live table and log lines would write over each other: the log is silent unless asked for.
    let filter = EnvFilter::try_from_env("TUTTI_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ending::failed(&error.into()),
    };
    let outcome = runtime.block_on(run(flags.command));
    // A keychain's prompt may still hold a thread: nobody waits for it.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ending::failed(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Login(flags) => commands::login::run(flags).await,
        Command::Accounts(flags) => commands::accounts::list(flags),
        Command::Logout(flags) => commands::accounts::logout(flags).await,
        Command::Devices(flags) => commands::devices::run(flags).await,
        Command::Doctor(flags) => commands::doctor::run(flags).await,
        Command::Sync(flags) => commands::sync::run(flags).await,
        Command::Host(flags) => commands::host::run(flags).await,
        Command::Join(flags) => commands::join::run(flags).await,
        Command::Status(flags) => commands::status::run(&flags),
        Command::Demo(flags) => commands::demo::run(flags).await,
        Command::Simulate(flags) => tokio::task::block_in_place(|| commands::simulate::run(&flags)),
        Command::Timing(flags) => commands::timing::run(flags).await,
    }
}
