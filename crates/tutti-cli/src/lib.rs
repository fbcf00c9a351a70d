//! The commands: sign in, look, keep accounts in step, and the demo, in a terminal.

mod commands;
mod ending;
mod flags;
mod lines;
mod out;
mod screen;
mod table;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use tracing_subscriber::EnvFilter;
use tutti_app::texts::{Language, set_language};

use flags::{Command, Flags};

/// Carries out the command line of this process, and says how it ended.
pub fn carry_out() -> ExitCode {
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

/// The same for a program with a window, if it was started with one of the commands; none otherwise.
pub fn instead_of_a_window() -> Option<ExitCode> {
    let first = std::env::args_os().nth(1)?;
    // Windows gives a program with a window no terminal to write to.
    (!cfg!(windows) && is_command(first.to_str()?)).then(carry_out)
}

fn is_command(word: &str) -> bool {
    word == "help" || Flags::command().get_subcommands().any(|command| command.get_name() == word)
}

/// How a program with a window ended.
pub fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    outcome.map_or_else(|error| ending::failed(&error), |()| ExitCode::SUCCESS)
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
        Command::Web(flags) => commands::web::run(flags).await,
        Command::Demo(flags) => commands::demo::run(flags).await,
        Command::Simulate(flags) => tokio::task::block_in_place(|| commands::simulate::run(&flags)),
        Command::Timing(flags) => commands::timing::run(flags).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_takes_the_place_of_the_window() {
        assert!(["host", "join", "doctor", "help"].into_iter().all(is_command));
        assert!(!["--demo", "--hidden", "--profile", "tutti://join/1f6c", ""].into_iter().any(is_command));
    }
}
