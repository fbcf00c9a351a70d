//! Records how the program's own clients exchange clocks with a hub over delaying links:
//! `cargo run -p tutti-app --example exchanges -- crates/tutti-sim/recorded [MINUTES]`.
//!
//! The hub, the clients, the sockets between them and the time that all of it takes are real; so is what the machine does
//! beside. What is drawn: how long a link holds back what is sent, and how a client's clock drifts, which is put onto what was
//! recorded afterwards. Both clocks are this machine's, so that the truth is known to the µs. A file holds lines for
//! [`tutti_sim::exchanges::Trace::recorded`].

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tutti_app::clock;
use tutti_app::demo::apart::wire::{self, Wire};
use tutti_app::invite::HubAddress;
use tutti_app::local_room::Report;
use tutti_app::network::{Meeting, Told};
use tutti_core::clock::Exchange;
use tutti_core::proof::{RoomSecret, UserKey};
use tutti_core::time::{LocalTime, RoomTime, Span};
use tutti_relay::HubClock;
use tutti_relay::listen::Plain;
use tutti_sim::exchanges::{Link, Machine, Way};
use tutti_sim::random::Random;

const MINUTES: u64 = 20;
/// A crystal's rate changes this often by this (standard deviation), as in the drawn traces.
const WARMS_EVERY_US: i64 = 30_000_000;
const WARMS_BY_PPB: f64 = 300.0;
/// Two clocks are read one after the other so many times for the truth; the quickest counts.
const READINGS: usize = 1_000;

/// What is recorded: a file each.
const RECORDINGS: [Recording; 3] = [
    Recording { name: "near", link: None, step_ms: 0.0, ppb: 12_000 },
    Recording { name: "home", link: Some(Link::HOME), step_ms: 12.0, ppb: -31_000 },
    Recording { name: "mobile", link: Some(Link::BAD_MOBILE), step_ms: 40.0, ppb: 48_000 },
];

#[derive(Debug, Clone, Copy)]
struct Recording {
    name: &'static str,
    /// None: nothing is held back.
    link: Option<Link>,
    /// For a quarter of the time the way is longer by this, both ways.
    step_ms: f64,
    /// How fast the client's clock runs, at first.
    ppb: i64,
}

impl Recording {
    /// The link after this share of the time: as it is; with jitter on one way; longer; and as it was. The bad mobile one
    /// has half a minute of full queues in every one and a half.
    fn link_at(&self, share: f64) -> Option<Link> {
        let link = self.link?;
        let longer = |way: Way| Way { least_ms: way.least_ms + self.step_ms, ..way };
        Some(match share {
            share if (0.25..0.5).contains(&share) => link.lopsided(),
            share if (0.5..0.75).contains(&share) => Link { up: longer(link.up), down: longer(link.down), ..link },
            _ => link,
        })
    }
}

/// Shortly before the way gets shorter again nothing comes through for so long that the client connects anew.
const QUIET_FROM: f64 = 0.65;
const QUIET: Duration = Duration::from_secs(25);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("exchanges FOLDER [MINUTES]")?);
    let minutes = arguments.next().map_or(Ok(MINUTES), |minutes| minutes.parse())?;
    let length = Duration::from_secs(60 * minutes);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let hub = listener.local_addr()?.port();
    tokio::spawn(tutti_relay::serve(Plain(listener), tutti_relay::Config::default(), std::future::pending()));
    let mut recordings = JoinSet::new();
    for recording in RECORDINGS {
        recordings.spawn(async move { anyhow::Ok((recording, record(recording, hub, length).await?)) });
    }
    let ahead = ahead();
    while let Some(recorded) = recordings.join_next().await {
        let (recording, exchanges) = recorded??;
        let text = lines(recording, minutes, &exchanges, ahead);
        std::fs::write(folder.join(format!("{}.csv", recording.name)), text)?;
        println!("{}: {} exchanges", recording.name, exchanges.len());
    }
    Ok(())
}

/// What one client exchanged with the hub.
async fn record(recording: Recording, hub: u16, length: Duration) -> anyhow::Result<Vec<Exchange>> {
    let began = Instant::now();
    let takes = |way: fn(&Link) -> &Way, name| {
        let random = Mutex::new(Random::named(1, name));
        move || {
            let passed = began.elapsed();
            let Some(link) = recording.link_at(passed.as_secs_f64() / length.as_secs_f64()) else {
                return Duration::ZERO;
            };
            let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
            let us = way(&link).draw_us(passed.as_micros() as i64, &mut random);
            Duration::from_micros(us.max(0) as u64)
        }
    };
    let over = Wire::taking(hub, takes(|link| &link.up, "up"), takes(|link| &link.down, "down")).await?;
    let (reports, mut told) = mpsc::unbounded_channel();
    let secret = RoomSecret::new(rand::random());
    let hubs = vec![HubAddress::plain([127, 0, 0, 1].into(), over.port)];
    let meeting = Meeting::new(secret, UserKey::new(rand::random()), hubs, true, None, reports);
    let mut seat =
        meeting.join(recording.name, recording.name).await.map_err(|problem| anyhow::anyhow!(problem.text()))?;
    // What a player would hear is heard by nobody.
    let listens = tokio::spawn(async move { while seat.receive().await.is_some() {} });
    let quiet_from = length.mul_f64(QUIET_FROM);
    let quiet = async {
        tokio::time::sleep_until((began + quiet_from).into()).await;
        over.is(wire::Link::Silent);
        tokio::time::sleep(QUIET).await;
        over.is(wire::Link::Whole);
    };
    let hears = async {
        let mut exchanges = Vec::new();
        while let Ok(report) = tokio::time::timeout_at((began + length).into(), told.recv()).await {
            if let Report::Network(Told::Exchanged(exchange)) = report.context("the client is gone")? {
                exchanges.push(exchange);
            }
        }
        anyhow::Ok(exchanges)
    };
    let (exchanges, ()) = tokio::join!(hears, quiet);
    listens.abort();
    exchanges
}

/// The hub's clock minus this machine's as a client reads it: both are the same one, and run alike.
fn ahead() -> Span {
    let hub = HubClock::of_this_machine();
    let read = || {
        let before = clock::now();
        let shows = hub.now();
        let took = clock::now() - before;
        (took, shows - RoomTime::from_micros((before + took / 2).as_micros()))
    };
    std::iter::repeat_with(read).take(READINGS).min_by_key(|(took, _)| *took).map_or(Span::ZERO, |(_, ahead)| ahead)
}

/// As the trace is read, on clocks that begin near zero; the client's drifts.
fn lines(recording: Recording, minutes: u64, exchanges: &[Exchange], ahead: Span) -> String {
    let mut text = format!(
        "# Recorded by `cargo run -p tutti-app --example exchanges`, {minutes} minutes, link: {}. µs:\n\
         # sent (client's clock), received and answered (hub's), received (client's), hub's minus client's clock in truth\n",
        recording.link.map_or("nothing held back", |link| link.name),
    );
    let began_us = exchanges.first().map_or(0, |first| (first.sent + ahead).as_micros());
    let mut machine = Machine::new(0, recording.ppb);
    let (mut ppb, mut warmth) = (recording.ppb, Random::named(1, recording.name));
    for at_us in (WARMS_EVERY_US..minutes as i64 * 60_000_000).step_by(WARMS_EVERY_US as usize) {
        ppb += (warmth.normal() * WARMS_BY_PPB) as i64;
        machine.then(at_us, 0, ppb);
    }
    let client = |at: LocalTime| machine.local((at + ahead).as_micros() - began_us).as_micros();
    let hub = |at: RoomTime| at.as_micros() - began_us;
    for Exchange { sent, hub_received, hub_sent, received } in exchanges {
        let truth = machine.offset((*received + ahead).as_micros() - began_us).as_micros();
        let instants = [client(*sent), hub(*hub_received), hub(*hub_sent), client(*received), truth];
        let line = instants.map(|us| us.to_string()).join(",");
        writeln!(text, "{line}").expect("a String takes every line");
    }
    text
}
