//! Measures a room on the network: `cargo run --release -p tutti-app --example rooms`. Prints figures as JSON.
//!
//! A relay and five members are processes of their own on loopback; the simulator with its truth is in this one. The same
//! script is then run with all members in this process, and once more over links that delay by up to 30 ms each way.

use std::io::{BufRead, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tutti_app::demo::apart::{self, Apart, Line, Part};
use tutti_app::demo::headless::{self, HeadlessOptions};
use tutti_app::invite::HubAddress;
use tutti_relay::listen::Plain;
use tutti_sim::report::{Report, report};

/// As docs/sync.md measures over HTTP in one process.
const MEMBERS: usize = 5;
const SECONDS: u32 = 90;
/// The clocks' exchanges are 5 s apart.
const JITTER_SECONDS: u32 = 60;
/// Each way, equally often more and less.
const JITTER_MS: f64 = 30.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("member") => member().await,
        Some("relay") => relay().await,
        _ => measure().await,
    }
}

async fn measure() -> anyhow::Result<()> {
    let (mut relay, port) = start_relay()?;
    let measured = figures(port).await;
    relay.kill()?;
    relay.wait()?;
    println!("{}", Value::Array(measured?));
    Ok(())
}

async fn figures(relay: u16) -> anyhow::Result<Vec<Value>> {
    let options = HeadlessOptions { members: MEMBERS, seconds: SECONDS, profile: "broadband".into(), seed: 7 };
    let apart = apart::run(&options, &hub(relay), || itself("member")).await?;
    let together = report(&headless::run(&options).await?);
    let jitter = HeadlessOptions { seconds: JITTER_SECONDS, ..options };
    let jittery = apart::run(&jitter, &hub(jittered(relay).await?), || itself("member")).await?;
    let seen = report(&apart.trace);
    let mut figures = compared(&seen, &together);
    figures.push(figure("actions missed", seen.actions.missed as f64, "", Some(0.0)));
    figures.push(figure("false takeovers and moves", (seen.takeovers.wrong + seen.false_moves) as f64, "", Some(0.0)));
    figures.extend(heard("named → heard by the others", &apart, Some(30.0)));
    figures.push(figure("clock off by, p95", at(&apart.clock_off_us, 0.95), "ms", Some(5.0)));
    figures.push(figure("clock off by, most", at(&apart.clock_off_us, 1.0), "ms", None));
    figures.extend(heard("named → heard, 0 to 30 ms each way", &jittery, None));
    figures.push(figure("clock off by, 0 to 30 ms each way, p95", at(&jittery.clock_off_us, 0.95), "ms", Some(5.0)));
    figures.push(figure("clock off by, 0 to 30 ms each way, most", at(&jittery.clock_off_us, 1.0), "ms", None));
    Ok(figures)
}

/// The engine's figures, and beside them those of one process.
fn compared(apart: &Report, together: &Report) -> Vec<Value> {
    let of = |report: &Report| {
        let (spread, times) = (report.spread_ms, report.propagation_s);
        [spread.p50, spread.p95, times.p50, times.p95].map(Option::unwrap_or_default)
    };
    let named = [
        ("spread, p50", "ms", 50.0),
        ("spread, p95", "ms", 140.0),
        ("everybody follows, p50", "s", 2.3),
        ("everybody follows, p95", "s", 3.9),
    ];
    let pairs = of(apart).into_iter().zip(of(together));
    let described = |((name, unit, goal), (apart, together))| {
        let mut figure = figure(name, apart, unit, Some(goal));
        figure["beside"] = json!({ "one process": together });
        figure
    };
    named.into_iter().zip(pairs).map(described).collect()
}

fn heard(name: &str, apart: &Apart, goal: Option<f64>) -> Vec<Value> {
    let of = |share| at(&apart.heard_us, share);
    vec![
        figure(&format!("{name}, p50"), of(0.5), "ms", None),
        figure(&format!("{name}, p95"), of(0.95), "ms", goal),
        figure(&format!("{name}, never"), apart.unheard as f64, "", Some(0.0)),
    ]
}

/// Real time: the same code gives other digits another day.
fn figure(name: &str, value: f64, unit: &str, goal: Option<f64>) -> Value {
    json!({ "name": name, "value": value, "unit": unit, "goal": goal, "noisy": true })
}

/// Of µs, in ms.
fn at(values_us: &[i64], share: f64) -> f64 {
    let mut sorted = values_us.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len().saturating_sub(1)) as f64 * share;
    sorted.get(place.round() as usize).map_or(f64::NAN, |&us| us as f64 / 1e3)
}

fn hub(port: u16) -> HubAddress {
    HubAddress::plain([127, 0, 0, 1].into(), port)
}

/// This program in another process.
fn itself(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.arg(part);
    command
}

fn start_relay() -> anyhow::Result<(Child, u16)> {
    let mut child = itself("relay").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    Ok((child, line.trim().parse()?))
}

async fn relay() -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    tutti_relay::serve(Plain(listener), tutti_relay::Config::default(), std::future::pending()).await?;
    Ok(())
}

async fn member() -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let part: Part = serde_json::from_str(&line)?;
    let over = Arc::new(Notify::new());
    let told = Arc::clone(&over);
    std::thread::spawn(move || {
        // Nothing more is said: its end is the word.
        let _ = std::io::stdin().read_line(&mut String::new());
        told.notify_one();
    });
    let say = |line: &Line| {
        let text = serde_json::to_string(line).unwrap_or_default();
        // Whoever does not listen any more needs no line.
        let _ = writeln!(std::io::stdout(), "{text}");
    };
    if let Err(problem) = apart::member(&part, say, over.notified()).await {
        say(&Line::Failed { why: problem.text() });
    }
    Ok(())
}

/// A way to that port on which everything takes up to [`JITTER_MS`], and nothing overtakes.
async fn jittered(port: u16) -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let own = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
            tokio::spawn(delay(from_near, to_far));
            tokio::spawn(delay(from_far, to_near));
        }
    });
    Ok(own)
}

async fn delay(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf) {
    let (send, mut sent) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let deliver = async move {
        while let Some((due, bytes)) = sent.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let take = async move {
        let mut taken = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut taken).await {
            let late = Duration::from_secs_f64(rand::random::<f64>() * JITTER_MS / 1e3);
            if send.send((Instant::now() + late, taken[..length].to_vec())).is_err() {
                return;
            }
        }
    };
    tokio::join!(deliver, take);
}
