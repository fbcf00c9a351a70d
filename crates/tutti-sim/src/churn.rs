//! Rooms whose members and hubs come, break off and go, on virtual time: real gates, plain clients, a network that fails.
//!
//! Two minutes in which everything happens are followed by one in which nothing does; the oracle looks at every step, and at
//! the end of each calm asks whether everybody met again.

mod device;
mod faults;
mod oracle;
mod place;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use tutti_core::gate::{ConnectionId, Limits};
use tutti_core::proof::RoomSecret;
use tutti_core::wire::MOST_BYTES;

use crate::random::Random;
use device::Device;
use oracle::Oracle;
pub use oracle::{Broken, Seen};
use place::Place;

/// One room.
#[derive(Debug, Clone, Copy)]
pub struct Churn {
    pub seed: u64,
    /// Virtual minutes: two of trouble and one of calm, again and again.
    pub minutes: u32,
    /// Members take the hub over when it is gone; else it is one relay.
    pub heirs: bool,
}

/// Everything happens for so long, then nothing does.
const TROUBLE: i64 = 120 * SECOND;
const ROUND: i64 = 180 * SECOND;
/// Hands rest for so long before it is asked whether everybody has met: claims wait up to 10 s in a rush (L6).
const STILL: i64 = 15 * SECOND;
const SECOND: i64 = 1_000_000;
const MS: i64 = 1_000;
/// A device looks what is due so often.
const TICK: i64 = 250 * MS;
/// The state of a gate and of a device, as text: more than what they take in memory.
const MOST_TEXT: usize = 160_000;

/// Runs one room.
///
/// # Errors
/// The first property that did not hold, with the instant and what happened before.
pub fn run(churn: Churn) -> Result<Seen, Box<Broken>> {
    let mut world = World::new(churn);
    world.run()?;
    Ok(world.oracle.seen)
}

/// What arrives somewhere.
#[derive(Debug, Clone)]
enum Event {
    /// At the hub: the connection is open; a text; it is closed.
    Opened(u64),
    Said(u64, String),
    Ended(u64),
    /// At the device.
    Told(u64, std::sync::Arc<str>),
    Refused(u64),
    Closed(u64),
    Device(usize),
    Place(usize),
    Awake(usize),
    Up(usize),
    Fault,
    Round,
}

/// One connection, as the network knows it.
#[derive(Debug)]
struct Line {
    device: usize,
    lives: u32,
    place: usize,
    /// Nothing arrives any more, and nobody is told.
    half_open: bool,
    /// Texts of one connection keep their order, each way.
    up: i64,
    down: i64,
}

struct World {
    churn: Churn,
    now: i64,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    events: BTreeMap<u64, Event>,
    numbered: u64,
    random: Random,
    secret: RoomSecret,
    places: Vec<Place>,
    devices: Vec<Device>,
    lines: BTreeMap<u64, Line>,
    /// Nothing passes between a device and a place until then.
    cuts: BTreeMap<(usize, usize), i64>,
    oracle: Oracle,
    titles: u64,
}

impl World {
    fn new(churn: Churn) -> Self {
        let mut random = Random::named(churn.seed, "churn");
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&random.next_u64().to_le_bytes());
        let secret = RoomSecret::new(secret);
        let places = (0..if churn.heirs { 3 } else { 1 }).map(|at| Place::new(at, &mut random)).collect();
        let mut world = Self {
            churn,
            now: 0,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            numbered: 0,
            secret,
            places,
            devices: Vec::new(),
            lines: BTreeMap::new(),
            cuts: BTreeMap::new(),
            oracle: Oracle::default(),
            titles: 0,
            random,
        };
        let users = 3 + world.random.below(3);
        for user in 0..users {
            for of_user in 0..1 + world.random.below(3) {
                let heir = (churn.heirs && of_user == 0 && user < 2).then_some(user + 1);
                let device = Device::new(user, of_user, heir, world.random.next_u64());
                let first = world.random.below(20 * SECOND as usize) as i64;
                world.at(first, Event::Device(world.devices.len()));
                world.devices.push(device);
            }
        }
        world.at(5 * SECOND, Event::Fault);
        world.at(ROUND - SECOND, Event::Round);
        world
    }

    fn at(&mut self, at: i64, event: Event) {
        self.numbered += 1;
        self.queue.push(Reverse((at.max(self.now), self.numbered)));
        self.events.insert(self.numbered, event);
    }

    fn run(&mut self) -> Result<(), Box<Broken>> {
        let end = i64::from(self.churn.minutes) * 60 * SECOND;
        while let Some(Reverse((at, number))) = self.queue.pop() {
            if at > end {
                break;
            }
            self.now = at;
            let Some(event) = self.events.remove(&number) else { continue };
            self.happens(event);
            self.check()?;
        }
        Ok(())
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Opened(_) | Event::Said(..) | Event::Ended(_) => self.at_place(event),
            Event::Told(line, _) | Event::Refused(line) | Event::Closed(line) => {
                let Some(device) = self.lines.get(&line).map(|line| line.device) else { return };
                if self.devices[device].sleeps_until > self.now {
                    let until = self.devices[device].sleeps_until;
                    return self.at(until, event);
                }
                self.at_device(device, line, event);
            }
            Event::Device(device) => {
                self.device_due(device);
                self.at(self.now + TICK, Event::Device(device));
            }
            Event::Place(place) => self.place_due(place),
            Event::Awake(place) => self.place_awake(place),
            Event::Up(place) => self.place_up(place),
            Event::Fault => self.fault(),
            Event::Round => self.round(),
        }
    }

    fn is_calm(&self) -> bool {
        self.now % ROUND >= TROUBLE
    }

    /// How long a text takes now, from when on it can travel.
    fn arrives(&mut self, device: usize, place: usize) -> i64 {
        let cut = self.cuts.get(&(device, place)).copied().unwrap_or(0);
        let mut ms = 8.0 + self.random.lognormal(6.0, 1.0);
        if self.random.chance(0.02) {
            ms += self.random.between(0.0, 900.0);
        }
        self.now.max(cut) + (ms.min(3_000.0) * 1e3) as i64
    }

    fn say(&mut self, line: u64, event: Event) {
        let Some((device, place)) = self.lines.get(&line).map(|line| (line.device, line.place)) else { return };
        let arrives = self.arrives(device, place);
        let Some(known) = self.lines.get_mut(&line) else { return };
        if known.half_open {
            return;
        }
        known.up = known.up.max(arrives);
        if let Event::Said(_, text) = &event {
            self.oracle.seen.longest_to_hub = self.oracle.seen.longest_to_hub.max(text.len());
        }
        let at = self.lines[&line].up;
        self.at(at, event);
    }

    fn tell(&mut self, line: u64, event: Event) {
        let Some((device, place)) = self.lines.get(&line).map(|line| (line.device, line.place)) else { return };
        let arrives = self.arrives(device, place);
        let Some(known) = self.lines.get_mut(&line) else { return };
        if known.half_open {
            return;
        }
        known.down = known.down.max(arrives);
        let at = known.down;
        self.at(at, event);
    }

    /// The oracle's look at everything.
    fn check(&mut self) -> Result<(), Box<Broken>> {
        let now = self.now;
        for user in 0..self.devices.len() {
            let drivers = (0..self.devices.len()).filter(|&at| self.devices[at].user == user);
            let drivers: Vec<usize> = drivers.filter(|&at| self.devices[at].drives(now)).collect();
            for (at, &one) in drivers.iter().enumerate() {
                if let Some(other) = drivers[at + 1..].iter().find(|&&other| !self.nobody_can_know(one, other)) {
                    self.oracle.broke(format!("user {user} is driven by devices {one} and {other}"));
                }
            }
        }
        if self.oracle.seen.longest_to_hub > MOST_BYTES {
            self.oracle.broke("a text to the hub is too long".into());
        }
        match self.oracle.broken.take() {
            Some(what) => Err(Box::new(self.oracle.tell(self.churn, now, what))),
            None => Ok(()),
        }
    }

    /// Two devices of one user that are at two hubs which have not met; or one that was begun anew is the first at a hub
    /// that was, too, while the other is cut off.
    fn nobody_can_know(&self, one: usize, other: usize) -> bool {
        let place = |device: usize| &self.places[self.devices[device].reached];
        let held = |place: &Place| place.gate.is_some() || self.now - place.gave_way < 9 * SECOND;
        let apart = place(one).number != place(other).number && held(place(one)) && held(place(other));
        let anew = |device: usize| !self.devices[device].brought && self.now - place(device).opened < 9 * SECOND;
        apart || anew(one) || anew(other)
    }

    /// The calm ends: has everybody met?
    fn round(&mut self) {
        self.at(self.now + ROUND, Event::Round);
        self.met();
        for place in &self.places {
            if let Some(gate) = &place.gate {
                self.oracle.small("a gate", format!("{gate:?}").len(), MOST_TEXT);
            }
        }
        for device in &self.devices {
            self.oracle.small("a device", format!("{device:?}").len(), MOST_TEXT);
        }
        self.oracle.small("the network", self.lines.len() + self.queue.len(), 4_000);
        let used: Vec<u64> = self.devices.iter().filter_map(|device| device.line).collect();
        // What is closed on both sides is nothing any more.
        let places = &self.places;
        self.lines.retain(|id, line| used.contains(id) || places[line.place].open.contains(id));
    }

    fn met(&mut self) {
        let now = self.now;
        let holding: Vec<usize> =
            self.places.iter().filter(|place| place.gate.is_some()).map(|place| place.number).collect();
        let wanted: Vec<usize> = (0..self.devices.len()).filter(|&device| self.devices[device].wants_in(now)).collect();
        if wanted.is_empty() {
            return;
        }
        if holding.len() != 1 {
            return self.oracle.broke(format!("the room is held at {holding:?}"));
        }
        let place = &self.places[holding[0]];
        let Some(gate) = &place.gate else { return };
        let state = gate.state().clone();
        for &number in &wanted {
            let device = &self.devices[number];
            let inside = device.line.is_some_and(|line| place.entered.contains_key(&ConnectionId(line)));
            if !device.is_in || !inside {
                return self.oracle.broke(format!("device {number} is not in the room: {:?}", device.line));
            }
            if device.room.as_deref() != Some(&state) {
                let known = device.room.as_ref().map(|room| room.order());
                return self.oracle.broke(format!("device {number} knows {known:?}, the hub {:?}", state.order()));
            }
            if let Some((id, _)) = device.claims.front() {
                return self.oracle.broke(format!("claim {id} of device {number} was never answered: {device:?}"));
            }
            let driver =
                wanted.iter().any(|&other| self.devices[other].user == device.user && self.devices[other].drives(now));
            if !driver {
                return self.oracle.broke(format!("nobody drives for user {}", device.user));
            }
        }
        let known = wanted.iter().filter_map(|&device| self.devices[device].accepted).max();
        self.oracle.converged(&state, known);
    }

    fn limits() -> Limits {
        Limits::default()
    }
}
