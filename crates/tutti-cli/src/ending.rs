//! How a command ends that did not work: its sentence, what to type next, and the exit code.

use std::process::ExitCode;

use tutti_app::problem::Problem;
use tutti_app::texts::{has, t};

use crate::watch::Told;

const WRONG_USE: u8 = 2;
const SIGN_IN_NEEDED: u8 = 3;

/// What was asked for makes no sense; its sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

impl WrongUse {
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Says what went wrong on stderr.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    if crate::out::is_closed(error) {
        return ExitCode::SUCCESS;
    }
    if let Some(problem) = error.downcast_ref::<Problem>() {
        say(problem);
        return ExitCode::from(code(problem.code()));
    }
    eprintln!("tutti: {error:#}");
    if error.is::<WrongUse>() {
        return ExitCode::from(WRONG_USE);
    }
    ExitCode::from(error.downcast_ref::<Told>().map_or(1, |told| code(&told.code)))
}

/// The sentence, and below it what to type.
pub fn say(problem: &Problem) {
    eprintln!("tutti: {}", problem.text());
    if let Some(hint) = hint(problem.code()) {
        eprintln!("       {hint}");
    }
}

/// What to type in a terminal where a window has a button.
pub fn hint(code: &str) -> Option<String> {
    let key = format!("cli.hint.{code}");
    has(&key).then(|| t(&key, &[]))
}

fn code(problem: &str) -> u8 {
    match problem {
        "bad_client_id" | "bad_server_address" | "one_server_address" | "unknown_account" | "which_account"
        | "demo_members" | "demo_profile" | "need_two_accounts" => WRONG_USE,
        "no_client_id" | "needs_login" | "sign_in_gone" | "no_accounts" => SIGN_IN_NEEDED,
        _ => 1,
    }
}
