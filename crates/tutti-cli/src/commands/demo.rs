//! `tutti demo`

use std::sync::Arc;
use std::time::Duration;

use tutti_app::demo::{HeadlessOptions, headless};
use tutti_app::shell::NoWindow;
use tutti_app::texts::t;
use tutti_app::{DemoOptions, Options, Program};

use super::web;
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
        return web::serve(options, flags.port, !flags.no_browser, "cli.demo.open").await;
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
