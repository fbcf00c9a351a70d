//! `tutti accounts` and `tutti logout`

use anyhow::Context;
use serde_json::json;
use tutti_app::accounts::Accounts;
use tutti_app::problem::Problem;

use crate::flags::{Listed, Logout};
use crate::out;
use crate::screen::columns;

pub fn list(flags: Listed) -> anyhow::Result<()> {
    let (_, settings) = super::open()?;
    if flags.json {
        for account in &settings.accounts {
            let line = json!({ "id": account.account_id, "name": account.name, "chosen": account.chosen,
                        "device": account.device, "trim_ms": account.trim_ms });
            out::line(&line.to_string())?;
        }
        return Ok(());
    }
    if settings.accounts.is_empty() {
        return Err(Problem::new("no_accounts").into());
    }
    let rows = settings.accounts.iter().map(|account| vec![account.name.clone(), account.account_id.clone()]);
    Ok(out::print(&columns(rows.collect()))?)
}

pub async fn logout(flags: Logout) -> anyhow::Result<()> {
    let (options, mut settings) = super::open()?;
    let account = match (&flags.account, settings.accounts.as_slice()) {
        (Some(wanted), _) => super::find(&settings, wanted)?.clone(),
        (None, []) => return Err(Problem::new("no_accounts").into()),
        (None, [only]) => only.clone(),
        (None, _) => return Err(Problem::new("which_account").into()),
    };
    let reach = Accounts::new(options.home, options.endpoints, options.secrets);
    reach.forget(&account.account_id).await?;
    settings.accounts.retain(|known| known.account_id != account.account_id);
    let path = reach.home.settings_file();
    settings.save(&reach.home).with_context(|| format!("{} could not be written", path.display()))?;
    Ok(out::line(&Problem::new("signed_out").with("name", account.name).text())?)
}
