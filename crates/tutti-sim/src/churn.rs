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

use tutti_core::gate::{ConnectionId, Gate, Limits};
use tutti_core::proof::RoomSecret;
use tutti_core::wire::{FromHub, MOST_BYTES};

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
/// A device that drove under the hub before, and heard nothing since, drives no more after this: 8 s and a way.
const NEW: i64 = 9 * SECOND;
/// In a calm it is looked so often whether everybody has met.
const LOOKS: i64 = 50 * MS;
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
    Told(u64, std::sync::Arc<FromHub>),
    Refused(u64),
    Closed(u64),
    /// A device that slept reads what came meanwhile.
    Reads(usize),
    Device(usize),
    Place(usize),
    Awake(usize),
    Up(usize),
    Fault,
    Round,
    /// It has been calm since then: has everybody met?
    Looks(i64),
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
        let mut listeners = world.random.below(3);
        while listeners > 0 {
            listeners -= 1;
            let device = Device::listener(users + listeners, world.random.next_u64());
            let first = world.random.below(20 * SECOND as usize) as i64;
            world.at(first, Event::Device(world.devices.len()));
            world.devices.push(device);
        }
        world.at(5 * SECOND, Event::Fault);
        world.at(ROUND - SECOND, Event::Round);
        world.at(TROUBLE, Event::Looks(TROUBLE));
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
                let sleeper = &mut self.devices[device];
                if sleeper.sleeps_until > self.now || !sleeper.unread.is_empty() {
                    // In the order in which it came, however often it falls asleep again.
                    sleeper.unread.push_back((line, event));
                    let until = sleeper.sleeps_until;
                    return self.at(until, Event::Reads(device));
                }
                self.at_device(device, line, event);
            }
            Event::Reads(device) => {
                while self.devices[device].sleeps_until <= self.now
                    && let Some((line, event)) = self.devices[device].unread.pop_front()
                {
                    self.at_device(device, line, event);
                }
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
            Event::Looks(since) => match self.apart() {
                None => self.oracle.seen.met_after.push(self.now - since),
                Some(_) if self.is_calm() => self.at(self.now + LOOKS, event),
                Some(_) => {}
            },
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
        for (one, device) in self.devices.iter().enumerate().filter(|(_, device)| device.drives(now)) {
            let others = self.devices.iter().enumerate().skip(one + 1);
            let mut others = others.filter(|(_, other)| other.user == device.user && other.drives(now));
            if let Some((other, _)) = others.find(|&(other, _)| !self.nobody_can_know(one, other)) {
                self.oracle.broke(format!("user {} is driven by devices {one} and {other}", device.user));
                break;
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
        let (at_one, at_other) = (place(one), place(other));
        let apart = at_one.number != at_other.number && at_one.held_lately(self.now) && at_other.held_lately(self.now);
        let anew = |device: usize| !self.devices[device].brought && self.now - place(device).opened < NEW;
        apart || anew(one) || anew(other)
    }

    /// The calm ends: has everybody met?
    fn round(&mut self) {
        self.at(self.now + ROUND, Event::Round);
        let calm = self.now + SECOND + TROUBLE;
        self.at(calm, Event::Looks(calm));
        self.met();
        let stored = self.places.iter().filter_map(|place| place.gate.as_ref()).map(Gate::stored).sum();
        self.oracle.seen.stored.push(stored);
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
        if let Some(apart) = self.apart() {
            return self.oracle.broke(apart);
        }
        let wanted = || self.devices.iter().filter(|device| device.wants_in(self.now));
        let unanswered = wanted().find_map(|device| Some((device, device.claims.front()?)));
        if let Some((device, (id, _))) = unanswered {
            return self.oracle.broke(format!("claim {id} was never answered: {device:?}"));
        }
        let known = wanted().filter_map(|device| device.accepted).max();
        let state = self.places.iter().find_map(|place| Some(place.gate.as_ref()?.state().clone()));
        if let Some(state) = state.filter(|_| wanted().next().is_some()) {
            self.oracle.converged(&state, known);
        }
    }

    /// Who has not met yet, or why: everybody who is on is at one hub, knows the same room, and is driven by one device.
    fn apart(&self) -> Option<String> {
        let now = self.now;
        let mut wanted = self.devices.iter().enumerate().filter(|(_, device)| device.wants_in(now)).peekable();
        wanted.peek()?;
        let mut holding = self.places.iter().filter(|place| place.gate.is_some());
        let (Some(place), None) = (holding.next(), holding.next()) else {
            let holding = self.places.iter().filter(|place| place.gate.is_some()).map(|place| place.number);
            return Some(format!("the room is held at {:?}", holding.collect::<Vec<_>>()));
        };
        let state = place.gate.as_ref()?.state();
        for (number, device) in wanted {
            let inside = device.line.is_some_and(|line| place.entered.contains_key(&ConnectionId(line)));
            if !device.is_in || !inside {
                return Some(format!("device {number} is not in the room: {:?}", device.line));
            }
            if device.room.as_deref() != Some(state) {
                let known = device.room.as_ref().map(|room| room.order());
                return Some(format!("device {number} knows {known:?}, the hub {:?}", state.order()));
            }
            let mut devices = self.devices.iter().filter(|other| other.user == device.user);
            if !device.listens && !devices.any(|other| other.wants_in(now) && other.drives(now)) {
                return Some(format!("nobody drives for user {}", device.user));
            }
        }
        None
    }

    fn limits() -> Limits {
        Limits::default()
    }
}
