//! Measures the simulator on Linux: requests a second of one core, memory of 1,000 accounts. `--json` prints figures.
//!
//! The server has a thread of its own, whose processor time is what counts: the clients are on the other cores.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;
use tokio::net::TcpListener;
use tutti_sim::profile::Profile;
use tutti_sim::sim::{Sim, SimConfig};
use tutti_sim::web_api;

const ACCOUNTS: usize = 1000;
const CLIENTS: usize = 16;
const FOR: Duration = Duration::from_secs(5);
/// What one core must serve at least: a thousand members who look five times a second.
const LEAST_A_SECOND: u32 = 5_000;
/// What the accounts and the log of what they asked may take at most.
const MOST_MIB: u32 = 100;

fn main() -> anyhow::Result<()> {
    let before_mib = resident_mib()?;
    let (sim, cpu_of) = serve()?;
    let address: SocketAddr = sim.base_url().trim_start_matches("http://").parse()?;
    let names: Vec<String> = sim.users().map(|(user, _)| user.to_owned()).collect();
    for name in &names {
        sim.hand(name, tutti_sim::player::Hand::resume())?;
    }
    let (cpu_before, started) = (cpu_s(&cpu_of)?, Instant::now());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let names: Vec<String> = names.iter().skip(client).step_by(CLIENTS).cloned().collect();
            std::thread::spawn(move || ask(address, &names, started + FOR))
        })
        .collect();
    let mut requests = 0;
    for client in clients {
        requests += client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    let (took_s, cpu_s) = (started.elapsed().as_secs_f64(), cpu_s(&cpu_of)? - cpu_before);
    if std::env::args().any(|argument| argument == "--json") {
        let (served, mib) = ((requests as f64 / cpu_s).round(), (resident_mib()? - before_mib).round());
        let figures = json!([
            { "name": "requests of one core", "value": served, "unit": "/s", "goal": LEAST_A_SECOND, "at_least": true },
            { "name": "1,000 accounts and the log", "value": mib, "unit": "MiB", "goal": MOST_MIB },
        ]);
        println!("{figures}");
        return Ok(());
    }
    println!(
        "{requests} requests in {took_s:.1} s: {:.0} a second, {:.0} a second of the server's core; \
         {} accounts and the log of these requests: {:.1} MiB more than before",
        requests as f64 / took_s,
        requests as f64 / cpu_s,
        names.len(),
        resident_mib()? - before_mib,
    );
    Ok(())
}

/// The server on a thread of its own, and the file that tells its processor time.
fn serve() -> anyhow::Result<(Arc<Sim>, String)> {
    let (ready, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let config = SimConfig { accounts: ACCOUNTS, profile: Profile::Ideal, ..SimConfig::default() };
            let sim = web_api::prepare(&listener, config)?;
            let here = std::fs::read_link("/proc/thread-self")?;
            ready.send((sim.clone(), format!("/proc/{}/schedstat", here.display())))?;
            web_api::serve(listener, sim, std::future::pending()).await
        })
    });
    started.recv().context("the server did not start")
}

/// Asks for one player after the other on one connection; says how often.
fn ask(address: SocketAddr, names: &[String], until: Instant) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (mut asked, mut answer) = (0, vec![0; 64 * 1024]);
    for name in names.iter().cycle() {
        if Instant::now() >= until {
            break;
        }
        let request = format!("GET /v1/me/player HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer sim:{name}\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut length = 0;
        while !is_whole(&answer[..length])? {
            let read = stream.read(&mut answer[length..])?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            length += read;
        }
        asked += 1;
    }
    Ok(asked)
}

fn is_whole(answer: &[u8]) -> anyhow::Result<bool> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(false) };
    if !head.starts_with("HTTP/1.1 200") {
        bail!("{head}");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Ok(body.len() >= length.context("an answer without a length")?.parse::<usize>()?)
}

fn cpu_s(schedstat: &str) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(schedstat)?;
    let ns: f64 = text.split(' ').next().context("no processor time")?.parse()?;
    Ok(ns / 1e9)
}

fn resident_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}
