//! Where a hub can be: its gate, which can be killed, suspended and begun anew, and the texts that wait meanwhile.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tutti_core::gate::{Config, ConnectionId, Gate, Out};
use tutti_core::proof::{Dice, Nonce};
use tutti_core::room::RoomState;
use tutti_core::time::RoomTime;
use tutti_core::wire::{FromHub, Hex, Refusal, ToHub, Trouble, VERSION, read_from_hub, read_to_hub};

use super::*;

/// A hub that a member holds asks so often whether whoever comes before it has the room.
const ASKS: i64 = 5 * SECOND;

pub struct Place {
    pub number: usize,
    /// Somebody listens; a place of an heir does only after it inherited.
    pub up: bool,
    pub down_until: i64,
    pub suspended_until: i64,
    pub gate: Option<Gate>,
    /// Hub's clock minus the world's, in µs.
    pub offset: i64,
    pub clock: String,
    pub waiting: VecDeque<Event>,
    /// Whatever is claimed next is the last thing before it stops: for so long, by being killed.
    pub stops_at_claim: Option<(i64, bool)>,
    /// Open connections, those that entered, and by whom; what was sent for them to sign.
    pub open: BTreeSet<u64>,
    pub entered: BTreeMap<ConnectionId, usize>,
    nonces: BTreeMap<u64, Nonce>,
    dice: Dice,
    random: Random,
    due: i64,
    asked: i64,
    pub opened: i64,
    /// Somebody was in its room.
    was_in: bool,
    /// When a hub here ended that was one of two.
    pub gave_way: i64,
    /// Whose number is which, in this gate's life and term.
    numbers: BTreeMap<u32, usize>,
    term: u64,
}

impl Place {
    pub fn new(number: usize, random: &mut Random) -> Self {
        let mut seed = [number as u8; 32];
        seed[..8].copy_from_slice(&random.next_u64().to_le_bytes());
        Self {
            number,
            up: number == 0,
            down_until: 0,
            suspended_until: 0,
            gate: None,
            offset: random.below(1_000_000_000) as i64,
            clock: format!("clock {number}"),
            waiting: VecDeque::new(),
            stops_at_claim: None,
            open: BTreeSet::new(),
            entered: BTreeMap::new(),
            nonces: BTreeMap::new(),
            dice: Dice::new(seed),
            random: Random::named(random.next_u64(), "place"),
            due: i64::MAX,
            asked: 0,
            opened: 0,
            was_in: false,
            gave_way: -ASKS * 10,
            numbers: BTreeMap::new(),
            term: 0,
        }
    }

    /// It has the room, or was one of two that had it until so lately that its drivers may not know.
    pub fn held_lately(&self, now: i64) -> bool {
        self.gate.is_some() || now - self.gave_way < NEW
    }

    pub fn opens(&mut self, room: tutti_core::proof::RoomId, state: Option<RoomState>, now: i64) {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.random.next_u64().to_le_bytes());
        let config = Config { room, clock: self.clock.clone(), limits: World::limits(), seed, state };
        self.gate = Some(Gate::new(config, self.time(now)));
        self.numbers.clear();
        self.asked = now;
        self.opened = now;
        self.was_in = false;
    }

    pub fn time(&self, now: i64) -> RoomTime {
        RoomTime::from_micros(now + self.offset)
    }

    /// In another term, which is told, its members begin anew, with the numbers that they had elsewhere.
    fn new_term(&mut self) -> Option<u64> {
        let term = self.gate.as_ref().map_or(0, |gate| gate.state().term);
        let new = std::mem::replace(&mut self.term, term) != term;
        if new {
            self.numbers.clear();
        }
        new.then_some(term)
    }

    /// Nothing is left of it.
    pub fn forget(&mut self) -> Vec<u64> {
        self.gate = None;
        self.waiting.clear();
        self.entered.clear();
        self.nonces.clear();
        self.stops_at_claim = None;
        std::mem::take(&mut self.open).into_iter().collect()
    }
}

impl World {
    pub(super) fn at_place(&mut self, event: Event) {
        let (Event::Opened(line) | Event::Said(line, _) | Event::Ended(line)) = event else { return };
        let Some(number) = self.lines.get(&line).map(|line| line.place) else { return };
        let place = &mut self.places[number];
        if !place.up {
            if matches!(event, Event::Opened(_)) {
                self.tell(line, Event::Refused(line));
            }
            return;
        }
        if place.suspended_until > self.now {
            place.waiting.push_back(event);
            return;
        }
        self.at_hub(number, line, event);
        self.carry_out(number);
    }

    fn at_hub(&mut self, number: usize, line: u64, event: Event) {
        let now = self.now;
        let place = &mut self.places[number];
        let (id, time) = (ConnectionId(line), place.time(now));
        match event {
            Event::Opened(_) => {
                place.open.insert(line);
                let nonce = place.dice.nonce();
                place.nonces.insert(line, nonce);
                let challenge = FromHub::Challenge { nonce: Hex(nonce), versions: [VERSION, VERSION] };
                self.tell(line, Event::Told(line, challenge.into()));
            }
            Event::Ended(_) => {
                place.open.remove(&line);
                place.entered.remove(&id);
                place.nonces.remove(&line);
                if let Some(gate) = &mut place.gate {
                    gate.closed(id, time);
                }
            }
            Event::Said(_, text) if place.open.contains(&line) => {
                let message = read_to_hub(&text);
                if place.entered.contains_key(&id) {
                    self.received(number, line, message);
                } else {
                    self.hello(number, line, message);
                }
            }
            _ => {}
        }
    }

    fn received(&mut self, number: usize, line: u64, message: Result<ToHub, Refusal>) {
        let place = &mut self.places[number];
        let time = place.time(self.now);
        let Some(gate) = &mut place.gate else { return };
        if let Err(refusal) = &message {
            self.oracle.broken.get_or_insert(format!("the hub did not understand: {refusal:?}"));
        }
        let claimed = matches!(message, Ok(ToHub::Claim { .. }));
        gate.received(ConnectionId(line), message, time);
        if claimed
            && let Some((until, killed)) = place.stops_at_claim.take()
            && until > self.now
        {
            // It was accepted, and nobody is told yet.
            if killed { self.kill(number, until) } else { self.suspend(number, until) }
        }
    }

    fn hello(&mut self, number: usize, line: u64, message: Result<ToHub, Refusal>) {
        let (now, room) = (self.now, self.secret.room());
        let place = &mut self.places[number];
        let entered = match (message, place.nonces.remove(&line)) {
            (Ok(ToHub::Hello(hello)), Some(nonce)) => hello.check(nonce).and_then(|()| {
                if place.gate.is_none() && hello.open {
                    place.opens(room, None, now);
                }
                let time = place.time(now);
                let gate = place.gate.as_mut().ok_or(Trouble::NoSuchRoom)?;
                gate.enter(ConnectionId(line), *hello, time)
            }),
            (Ok(_), _) => Err(Trouble::HelloExpected.into()),
            (Err(refusal), _) => Err(refusal),
        };
        let device = self.lines[&line].device;
        match entered {
            Ok(member) => {
                place.entered.insert(ConnectionId(line), device);
                place.was_in = true;
                let user = self.devices[device].user;
                self.oracle.note(now, || format!("device {device} of user {user} is {member:?} at {number}"));
                if let Some(term) = self.places[number].new_term() {
                    self.oracle.begins(term);
                }
                let known = *self.places[number].numbers.entry(member.0).or_insert(user);
                if known != user {
                    self.oracle.broke(format!("users {known} and {user} have both {member:?}"));
                }
            }
            Err(refusal) => {
                self.oracle.note(now, || format!("device {device} may not enter at {number}: {refusal:?}"));
                self.tell(line, Event::Told(line, FromHub::Error(refusal).into()));
                self.places[number].open.remove(&line);
                self.tell(line, Event::Closed(line));
            }
        }
    }

    /// Sends what the gate has to say, unless it stands still.
    pub(super) fn carry_out(&mut self, number: usize) {
        let now = self.now;
        if self.places[number].suspended_until > now {
            return;
        }
        loop {
            let place = &mut self.places[number];
            let Some(gate) = &mut place.gate else { break };
            self.oracle.state(gate.state());
            match gate.poll() {
                Some(Out::Send { to, text }) => {
                    self.oracle.sent(&text);
                    // What one of them reads all do.
                    let message = match read_from_hub(&text) {
                        Ok(message) => std::sync::Arc::new(message),
                        Err(refusal) => return self.oracle.broke(format!("a text of the hub: {refusal:?}")),
                    };
                    for connection in &to {
                        let device = place.entered.get(connection).copied();
                        if let (FromHub::Answer { id, accepted }, Some(device)) = (&*message, device) {
                            let lives = self.devices[device].lives;
                            if self.lines.get(&connection.0).is_some_and(|line| line.lives == lives) {
                                self.oracle.answer((device, lives), *id, *accepted);
                            }
                        }
                    }
                    if let FromHub::Room(room) = &*message {
                        self.oracle.room((**room).clone().into());
                    }
                    for connection in to {
                        self.tell(connection.0, Event::Told(connection.0, std::sync::Arc::clone(&message)));
                    }
                }
                Some(Out::Close(connection)) => {
                    place.entered.remove(&connection);
                    place.open.remove(&connection.0);
                    self.tell(connection.0, Event::Closed(connection.0));
                }
                None => {
                    if gate.is_over() && !place.entered.is_empty() {
                        self.oracle.broke("connections of a room that is over".into());
                    }
                    if gate.is_over() && place.was_in {
                        place.gate = None;
                        return;
                    }
                    let due = gate.deadline().map_or(i64::MAX, |due| due.as_micros() - place.offset);
                    // Also the gate of a room that nobody enters, in which nothing is due.
                    let asks = if number > 0 { place.asked + ASKS } else { i64::MAX };
                    let due = due.min(asks).max(now + 1);
                    if due < place.due || place.due <= now {
                        place.due = due;
                        self.at(due, Event::Place(number));
                    }
                    break;
                }
            }
        }
    }

    pub(super) fn place_due(&mut self, number: usize) {
        let now = self.now;
        let place = &mut self.places[number];
        if place.suspended_until > now || place.due > now {
            return;
        }
        let time = place.time(now);
        if let Some(gate) = &mut place.gate {
            gate.tick(time);
        }
        self.carry_out(number);
        if number > 0 && now - self.places[number].asked >= ASKS {
            self.places[number].asked = now;
            let before = self.places[..number].iter();
            if before.clone().any(|place| place.up && place.suspended_until <= now && place.gate.is_some()) {
                self.hub_ends(number, true);
            }
        }
    }

    pub(super) fn place_awake(&mut self, number: usize) {
        if self.places[number].suspended_until > self.now {
            return;
        }
        self.oracle.note(self.now, || format!("the hub at {number} goes on"));
        // What it had to say, its deadlines, then what came meanwhile.
        self.carry_out(number);
        self.places[number].due = self.now;
        self.place_due(number);
        let waiting = std::mem::take(&mut self.places[number].waiting);
        for event in waiting {
            self.at_place(event);
        }
    }

    /// Everybody is told to come back, here or elsewhere.
    pub(super) fn hub_ends(&mut self, number: usize, elsewhere: bool) {
        self.oracle.seen.hubs_ended += 1;
        self.oracle.note(self.now, || format!("the hub at {number} ends in order"));
        if let Some(gate) = &mut self.places[number].gate {
            if elsewhere { gate.give_way(1_000) } else { gate.leave(1_000) }
        }
        self.carry_out(number);
        self.places[number].up = number == 0;
        self.places[number].gave_way = self.now;
        self.places[number].forget();
    }

    /// It is gone without a word; its machine says so for it, or nobody does.
    pub(super) fn kill(&mut self, number: usize, until: i64) {
        self.oracle.seen.hubs_killed += 1;
        self.oracle.note(self.now, || format!("the hub at {number} is killed"));
        let silently = self.random.chance(0.5);
        self.places[number].up = false;
        self.places[number].suspended_until = 0;
        self.places[number].down_until = until;
        if self.places.iter().any(|place| place.number != number && place.held_lately(self.now)) {
            self.places[number].gave_way = self.now;
        }
        for line in self.places[number].forget() {
            if silently {
                if let Some(line) = self.lines.get_mut(&line) {
                    line.half_open = true;
                }
            } else {
                self.tell(line, Event::Closed(line));
            }
        }
        if number == 0 {
            self.at(until, Event::Up(number));
        }
    }

    pub(super) fn place_up(&mut self, number: usize) {
        if self.places[number].down_until <= self.now {
            self.places[number].up = true;
            self.oracle.note(self.now, || format!("place {number} listens again"));
        }
    }

    pub(super) fn suspend(&mut self, number: usize, until: i64) {
        self.oracle.seen.hubs_suspended += 1;
        self.oracle.note(self.now, || format!("the hub at {number} stands still until {:.3}", until as f64 / 1e6));
        self.places[number].suspended_until = until;
        self.at(until, Event::Awake(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_nobody_entered_ends_when_the_first_one_has_the_room() {
        let mut world = World::new(Churn { seed: 1, minutes: 1, heirs: true });
        // Nobody comes, and nothing goes wrong.
        world.queue.clear();
        let room = world.secret.room();
        world.places[0].opens(room, None, 0);
        world.places[1].up = true;
        world.places[1].opens(room, Some(RoomState::new(3)), 0);
        world.carry_out(1);

        world.run().unwrap_or_else(|broken| panic!("{broken}"));

        assert!(world.places[1].gate.is_none() && !world.places[1].up);
        assert!(world.places[0].gate.is_some() && world.places[0].up);
    }
}
