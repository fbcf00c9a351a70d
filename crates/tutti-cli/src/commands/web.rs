//! `tutti web`, and what of `tutti demo` is in a browser.

use std::sync::Arc;

use tutti_app::shell::{NoWindow, Shell};
use tutti_app::texts::t;
use tutti_app::web_host::WebHost;
use tutti_app::{Options, Program};

use crate::flags::Web;

pub async fn run(flags: Web) -> anyhow::Result<()> {
    serve(Options::from_env(false)?, flags.port, !flags.no_browser, "cli.web.open").await
}

/// Serves the window until Ctrl-C, and says `words` (a key) and its address first.
pub async fn serve(options: Options, port: u16, browser: bool, words: &str) -> anyhow::Result<()> {
    let host = WebHost::bind(port).await?;
    let address = host.address();
    let shell = NoWindow { browser };
    let program = Program::start(options, Arc::new(shell)).await?;
    eprintln!("{}", t(words, &[]));
    crate::out::line(&address)?;
    if browser && shell.open_address(&host.address_once()).is_err() {
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
