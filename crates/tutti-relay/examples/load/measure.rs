//! The runs: who is measured in which order, and what each bore.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::figures::{All, Borne, of_crowd, of_rooms};
use crate::rival;
use crate::server::{Server, raise_files};
use crate::swarm::{Hub, Pace, Swarm};

const CONNECTIONS: usize = 8_000;
const ROOM: usize = 8;
/// Deliveries a second: what 1,000 lively rooms of 8 make.
const RATE: f64 = 8_000.0;
const CROWD: usize = 1_000;
/// Clients come back within a random part of this, as the hub tells them.
const JITTER: Duration = Duration::from_secs(2);
/// All in turn, so often: the middle one counts.
const TURNS: usize = 3;
const SECONDS: f64 = 5.0;

struct Programs {
    relay: PathBuf,
    own: PathBuf,
    /// Node and its server, if they are here.
    ws: Option<(PathBuf, String)>,
}

pub fn all(args: &[String]) -> Result<()> {
    let files = raise_files()?;
    ensure!(
        files > CONNECTIONS as u64 + 100,
        "a process may hold {files} files here: too few for {CONNECTIONS} clients"
    );
    let own = std::env::current_exe()?;
    let beside = own.parent().and_then(Path::parent).context("no folder")?.join("tutti-relay");
    let (ws, without) = match rival::ws() {
        Ok(ws) => (Some(ws), None),
        Err(why) => (None, Some(why)),
    };
    let programs = Programs { relay: beside, own, ws };
    let only = args.iter().find(|arg| !arg.starts_with("--")).map(String::as_str);
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let turns = if only.is_some() { 1 } else { TURNS };
    let mut all = All { ws: programs.ws.is_some().then(Borne::default), ..All::default() };
    for turn in 0..turns {
        let hubs = [(Hub::Bare, Some(&mut all.bare)), (Hub::Relay, Some(&mut all.relay)), (Hub::Ws, all.ws.as_mut())];
        for (hub, borne) in hubs {
            let Some(borne) = borne else { continue };
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
        figures.extend(of_rooms(&all));
    }
    if wanted("crowd") {
        figures.extend(of_crowd(&all));
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
    match without {
        None => println!("Node's ws does the same as that (examples/rivals/ws.mjs), without compression."),
        Some(why) => println!("Node's ws was not measured beside it: {why:#}."),
    }
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
        Hub::Ws => {
            let (node, script) = programs.ws.as_ref().context("Node's ws is not here")?;
            Server::start(node, std::slice::from_ref(script))
        }
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
