//! Measures what this client adds to a reading on loopback: `cargo run --release -p tutti-spotify --example overhead`.
//!
//! A server thread notes when a request has arrived and when it begins to write the answer; the client's `asked` and
//! `answered` are compared with that on the same clock. The answer is one of the simulator's. Prints figures as JSON.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::time::Instant;
use tutti_sim::profile::Profile;
use tutti_sim::sim::SimConfig;
use tutti_sim::web_api;
use tutti_spotify::{Client, Endpoints, Http, Secret, Token};

const READINGS: usize = 2_500;
/// Threads fall asleep in between, as between the readings of a room.
const PAUSE: Duration = Duration::from_millis(2);
/// Connection and caches are warm after these.
const WARM_UP: usize = 50;
/// What may be added on either way, 95 of 100 times.
const GOAL_US: f64 = 300.0;
const CONNECTION_READINGS: usize = 100;

/// One reading: µs from `asked` to the request's arrival, and from the answer's writing to `answered`.
struct Overhead {
    up_us: f64,
    down_us: f64,
}

fn main() -> anyhow::Result<()> {
    // As the program's own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut figures = Vec::new();
    let (body, [apart, at_once]) = runtime.block_on(simulated())?;
    figures.push(json!({ "name": "connections of 100 readings", "value": apart, "unit": "", "goal": 1 }));
    // A connection is free a moment after its answer was read: whoever does not leave it that moment gets another.
    figures.push(json!({ "name": "connections of 100 without a pause", "value": at_once, "unit": "" }));
    figures.push(json!({ "name": "answer", "value": body.len(), "unit": "bytes" }));
    let (address, stamps) = serve(body)?;
    let client = client(address)?;
    measure(&runtime, &client, &stamps, WARM_UP)?;
    figures.extend(described("idle", &measure(&runtime, &client, &stamps, READINGS)?));
    let busy = Busy::start();
    figures.extend(described("one core busy", &measure(&runtime, &client, &stamps, READINGS)?));
    drop(busy);
    println!("{}", Value::Array(figures));
    Ok(())
}

fn measure(
    runtime: &tokio::runtime::Runtime,
    client: &Client,
    stamps: &Receiver<(Instant, Instant)>,
    readings: usize,
) -> anyhow::Result<Vec<Overhead>> {
    let mut seen = Vec::with_capacity(readings);
    for _ in 0..readings {
        std::thread::sleep(PAUSE);
        // On a worker thread, as in the program.
        let client = client.clone();
        let reading = runtime.block_on(runtime.spawn(async move { client.player().await }))??;
        black_box(&reading.value);
        let (arrived, writes) = stamps.recv()?;
        seen.push(Overhead { up_us: us(reading.asked, arrived), down_us: us(writes, reading.answered) });
    }
    Ok(seen)
}

fn us(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e6
}

fn described(when: &str, seen: &[Overhead]) -> Vec<Value> {
    let figure = |way: &str, of: fn(&Overhead) -> f64, goal: bool| {
        let mut sorted: Vec<f64> = seen.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| (sorted[((sorted.len() - 1) as f64 * share) as usize] * 10.0).round() / 10.0;
        let goal = if goal { json!(GOAL_US) } else { Value::Null };
        [
            json!({ "name": format!("{way}, {when}, p50"), "value": at(0.5), "unit": "µs" }),
            json!({ "name": format!("{way}, {when}, p95"), "value": at(0.95), "unit": "µs", "goal": goal }),
        ]
    };
    [
        figure("asked → arrived", |reading| reading.up_us, true),
        figure("written → answered", |reading| reading.down_us, true),
        // A reading is true in the middle of its instants if both ways take the same: this is how far that is off.
        figure("middle off by", |reading| ((reading.down_us - reading.up_us) / 2.0).abs(), false),
    ]
    .concat()
}

/// A server on threads of its own, which answers everything with this body and says when.
fn serve(body: Vec<u8>) -> anyhow::Result<(SocketAddr, Receiver<(Instant, Instant)>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (stamped, stamps) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (body, stamped) = (body.clone(), stamped.clone());
            // A connection that ends, ends its thread.
            std::thread::spawn(move || answer(stream, &body, &stamped));
        }
    });
    Ok((address, stamps))
}

fn answer(mut stream: TcpStream, body: &[u8], stamped: &Sender<(Instant, Instant)>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), body].concat();
    let mut request = vec![0; 8 * 1024];
    loop {
        let mut length = 0;
        while !request[..length].ends_with(b"\r\n\r\n") {
            match stream.read(&mut request[length..])? {
                0 => return Ok(()),
                read => length += read,
            }
        }
        let arrived = Instant::now();
        let writes = Instant::now();
        stream.write_all(&answer)?;
        if stamped.send((arrived, writes)).is_err() {
            return Ok(());
        }
    }
}

/// An answer as the simulator gives it, and how many connections a hundred readings took there: with a pause
/// between them, as a room has it, and without.
async fn simulated() -> anyhow::Result<(Vec<u8>, [u64; 2])> {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let config = SimConfig { accounts: 1, profile: Profile::Ideal, ..SimConfig::default() };
    let sim = web_api::prepare(&socket, config)?;
    let address = socket.local_addr()?;
    let serving = tokio::spawn(web_api::serve(socket, sim.clone(), std::future::pending()));
    let (user, _) = sim.users().next().context("no account")?;
    sim.hand(user, tutti_sim::player::Hand::resume())?;
    let body = get(address, "/v1/me/player?additional_types=track,episode", Some("sim:anna")).await?;
    let connections = [connections(address, PAUSE).await?, connections(address, Duration::ZERO).await?];
    serving.abort();
    Ok((body, connections))
}

/// How many connections a hundred readings take.
async fn connections(address: SocketAddr, pause: Duration) -> anyhow::Result<u64> {
    let client = client(address)?;
    let before = total(address).await?;
    for _ in 0..CONNECTION_READINGS {
        client.player().await?;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    // One is the second question for the number itself.
    Ok(total(address).await? - before - 1)
}

async fn total(address: SocketAddr) -> anyhow::Result<u64> {
    let stats: Value = serde_json::from_slice(&get(address, "/_sim/stats", None).await?)?;
    stats["connections"]["total"].as_u64().context("no number of connections")
}

/// One request on a connection of its own; the answer's body.
async fn get(address: SocketAddr, path: &'static str, bearer: Option<&'static str>) -> anyhow::Result<Vec<u8>> {
    let ask = move || {
        let mut stream = TcpStream::connect(address)?;
        let bearer = bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n{bearer}connection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let head =
            answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("an answer without an end of its head")?;
        Ok(answer.split_off(head + 4))
    };
    tokio::task::spawn_blocking(ask).await?
}

fn client(address: SocketAddr) -> anyhow::Result<Client> {
    let base = format!("http://{address}");
    let endpoints = Endpoints::loopback(&format!("{base}/v1"), &base)?;
    let http = Http::new(&endpoints)?;
    let token = Token {
        access: Secret::new("sim:anna"),
        refresh: None,
        expires_at: Instant::now() + Duration::from_secs(3600),
        scopes: Vec::new(),
        signed_in_at: chrono::Utc::now(),
    };
    Ok(Client::signed_in(endpoints, "an-id", token, http))
}

/// Keeps one core busy until it is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let ends = end.clone();
        std::thread::spawn(move || {
            let mut number = 1_u64;
            while !ends.load(Ordering::Relaxed) {
                number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
            }
        });
        Self(end)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
