//! Baseline: the script that Tutti began as, from its description.
//!
//! One loop looks at one account after the other and compares each reading with "old position + elapsed". Another item
//! or a pause is pushed to the others, one after the other: a play, then a seek to where the leader should be by now.
//! A difference over 0.5 s is called a seek; seeks and resumes are noticed and never pushed. Nothing is known of how
//! long a command takes. So that items end for it as they do for the others, its plays carry the leader's list.

use std::collections::VecDeque;

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::reading::{PlayerSeen, Reading, Seen};
use tutti_core::room::{Act, When};
use tutti_core::time::{RoomTime, Span};

use super::{Happened, Rules, Wish, list_of};
use crate::report::RoomChange;
use crate::world::spotify::Spotify;

/// One request goes out every so often: about 2.4 a second were measured.
const STEP_US: i64 = 415_000;
/// What differs by more is called a seek.
const SEEK_US: i64 = 500_000;

pub struct Original {
    accounts: Vec<Option<Known>>,
    /// Whose turn it is to be looked at.
    turn: usize,
    /// Commands that wait for theirs: to whom, and what of whom.
    pushes: VecDeque<(usize, Push)>,
    leader: Option<usize>,
    actions: u64,
    epoch: u64,
    commands: u64,
    busy: bool,
}

#[derive(Clone)]
struct Known {
    uri: String,
    playing: bool,
    position_us: i64,
    at_us: i64,
}

#[derive(Clone, Copy)]
enum Push {
    Play,
    Seek,
    Pause,
}

impl Original {
    pub fn new(members: usize) -> Self {
        Self {
            accounts: vec![None; members],
            turn: 0,
            pushes: VecDeque::new(),
            leader: None,
            actions: 0,
            epoch: 0,
            commands: 0,
            busy: false,
        }
    }

    /// The next request: what is to be pushed first, else the next account's reading.
    fn step(&mut self, now_us: i64, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        wishes.push(Wish::Wake(0, now_us + STEP_US));
        if std::mem::replace(&mut self.busy, true) {
            return;
        }
        while let Some((to, push)) = self.pushes.pop_front() {
            if let Some(kind) = self.command(now_us, to, push, spotify) {
                let id = CommandId(self.commands);
                self.commands += 1;
                wishes.push(Wish::Event(to, Event::Commanded { id, kind: kind.clone(), why: Why::Follow }));
                wishes.push(Wish::Command(to, Command { id, kind, device: None }));
                return;
            }
        }
        wishes.push(Wish::Look(self.turn));
        self.turn = (self.turn + 1) % self.accounts.len();
    }

    fn command(&mut self, now_us: i64, to: usize, push: Push, spotify: &mut Spotify) -> Option<CommandKind> {
        let lead = self.accounts[self.leader?].clone()?;
        let position = lead.at(now_us);
        self.accounts[to] = Some(Known { position_us: position, at_us: now_us, ..lead.clone() });
        let position = Span::from_micros(position.max(0));
        Some(match push {
            Push::Play => CommandKind::Play { uris: list_of(spotify, self.leader, &lead.uri, now_us), position },
            Push::Seek => CommandKind::Seek { position },
            Push::Pause => CommandKind::Pause,
        })
    }

    fn reading(&mut self, now_us: i64, member: usize, seen: &PlayerSeen, wishes: &mut Vec<Wish>) {
        let (Some(item), Some(progress)) = (&seen.item, seen.progress) else { return };
        let new =
            Known { uri: item.uri.clone(), playing: seen.playing, position_us: progress.as_micros(), at_us: now_us };
        let Some(old) = self.accounts[member].replace(new) else { return };
        let act = if old.uri != item.uri {
            Act::Started(item.title.clone())
        } else if old.playing && !seen.playing {
            Act::Paused
        } else if !old.playing && seen.playing {
            Act::Resumed
        } else if (progress.as_micros() - old.at(now_us)).abs() > SEEK_US {
            Act::Sought(progress)
        } else {
            return;
        };
        let pushed: &[Push] = match act {
            Act::Started(_) if seen.playing => &[Push::Play, Push::Seek],
            Act::Paused => &[Push::Pause],
            _ => &[],
        };
        let when = When::exactly(RoomTime::from_micros(now_us));
        wishes.push(Wish::Event(member, Event::Named { what: What::Act(act), author: Author::User, when }));
        if pushed.is_empty() {
            return;
        }
        let takeover = self.leader.is_some_and(|leader| leader != member);
        self.epoch += u64::from(self.leader != Some(member));
        self.leader = Some(member);
        self.actions += 1;
        let others = (0..self.accounts.len()).filter(|&other| other != member);
        self.pushes = others.flat_map(|other| pushed.iter().map(move |&push| (other, push))).collect();
        let line = Some((item.uri.clone(), seen.playing, progress.as_ms()));
        let (epoch, actions, leader) = (self.epoch, self.actions, self.leader);
        wishes.push(Wish::Room(RoomChange { at_us: now_us, epoch, actions, leader, takeover, line, speed: 1.0 }));
    }
}

impl Known {
    fn at(&self, now_us: i64) -> i64 {
        self.position_us + if self.playing { now_us - self.at_us } else { 0 }
    }
}

impl Rules for Original {
    fn happen(&mut self, now_us: i64, member: usize, what: Happened, spotify: &mut Spotify, wishes: &mut Vec<Wish>) {
        match what {
            Happened::Joins if member == 0 => self.step(now_us, spotify, wishes),
            Happened::Woken => self.step(now_us, spotify, wishes),
            Happened::Reading(Reading { seen, .. }) => {
                self.busy = false;
                if let Seen::Player(seen) = &seen {
                    self.reading(now_us, member, seen, wishes);
                }
            }
            Happened::Answered(_) => self.busy = false,
            _ => {}
        }
    }
}
