//! `tutti host`

use std::sync::Arc;

use serde_json::json;
use tutti_app::Program;
use tutti_app::api::{Action, Network};
use tutti_app::demo::apart::Line;
use tutti_app::shell::NoWindow;
use tutti_app::texts::t;

use crate::flags::Host;
use crate::out;
use crate::watch::{Style, watch_room};

pub async fn run(flags: Host) -> anyhow::Result<()> {
    let (mut options, settings) = super::open()?;
    options.chosen = super::chosen(&settings, &flags.accounts)?;
    options.tap = flags.measured.then(super::tap);
    let program = Program::start(options, Arc::new(NoWindow { browser: false })).await?;
    program.dispatch(Action::HostSession { relay: flags.relay, listen: flags.listen });
    let (json, own) = (flags.json, flags.own_device);
    let outcome = if flags.measured {
        watch_room(&program, Style::Silent, |network| super::say(&Line::Invite { link: network.own_device.clone() }))
            .await
    } else {
        watch_room(&program, Style::new(json), |network| invite(network, json, own)).await
    };
    program.stop().await;
    outcome
}

/// What others need to come, before anything else.
fn invite(network: &Network, as_json: bool, own: bool) -> std::io::Result<()> {
    let link = if own { &network.own_device } else { &network.invite };
    if as_json {
        return out::line(&json!({ "invite": link, "page": network.page }).to_string());
    }
    eprintln!("{}", t(if own { "cli.host.own" } else { "cli.host.invite" }, &[]));
    out::line(link)?;
    match network.page.as_ref().filter(|_| !own) {
        Some(page) => out::line(page),
        None => Ok(()),
    }
}
