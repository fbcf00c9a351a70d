//! `tutti-sim`: a Spotify that runs here.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use serde_json::json;
use tokio::net::TcpListener;
use tutti_sim::profile::{Profile, Ration};
use tutti_sim::sim::{Sim, SimConfig};
use tutti_sim::web_api;

/// A Spotify that runs here, with invented accounts and music.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the Web API, sign-in, and a page with a phone for each account under /_sim/.
    Serve {
        /// A loopback address; port 0 takes any free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        #[arg(long, default_value_t = 4)]
        accounts: usize,
        /// ideal, lan, broadband, mobile or hostile.
        #[arg(long, default_value_t = Profile::Broadband)]
        profile: Profile,
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// An account without Premium; may be repeated.
        #[arg(long, value_name = "NAME")]
        free: Vec<String>,
        /// Six devices an account: also a TV that ignores seeks, a restricted radio, a Jam, a player without id.
        #[arg(long)]
        many_devices: bool,
        /// Refresh tokens that are good once, as until the middle of 2026.
        #[arg(long)]
        rotating: bool,
        /// Requests of a client id in 30 s before 429; 0 is no limit. Default: as the profile has it.
        #[arg(long, value_name = "N")]
        rate_limit: Option<u32>,
        /// Requests under a developer in 24 h before QUOTA_EXCEEDED; 0 is no limit. Default: as the profile has it.
        #[arg(long, value_name = "N")]
        quota: Option<u32>,
    },
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let Command::Serve { listen, accounts, profile, seed, free, many_devices, rotating, rate_limit, quota } =
        Cli::parse().command;
    let usual = profile.trouble().ration;
    let limit = |asked: Option<u32>, usual: Option<u32>| asked.map_or(usual, |limit| (limit > 0).then_some(limit));
    let ration = Ration { in_30_s: limit(rate_limit, usual.in_30_s), in_24_h: limit(quota, usual.in_24_h) };
    let config =
        SimConfig { accounts, free, profile, seed, origin: None, many_devices, rotating, ration: Some(ration) };
    match run(listen, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutti-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(listen: SocketAddr, config: SimConfig) -> anyhow::Result<()> {
    if !listen.ip().is_loopback() {
        bail!(
            "{listen} can be reached from other machines; the simulator listens on loopback \
             addresses only, such as 127.0.0.1:0"
        );
    }
    let bound = TcpListener::bind(listen).await;
    let listener = bound
        .with_context(|| format!("cannot listen on {listen}; is another program there? Port 0 takes any free one"))?;
    let sim = web_api::prepare(&listener, config)?;
    let stop = stop_signal()?;
    println!("{}", ready_line(&sim));
    web_api::serve(listener, sim, stop).await
}

fn ready_line(sim: &Sim) -> String {
    let accounts = sim.users().map(|(user, product)| json!({ "user": user, "product": product.name() }));
    json!({ "base_url": sim.base_url(), "accounts": accounts.collect::<Vec<_>>() }).to_string()
}

/// Ctrl-C or SIGTERM.
#[cfg(unix)]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let words = "signals cannot be received";
    let mut interrupt = signal(SignalKind::interrupt()).context(words)?;
    let mut terminate = signal(SignalKind::terminate()).context(words)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
