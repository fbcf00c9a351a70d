//! Measures a room on the network: `cargo run --release -p tutti-app --example rooms`. Prints figures as JSON.
//!
//! A relay and five members are processes of their own on loopback; the simulator with its truth is in this one. At the same
//! time the same script is run with all members in this process, and a shorter one over links that delay by up to 30 ms each
//! way.

use std::io::{BufRead, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tutti_app::demo::apart::evening::{self, Programs};
use tutti_app::demo::apart::wire::Wire;
use tutti_app::demo::apart::{self, Apart, Line, Part};
use tutti_app::demo::headless::{self, HeadlessOptions};
use tutti_app::invite::HubAddress;
use tutti_core::event::{Author, Event};
use tutti_relay::listen::Plain;
use tutti_sim::report::{Logged, Report, Trace, report};

/// As docs/sync.md measures over HTTP in one process.
const MEMBERS: usize = 5;
/// Some twenty actions.
const SECONDS: u32 = 200;
/// What is sent later answers something else.
const ANSWERS_WITHIN_US: i64 = 5_000_000;
/// With faults, of real programs.
const EVENING_SECONDS: u32 = 600;
/// The clocks' exchanges are 5 s apart.
const JITTER_SECONDS: u32 = 60;
/// Each way, up to so much.
const JITTER: Duration = Duration::from_millis(30);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("member") => member().await,
        Some("relay") => relay().await,
        Some("evening") => evening().await,
        _ => measure().await,
    }
}

/// `evening TUTTI TUTTI-RELAY`: ten minutes of the real programs, with faults; prints what it came to as JSON.
async fn evening() -> anyhow::Result<()> {
    let mut programs = std::env::args().skip(2);
    let (tutti, relay) = programs.next().zip(programs.next()).context("evening TUTTI TUTTI-RELAY")?;
    let folder = tempfile::tempdir()?;
    let programs = Programs {
        tutti: tutti.into(),
        relay: Box::new(move |port| {
            let mut command = Command::new(&relay);
            command.args(["--listen", &format!("127.0.0.1:{port}")]);
            command
        }),
        // Nobody's own keychain is touched: logins go where the system keeps them without a Secret Service.
        env: vec![("DBUS_SESSION_BUS_ADDRESS".into(), "unix:path=/nonexistent".into())],
        folder: folder.path().to_owned(),
    };
    let options = HeadlessOptions { members: MEMBERS, seconds: EVENING_SECONDS, profile: "broadband".into(), seed: 7 };
    let seen = evening::evening(&options, programs, evening::LONG).await?;
    println!("{}", serde_json::to_string(&seen)?);
    Ok(())
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
    let jitter = HeadlessOptions { seconds: JITTER_SECONDS, ..options.clone() };
    let over = Wire::delaying(relay, JITTER).await?;
    let (near, far) = (hub(relay), hub(over.port));
    let (apart, together, jittery) = tokio::try_join!(
        apart::run(&options, &near, || itself("member")),
        headless::run(&options),
        apart::run(&jitter, &far, || itself("member")),
    )?;
    let seen = report(&apart.trace);
    let mut figures = compared(&seen, &report(&together));
    figures.extend(stages(&apart.trace, &together));
    figures.push(figure("actions followed", seen.actions.followed as f64, "", None));
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

/// Where the time goes until everybody follows, both ways of meeting beside each other.
fn stages(apart: &Trace, together: &Trace) -> Vec<Value> {
    let found = |trace: &Trace| report(trace).detection_s.p50.unwrap_or_default();
    let mut figures = vec![figure("hand → named, p50", found(apart), "s", None)];
    figures[0]["beside"] = json!({ "one process": found(together) });
    let (apart, together) = (answered_us(apart), answered_us(together));
    for (name, share) in [("named → a follower's command, p50", 0.5), ("named → a follower's command, p95", 0.95)] {
        let mut figure = figure(name, at(&apart, share) / 1e3, "s", None);
        figure["beside"] = json!({ "one process": at(&together, share) / 1e3 });
        figures.push(figure);
    }
    figures
}

/// From an engine naming a hand's act until each other one that has to do something sends its first command, µs.
fn answered_us(trace: &Trace) -> Vec<i64> {
    let named = |logged: &&Logged| matches!(logged.event, Event::Named { author: Author::User, .. });
    let mut took = Vec::new();
    for act in trace.events.iter().filter(named) {
        for member in (0..trace.members.len()).filter(|member| *member != act.member) {
            let sends = |logged: &&Logged| logged.member == member && matches!(logged.event, Event::Commanded { .. });
            let after = |logged: &&Logged| (0..ANSWERS_WITHIN_US).contains(&(logged.at_us - act.at_us));
            took.extend(trace.events.iter().filter(after).find(sends).map(|logged| logged.at_us - act.at_us));
        }
    }
    took
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
