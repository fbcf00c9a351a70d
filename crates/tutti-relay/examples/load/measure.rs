//! The runs: who is measured in which order, and the figures that come of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::server::{Server, raise_files};
use crate::swarm::{Hub, Pace, Swarm};

const CONNECTIONS: usize = 8_000;
const ROOM: usize = 8;
/// Deliveries a second: what 1,000 lively rooms of 8 make.
const RATE: f64 = 8_000.0;
const CROWD: usize = 1_000;
/// Clients come back within a random part of this, as the hub tells them.
const JITTER: Duration = Duration::from_secs(2);
/// Both in turn, so often: the middle one counts.
const TURNS: usize = 3;
const SECONDS: f64 = 5.0;

/// What one server bore.
#[derive(Default)]
struct Borne {
    bytes: Vec<f64>,
    p50: Vec<f64>,
    p95: Vec<f64>,
    a_cpu_second: Vec<f64>,
    a_second: Vec<f64>,
    crowd_p50: Vec<f64>,
    crowd_p95: Vec<f64>,
}

struct Programs {
    relay: PathBuf,
    own: PathBuf,
}

pub fn all(args: &[String]) -> Result<()> {
    let files = raise_files()?;
    ensure!(
        files > CONNECTIONS as u64 + 100,
        "a process may hold {files} files here: too few for {CONNECTIONS} clients"
    );
    let own = std::env::current_exe()?;
    let beside = own.parent().and_then(Path::parent).context("no folder")?.join("tutti-relay");
    let programs = Programs { relay: beside, own };
    let only = args.iter().find(|arg| !arg.starts_with("--")).map(String::as_str);
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let turns = if only.is_some() { 1 } else { TURNS };
    let (mut relay, mut bare) = (Borne::default(), Borne::default());
    for turn in 0..turns {
        for (hub, borne) in [(Hub::Bare, &mut bare), (Hub::Relay, &mut relay)] {
            if wanted("rooms") {
                rooms(&programs, hub, borne).with_context(|| format!("{hub:?}, turn {turn}"))?;
            }
            if wanted("crowd") {
                crowd(&programs, hub, borne).with_context(|| format!("{hub:?}, a crowd"))?;
            }
        }
    }
    let mut figures = Vec::new();
    if wanted("rooms") {
        figures.extend(of_rooms(&relay, &bare));
    }
    if wanted("crowd") {
        figures.extend(of_crowd(&relay, &bare));
    }
    if wanted("together") {
        figures.extend(together(&programs).context("told together")?);
    }
    if wanted("restart") {
        figures.extend(restart(&programs).context("a restart")?);
    }
    println!(
        "Clients, hubs and whatever else runs here share the processors. The relay's limits were raised by flags:"
    );
    println!("{}", relay_flags("127.0.0.1:0", 0).join(" "));
    println!(
        "Beside it: the same frames through epoll alone, without rooms' state, limits or JSON (examples/load/bare.rs)."
    );
    println!("{}", Value::Array(figures));
    Ok(())
}

fn relay_flags(listen: &str, together_ms: u32) -> Vec<String> {
    let flags = format!(
        "--listen {listen} --connections-address 20000 --members {CROWD} --messages 100000 --together-ms {together_ms}"
    );
    flags.split(' ').map(str::to_owned).collect()
}

fn start(programs: &Programs, hub: Hub, together_ms: u32) -> Result<Server> {
    match hub {
        Hub::Relay => Server::start(&programs.relay, &relay_flags("127.0.0.1:0", together_ms)),
        Hub::Bare => Server::start(&programs.own, &["bare".to_owned()]),
    }
}

/// Rooms of eight: memory, latency at a steady rate, and all that it bears.
fn rooms(programs: &Programs, hub: Hub, borne: &mut Borne) -> Result<()> {
    let server = start(programs, hub, 0)?;
    let empty = server.resident()?;
    let mut swarm = Swarm::new(hub, server.address, CONNECTIONS, ROOM)?;
    swarm.join()?;
    swarm.beat()?;
    let mut steady = swarm.run(SECONDS, Pace::Every(RATE / ROOM as f64))?;
    // Everybody has said something by now: after that, memory is that of a room in use.
    borne.bytes.push((server.resident()? - empty) / CONNECTIONS as f64);
    ensure!(steady.frames > 0, "nothing was delivered");
    borne.p50.push(steady.latency(0.5));
    borne.p95.push(steady.latency(0.95));
    let before = server.cpu()?;
    let all = swarm.run(SECONDS, Pace::Saturated(1))?;
    // The first second is not seen, and bears as much.
    let cpu = (server.cpu()? - before) * SECONDS / (SECONDS + 1.0);
    borne.a_cpu_second.push(all.frames as f64 / cpu);
    borne.a_second.push(all.frames as f64 / all.seconds);
    ensure!(swarm.ready() == CONNECTIONS && swarm.hub() == hub, "somebody was lost");
    server.kill()
}

/// One room of a thousand.
fn crowd(programs: &Programs, hub: Hub, borne: &mut Borne) -> Result<()> {
    let server = start(programs, hub, 0)?;
    let mut swarm = Swarm::new(hub, server.address, CROWD, CROWD)?;
    swarm.join()?;
    let mut steady = swarm.run(SECONDS, Pace::Every(RATE / CROWD as f64))?;
    ensure!(steady.frames as f64 > RATE * SECONDS * 0.9, "{} frames", steady.frames);
    borne.crowd_p50.push(steady.latency(0.5));
    borne.crowd_p95.push(steady.latency(0.95));
    server.kill()
}

/// Changes of 100 ms told together: updates that reached somebody.
fn together(programs: &Programs) -> Result<Vec<Value>> {
    let server = start(programs, Hub::Relay, 100)?;
    let mut swarm = Swarm::new(Hub::Relay, server.address, CONNECTIONS, ROOM)?;
    swarm.join()?;
    let before = server.cpu()?;
    let all = swarm.run(SECONDS, Pace::Saturated(ROOM))?;
    let cpu = (server.cpu()? - before) * SECONDS / (SECONDS + 1.0);
    let figure = |name: &str, value: f64| {
        json!({ "name": format!("told together every 100 ms: {name}"), "value": value.round(), "unit": "/s",
                "noisy": true, "at_least": true })
    };
    server.kill()?;
    Ok(vec![
        figure("updates conveyed a server-cpu-second", all.updates as f64 / cpu),
        figure("frames a server-cpu-second", all.frames as f64 / cpu),
    ])
}

/// The relay is killed and started again at once.
fn restart(programs: &Programs) -> Result<Vec<Value>> {
    let server = start(programs, Hub::Relay, 100)?;
    let address = server.address;
    let mut swarm = Swarm::new(Hub::Relay, address, CONNECTIONS, ROOM)?;
    swarm.join()?;
    server.kill()?;
    let server = Server::start(&programs.relay, &relay_flags(&address.to_string(), 100))?;
    let (took, back) = swarm.come_back(server.address, JITTER, 0x9e37_79b9_7f4a_7c15)?;
    // They are all well, and hear of each other.
    swarm.beat()?;
    let steady = swarm.run(1.0, Pace::Every(RATE / ROOM as f64))?;
    ensure!(steady.updates > 0, "nobody hears anything");
    server.kill()?;
    let took = (took.as_secs_f64() * 100.0).round() / 100.0;
    Ok(vec![
        json!({ "name": "8,000 are back after a restart", "value": took, "unit": "s", "goal": 5, "noisy": true }),
        json!({ "name": "lost by a restart", "value": CONNECTIONS - back, "unit": "", "goal": 0 }),
    ])
}

fn of_rooms(relay: &Borne, bare: &Borne) -> Vec<Value> {
    let latency = |name: &str, value, goal: Value, beside| {
        json!({ "name": format!("8,000 deliveries a second: {name}"), "value": value, "unit": "ms", "goal": goal,
                "noisy": true, "beside": { "bare epoll": beside } })
    };
    vec![
        json!({ "name": "memory of a connection, rooms of 8", "value": (middle(&relay.bytes)).round(), "unit": "bytes",
                "goal": 8192, "beside": { "bare epoll": middle(&bare.bytes).round() } }),
        latency("latency p50", millis(&relay.p50), Value::Null, millis(&bare.p50)),
        latency("latency p95", millis(&relay.p95), Value::Null, millis(&bare.p95)),
        json!({ "name": "8,000 deliveries a second: latency p95 over bare epoll's", "unit": "", "goal": 1.5, "noisy": true,
                "value": (ratios(&relay.p95, &bare.p95) * 100.0).round() / 100.0 }),
        json!({ "name": "saturated: deliveries a server-cpu-second", "value": middle(&relay.a_cpu_second).round(), "unit": "/s",
                "goal": 120_000, "at_least": true, "noisy": true,
                "beside": { "bare epoll": middle(&bare.a_cpu_second).round() } }),
        json!({ "name": "saturated: deliveries a second, clients on the same processors",
                "value": middle(&relay.a_second).round(), "unit": "/s", "at_least": true, "noisy": true,
                "beside": { "bare epoll": middle(&bare.a_second).round() } }),
    ]
}

fn of_crowd(relay: &Borne, bare: &Borne) -> Vec<Value> {
    let latency = |name: &str, value, beside| {
        json!({ "name": format!("a room of 1,000, 8,000 deliveries a second: {name}"), "value": value, "unit": "ms",
                "noisy": true, "beside": { "bare epoll": beside } })
    };
    vec![
        latency("latency p50", millis(&relay.crowd_p50), millis(&bare.crowd_p50)),
        latency("latency p95", millis(&relay.crowd_p95), millis(&bare.crowd_p95)),
    ]
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn millis(values: &[f64]) -> f64 {
    (middle(values) * 1_000.0).round() / 1_000.0
}

/// The middle of what each turn's were.
fn ratios(ours: &[f64], theirs: &[f64]) -> f64 {
    middle(&ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
}
