//! `tutti login`

use std::sync::Arc;

use anyhow::Context;
use tutti_app::accounts::{Accounts, remember};
use tutti_app::problem::Problem;
use tutti_app::settings::Settings;
use tutti_app::shell::{NoWindow, Shell};
use tutti_app::sign_in::{self, Pending};
use tutti_app::texts::t;

use crate::flags::Login;

pub async fn run(flags: Login) -> anyhow::Result<()> {
    let (options, settings) = super::open()?;
    let reach = Accounts::new(options.home, options.endpoints, options.secrets);
    reach.rations.same_developer(&settings.same_developer);
    reach.rations.thrifty(settings.thrifty);
    let client_id = flags.client_id.or_else(|| settings.client_id.clone()).ok_or(Problem::new("no_client_id"))?;
    sign_in::check_client_id(&client_id, &reach.endpoints)?;
    // Before anybody goes to the browser in vain.
    sign_in::probe(Arc::clone(&reach.secrets)).await?;
    let pending = Pending::begin(&reach.endpoints, &client_id, None).await?;
    show(pending.address(), flags.no_browser)?;
    let ration = reach.rations.of(client_id.trim());
    let finished = tokio::select! {
        finished = pending.finish(&ration, sign_in::DEADLINE, |told| eprintln!("{}", told.text())) => finished,
        _ = tokio::signal::ctrl_c() => return Err(Problem::new("sign_in_cancelled").into()),
    };
    reach.rations.save();
    let signed_in = finished?;
    let kept_shortly = signed_in.keep(Arc::clone(&reach.secrets)).await?;
    // As they are by now: another program may have signed somebody in while the browser was waited for.
    let mut settings = Settings::load(&reach.home).settings;
    let told = remember(&mut settings, &signed_in, flags.name.as_deref());
    let path = reach.home.settings_file();
    settings.save(&reach.home).with_context(|| format!("{} could not be written", path.display()))?;
    if let Some(short) = kept_shortly {
        eprintln!("{}", short.text());
    }
    if told.code() == "same_account_twice" {
        return Err(told.into());
    }
    Ok(crate::out::line(&told.text())?)
}

fn show(address: &str, no_browser: bool) -> std::io::Result<()> {
    if no_browser {
        eprintln!("{}", t("cli.login.open", &[]));
        return crate::out::line(address);
    }
    eprintln!("{}", t("sign_in.waiting", &[]));
    let opened = NoWindow { browser: true }.open_address(address);
    if opened.is_err() {
        eprintln!("{}", t("cli.login.no_browser", &[]));
    }
    eprintln!("{address}");
    Ok(())
}
