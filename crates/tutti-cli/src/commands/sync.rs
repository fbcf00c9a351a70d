//! `tutti sync`

use std::sync::Arc;

use tutti_app::Program;
use tutti_app::api::Action;
use tutti_app::shell::NoWindow;

use crate::flags::Sync;
use crate::watch::{Style, watch};

pub async fn run(flags: Sync) -> anyhow::Result<()> {
    let (mut options, settings) = super::open()?;
    options.chosen = super::chosen(&settings, &flags.accounts)?;
    let program = Program::start(options, Arc::new(NoWindow { browser: false })).await?;
    program.dispatch(Action::Host);
    let outcome = watch(&program, Style::new(flags.json), None).await;
    program.stop().await;
    outcome
}
