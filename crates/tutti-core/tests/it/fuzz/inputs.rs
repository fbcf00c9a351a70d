//! What surrounds a member or a hub: a player that mostly does sensible things, a room, answers; and all of it wrong.

use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::command::{Answered, CommandId, Outcome};
use tutti_core::hub::Hub;
use tutti_core::member::{Correction, Input, LeadersAd, Output, PauseByOthers, Preferences};
use tutti_core::playback::{Item, Playback};
use tutti_core::reading::{Device, Failure, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use tutti_core::room::{Act, Action, Claim, ClaimId, HubToMember, MemberId, MemberToHub, Presence, RoomState, When};
use tutti_core::speed::Speed;
use tutti_core::time::{LocalTime, RoomTime, Span};

use super::bytes::Bytes;

/// Members of the hub's room.
pub const MEMBERS: usize = 12;
/// Claims of one member that come up again and again.
const CLAIMS: u64 = 20;

/// What a member was told and asked for last, and its player.
#[derive(Default)]
pub struct Surroundings {
    command: u64,
    claim: u64,
    room: Option<RoomState>,
    item: u8,
    playing: bool,
    since: LocalTime,
    position: Span,
    joined: Vec<MemberId>,
}

impl Surroundings {
    /// The next input of a member.
    pub fn input(&mut self, bytes: &mut Bytes<'_>, now: LocalTime) -> Input {
        match bytes.below(24) {
            0..=10 => Input::Reading(self.reading(bytes, now)),
            11..=13 => Input::FromHub(HubToMember::Room(Arc::new(self.room(bytes, now)))),
            14 => Input::FromHub(HubToMember::Answer { claim: ClaimId(self.claim), accepted: bytes.flag() }),
            15 | 16 => Input::Answered(self.answered(bytes, now)),
            17 => Input::Queue {
                of: (!bytes.seldom(4)).then(|| uri(self.item)),
                next: (!bytes.seldom(4)).then(|| items(bytes)),
            },
            18 => Input::Clock(RoomClock::new(bytes.span(), bytes.span())),
            19 => match bytes.below(7) {
                0 => Input::Sync(true),
                1 => Input::Sync(false),
                2 => Input::Suspended,
                3 => Input::Preferences(preferences(bytes)),
                4 => Input::Device((!bytes.flag()).then(|| bytes.word())),
                5 => Input::Look,
                _ => Input::Sharing(bytes.number() as u32),
            },
            20 => Input::Trim(bytes.span()),
            21 | 22 => {
                self.act(bytes, now);
                Input::Reading(self.reading(bytes, now))
            }
            _ => Input::Tick,
        }
    }

    /// Remembers what can be answered, and does as it is told.
    pub fn take(&mut self, output: Output) {
        match output {
            Output::Command(command) => self.command = command.id.0,
            Output::ToHub(MemberToHub::Claim(claim)) => self.claim = claim.id.0,
            Output::Look | Output::LookQueue | Output::ToHub(_) | Output::Event(_) => {}
        }
    }

    fn act(&mut self, bytes: &mut Bytes<'_>, now: LocalTime) {
        self.position = self.here(now);
        self.since = now;
        match bytes.below(4) {
            0 => self.playing = !self.playing,
            1 => self.position = bytes.span(),
            2 => (self.item, self.position) = (bytes.below(4), Span::ZERO),
            _ => (self.item, self.position, self.playing) = (bytes.below(4), bytes.span(), true),
        }
    }

    fn here(&self, now: LocalTime) -> Span {
        if self.playing { self.position + (now - self.since) } else { self.position }
    }

    fn reading(&mut self, bytes: &mut Bytes<'_>, now: LocalTime) -> Reading {
        let answered = if bytes.seldom(16) { bytes.local(now) } else { now };
        let asked = bytes.local(answered);
        let seen = match bytes.below(16) {
            0 => Seen::Nothing,
            1 => Seen::Failed(failure(bytes, now)),
            2 => Seen::Player(any_player(bytes)),
            _ => Seen::Player(PlayerSeen {
                item: Some(item(self.item)),
                kind: SeenKind::Item,
                progress: Some(self.here(asked + (answered - asked) / 2)),
                playing: self.playing,
                device: Some(Device { id: Some("phone".to_owned()), name: String::new(), restricted: false }),
                timestamp: bytes.flag().then(|| self.since.as_micros() / 1_000),
                shuffle: false,
                repeat: Repeat::Off,
            }),
        };
        Reading { asked, answered, seen }
    }

    fn answered(&mut self, bytes: &mut Bytes<'_>, now: LocalTime) -> Answered {
        let id = CommandId(if bytes.seldom(8) { bytes.number() as u64 } else { self.command });
        let outcome = match bytes.below(8) {
            0..=3 => Outcome::Accepted,
            4 => Outcome::Restriction,
            5 => Outcome::NoDevice,
            6 => Outcome::Failed(failure(bytes, now)),
            _ => Outcome::NotPremium,
        };
        Answered { id, sent: bytes.local(now), answered: bytes.local(now), outcome }
    }

    /// The room goes on, or is any.
    fn room(&mut self, bytes: &mut Bytes<'_>, now: LocalTime) -> RoomState {
        let about = RoomTime::from_micros(now.as_micros());
        let mut room = self.room.take().unwrap_or(RoomState {
            term: 1,
            epoch: 0,
            seq: 0,
            leader: None,
            playback: None,
            action: None,
            actions: 0,
            own_speeds: Vec::new(),
            may_lead: None,
        });
        if bytes.seldom(8) {
            let any = |bytes: &mut Bytes<'_>| bytes.number() as u64;
            (room.term, room.epoch, room.seq, room.actions) = (any(bytes), any(bytes), any(bytes), any(bytes));
        }
        room.seq = room.seq.wrapping_add(1);
        if bytes.flag() {
            room.actions = room.actions.wrapping_add(1);
            let member = MemberId(bytes.below(3).into());
            room.action = Some(Action { member, when: when(bytes, about), act: act(bytes), takeover: bytes.flag() });
            room.leader = Some(member);
        }
        if bytes.seldom(8) {
            room.leader = None;
        }
        room.playback = (!bytes.seldom(8)).then(|| playback(bytes, about));
        self.room = Some(room.clone());
        room
    }

    /// Something happens at the hub.
    pub fn at_hub(&mut self, bytes: &mut Bytes<'_>, hub: &mut Hub, now: LocalTime) {
        let now = RoomTime::from_micros(now.as_micros());
        let place = usize::from(bytes.byte());
        match bytes.below(16) {
            0 | 1 if self.joined.len() < MEMBERS => {
                self.joined.push(hub.join());
                return;
            }
            2 if !self.joined.is_empty() => {
                hub.leave(self.joined.remove(place % self.joined.len()));
                return;
            }
            _ => {}
        }
        let stranger = MemberId(bytes.number() as u32);
        let from = self.joined.get(place % self.joined.len().max(1)).copied().unwrap_or(stranger);
        let epoch = if bytes.seldom(8) { bytes.number() as u64 } else { hub.state().epoch };
        let message = match bytes.below(8) {
            0..=3 => {
                let id = if bytes.seldom(4) { bytes.number() as u64 } else { u64::from(bytes.byte()) % CLAIMS };
                let (when, act, playback) = (when(bytes, now), act(bytes), playback(bytes, now));
                MemberToHub::Claim(Claim { id: ClaimId(id), epoch, when, act, playback })
            }
            4 | 5 => MemberToHub::Presence(match bytes.below(4) {
                0 => Presence::InPlace { off: bytes.span() },
                1 => Presence::Elsewhere,
                2 => Presence::OwnSpeed(speed(bytes)),
                _ => Presence::Away,
            }),
            _ => MemberToHub::Publish { epoch, playback: playback(bytes, now) },
        };
        hub.handle(from, message, now);
    }
}

fn any_player(bytes: &mut Bytes<'_>) -> PlayerSeen {
    PlayerSeen {
        item: (!bytes.seldom(4)).then(|| any_item(bytes)),
        kind: match bytes.below(3) {
            0 => SeenKind::Item,
            1 => SeenKind::Ad,
            _ => SeenKind::Unknown,
        },
        progress: (!bytes.seldom(4)).then(|| bytes.span()),
        playing: bytes.flag(),
        device: bytes.flag().then(|| Device {
            id: bytes.flag().then(|| bytes.word()),
            name: bytes.word(),
            restricted: bytes.seldom(8),
        }),
        timestamp: bytes.flag().then(|| bytes.number()),
        shuffle: bytes.seldom(4),
        repeat: match bytes.below(3) {
            0 => Repeat::Off,
            1 => Repeat::Item,
            _ => Repeat::Context,
        },
    }
}

fn preferences(bytes: &mut Bytes<'_>) -> Preferences {
    Preferences {
        correction: [Correction::Gentle, Correction::Normal, Correction::Tight][usize::from(bytes.below(3))],
        pause_by_others: if bytes.flag() { PauseByOthers::OnlyTheirs } else { PauseByOthers::Everybody },
        ad: if bytes.flag() { LeadersAd::Wait } else { LeadersAd::GoOn },
    }
}

fn failure(bytes: &mut Bytes<'_>, now: LocalTime) -> Failure {
    match bytes.below(6) {
        0 => Failure::NeedsLogin,
        1 => Failure::NotAllowedHere,
        2 => Failure::OwnerPremiumLapsed,
        3 => Failure::RateLimited { until: now + bytes.span(), quota: bytes.flag() },
        4 => Failure::Network,
        _ => Failure::Server,
    }
}

fn playback(bytes: &mut Bytes<'_>, about: RoomTime) -> Playback {
    let item = if bytes.seldom(8) { any_item(bytes) } else { item(bytes.below(4)) };
    let (playing, position, bound, speed) = (bytes.flag(), bytes.span(), bytes.span(), speed(bytes));
    Playback {
        item,
        playing,
        position,
        at: bytes.room(about),
        speed,
        speed_known: bytes.flag(),
        bound,
        next: items(bytes),
        next_known: bytes.flag(),
    }
}

fn speed(bytes: &mut Bytes<'_>) -> Speed {
    if bytes.seldom(4) { Speed::from_permille(bytes.likely_ms()) } else { Speed::NORMAL }
}

fn when(bytes: &mut Bytes<'_>, about: RoomTime) -> When {
    if bytes.flag() {
        When::exactly(bytes.room(about))
    } else {
        When { earliest: bytes.room(about), latest: bytes.room(about) }
    }
}

fn act(bytes: &mut Bytes<'_>) -> Act {
    match bytes.below(4) {
        0 => Act::Paused,
        1 => Act::Resumed,
        2 => Act::Sought(bytes.span()),
        _ => Act::Started(bytes.word()),
    }
}

fn items(bytes: &mut Bytes<'_>) -> Vec<Arc<Item>> {
    // Seldom a list as long as no queue is.
    let most = if bytes.seldom(32) { 200 } else { 3 };
    (0..bytes.below(most)).map(|_| item(bytes.below(4))).collect()
}

fn uri(number: u8) -> String {
    format!("spotify:track:{number}")
}

fn item(number: u8) -> Arc<Item> {
    Arc::new(Item {
        uri: uri(number),
        title: number.to_string(),
        by: String::new(),
        album: String::new(),
        cover: None,
        link: None,
        duration: Span::from_secs(60 + 40 * i64::from(number)),
        isrc: None,
        episode: false,
    })
}

fn any_item(bytes: &mut Bytes<'_>) -> Arc<Item> {
    Arc::new(Item {
        uri: bytes.word(),
        title: bytes.word(),
        by: bytes.word(),
        album: String::new(),
        cover: bytes.flag().then(|| bytes.word()),
        link: None,
        duration: bytes.span(),
        isrc: bytes.flag().then(|| bytes.word()),
        episode: bytes.flag(),
    })
}
