//! A gate with connections that say, break off and come back with arbitrary bytes; and the decoder alone.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tutti_core::gate::{Config, ConnectionId, Gate, Limits, Out};
use tutti_core::playback::Playback;
use tutti_core::proof::{AccountMark, Nonce, RoomSecret, Token, UserKey};
use tutti_core::room::RoomState;
use tutti_core::time::{LocalTime, RoomTime, Span};
use tutti_core::wire::parts::{ActSent, ItemSent, PlaybackSent, PresenceSent, RoomSent, WhenSent};
use tutti_core::wire::shown::{Shown, StandingSent};
use tutti_core::wire::{
    Brought, FromHub, Hello, Hex, MOST_BYTES, MOST_BYTES_FROM_HUB, ToHub, Trouble, UserSent, VERSION, WhoLeads,
    read_from_hub, read_to_hub, write,
};

use super::bytes::Bytes;

/// Users who come again and again.
const USERS: u8 = 5;
/// Connections that are remembered.
const LINES: u64 = 12;
/// A deadline that has come is dealt with by so many ticks.
const TICKS: usize = 4;
/// A hub's clock counts µs from some day of its machine: here up to 73,000 years from it. At the very end of the numbers no
/// instant is later than now, and so whatever is due next is due at once, again and again.
const END: i64 = i64::MAX / 4;
/// Who drives commands for so long after the hub's last answer, and nobody else does before.
const DRIVES_FOR: Span = Span::from_secs(8);
/// Answers kept for each member, and what waits or is said of each: see [`Gate::stored`].
const OF_A_MEMBER: usize = 26;

/// Whose proofs are right, computed once: signatures take longer than all else.
struct Known {
    users: Vec<UserSent>,
    hello: Hello,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let (secret, nonce) = (RoomSecret::new([5; 16]), Nonce::new([6; 32]));
        let room = secret.room();
        let user = |number: u8| {
            let key = UserKey::new([number; 16]);
            let account = AccountMark::of(&(number / 2).to_string());
            UserSent { id: Hex(key.user(room)), proof: Hex(key.prove(nonce, room)), account: Hex(account) }
        };
        let hello = Hello {
            version: VERSION,
            room: Hex(room),
            proof: Hex(secret.prove(nonce)),
            open: true,
            name: String::new(),
            device: String::new(),
            user: None,
            resume: None,
            drives: false,
            brings: None,
            heir: None,
        };
        Known { users: (0..USERS).map(user).collect(), hello }
    })
}

/// What is known of a connection from outside.
#[derive(Default)]
struct Line {
    user: Option<u8>,
    member: Option<u32>,
    drives: bool,
    /// It says that it drove: under another hub, or by the token of a connection before.
    drove: bool,
    said_bye: bool,
    answered: RoomTime,
}

struct Room {
    gate: Gate,
    limits: Limits,
    lines: BTreeMap<ConnectionId, Line>,
    tokens: Vec<Token>,
    leaders: BTreeMap<(u64, u64), Option<u32>>,
    /// The last refusal that each connection was told.
    refused: BTreeMap<ConnectionId, Trouble>,
    /// Whose connection broke off as it drove: it may command until then.
    commands: BTreeMap<u8, RoomTime>,
    now: RoomTime,
    state: RoomState,
}

/// Feeds a gate.
pub fn gate(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut now = LocalTime::default();
    let limits = match bytes.below(3) {
        0 => Limits { members: 3, connections_user: 2, messages_s: 4, together: Span::ZERO, ..Limits::default() },
        1 => Limits { members: 8, messages_s: 1_000, ..Limits::default() },
        _ => Limits::default(),
    };
    let mut room = Room::new(limits, None, RoomTime::default());
    while !bytes.is_empty() {
        now = bytes.later(now);
        room.feed(&mut bytes, RoomTime::from_micros(now.as_micros().clamp(-END, END)));
    }
}

impl Room {
    fn new(limits: Limits, state: Option<RoomState>, now: RoomTime) -> Self {
        let config =
            Config { room: known().hello.room.0, clock: "one".into(), limits, seed: [1; 32], state: state.clone() };
        let gate = Gate::new(config, now);
        let state = gate.state().clone();
        let (lines, refused, leaders) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (tokens, commands) = (Vec::new(), BTreeMap::new());
        Self { gate, limits, lines, tokens, leaders, refused, commands, now, state }
    }

    fn feed(&mut self, bytes: &mut Bytes<'_>, now: RoomTime) {
        if now < self.now {
            // The clock went back, and nothing is known of what was later.
            self.commands.clear();
            self.lines.values_mut().for_each(|line| line.answered = line.answered.min(now));
        }
        self.now = now;
        let connection = ConnectionId(u64::from(bytes.byte()) % LINES);
        match bytes.below(16) {
            0..=2 => self.enter(connection, bytes, now),
            3 => {
                self.goes(connection);
                self.gate.closed(connection, now);
            }
            4 => self.gate.noise(connection, now),
            5 => self.gate.tell_whole(connection),
            6 if bytes.seldom(16) => {
                let all: Vec<ConnectionId> = self.lines.keys().copied().collect();
                self.gate.leave(1_000);
                self.drain();
                // They are closed, one after the other, and nothing that is said meanwhile arrives.
                all.into_iter().for_each(|connection| self.gate.closed(connection, now));
                while self.gate.poll().is_some() {}
            }
            7 if bytes.seldom(16) => {
                // Another hub goes on with what this one knew.
                *self = Self::new(self.limits, Some(self.gate.state().clone()), now);
            }
            _ => self.say(connection, bytes, now),
        }
        self.drain();
        let mut ticks = 0;
        while self.gate.deadline().is_some_and(|at| at <= now) {
            ticks += 1;
            assert!(ticks <= TICKS, "due again and again: {:?}", self.gate.deadline());
            self.gate.tick(now);
            self.drain();
        }
        let members = self.limits.members as usize;
        assert!(self.gate.members() <= members, "{} members", self.gate.members());
        let most = members * (OF_A_MEMBER + 3 * self.limits.connections_user as usize) + 16;
        assert!(self.gate.stored() <= most + self.brought(), "{} things stored", self.gate.stored());
    }

    /// Lists that came with a state that was brought; a message is too short for many.
    fn brought(&self) -> usize {
        self.gate.state().own_speeds.len() + self.gate.state().may_lead.as_ref().map_or(0, Vec::len)
    }

    fn enter(&mut self, connection: ConnectionId, bytes: &mut Bytes<'_>, now: RoomTime) {
        if self.lines.contains_key(&connection) {
            return;
        }
        let known = known();
        let user = (!bytes.seldom(6)).then(|| bytes.below(USERS));
        let resume = bytes.flag().then(|| self.tokens.get(usize::from(bytes.below(8))).copied()).flatten();
        let brings = bytes.seldom(3).then(|| {
            let (member, next_member) = (bytes.number() as u32, bytes.number() as u32);
            let clock = if bytes.flag() { "one".to_owned() } else { bytes.word() };
            let room = if bytes.flag() { RoomSent::from(&self.state) } else { room(bytes, now) };
            let since = bytes.seldom(2).then(|| (bytes.number() as u64, bytes.number() as u64, bytes.number() as u64));
            Box::new(Brought { member, next_member, room, now_us: about(bytes, now), clock, since })
        });
        let heir = bytes.seldom(4).then(|| bytes.word());
        let hello = Hello {
            name: bytes.word(),
            device: bytes.word(),
            user: user.map(|user| known.users[usize::from(user)].clone()),
            resume: resume.map(Hex),
            drives: bytes.flag(),
            brings,
            heir,
            ..known.hello.clone()
        };
        // What is too long for a message never comes in.
        let text = write(&ToHub::Hello(Box::new(hello)));
        let Ok(ToHub::Hello(hello)) = read_to_hub(&text) else {
            assert!(text.len() > MOST_BYTES, "a hello is not understood: {text}");
            return;
        };
        let drove = hello.drives || hello.resume.is_some();
        if let Ok(member) = self.gate.enter(connection, *hello, now) {
            let line = Line { user, member: Some(member.0), drove, answered: now, ..Line::default() };
            self.lines.insert(connection, line);
        }
    }

    fn say(&mut self, connection: ConnectionId, bytes: &mut Bytes<'_>, now: RoomTime) {
        let text = frame(bytes, now, self.gate.state().epoch);
        let message = read_to_hub(&text);
        let wrong = message.as_ref().err().map(|refusal| refusal.code);
        assert_eq!(text.len() > MOST_BYTES, wrong == Some(Trouble::TooLong), "{wrong:?}");
        let is_in = self.lines.contains_key(&connection);
        self.refused.remove(&connection);
        if let Some(line) = self.lines.get_mut(&connection) {
            line.said_bye = matches!(message, Ok(ToHub::Bye));
        }
        self.gate.received(connection, message, now);
        self.drain();
        if let Some(wrong) = wrong.filter(|_| is_in) {
            let told = self.refused.get(&connection).copied();
            assert!(told == Some(wrong) || told == Some(Trouble::Flood), "{wrong:?} was answered by {told:?}");
        }
    }

    fn drain(&mut self) {
        while let Some(out) = self.gate.poll() {
            match out {
                Out::Close(connection) => self.goes(connection),
                Out::Send { to, text } => {
                    assert!(text.len() <= MOST_BYTES_FROM_HUB, "{} bytes", text.len());
                    let message = read_from_hub(&text).unwrap_or_else(|wrong| panic!("{wrong:?}: {text}"));
                    to.into_iter().for_each(|connection| self.told(connection, &message));
                }
            }
        }
        let state = self.gate.state();
        let leader = state.leader.map(|member| member.0);
        let first = *self.leaders.entry((state.term, state.epoch)).or_insert(leader);
        assert_eq!(first, leader, "two leaders in {:?}", state.order());
        self.state = state.clone();
    }

    /// A connection is no more.
    fn goes(&mut self, connection: ConnectionId) {
        let Some(line) = self.lines.remove(&connection) else { return };
        let clean = line.said_bye && !self.refused.contains_key(&connection);
        if let Some(user) = line.user.filter(|_| line.drives && !clean) {
            self.commands.insert(user, line.answered + DRIVES_FOR);
        }
    }

    fn told(&mut self, connection: ConnectionId, message: &FromHub) {
        let line = self.lines.get_mut(&connection).unwrap_or_else(|| panic!("{connection:?} is closed: {message:?}"));
        let drives = match message {
            FromHub::Welcome(welcome) => {
                assert_eq!(line.member, Some(welcome.member));
                self.tokens.push(welcome.token.0);
                if self.tokens.len() > 8 {
                    self.tokens.remove(0);
                }
                welcome.drives
            }
            FromHub::Drive { on, .. } => *on,
            FromHub::Pong { .. } => {
                line.answered = self.now;
                return;
            }
            FromHub::Error(refusal) => {
                self.refused.insert(connection, refusal.code);
                return;
            }
            _ => return,
        };
        let begins = drives && !std::mem::replace(&mut line.drives, drives);
        let (member, drove) = (line.member, std::mem::take(&mut line.drove));
        if let Some(until) = line.user.filter(|_| begins).and_then(|user| self.commands.remove(&user)) {
            assert!(drove || self.now >= until, "{member:?} is driven, and may be commanded until {until:?}");
        }
        let drivers = self.lines.values().filter(|line| line.drives && line.member == member);
        assert!(drivers.count() <= 1, "member {member:?} is driven twice");
    }
}

/// A text of any kind: a message, one that is broken somewhere, or bytes.
fn frame(bytes: &mut Bytes<'_>, now: RoomTime, epoch: u64) -> String {
    let whole = match bytes.below(16) {
        0 => return "x".repeat(MOST_BYTES + usize::from(bytes.byte())),
        1 => return (0..bytes.byte()).map(|_| char::from(bytes.byte())).collect(),
        _ => write(&message(bytes, now, epoch)),
    };
    match bytes.below(8) {
        0 => {
            let at = usize::from(bytes.byte()) * whole.len() / 256;
            let cut = whole.char_indices().map(|(index, _)| index).find(|&index| index >= at);
            whole[..cut.unwrap_or(whole.len())].to_owned()
        }
        1 => {
            let (at, other) = (usize::from(bytes.byte()) * whole.len() / 256, char::from(bytes.byte()));
            whole.char_indices().map(|(index, letter)| if index == at { other } else { letter }).collect()
        }
        2 => whole.replacen(['0', '1', '2'], "99999999999999999999", 1),
        3 => whole.replacen(r#""type":""#, r#""type":"x"#, 1),
        _ => whole,
    }
}

fn message(bytes: &mut Bytes<'_>, now: RoomTime, epoch: u64) -> ToHub {
    let epoch = if bytes.seldom(8) { bytes.number() as u64 } else { epoch };
    match bytes.below(16) {
        0..=3 => ToHub::Claim {
            id: bytes.byte().into(),
            epoch,
            when: WhenSent { earliest_us: about(bytes, now), latest_us: about(bytes, now) },
            act: match bytes.below(4) {
                0 => ActSent::Paused,
                1 => ActSent::Resumed,
                2 => ActSent::Sought { position_us: bytes.number() },
                _ => ActSent::Started { title: bytes.word() },
            },
            playback: playback(bytes, now),
        },
        4 | 5 => ToHub::Publish { epoch, playback: playback(bytes, now) },
        6 => ToHub::Presence(presence(bytes)),
        7 => ToHub::Standing(Box::new(shown(bytes))),
        8 => ToHub::Commanded { until_us: about(bytes, now) },
        9 => ToHub::MayLead {
            who: match bytes.below(3) {
                0 => WhoLeads::Anyone,
                1 => WhoLeads::Host,
                _ => WhoLeads::Members((0..bytes.byte()).map(|_| bytes.below(8).into()).collect()),
            },
        },
        10 => ToHub::Lock { on: bytes.seldom(4) },
        11 => ToHub::Remove { member: bytes.below(16).into() },
        12 => ToHub::Bye,
        13 => ToHub::Hello(Box::new(known().hello.clone())),
        _ => ToHub::Ping { sent_us: bytes.number() },
    }
}

fn about(bytes: &mut Bytes<'_>, now: RoomTime) -> i64 {
    bytes.room(now).as_micros()
}

fn presence(bytes: &mut Bytes<'_>) -> PresenceSent {
    match bytes.below(4) {
        0 => PresenceSent::InPlace { off_us: bytes.number() },
        1 => PresenceSent::OwnSpeed { speed_ppm: bytes.number() },
        2 => PresenceSent::Elsewhere,
        _ => PresenceSent::Away,
    }
}

fn shown(bytes: &mut Bytes<'_>) -> Shown {
    Shown {
        standing: if bytes.flag() { StandingSent::InPlace } else { StandingSent::PlaysOn },
        error_us: bytes.flag().then(|| bytes.number()),
        bound_us: bytes.number(),
        trim_us: bytes.number(),
        player: None,
        device: bytes.flag().then(|| bytes.word()),
        trouble: None,
    }
}

fn item(bytes: &mut Bytes<'_>) -> ItemSent {
    ItemSent {
        uri: bytes.word(),
        title: bytes.word(),
        by: bytes.word(),
        album: String::new(),
        cover: bytes.seldom(4).then(|| bytes.word()),
        link: None,
        duration_us: bytes.number(),
        isrc: None,
        episode: bytes.seldom(4),
    }
}

fn playback(bytes: &mut Bytes<'_>, now: RoomTime) -> PlaybackSent {
    PlaybackSent {
        item: item(bytes),
        playing: bytes.flag(),
        position_us: bytes.number(),
        at_us: about(bytes, now),
        speed_ppm: if bytes.seldom(4) { bytes.number() } else { 1_000_000 },
        speed_known: bytes.flag(),
        bound_us: bytes.number(),
        next: (0..bytes.below(4)).map(|_| item(bytes)).collect(),
        next_known: bytes.flag(),
    }
}

fn room(bytes: &mut Bytes<'_>, now: RoomTime) -> RoomSent {
    RoomSent {
        term: bytes.number() as u64,
        epoch: bytes.number() as u64,
        seq: bytes.number() as u64,
        leader: bytes.flag().then(|| bytes.below(8).into()),
        playback: (!bytes.seldom(4)).then(|| playback(bytes, now)),
        action: None,
        actions: bytes.number() as u64,
        own_speeds: (0..bytes.below(4)).map(|_| (bytes.below(8).into(), bytes.number())).collect(),
        may_lead: bytes.seldom(4).then(|| (0..bytes.below(4)).map(|_| bytes.below(8).into()).collect()),
    }
}

/// Feeds the decoders of both sides: whatever reads is read the same again, and bears being used.
pub fn wire(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    while !bytes.is_empty() {
        let now = RoomTime::from_micros(bytes.number());
        let text = frame(&mut bytes, now, 1);
        if let Ok(message) = read_to_hub(&text) {
            let again = write(&message);
            assert!(again.len() > MOST_BYTES || read_to_hub(&again).as_ref() == Ok(&message), "{again}");
            if let ToHub::Claim { playback, .. } | ToHub::Publish { playback, .. } = message {
                bears(Playback::from(playback), now);
            }
        }
        let text: Arc<str> = match bytes.below(4) {
            0 => write(&FromHub::Room(Box::new(room(&mut bytes, now)))).into(),
            1 => write(&FromHub::Standings { list: vec![(0, shown(&mut bytes))] }).into(),
            _ => text.into(),
        };
        match read_from_hub(&text) {
            Ok(FromHub::Room(room)) => {
                let mut state = RoomState::from(*room);
                state.shift(bytes.span());
                state.playback.into_iter().for_each(|playback| bears(playback, now));
            }
            Ok(FromHub::Standings { list }) => {
                for (_, shown) in list {
                    let once = shown.cut();
                    assert_eq!(once.clone().cut(), once);
                    once.seen(LocalTime::from_micros(bytes.number()));
                }
            }
            _ => {}
        }
    }
}

fn bears(playback: Playback, now: RoomTime) {
    playback.position_at(now);
    playback.ends_at();
    playback.gone_on(now, Span::ZERO).line_at(now);
}
