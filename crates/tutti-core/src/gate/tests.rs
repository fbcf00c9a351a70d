//! A room with connections that come, break off and go.

#![allow(clippy::unwrap_used)]

mod devices;
mod hubs;
mod who;

use super::*;
use crate::proof::{AccountMark, Nonce, RoomSecret, Token, UserKey};
use crate::wire::parts::{ActSent, ItemSent, PlaybackSent, WhenSent};
use crate::wire::{Brought, FromHub, Hello, Hex, Welcome, read_from_hub};

const SECRET: RoomSecret = RoomSecret::new([5; 16]);
const NONCE: Nonce = Nonce::new([6; 32]);

/// A gate, its clock, and what every connection was told.
struct Stand {
    gate: Gate,
    now: RoomTime,
    told: BTreeMap<ConnectionId, Vec<Arc<str>>>,
    closed: BTreeSet<ConnectionId>,
    connections: u64,
}

impl Stand {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let config = Config { room: SECRET.room(), clock: "one".into(), limits, seed: [1; 32], state: None };
        let now = RoomTime::from_micros(1_000_000);
        Self { gate: Gate::new(config, now), now, told: BTreeMap::new(), closed: BTreeSet::new(), connections: 0 }
    }

    fn drain(&mut self) {
        while let Some(out) = self.gate.poll() {
            match out {
                Out::Send { to, text } => {
                    for connection in to {
                        self.told.entry(connection).or_default().push(Arc::clone(&text));
                    }
                }
                Out::Close(connection) => {
                    self.closed.insert(connection);
                }
            }
        }
    }

    fn enter(&mut self, hello: Hello) -> Result<(ConnectionId, Welcome), Refusal> {
        hello.check(NONCE)?;
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let entered = self.gate.enter(connection, hello, self.now);
        self.drain();
        entered?;
        let welcome = self.heard(connection).into_iter().find_map(|message| match message {
            FromHub::Welcome(welcome) => Some(*welcome),
            _ => None,
        });
        Ok((connection, welcome.unwrap()))
    }

    fn join(&mut self, hello: Hello) -> ConnectionId {
        self.enter(hello).unwrap().0
    }

    fn say(&mut self, from: ConnectionId, message: ToHub) {
        self.gate.received(from, Ok(message), self.now);
        self.drain();
    }

    fn broke_off(&mut self, connection: ConnectionId) {
        self.gate.closed(connection, self.now);
        self.drain();
    }

    /// Time passes; these connections ping every five seconds.
    fn pass(&mut self, span: Span, alive: &[ConnectionId]) {
        let end = self.now + span;
        let mut beat = self.now;
        while self.now < end {
            let due = self.gate.deadline().unwrap_or(end).max(self.now).min(end).min(beat);
            self.now = due.max(self.now);
            if self.now >= beat {
                beat = self.now + Span::from_millis(i64::from(crate::wire::BEAT_MS));
                for &connection in alive {
                    self.say(connection, ToHub::Ping { sent_us: 0 });
                }
            }
            self.gate.tick(self.now);
            self.drain();
            self.now = self.now + Span::from_micros(1);
        }
    }

    /// What a connection was told since it was asked last.
    fn heard(&mut self, connection: ConnectionId) -> Vec<FromHub> {
        let told = self.told.get_mut(&connection).map(std::mem::take).unwrap_or_default();
        told.iter().map(|text| read_from_hub(text).unwrap()).collect()
    }

    fn refusals(&mut self, connection: ConnectionId) -> Vec<Trouble> {
        let of = |message: FromHub| match message {
            FromHub::Error(refusal) => Some(refusal.code),
            _ => None,
        };
        self.heard(connection).into_iter().filter_map(of).collect()
    }

    fn was_told_to_drive(&mut self, connection: ConnectionId) -> bool {
        self.heard(connection).iter().any(|message| matches!(message, FromHub::Drive { on: true, .. }))
    }

    /// In place, and off by so much.
    fn stands(&self, error_us: i64) -> crate::wire::shown::Shown {
        crate::wire::shown::Shown {
            standing: crate::wire::shown::StandingSent::InPlace,
            error_us: Some(error_us),
            bound_us: 5,
            trim_us: 0,
            player: None,
            device: None,
            trouble: None,
        }
    }

    fn drivers(&self) -> Vec<ConnectionId> {
        self.gate.people.values().filter_map(|person| person.driver).collect()
    }
}

/// A user with a key of so many equal bytes, whose account has the same name.
fn hello(name: &str, key: u8) -> Hello {
    let room = SECRET.room();
    let user = UserKey::new([key; 16]);
    Hello {
        version: crate::wire::VERSION,
        room: Hex(room),
        proof: Hex(SECRET.prove(NONCE)),
        open: true,
        name: name.into(),
        device: "laptop".into(),
        user: Some(crate::wire::UserSent {
            id: Hex(user.user(room)),
            proof: Hex(user.prove(NONCE, room)),
            account: Hex(AccountMark::of(name)),
        }),
        resume: None,
        drives: false,
        brings: None,
        heir: None,
    }
}

fn listener() -> Hello {
    Hello { user: None, ..hello("listener", 99) }
}

fn playback(title: &str, position_us: i64, at: RoomTime) -> PlaybackSent {
    PlaybackSent {
        item: ItemSent {
            uri: format!("spotify:track:{title}"),
            title: title.into(),
            by: "somebody".into(),
            album: String::new(),
            cover: None,
            link: None,
            duration_us: 200_000_000,
            isrc: None,
            episode: false,
        },
        playing: true,
        position_us,
        at_us: at.as_micros(),
        speed_ppm: 1_000_000,
        speed_known: true,
        bound_us: 10_000,
        next: Vec::new(),
        next_known: true,
    }
}

fn claim(id: u64, epoch: u64, title: &str, at: RoomTime) -> ToHub {
    let when = WhenSent { earliest_us: at.as_micros(), latest_us: at.as_micros() };
    let act = ActSent::Started { title: title.into() };
    ToHub::Claim { id, epoch, when, act, playback: playback(title, 0, at) }
}
