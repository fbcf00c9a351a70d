//! `tutti sync`

use std::sync::Arc;

use tutti_app::Program;
use tutti_app::api::Action;
use tutti_app::problem::Problem;
use tutti_app::shell::NoWindow;

use crate::flags::Sync;
use crate::watch::{Style, watch};

pub async fn run(flags: Sync) -> anyhow::Result<()> {
    let (mut options, settings) = super::open()?;
    if settings.accounts.is_empty() {
        return Err(Problem::new("no_accounts").into());
    }
    let mut chosen = Vec::new();
    for wanted in &flags.accounts {
        let account = super::find(&settings, wanted)?;
        if chosen.contains(&account.account_id) {
            return Err(Problem::new("account_named_twice").with("name", account.name.clone()).into());
        }
        chosen.push(account.account_id.clone());
    }
    if !flags.accounts.is_empty() {
        options.chosen = Some(chosen);
    }
    let program = Program::start(options, Arc::new(NoWindow { browser: false })).await?;
    program.dispatch(Action::Host);
    let outcome = watch(&program, Style::new(flags.json), None).await;
    program.stop().await;
    outcome
}
