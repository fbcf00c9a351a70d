//! What each command does.

pub mod accounts;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod host;
pub mod join;
pub mod login;
pub mod simulate;
pub mod status;
pub mod sync;
pub mod timing;
pub mod web;

use tutti_app::Options;
use tutti_app::demo::apart::{Line, Tap};
use tutti_app::problem::Problem;
use tutti_app::settings::{AccountSettings, Settings};
use tutti_app::texts::t;

/// The profile that the environment names and what is remembered in it. Says what is unusual about it.
fn open() -> anyhow::Result<(Options, Settings)> {
    let options = Options::from_env(false)?;
    if let Some(address) = options.endpoints.shown() {
        eprintln!("{}", t("app.other_server", &[("address", &address)]));
    }
    let loaded = Settings::load(&options.home);
    if let Some(aside) = loaded.put_aside {
        crate::ending::say(&Problem::new("settings_broken").with("path", aside.display().to_string()));
    }
    Ok((options, loaded.settings))
}

/// What goes on in a room, a line of JSON each.
fn tap() -> Tap {
    Tap::new(|line| {
        // Whoever does not listen any more needs no line.
        let _ = say(line);
    })
}

fn say(line: &Line) -> std::io::Result<()> {
    crate::out::line(&serde_json::to_string(line)?)
}

/// The ids of these accounts, each named once; None: those that are chosen in the settings.
fn chosen(settings: &Settings, wanted: &[String]) -> Result<Option<Vec<String>>, Problem> {
    if settings.accounts.is_empty() {
        return Err(Problem::new("no_accounts"));
    }
    let mut chosen = Vec::new();
    for wanted in wanted {
        let account = find(settings, wanted)?;
        if chosen.contains(&account.account_id) {
            return Err(Problem::new("account_named_twice").with("name", account.name.clone()));
        }
        chosen.push(account.account_id.clone());
    }
    Ok((!chosen.is_empty()).then_some(chosen))
}

/// The account of this name or id.
fn find<'a>(settings: &'a Settings, wanted: &str) -> Result<&'a AccountSettings, Problem> {
    if settings.accounts.is_empty() {
        return Err(Problem::new("no_accounts"));
    }
    settings.find(wanted).ok_or_else(|| {
        let known: Vec<_> = settings.accounts.iter().map(|account| account.name.as_str()).collect();
        Problem::new("unknown_account").with("name", wanted).with("known", known.join(", "))
    })
}
