//! `tutti-relay`: rooms for whoever knows their secret, on a server of your own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::net::{TcpListener, TcpSocket};
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
    #[cfg(target_os = "linux")]
    raise_files();
    let mut config = Config {
        rooms: flags.rooms,
        connections: flags.connections,
        connections_address: flags.connections_address,
        ..Config::default()
    };
    config.limits.members = flags.members;
    config.limits.messages_s = flags.messages;
    config.limits.together = Span::from_millis(flags.together_ms.into());
    let listener = listen(flags.listen).with_context(|| format!("{} cannot be listened on", flags.listen))?;
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

/// Each connection is a file: as many as the system allows, not as many as it gives unasked.
#[cfg(target_os = "linux")]
fn raise_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the number of open files stays as it was given");
    }
}

/// Whoever connects waits here while others are let in: after a restart all come at once.
const WAITING: u32 = 4_096;

fn listen(at: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // After a restart the same port is taken again, whatever is left of connections before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(WAITING)
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
