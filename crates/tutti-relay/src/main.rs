//! `tutti-relay`: rooms for whoever knows their secret, on a server of your own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use tutti_core::time::Span;
use tutti_relay::listen::{Plain, Tls};
use tutti_relay::{Config, serve};

/// The hub of Tutti's rooms, alone: members meet at ws://ADDRESS/room, or wss:// with a certificate.
///
/// It keeps nothing on disk and knows no secret: after a restart its members bring their rooms back. /healthz says
/// whether it is well, /metrics counts for Prometheus. SIGTERM sends members away in order and ends it.
#[derive(Debug, Parser)]
#[command(name = "tutti-relay", version)]
struct Flags {
    /// Where to listen; 0 as port takes a free one, which is printed.
    #[arg(long, default_value = "127.0.0.1:7450", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Certificate chain in PEM: then only TLS is spoken.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Its private key in PEM.
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Members a room.
    #[arg(long, default_value_t = Config::default().limits.members)]
    members: u32,
    /// Rooms in all.
    #[arg(long, default_value_t = Config::default().rooms)]
    rooms: usize,
    /// Connections in all.
    #[arg(long, default_value_t = Config::default().connections)]
    connections: usize,
    /// Connections of one address.
    #[arg(long, default_value_t = Config::default().connections_address)]
    connections_address: usize,
    /// Messages a second of one connection.
    #[arg(long, default_value_t = Config::default().limits.messages_s)]
    messages: u32,
    /// Tell changes of standings together every so many ms; 0: each by itself.
    #[arg(long, default_value_t = 100)]
    together_ms: u32,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let filter = EnvFilter::try_from_env("TUTTI_LOG").unwrap_or_else(|_| EnvFilter::new("tutti_relay=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutti-relay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(flags: Flags) -> anyhow::Result<()> {
    let mut config = Config {
        rooms: flags.rooms,
        connections: flags.connections,
        connections_address: flags.connections_address,
        ..Config::default()
    };
    config.limits.members = flags.members;
    config.limits.messages_s = flags.messages;
    config.limits.together = Span::from_millis(flags.together_ms.into());
    let listener =
        TcpListener::bind(flags.listen).await.with_context(|| format!("{} cannot be listened on", flags.listen))?;
    let local = listener.local_addr()?;
    let stop = stop();
    match (flags.tls_cert, flags.tls_key) {
        (Some(certificate), Some(key)) => {
            let listener = Tls::new(listener, &certificate, &key)?;
            println!("wss://{local}");
            serve(listener, config, stop).await?;
        }
        _ => {
            println!("ws://{local}");
            serve(Plain(listener), config, stop).await?;
        }
    }
    Ok(())
}

/// SIGTERM, or Ctrl-C.
async fn stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // An error means that the signal cannot be waited for: then it is ended like any program.
    if interrupted.await.is_err() {
        std::future::pending::<()>().await;
    }
}
