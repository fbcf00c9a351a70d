//! The bound: knows every action and every position at once, and has the same commands, as slow and as uneven.
//!
//! Aims with the true median latency, lets every command land, and seeks again until it is within 40 ms: each correction
//! is another draw of the same latency. What remains is what no engine on these commands can be much better than.

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::room::{Act, When};
use tutti_core::time::{RoomTime, Span};

use super::{Happened, Rules, Wish, list_of};
use crate::player::Truth;
use crate::report::{HandKind, RoomChange};
use crate::world::config::WorldConfig;
use crate::world::spotify::Spotify;

/// How often it looks at the truth.
const LOOKS_EVERY_US: i64 = 250_000;
const CORRECTS_ABOVE_MS: f64 = 40.0;
/// A command has taken effect after so many of its median latencies.
const LANDED: i64 = 6;

pub struct Oracle {
    seats: Vec<Seat>,
    leader: Option<usize>,
    actions: u64,
    epoch: u64,
}

#[derive(Clone)]
struct Seat {
    /// Median time from sending a command to its effect, µs.
    latency_us: i64,
    trim_ms: f64,
    controllable: bool,
    commands: u64,
    waits_until_us: i64,
}

impl Oracle {
    pub fn new(config: &WorldConfig, spotify: &Spotify) -> Self {
        let seats = config.members.iter().zip(&spotify.players).map(|(member, player)| {
            let latencies = player.profile().latencies();
            let way_ms = latencies.command_round_trip_ms.0 / 2.0;
            Seat {
                latency_us: ((latencies.effect_ms.0 + way_ms) * 1e3) as i64,
                trim_ms: player.audible_offset_ms().filter(|_| member.trimmed).unwrap_or(0.0),
                controllable: member.product == crate::player::Product::Premium,
                commands: 0,
                waits_until_us: 0,
            }
        });
        Self { seats: seats.collect(), leader: None, actions: 0, epoch: 0 }
    }

    fn acted(&mut self, now_us: i64, member: usize, kind: HandKind, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        let truth = spotify.players[member].truth(now_us);
        let takeover = self.leader.is_some_and(|leader| leader != member);
        self.epoch += u64::from(self.leader != Some(member));
        self.leader = Some(member);
        self.actions += 1;
        for seat in &mut self.seats {
            seat.waits_until_us = 0;
        }
        let when = When::exactly(RoomTime::from_micros(now_us));
        let act = match kind {
            HandKind::Pause => Act::Paused,
            HandKind::Resume => Act::Resumed,
            HandKind::Seek | HandKind::Transfer => Act::Sought(Span::ZERO),
            HandKind::Play | HandKind::Next | HandKind::Previous => Act::Started(String::new()),
        };
        wishes.push(Wish::Event(member, Event::Named { what: What::Act(act), author: Author::User, when }));
        let line = truth.uri.map(|uri| (uri, truth.playing, truth.reported_ms));
        let (epoch, actions, leader) = (self.epoch, self.actions, self.leader);
        wishes.push(Wish::Room(RoomChange { at_us: now_us, epoch, actions, leader, takeover, line, speed: 1.0 }));
        for other in 0..self.seats.len() {
            self.follow(now_us, other, spotify, wishes);
        }
    }

    fn follow(&mut self, now_us: i64, member: usize, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        let Some(leader) = self.leader.filter(|&leader| leader != member) else { return };
        let lead = spotify.players[leader].truth(now_us);
        let own = spotify.players[member].truth(now_us);
        let ahead_ms = self.seats[member].trim_ms - self.seats[leader].trim_ms;
        let seat = &mut self.seats[member];
        if now_us < seat.waits_until_us || !seat.controllable {
            return;
        }
        let there = own.uri == lead.uri && own.playing == lead.playing;
        let error_ms = own.reported_ms - lead.reported_ms - ahead_ms;
        let correction = there && lead.playing && error_ms.abs() > CORRECTS_ABOVE_MS;
        if there && !correction || (!lead.playing && !own.playing) {
            return;
        }
        let Some(kind) = aim(&lead, ahead_ms + seat.latency_us as f64 / 1e3, correction, spotify, leader, now_us)
        else {
            return;
        };
        seat.waits_until_us = now_us + LANDED * seat.latency_us;
        let id = CommandId(seat.commands);
        seat.commands += 1;
        let why = if correction { Why::Settle } else { Why::Follow };
        wishes.push(Wish::Event(member, Event::Commanded { id, kind: kind.clone(), why }));
        wishes.push(Wish::Command(member, Command { id, kind, device: None }));
    }
}

/// Nothing is aimed at an item's end: everybody gets there by themselves.
fn aim(
    lead: &Truth,
    ahead_ms: f64,
    there: bool,
    spotify: &mut Spotify,
    leader: usize,
    now_us: i64,
) -> Option<CommandKind> {
    const END_MS: f64 = 2_000.0;
    if !lead.playing {
        return Some(CommandKind::Pause);
    }
    let uri = lead.uri.clone()?;
    let item = spotify.catalogue.find(&uri)?;
    let duration_ms = spotify.catalogue.duration_us(item) as f64 / 1e3;
    let position_ms = lead.reported_ms + ahead_ms;
    if position_ms + END_MS >= duration_ms {
        return None;
    }
    let position = Span::from_micros((position_ms.max(0.0) * 1e3) as i64);
    if there {
        return Some(CommandKind::Seek { position });
    }
    Some(CommandKind::Play { uris: list_of(spotify, Some(leader), &uri, now_us), position })
}

impl Rules for Oracle {
    fn happen(&mut self, now_us: i64, member: usize, what: Happened, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        match what {
            Happened::Acted(kind) => self.acted(now_us, member, kind, spotify, wishes),
            Happened::Joins | Happened::Woken => {
                self.follow(now_us, member, spotify, wishes);
                wishes.push(Wish::Wake(member, now_us + LOOKS_EVERY_US));
            }
            _ => {}
        }
    }
}
