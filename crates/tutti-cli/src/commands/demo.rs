//! `tutti demo`

use std::sync::Arc;
use std::time::Duration;

use tutti_app::demo::{HeadlessOptions, headless};
use tutti_app::shell::{NoWindow, Shell};
use tutti_app::texts::t;
use tutti_app::web_host::WebHost;
use tutti_app::{DemoOptions, Options, Program};

use crate::flags::Demo;
use crate::watch::{Style, watch};

/// Eight actions and a natural transition fit into it.
const SCRIPT_S: u32 = 90;

pub async fn run(flags: Demo) -> anyhow::Result<()> {
    if flags.headless {
        return without_window(flags).await;
    }
    let friends = !flags.web;
    let demo = DemoOptions {
        members: flags.members,
        profile: flags.profile.clone(),
        seed: flags.seed,
        friends,
        ..DemoOptions::from_env()
    };
    let options = Options { demo: Some(demo), ..Options::from_env(true)? };
    if flags.web {
        return in_browser(flags, options).await;
    }
    let program = Program::start(options, Arc::new(NoWindow { browser: false })).await?;
    let length = flags.seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let outcome = watch(&program, Style::new(flags.json), length).await;
    program.stop().await;
    outcome
}

async fn without_window(flags: Demo) -> anyhow::Result<()> {
    let seconds = flags.seconds.unwrap_or(SCRIPT_S);
    let options = HeadlessOptions { members: flags.members, seconds, profile: flags.profile, seed: flags.seed };
    if !flags.json {
        eprintln!("{}", t("cli.demo.running", &[("seconds", &seconds.to_string())]));
    }
    let report = tokio::select! {
        report = headless(&options) => report?,
        _ = tokio::signal::ctrl_c() => return Ok(()),
    };
    let value = serde_json::to_value(&report)?;
    if flags.json {
        crate::out::line(&serde_json::to_string(&report)?)?;
    } else {
        crate::out::print(&crate::lines::report(&value))?;
    }
    Ok(())
}

async fn in_browser(flags: Demo, options: Options) -> anyhow::Result<()> {
    let host = WebHost::bind(flags.port).await?;
    let address = host.address();
    let shell = NoWindow { browser: !flags.no_browser };
    let program = Program::start(options, Arc::new(shell)).await?;
    eprintln!("{}", t("cli.demo.open", &[]));
    crate::out::line(&address)?;
    if shell.open_address(&address).is_err() {
        tracing::warn!("the browser could not be opened");
    }
    let stop = async {
        // An error means that the signal cannot be waited for: then the host ends at once, and says nothing wrong.
        let _ = tokio::signal::ctrl_c().await;
    };
    let outcome = host.run(program.clone(), stop).await;
    program.stop().await;
    outcome
}
