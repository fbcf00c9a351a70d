//! The house at one end of the cable: three friends hear Anna, Ben's cable is pulled, and he is back by himself.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tutti_relay::Config;
use tutti_relay::listen::Plain;
use tutti_sim::player::Hand;
use tutti_sim::sim::{CommandRecord, Sim};

use super::namespaces::{HOUSE, Namespaces, cable, inside};
use crate::signed_in::{Session, kernel_keeps_logins, sign_in, spotify};
use crate::stand::{Tutti, until};

/// Before a line that is meant for whoever started the house.
pub const MARK: &str = "> ";
/// What the house is given: a variable of its environment.
pub const GIVEN: &str = "TUTTI_TEST_CABLE";
/// By name, as relays are given: whoever loses it waits for it, and inherits nothing.
pub const RELAY: &str = "relay.test";
/// What the other end's forward is given: its port, and where that leads.
const FORWARD: &str = "TUTTI_TEST_FORWARD";
/// What a cut of the network lets pass unseen: TCP sends again what was lost.
const UNSEEN_S: u64 = 3;
/// After the cable is in again: a try to connect may have begun just before, and the next one waits up to 8 s.
const BACK_WITHIN: Duration = Duration::from_secs(20);
/// The same command twice within this is one that was sent twice.
const TWICE_WITHIN_US: i64 = 3_000_000;
/// More than a correction of somebody who is in step.
const JUMP_MS: f64 = 500.0;
/// When a track ends, a player goes on by itself, and others are brought there.
const TRACK_CHANGES_US: i64 = 15_000_000;

pub struct Cut {
    pub seconds: u64,
    /// Anna's program holds the room, and Ben's while he is away; else a relay does.
    pub without_relay: bool,
}

impl Cut {
    pub fn given(&self, namespaces: &Namespaces) -> String {
        let place = if self.without_relay { "program" } else { "relay" };
        format!("{} {} {} {place}", namespaces.house, namespaces.away, self.seconds)
    }
}

/// In another process: the house, where the test is.
#[test]
fn is_a_house() {
    let Ok(given) = std::env::var(GIVEN) else { return };
    let [house, away, seconds, place] = given.split(' ').collect::<Vec<_>>()[..] else { panic!("{given}") };
    let session = Session::open();
    if session.is_none() && !kernel_keeps_logins() {
        return println!("{MARK}no sign-in can be kept here: programs are tested without accounts");
    }
    let cut = Cut { seconds: seconds.parse().unwrap(), without_relay: place == "program" };
    let room = Room::open(session.as_ref(), house, away, &cut);
    if cut.seconds <= UNSEEN_S { room.short(&cut) } else { room.long(&cut) }
}

/// In another process, at the other end: a port of its own computer that leads to the house.
#[tokio::test]
async fn is_a_forward() {
    let Ok(given) = std::env::var(FORWARD) else { return };
    let (port, to) = given.split_once(' ').unwrap();
    forward(TcpListener::bind(("127.0.0.1", port.parse().unwrap())).await.unwrap(), to.to_owned()).await;
}

async fn forward(listener: TcpListener, to: String) {
    while let Ok((mut near, _)) = listener.accept().await {
        let to = to.clone();
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(to).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            // However it ends, both ends are closed.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

/// A program that runs, and what it showed last.
struct Runs {
    child: Child,
    shows: Arc<Mutex<Vec<Value>>>,
}

impl Runs {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let shows = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&shows);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                all.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, shows }
    }

    fn lines(&self) -> usize {
        self.shows.lock().unwrap().len()
    }

    /// The newest line, if it came after so many, is so.
    fn is(&self, after: usize, is_so: impl Fn(&Value) -> bool) -> bool {
        let shows = self.shows.lock().unwrap();
        shows.len() > after && is_so(&shows[shows.len() - 1])
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait().map(drop));
    }
}

/// Everybody who is there hears this leader.
fn in_step(line: &Value, leader: &str, members: usize) -> bool {
    let here: Vec<&Value> = line["members"].as_array().into_iter().flatten().filter(|one| !away(one)).collect();
    let near = |one: &&Value| one["timing_error_ms"].as_f64().is_some_and(|error| error.abs() < 250.0);
    line["leader"] == leader && line["connection"] == "connected" && here.len() == members && here.iter().all(near)
}

fn away(member: &Value) -> bool {
    member["reconnecting"] == true
}

fn shows_ben_away(line: &Value) -> bool {
    line["members"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "Ben" && away(one)))
}

struct Room<'a> {
    house: &'a str,
    sim: Arc<Sim>,
    anna: Runs,
    chiara: Runs,
    ben: Runs,
    _forward: Runs,
    _profiles: Vec<Tutti>,
    _runtime: Runtime,
}

impl<'a> Room<'a> {
    fn open(session: Option<&Session>, house: &'a str, other_end: &str, cut: &Cut) -> Self {
        let (runtime, sim) = spotify(3);
        let listen = || runtime.block_on(TcpListener::bind((HOUSE, 0))).unwrap();
        let spotify_at = sim.base_url().trim_start_matches("http://").to_owned();
        let port = spotify_at.split(':').next_back().unwrap();
        // Everybody finds Spotify on their own computer; Ben's leads here.
        let over = listen();
        let leads = format!("{port} {}", over.local_addr().unwrap());
        runtime.spawn(forward(over, spotify_at.clone()));
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "cable::house::is_a_forward", "--nocapture"]).env(FORWARD, leads).env_remove(GIVEN);
        let mut forward = inside(other_end, &test);
        forward.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let forward = Runs { child: forward.spawn().unwrap(), shows: Arc::default() };
        let relay = listen();
        let relay_at = format!("ws://{RELAY}:{}", relay.local_addr().unwrap().port());
        runtime.spawn(tutti_relay::serve(Plain(relay), Config::default(), std::future::pending()));

        let profiles: Vec<Tutti> = ["Anna", "Chiara", "Ben"].map(|name| profile(session, sim.base_url(), name)).into();
        let (own, of_relay) = (format!("{HOUSE}:0"), ["--relay", &relay_at]);
        let place = if cut.without_relay { ["--listen", &own] } else { of_relay };
        let anna = Runs::start(profiles[0].command(&[&["host", "--json"], &place[..]].concat()));
        until("the invite", || anna.lines() > 0);
        let invite = anna.shows.lock().unwrap()[0]["invite"].as_str().unwrap().to_owned();
        let join = ["join", &invite, "--yes", "--json"];
        let chiara = Runs::start(profiles[1].command(&join));
        let ben = Runs::start(inside(other_end, &profiles[2].command(&join)));
        let (_forward, _profiles, _runtime) = (forward, profiles, runtime);
        let room = Self { house, sim, anna, chiara, ben, _forward, _profiles, _runtime };
        let three = |line: &Value| line["members"].as_array().is_some_and(|all| all.len() == 3);
        until("three are there", || room.all().iter().all(|one| one.is(0, three)));
        room.sim.hand("anna", Hand::resume()).unwrap();
        room.all_hear("Anna");
        room
    }

    fn all(&self) -> [&Runs; 3] {
        [&self.anna, &self.chiara, &self.ben]
    }

    /// By lines that come from now on.
    fn all_hear(&self, leader: &str) {
        let after = self.all().map(Runs::lines);
        let hears = |one: &Runs, after| one.is(after, |line| in_step(line, leader, 3));
        until(&format!("all hear {leader}"), || {
            self.all().into_iter().zip(after).all(|(one, after)| hears(one, after))
        });
    }

    /// Commands so far to Ben, and to the others.
    fn commands(&self) -> (Vec<CommandRecord>, Vec<CommandRecord>) {
        self.sim.log().commands().cloned().partition(|command| &*command.user == "ben")
    }

    fn short(&self, cut: &Cut) {
        let (to_ben, to_others) = self.commands();
        let watch = Watch::begin(&self.sim, &["anna", "chiara", "ben"]);
        cable(self.house, false);
        // What befalls takes its time; nothing is waited for.
        std::thread::sleep(Duration::from_secs(cut.seconds));
        cable(self.house, true);
        let whole = Instant::now();
        self.all_hear("Anna");
        let back_s = whole.elapsed().as_secs_f64();

        assert_eq!(watch.jumps(), Vec::<String>::new());
        let (ben, others) = self.commands();
        assert_eq!((ben.len(), others.len()), (to_ben.len(), to_others.len()), "nobody was moved");
        let lost = |line: &Value| line["connection"] != "connected" || shows_ben_away(line);
        let noticed = self.all().iter().any(|one| one.shows.lock().unwrap().iter().skip(5).any(lost));
        // What he does is heard as before.
        self.sim.hand("ben", Hand::Seek { position_ms: 90_000 }).unwrap();
        self.all_hear("Ben");
        assert_eq!(doubled(&self.commands().0), Vec::<String>::new());
        println!("{MARK}{} s: all in step {back_s:.1} s after it, noticed: {noticed}", cut.seconds);
        assert!(!noticed, "nobody reconnects");
    }

    fn long(&self, cut: &Cut) {
        let (to_ben, _) = self.commands();
        let out = Instant::now();
        let quiet = Watch::begin(&self.sim, &["anna", "chiara"]);
        cable(self.house, false);
        until("Anna is told", || self.anna.is(0, shows_ben_away));
        until("Ben is told", || self.ben.is(0, |line| line["connection"] == "reconnecting"));
        let told_s = out.elapsed().as_secs_f64();
        assert_eq!(quiet.jumps(), Vec::<String>::new(), "the others play on");
        self.sim.hand("anna", Hand::Seek { position_ms: 60_000 }).unwrap();
        let (after, at_60_s) =
            (self.anna.lines(), |line: &Value| line["item"]["position_ms"].as_f64() > Some(59_000.0));
        until("Chiara hears Anna", || self.anna.is(after, |line| in_step(line, "Anna", 2) && at_60_s(line)));
        let quiet = Watch::begin(&self.sim, &["anna", "chiara"]);
        std::thread::sleep(Duration::from_secs(cut.seconds).saturating_sub(out.elapsed()));
        let (_, truth) = self.sim.truth();
        assert!(truth.iter().all(|(_, truth)| truth.playing), "his music plays on: {truth:?}");
        assert_eq!(self.commands().0.len(), to_ben.len(), "nothing moves it");
        cable(self.house, true);
        let whole = Instant::now();
        self.all_hear("Anna");
        let back = whole.elapsed();

        assert_eq!(quiet.jumps(), Vec::<String>::new(), "the others play on");
        let (ben, _) = self.commands();
        assert_eq!(doubled(&ben), Vec::<String>::new());
        let word = |record: &CommandRecord| {
            let said = format!("{:?}", record.command);
            said.split(' ').next().unwrap_or_default().to_lowercase()
        };
        let sent: Vec<_> = ben[to_ben.len()..].iter().map(word).collect();
        println!(
            "{MARK}{} s: told after {told_s:.1} s, all in step {:.1} s after it, by {}",
            cut.seconds,
            back.as_secs_f64(),
            sent.join(", ")
        );
        assert!(back < BACK_WITHIN, "{back:?}");
        self.sim.hand("ben", Hand::Seek { position_ms: 20_000 }).unwrap();
        self.all_hear("Ben");
    }
}

/// Somebody who is signed in, on a computer of their own.
fn profile(session: Option<&Session>, spotify: &str, name: &str) -> Tutti {
    let tutti = session.map_or_else(Tutti::new, Session::tutti).at(spotify);
    let client_id = format!("{:0>32}", name.len());
    sign_in(&tutti, &name.to_lowercase(), &["--client-id", &client_id, "--name", name]).says(0, "");
    tutti
}

fn doubled(commands: &[CommandRecord]) -> Vec<String> {
    let twice =
        |pair: &&[CommandRecord]| pair[0].command == pair[1].command && pair[1].at_us - pair[0].at_us < TWICE_WITHIN_US;
    commands.windows(2).filter(twice).map(|pair| format!("{:?}", pair[1].command)).collect()
}

/// Looks at these players every 100 ms until it is asked whether one of them did anything but play on.
struct Watch {
    over: Arc<Mutex<bool>>,
    looks: std::thread::JoinHandle<Vec<String>>,
}

impl Watch {
    fn begin(sim: &Arc<Sim>, users: &'static [&'static str]) -> Self {
        let over = Arc::new(Mutex::new(false));
        let (sim, told) = (Arc::clone(sim), Arc::clone(&over));
        let looks = std::thread::spawn(move || {
            let (mut before_us, mut before) = sim.truth();
            let mut ended_us = None;
            let mut jumps = Vec::new();
            while !*told.lock().unwrap() {
                std::thread::sleep(Duration::from_millis(100));
                let (now_us, now) = sim.truth();
                for ((user, was), (_, is)) in before.iter().zip(&now).filter(|((user, _), _)| users.contains(&&**user))
                {
                    let off_ms = is.reported_ms - was.reported_ms - (now_us - before_us) as f64 / 1e3;
                    if is.uri != was.uri {
                        ended_us = Some(now_us);
                    }
                    let jumped = !is.playing || off_ms.abs() > JUMP_MS;
                    let changes = ended_us.is_some_and(|at_us| now_us - at_us < TRACK_CHANGES_US);
                    if jumped && !changes {
                        jumps.push(format!("{user} at {:.0} ms: {off_ms:+.0} ms", was.reported_ms));
                    }
                }
                (before_us, before) = (now_us, now);
            }
            jumps
        });
        Self { over, looks }
    }

    fn jumps(self) -> Vec<String> {
        *self.over.lock().unwrap() = true;
        self.looks.join().unwrap()
    }
}
