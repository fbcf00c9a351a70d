//! `tutti devices`

use serde_json::json;
use tutti_app::accounts::Accounts;
use tutti_app::players::{Listed, Player};
use tutti_app::problem::Problem;
use tutti_app::settings::AccountSettings;
use tutti_app::texts::t;

use crate::ending;
use crate::flags::Devices;
use crate::out;
use crate::screen::columns;

pub async fn run(flags: Devices) -> anyhow::Result<()> {
    let (options, settings) = super::open()?;
    let accounts = match &flags.account {
        Some(wanted) => vec![super::find(&settings, wanted)?.clone()],
        None => settings.accounts.clone(),
    };
    if accounts.is_empty() {
        return Err(Problem::new("no_accounts").into());
    }
    let reach =
        Accounts::new(options.home, options.endpoints, options.secrets).telling(|problem| ending::say(&problem));
    reach.rations.same_developer(&settings.same_developer);
    reach.rations.thrifty(settings.thrifty);
    let mut rows = Vec::new();
    let mut last = None;
    for account in &accounts {
        match of(&reach, account).await {
            Ok(devices) if flags.json => devices.iter().try_for_each(|device| print_json(account, device))?,
            Ok(devices) => rows.extend(devices.iter().map(|device| row(account, device))),
            Err(problem) => {
                // What is wrong with one account hides nothing of the others.
                if let Some(earlier) = last.replace(problem) {
                    ending::say(&earlier);
                }
            }
        }
    }
    reach.rations.save();
    out::print(&columns(rows))?;
    last.map_or(Ok(()), |problem| Err(problem.into()))
}

async fn of(reach: &Accounts, account: &AccountSettings) -> Result<Vec<Listed>, Problem> {
    let player = reach.open(account).await?;
    let devices = player.devices().await.map_err(|failure| reach.explain(&failure, &account.name))?;
    if devices.is_empty() {
        return Err(Problem::new("no_device_of").with("name", account.name.clone()));
    }
    Ok(devices)
}

fn row(account: &AccountSettings, device: &Listed) -> Vec<String> {
    let state = match (device.restricted, device.active) {
        (true, _) => t("cli.device.restricted", &[]),
        (_, true) => t("cli.device.active", &[]),
        _ => String::new(),
    };
    vec![account.name.clone(), device.name.clone(), device.kind.clone(), state, device.id.clone().unwrap_or_default()]
}

fn print_json(account: &AccountSettings, device: &Listed) -> std::io::Result<()> {
    let line = json!({
        "account": account.account_id, "name": account.name, "device": device.id, "device_name": device.name,
        "type": device.kind, "active": device.active, "restricted": device.restricted,
    });
    out::line(&line.to_string())
}
