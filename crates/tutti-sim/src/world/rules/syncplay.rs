//! Baseline: Syncplay's rules on Spotify's players, from their description.
//!
//! There is no leader: whoever pauses, resumes, seeks (1 s off their own line and off everybody's) or starts something
//! else moves all. Who is ahead by 1.5 s is slowed down until they are not (Spotify has no speed for music, so it is a
//! seek back); who is ahead by 4 s, or behind by 5 s, seeks. The position in a reading is taken to be that of the middle
//! of the exchange; nothing is known of how long a command takes. Players are looked at as often as Tutti's leaders.

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::reading::{PlayerSeen, Reading, Seen};
use tutti_core::room::{Act, When};
use tutti_core::time::{RoomTime, Span};

use super::{Happened, Rules, Wish, list_of};
use crate::random::Random;
use crate::report::RoomChange;
use crate::world::spotify::Spotify;

const LOOK_EVERY_US: i64 = 2_000_000;
const SEEK_US: i64 = 1_000_000;
const SLOW_DOWN_US: i64 = 1_500_000;
const REWIND_US: i64 = 4_000_000;
const FAST_FORWARD_US: i64 = 5_000_000;
/// An item left so near to its end went on by itself.
const AT_END_US: i64 = 2_500_000;
/// Readings so long after a command say nothing.
const IGNORED_US: i64 = 2_000_000;

pub struct Syncplay {
    members: Vec<State>,
    room: Option<Line>,
    mover: Option<usize>,
    actions: u64,
    epoch: u64,
    random: Random,
}

#[derive(Clone, Default)]
struct State {
    own: Option<Line>,
    commands: u64,
    ignored_until_us: i64,
}

#[derive(Clone)]
struct Line {
    uri: String,
    duration_us: i64,
    playing: bool,
    position_us: i64,
    at_us: i64,
}

impl Line {
    fn at(&self, now_us: i64) -> i64 {
        self.position_us + if self.playing { now_us - self.at_us } else { 0 }
    }
}

impl Syncplay {
    pub fn new(members: usize, seed: u64) -> Self {
        Self {
            members: vec![State::default(); members],
            room: None,
            mover: None,
            actions: 0,
            epoch: 0,
            random: Random::named(seed, "syncplay"),
        }
    }

    fn reading(
        &mut self,
        now_us: i64,
        member: usize,
        reading: &Reading,
        seen: &PlayerSeen,
        spotify: &mut Spotify,
        wishes: &mut Vec<Wish>,
    ) {
        let (Some(item), Some(progress)) = (&seen.item, seen.progress) else { return };
        if reading.asked.as_micros() < self.members[member].ignored_until_us {
            return;
        }
        let middle_us = (reading.asked.as_micros() + reading.answered.as_micros()) / 2;
        let (uri, playing) = (item.uri.clone(), seen.playing);
        let duration_us = item.duration.as_micros();
        let line = Line { uri, duration_us, playing, position_us: progress.as_micros(), at_us: middle_us };
        let own = self.members[member].own.replace(line.clone());
        if own.as_ref().is_some_and(|own| own.playing && own.at(middle_us) + AT_END_US >= own.duration_us) {
            // At its end: the first one there takes the room along.
            let behind = |room: &mut Line| own.is_some_and(|own| own.uri == room.uri);
            if let Some(room) = self.room.as_mut()
                && behind(room)
                && room.uri != line.uri
            {
                *room = line;
            }
            return;
        }
        let act = own.and_then(|own| self.act(&own, &line, &item.title));
        if let Some(act) = act {
            let when = When::exactly(RoomTime::from_micros(now_us));
            wishes.push(Wish::Event(member, Event::Named { what: What::Act(act), author: Author::User, when }));
            return self.moved(now_us, member, line, spotify, wishes);
        }
        let Some(room) = self.room.clone() else { return };
        let ahead_us = line.at(now_us) - room.at(now_us);
        let too_far = ahead_us > SLOW_DOWN_US.min(REWIND_US) || ahead_us < -FAST_FORWARD_US;
        if room.uri != line.uri || room.playing != line.playing || too_far {
            self.put_right(now_us, member, Why::Steady, spotify, wishes);
        }
    }

    /// What the user did, if it was the user.
    fn act(&self, own: &Line, line: &Line, title: &str) -> Option<Act> {
        let off_us = (line.position_us - own.at(line.at_us)).abs();
        let off_room_us = self.room.as_ref().map_or(i64::MAX, |room| (line.position_us - room.at(line.at_us)).abs());
        if own.uri != line.uri {
            Some(Act::Started(title.to_owned()))
        } else if own.playing != line.playing {
            Some(if line.playing { Act::Resumed } else { Act::Paused })
        } else if off_us > SEEK_US && off_room_us > SEEK_US {
            Some(Act::Sought(Span::from_micros(line.position_us)))
        } else {
            None
        }
    }

    fn moved(&mut self, now_us: i64, member: usize, line: Line, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        let takeover = self.mover.is_some_and(|mover| mover != member);
        self.epoch += u64::from(self.mover != Some(member));
        self.mover = Some(member);
        self.actions += 1;
        let shown = Some((line.uri.clone(), line.playing, line.at(now_us) as f64 / 1e3));
        let (epoch, actions, leader) = (self.epoch, self.actions, self.mover);
        wishes.push(Wish::Room(RoomChange {
            at_us: now_us,
            epoch,
            actions,
            leader,
            takeover,
            line: shown,
            speed: 1.0,
        }));
        self.room = Some(line);
        for other in (0..self.members.len()).filter(|&other| other != member) {
            self.put_right(now_us, other, Why::Follow, spotify, wishes);
        }
    }

    fn put_right(&mut self, now_us: i64, member: usize, why: Why, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        let Some(room) = self.room.clone() else { return };
        let state = &mut self.members[member];
        let position = Span::from_micros(room.at(now_us).max(0));
        let here = state.own.as_ref().filter(|own| own.uri == room.uri).map(|own| own.playing);
        let kind = match (room.playing, here) {
            (false, Some(false)) | (true, Some(true)) => CommandKind::Seek { position },
            (false, _) => CommandKind::Pause,
            (true, _) => CommandKind::Play { uris: list_of(spotify, self.mover, &room.uri, now_us), position },
        };
        let id = CommandId(state.commands);
        state.commands += 1;
        state.ignored_until_us = now_us + IGNORED_US;
        // Where it lands is not known before it is read.
        state.own = None;
        wishes.push(Wish::Event(member, Event::Commanded { id, kind: kind.clone(), why }));
        wishes.push(Wish::Command(member, Command { id, kind, device: None }));
    }

    fn wait(&mut self, now_us: i64, member: usize, wishes: &mut Vec<Wish>) {
        let wait_us = LOOK_EVERY_US as f64 * self.random.between(0.95, 1.05);
        wishes.push(Wish::Wake(member, now_us + wait_us as i64));
    }
}

impl Rules for Syncplay {
    fn happen(&mut self, now_us: i64, member: usize, what: Happened, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        match what {
            Happened::Joins | Happened::Woken => wishes.push(Wish::Look(member)),
            Happened::Reading(reading) => {
                if let Seen::Player(seen) = &reading.seen {
                    self.reading(now_us, member, &reading, seen, spotify, wishes);
                }
                self.wait(now_us, member, wishes);
            }
            _ => {}
        }
    }
}
