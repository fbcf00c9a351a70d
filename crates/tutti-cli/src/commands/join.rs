//! `tutti join`

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use serde_json::json;
use tutti_app::Program;
use tutti_app::api::Action;
use tutti_app::invite::Invite;
use tutti_app::network::nearby;
use tutti_app::problem::Problem;
use tutti_app::settings::Settings;
use tutti_app::shell::NoWindow;
use tutti_app::texts::t;

use crate::flags::Join;
use crate::out;
use crate::screen::columns;
use crate::watch::{Style, watch};

pub async fn run(flags: Join) -> anyhow::Result<()> {
    if flags.list {
        return list(flags.json).await;
    }
    let invite = Invite::parse(&flags.link.unwrap_or_default())?;
    let (mut options, settings) = super::open()?;
    options.chosen = super::chosen(&settings, &flags.accounts)?;
    if !flags.yes && !agreed(&invite, &settings, options.chosen.as_deref())? {
        return Err(Problem::new("not_joined").into());
    }
    options.tap = flags.measured.then(super::tap);
    let program = Program::start(options, Arc::new(NoWindow { browser: false })).await?;
    program.dispatch(Action::Join { invite: invite.link() });
    let outcome = watch(&program, if flags.measured { Style::Silent } else { Style::new(flags.json) }, None).await;
    program.stop().await;
    outcome
}

/// Says who and where, and what will be controlled; whoever cannot be asked has not agreed.
fn agreed(invite: &Invite, settings: &Settings, chosen: Option<&[String]>) -> std::io::Result<bool> {
    let is_taken = |id: &String, chosen_before: bool| chosen.map_or(chosen_before, |chosen| chosen.contains(id));
    let accounts = settings.accounts.iter().filter(|account| is_taken(&account.account_id, account.chosen));
    let names: Vec<&str> = accounts.map(|account| account.name.as_str()).collect();
    let hubs: Vec<String> = invite.hubs.iter().map(|hub| hub.authority()).collect();
    let host = invite.host.clone().unwrap_or_else(|| t("cli.join.somebody", &[]));
    let words = [("host", host.as_str()), ("where", &hubs.join(", ")), ("accounts", &names.join(", "))];
    eprint!("{} ", t("cli.join.ask", &words));
    std::io::stderr().flush()?;
    if !std::io::stdin().is_terminal() && std::env::var_os("TUTTI_ASSUME_TERMINAL").is_none() {
        eprintln!();
        return Ok(false);
    }
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn list(as_json: bool) -> anyhow::Result<()> {
    let found = nearby::look().await?;
    if as_json {
        for session in &found {
            out::line(&json!({ "host": session.host, "address": session.address }).to_string())?;
        }
        return Ok(());
    }
    if found.is_empty() {
        return Err(Problem::new("nobody_nearby").into());
    }
    out::print(&columns(found.into_iter().map(|session| vec![session.host, session.address]).collect()))?;
    eprintln!("{}", t("cli.join.listed", &[]));
    Ok(())
}
