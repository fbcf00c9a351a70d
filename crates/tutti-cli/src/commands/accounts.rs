//! `tutti accounts` and `tutti logout`

use anyhow::Context;
use serde_json::json;
use tutti_app::accounts::Accounts;
use tutti_app::clock;
use tutti_app::problem::Problem;
use tutti_app::ration::Rations;
use tutti_app::secrets::forget_session;
use tutti_app::settings::AccountSettings;
use tutti_app::view;

use crate::flags::{Listed, Logout};
use crate::out;
use crate::screen::columns;

pub fn list(flags: Listed) -> anyhow::Result<()> {
    let (options, settings) = super::open()?;
    let rations = Rations::kept(options.home);
    rations.same_developer(&settings.same_developer);
    rations.thrifty(settings.thrifty);
    let now = clock::now();
    let ration = |account: &AccountSettings| {
        let shown = view::rations(std::iter::once((account.name.as_str(), rations.of(&account.client_id))), now);
        shown.into_iter().next()
    };
    if flags.json {
        for account in &settings.accounts {
            let ration = ration(account);
            let line = json!({ "id": account.account_id, "name": account.name, "chosen": account.chosen,
                        "device": account.device, "trim_ms": account.trim_ms,
                        "requests_left_today": ration.as_ref().map(|ration| ration.left_today),
                        "wait_until_ms": ration.as_ref().and_then(|ration| ration.wait_until_ms),
                        "requests": ration.map(|ration| ration.text) });
            out::line(&line.to_string())?;
        }
        return Ok(());
    }
    if settings.accounts.is_empty() {
        return Err(Problem::new("no_accounts").into());
    }
    let rows = settings.accounts.iter().map(|account| {
        let ration = ration(account).map(|ration| ration.text);
        vec![account.name.clone(), account.account_id.clone(), ration.unwrap_or_default()]
    });
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
    settings.sign_out(&account.account_id);
    let path = reach.home.settings_file();
    settings.save(&reach.home).with_context(|| format!("{} could not be written", path.display()))?;
    if settings.accounts.is_empty() {
        // Whoever has no account goes back into no session.
        let secrets = std::sync::Arc::clone(&reach.secrets);
        tokio::task::spawn_blocking(move || forget_session(&*secrets)).await??;
    }
    Ok(out::line(&Problem::new("signed_out").with("name", account.name).text())?)
}
