//! A plain client: one device of a user, which comes in, drives as long as it may, claims, and comes back.
//!
//! It does what docs/protocol.md asks of a client and nothing more; it plays nothing.

use std::collections::VecDeque;

use tutti_core::proof::{AccountMark, Nonce, Token, UserKey};
use tutti_core::room::RoomState;
use tutti_core::wire::parts::{ActSent, ItemSent, PlaybackSent, PresenceSent, WhenSent};
use tutti_core::wire::shown::{Shown, StandingSent};
use tutti_core::wire::since::StandsIn;
use tutti_core::wire::{Brought, FromHub, Hello, Hex, ToHub, Trouble, UserSent, VERSION, Welcome, write};

use super::*;

/// So long after a ping that was answered was sent, nothing is commanded any more.
const DRIVES_FOR: i64 = 8 * SECOND;
const BEAT: i64 = 5 * SECOND;
const GONE_AFTER: i64 = 11 * SECOND;
const GREETING: i64 = 10 * SECOND;
const AGAIN_AFTER: i64 = 3 * SECOND;
const FIRST_WAIT: i64 = 250 * MS;
const LAST_WAIT: i64 = 8 * SECOND;
const HEIRS_WAIT: i64 = SECOND;
const INHERITS_AFTER: i64 = 1_500 * MS;
/// Claims that wait for their answers.
const MOST_UNANSWERED: usize = 16;

#[derive(Debug)]
pub struct Device {
    pub user: usize,
    of_user: usize,
    /// It has no account, and only listens.
    pub listens: bool,
    /// The place that it can hold the hub at.
    pub heir: Option<usize>,
    random: Random,
    /// Its user has it in the room.
    pub on: bool,
    /// Processes before this one; each counts its claims from the start.
    pub lives: u32,
    pub sleeps_until: i64,
    /// What came while it slept, and over which connections.
    pub unread: VecDeque<(u64, Event)>,
    /// The connection that it has or tries, and since when.
    pub line: Option<u64>,
    line_since: i64,
    pub is_in: bool,
    said_hello: i64,
    /// That hello brought what was known of the room before its hub was new.
    pub brought: bool,
    heard: i64,
    lost_since: Option<i64>,
    wait: i64,
    next_try: i64,
    /// Places that were tried in vain in this round of tries.
    tried: usize,
    pub reached: usize,
    id: Option<u32>,
    token: Option<Token>,
    clock: String,
    /// The hub's clock minus the world's.
    offset: i64,
    next_member: u32,
    pub room: Option<Box<RoomState>>,
    stands_in: StandsIn<usize>,
    /// The hub lets this connection drive.
    granted: bool,
    /// When the last ping was sent that was answered.
    answered: i64,
    /// It drove until here, and goes on with the same claims.
    drove: bool,
    pinged: i64,
    pings: VecDeque<i64>,
    /// Driving began since the room was told last: what a claim of before made of it is not known yet.
    untold: bool,
    generation: u32,
    claimed: u32,
    pub claims: VecDeque<(u64, ToHub)>,
    again: i64,
    /// The newest state with a claim of its own of which it was told that it was accepted.
    pub accepted: Option<oracle::Order>,
}

impl Device {
    pub fn new(user: usize, of_user: usize, heir: Option<usize>, seed: u64) -> Self {
        Self {
            user,
            of_user,
            listens: false,
            heir,
            random: Random::new(seed),
            on: true,
            lives: 0,
            sleeps_until: 0,
            unread: VecDeque::new(),
            line: None,
            line_since: 0,
            is_in: false,
            said_hello: 0,
            brought: false,
            heard: 0,
            lost_since: None,
            wait: FIRST_WAIT,
            next_try: 0,
            tried: 0,
            reached: 0,
            id: None,
            token: None,
            clock: String::new(),
            offset: 0,
            next_member: 0,
            room: None,
            stands_in: StandsIn::default(),
            granted: false,
            answered: 0,
            drove: false,
            pinged: 0,
            pings: VecDeque::new(),
            untold: false,
            generation: 0,
            claimed: 0,
            claims: VecDeque::new(),
            again: 0,
            accepted: None,
        }
    }

    /// One that is its own user, without an account.
    pub fn listener(user: usize, seed: u64) -> Self {
        Self { listens: true, ..Self::new(user, 0, None, seed) }
    }

    /// It commands its account, as it sees it.
    pub fn drives(&self, now: i64) -> bool {
        self.on && self.is_in && self.granted && now - self.answered < DRIVES_FOR && self.sleeps_until <= now
    }

    pub fn wants_in(&self, now: i64) -> bool {
        self.on && self.sleeps_until <= now
    }

    /// It knows nothing any more: another process on the same machine.
    pub fn begins_anew(&mut self) {
        let (user, of_user, heir, seed) = (self.user, self.of_user, self.heir, self.random.next_u64());
        let (on, lives, listens) = (self.on, self.lives + 1, self.listens);
        *self = Self { on, lives, listens, ..Self::new(user, of_user, heir, seed) };
    }

    fn hello(&self, secret: RoomSecret, nonce: Nonce, now: i64) -> Hello {
        let room = secret.room();
        let mut key = [self.user as u8; 16];
        key[..8].copy_from_slice(&secret.room().to_string().as_bytes()[..8]);
        let key = UserKey::new(key);
        let brings = self.id.zip(self.room.as_deref()).map(|(member, room)| {
            let (now_us, clock) = (now + self.offset, self.clock.clone());
            let since = self.stands_in.since();
            Box::new(Brought { member, next_member: self.next_member, room: room.into(), now_us, clock, since })
        });
        Hello {
            version: VERSION,
            room: Hex(room),
            proof: Hex(secret.prove(nonce)),
            open: true,
            name: format!("user {}", self.user),
            device: format!("device {}", self.of_user),
            user: (!self.listens).then(|| UserSent {
                id: Hex(key.user(room)),
                proof: Hex(key.prove(nonce, room)),
                account: Hex(AccountMark::of(&self.user.to_string())),
            }),
            resume: self.token.map(Hex),
            drives: self.drove && now - self.answered < DRIVES_FOR,
            brings,
            heir: self.heir.map(|place| format!("place{place}:1")),
        }
    }

    fn next_claim(&mut self, title: String, now: i64) -> ToHub {
        self.claimed += 1;
        let id = u64::from(self.generation) << 32 | u64::from(self.claimed);
        let at = now + self.offset;
        let when = WhenSent { earliest_us: at - 400_000, latest_us: at };
        let act = ActSent::Started { title: title.clone() };
        let epoch = self.room.as_ref().map_or(0, |room| room.epoch);
        let claim = ToHub::Claim { id, epoch, when, act, playback: playback(title, at, self.random.below(3) == 0) };
        self.claims.push_back((id, claim.clone()));
        if self.claims.len() > MOST_UNANSWERED {
            self.claims.pop_front();
        }
        claim
    }
}

fn playback(title: String, at_us: i64, long: bool) -> PlaybackSent {
    let item = |title: String| ItemSent {
        uri: format!("spotify:track:{title}"),
        title,
        by: if long { "e".repeat(120) } else { "E".to_owned() },
        album: String::new(),
        cover: None,
        link: None,
        duration_us: 200 * SECOND,
        isrc: None,
        episode: false,
    };
    let next = (0..if long { 20 } else { 2 }).map(|at| item(format!("{title}-{at}"))).collect();
    PlaybackSent {
        item: item(title),
        playing: true,
        position_us: 0,
        at_us,
        speed_ppm: 1_000_000,
        speed_known: true,
        bound_us: 10_000,
        next,
        next_known: true,
    }
}

impl World {
    pub(super) fn device_due(&mut self, number: usize) {
        let now = self.now;
        let device = &mut self.devices[number];
        if !device.on || device.sleeps_until > now {
            return;
        }
        let Some(line) = device.line else {
            if now >= device.next_try {
                self.tries(number);
            }
            return;
        };
        if !device.is_in {
            if now - device.line_since >= GREETING {
                self.lost(number, false);
            }
            return;
        }
        if now - device.heard >= GONE_AFTER {
            return self.lost(number, true);
        }
        let mut said = Vec::new();
        if now - device.pinged >= BEAT {
            device.pinged = now;
            device.pings.push_back(now);
            if device.pings.len() > 16 {
                device.pings.pop_front();
            }
            said.push(ToHub::Ping { sent_us: now });
        }
        if now - device.again >= AGAIN_AFTER {
            device.again = now;
            said.extend(device.claims.iter().map(|(_, claim)| claim.clone()));
            self.oracle.seen.sent_again += device.claims.len() as u64;
        }
        let drives = device.drives(now);
        let leads = device.room.as_ref().is_some_and(|room| room.leader.map(|leader| leader.0) == device.id);
        let still = now % ROUND >= ROUND - STILL;
        if drives && !still {
            let device = &mut self.devices[number];
            if device.random.chance(0.01) {
                self.titles += 1;
                let title = format!("t{}", self.titles);
                said.push(device.next_claim(title, now));
            } else if leads && !device.untold && device.claims.is_empty() && device.random.chance(0.03) {
                let room = device.room.as_ref();
                let line = room.and_then(|room| Some((room.epoch, room.playback.as_ref()?)));
                said.extend(line.map(|(epoch, playback)| ToHub::Publish { epoch, playback: playback.into() }));
            } else if device.random.chance(0.05) {
                let off_us = device.random.below(90_000) as i64;
                said.push(ToHub::Presence(PresenceSent::InPlace { off_us }));
                said.push(ToHub::Standing(Box::new(stands(off_us))));
                if device.random.chance(0.3) {
                    said.push(ToHub::Commanded { until_us: now + device.offset + 4_500_000 });
                }
            }
        }
        for message in said {
            self.say(line, Event::Said(line, write(&message)));
        }
    }

    /// The next place: where it was last, then the others.
    fn tries(&mut self, number: usize) {
        let now = self.now;
        let device = &mut self.devices[number];
        let mut places: Vec<usize> = (0..self.places.len()).collect();
        let reached = device.reached.min(places.len() - 1);
        places.swap(0, reached);
        let place = places[device.tried % places.len()];
        self.numbered += 1;
        let line = self.numbered;
        let lives = device.lives;
        device.line = Some(line);
        device.line_since = now;
        device.is_in = false;
        self.lines.insert(line, Line { device: number, lives, place, half_open: false, up: 0, down: 0 });
        self.say(line, Event::Opened(line));
    }

    /// The connection is none any more, or never was one.
    fn lost(&mut self, number: usize, tell: bool) {
        let now = self.now;
        let places = self.places.len();
        let device = &mut self.devices[number];
        let Some(line) = device.line.take() else { return };
        let was_in = std::mem::replace(&mut device.is_in, false);
        device.drove = device.drove && now - device.answered < DRIVES_FOR;
        device.granted = false;
        if was_in {
            device.tried = 0;
            device.wait = FIRST_WAIT;
            device.lost_since = Some(now);
            device.next_try = now + (device.random.between(0.3, 1.0) * FIRST_WAIT as f64) as i64;
        } else {
            device.tried += 1;
            let since = *device.lost_since.get_or_insert(now);
            if device.tried.is_multiple_of(places) {
                device.next_try = now + (device.random.between(0.3, 1.0) * device.wait as f64) as i64;
                let longest = if places > 1 { HEIRS_WAIT } else { LAST_WAIT };
                device.wait = (device.wait * 2).min(longest);
                self.inherits(number, since);
            }
        }
        if tell || was_in {
            self.say(line, Event::Ended(line));
        }
    }

    /// The hub is gone, and it is this device's turn to hold it.
    fn inherits(&mut self, number: usize, lost: i64) {
        let now = self.now;
        let device = &mut self.devices[number];
        let (Some(place), Some(room)) = (device.heir, &device.room) else { return };
        if self.places[place].up || now - lost < INHERITS_AFTER * place as i64 {
            return;
        }
        let mut state = (**room).clone();
        state.term += 1;
        device.reached = place;
        device.next_try = now;
        self.places[place].clock.clone_from(&device.clock);
        self.places[place].offset = device.offset;
        self.places[place].up = true;
        self.oracle.seen.hubs_inherited += 1;
        self.oracle.note(now, || format!("device {number} holds the hub at {place} from {:?}", state.order()));
        self.places[place].opens(self.secret.room(), Some(state), now);
        self.carry_out(place);
    }

    pub(super) fn at_device(&mut self, number: usize, line: u64, event: Event) {
        let now = self.now;
        let device = &mut self.devices[number];
        if device.line != Some(line) {
            return;
        }
        match event {
            Event::Told(_, message) => {
                device.heard = now;
                self.hears(number, line, &message);
            }
            _ => self.lost(number, false),
        }
    }

    fn hears(&mut self, number: usize, line: u64, message: &FromHub) {
        let now = self.now;
        let place = self.lines[&line].place;
        let device = &mut self.devices[number];
        match message {
            FromHub::Challenge { nonce, .. } => {
                device.said_hello = now;
                let hello = device.hello(self.secret, nonce.0, now);
                // Whoever came to a new hub with nothing, and comes again, brings what it is told there.
                let new = now - self.places[place].opened < NEW;
                device.brought = hello.brings.is_some() && (device.brought || !new);
                let (drives, brings) = (hello.drives, hello.brings.as_ref().map(|brought| brought.room.term));
                self.oracle.note(now, || format!("device {number}: drives: {drives}, brings {brings:?}"));
                self.say(line, Event::Said(line, write(&ToHub::Hello(Box::new(hello)))));
            }
            FromHub::Welcome(welcome) => self.welcomed(number, line, place, welcome),
            FromHub::Room(room) => self.learns(number, (**room).clone().into()),
            FromHub::Members(members) => {
                let highest = members.list.iter().map(|member| member.id + 1).max();
                device.next_member = device.next_member.max(highest.unwrap_or(0));
            }
            &FromHub::Answer { id, accepted } => {
                self.oracle.answer((number, device.lives), id, accepted);
                let own = device.claims.iter().any(|(claim, _)| *claim == id);
                device.claims.retain(|(claim, _)| *claim != id);
                if !accepted && own {
                    self.oracle.seen.refused += 1;
                }
                let acted = device
                    .room
                    .as_ref()
                    .filter(|room| room.action.as_ref().is_some_and(|action| Some(action.member.0) == device.id));
                if let Some(room) = acted.filter(|_| accepted && own) {
                    device.accepted = device.accepted.max(Some(room.order()));
                }
            }
            &FromHub::Pong { sent_us, .. } => {
                if let Some(at) = device.pings.iter().position(|ping| *ping == sent_us) {
                    device.pings.drain(..=at);
                    self.may_drive(number, sent_us);
                }
            }
            &FromHub::Drive { on, .. } => {
                self.oracle.seen.handed_over += u64::from(on);
                self.oracle.note(now, || format!("device {number} is told to drive: {on}"));
                let device = &mut self.devices[number];
                device.granted = on;
                let answered = device.answered;
                self.may_drive(number, answered);
            }
            &FromHub::Leaving { within_ms } => {
                self.lost(number, true);
                let device = &mut self.devices[number];
                device.next_try = now + (device.random.unit() * f64::from(within_ms) * 1e3) as i64;
            }
            FromHub::Error(refusal) if refusal.code.is_fatal() => {
                if !refusal.code.may_pass() && refusal.code != Trouble::NoSuchRoom {
                    self.oracle.broke(format!("device {number} was refused: {refusal:?}"));
                }
                self.lost(number, false);
            }
            FromHub::Error(_) | FromHub::Standings { .. } => {}
        }
    }

    fn welcomed(&mut self, number: usize, line: u64, place: usize, welcome: &Welcome) {
        let now = self.now;
        let device = &mut self.devices[number];
        // Nobody awaits a listener: it always comes back as somebody new.
        if !device.listens && device.id.is_some_and(|id| id != welcome.member) {
            self.oracle.note(now, || format!("device {number} has to begin as somebody new"));
            device.begins_anew();
            return self.say(line, Event::Ended(line));
        }
        self.oracle.seen.welcomes += 1;
        let drives = welcome.drives;
        self.oracle.note(now, || format!("device {number} is welcome{}", if drives { " and drives" } else { "" }));
        let device = &mut self.devices[number];
        if device.token.is_some() {
            self.oracle.seen.taken_up += 1;
        }
        device.is_in = true;
        device.reached = place;
        device.lost_since = None;
        device.tried = 0;
        device.wait = FIRST_WAIT;
        device.id = Some(welcome.member);
        device.token = Some(welcome.token.0);
        device.clock.clone_from(&welcome.clock);
        // Half of the way back and forth.
        let offset = welcome.now_us - (now + device.said_hello) / 2;
        let ahead = offset - device.offset;
        device.offset = offset;
        device.claims.iter_mut().for_each(|(_, claim)| claim.shift(ahead));
        let highest = welcome.members.list.iter().map(|member| member.id + 1).max();
        device.next_member = device.next_member.max(highest.unwrap_or(0));
        device.granted = welcome.drives;
        device.pings.clear();
        device.pinged = now;
        let said_hello = device.said_hello;
        if !welcome.drives {
            device.claims.clear();
        }
        device.stands_in.welcomed(device.room.as_deref(), &welcome.room, &place);
        self.learns(number, welcome.room.clone().into());
        self.may_drive(number, said_hello);
        let device = &mut self.devices[number];
        // The welcome told it.
        device.untold = false;
        device.again = now;
        let claims: Vec<ToHub> = device.claims.iter().map(|(_, claim)| claim.clone()).collect();
        for claim in claims {
            self.say(line, Event::Said(line, write(&claim)));
        }
        // The burst with which an exchange of clocks begins.
        self.devices[number].pinged = 0;
    }

    /// The hub answered what was said then.
    fn may_drive(&mut self, number: usize, said: i64) {
        let now = self.now;
        let device = &mut self.devices[number];
        let drove = device.drives(now) || (device.drove && now - device.answered < DRIVES_FOR);
        device.answered = device.answered.max(said);
        let drives = device.drives(now);
        if drives && !drove {
            // Driving begins: what was claimed before is nobody's any more.
            device.untold = true;
            device.generation += 1;
            device.claims.clear();
        }
        device.drove = drives;
    }

    fn learns(&mut self, number: usize, room: RoomState) {
        let device = &mut self.devices[number];
        device.untold = false;
        self.oracle.state(&room);
        if device.room.as_ref().is_none_or(|known| known.order() <= room.order()) {
            device.stands_in.acted(room.actions);
            device.room = Some(Box::new(room));
        }
    }
}

fn stands(off_us: i64) -> Shown {
    Shown {
        standing: StandingSent::InPlace,
        error_us: Some(off_us),
        bound_us: 5_000,
        trim_us: 0,
        player: None,
        device: None,
        trouble: None,
    }
}
