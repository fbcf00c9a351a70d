//! The demo without a window, its accounts apart: members of a room on the network, each in a process of its own.

mod member;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tutti_core::command::{CommandId, CommandKind};
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::proof::RoomSecret;
use tutti_core::room::{Act, RoomState, When};
use tutti_core::time::{RoomTime, Span};
use tutti_core::wire::parts::{ActSent, RoomSent};
use tutti_relay::HubClock;
use tutti_sim::report::{Logged, RoomChange, Trace};

use super::failed;
use super::headless::{HeadlessOptions, Play};
use crate::invite::{HubAddress, Invite};
use crate::problem::Problem;
pub use member::member;

/// What a member's process is told: one line of JSON. It goes when its input ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// The simulator.
    pub base: String,
    /// The simulator's name for the account.
    pub user: String,
    pub invite: String,
    pub trim_us: i64,
    /// Of the dither of its looks.
    pub seed: u64,
}

/// What it says: a line of JSON each. Instants are µs since this machine was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    In {
        member: u32,
    },
    /// It heard of the room.
    Room {
        at_us: i64,
        room: Box<RoomSent>,
    },
    /// Its engine named an act of its user.
    Named {
        at_us: i64,
        act: ActSent,
    },
    /// Its engine starts an item.
    Starts {
        at_us: i64,
    },
    /// How far the room's clock as it knows it is ahead of the hub's.
    Clock {
        at_us: i64,
        off_us: i64,
    },
    Failed {
        why: String,
    },
}

/// A run, and what only processes can show.
#[derive(Debug)]
pub struct Apart {
    pub trace: Trace,
    /// From an engine naming a hand action to each other member hearing of it, µs.
    pub heard_us: Vec<i64>,
    /// Named actions that somebody did not hear of within `HEARD_WITHIN_US`.
    pub unheard: usize,
    /// How far off each member's clock of the room was, in either direction, every 100 ms after it had settled, µs.
    pub clock_off_us: Vec<i64>,
}

/// Later is never.
const HEARD_WITHIN_US: i64 = 2_000_000;
/// A clock's first burst is over after this.
const CLOCK_SETTLES_US: i64 = 3_000_000;

/// Runs the demo with members in processes that `start` starts, in a room at this hub. The hub's clock must be this
/// machine's.
///
/// # Errors
/// The simulator cannot be started, or a member's process does not come in.
pub async fn run(options: &HeadlessOptions, hub: &HubAddress, start: impl Fn() -> Command) -> Result<Apart, Problem> {
    let play = Play::set(options).await?;
    let secret = RoomSecret::new(rand::random());
    let invite = Invite { secret, hubs: vec![hub.clone()], host: None, user: None }.link();
    let (to_lines, mut lines) = mpsc::unbounded_channel();
    let mut said = Said::default();
    let mut members = Vec::new();
    for (place, person) in play.stage.people.iter().enumerate() {
        let part = Part {
            base: play.stage.endpoints.accounts.clone(),
            user: person.user.clone(),
            invite: invite.clone(),
            trim_us: (play.trims_ms[place] * 1e3) as i64,
            seed: play.seed_of(place),
        };
        let begun = Process::begin(&mut start(), &part, place, to_lines.clone());
        members.push(begun.map_err(|error| failed(error.to_string()))?);
        // One after the other, so that numbers in the room are places on the stage.
        said.until_in(place, &mut lines).await?;
    }
    drop(to_lines);
    let mut trace = play.perform().await;
    let boot_to_trace_us = play.now_us() - boot_us();
    let ended = tokio::task::spawn_blocking(move || members.into_iter().for_each(Process::end)).await;
    ended.map_err(|error| failed(error.to_string()))?;
    while let Some((place, line)) = lines.recv().await {
        said.take(place, line)?;
    }
    play.end(&mut trace).await;
    said.write(&mut trace, boot_to_trace_us);
    let (heard_us, unheard) = said.heard();
    Ok(Apart { trace, heard_us, unheard, clock_off_us: said.clock_off_us })
}

/// µs since this machine was started: the same for all processes.
fn boot_us() -> i64 {
    HubClock::of_this_machine().now().as_micros()
}

/// A member's process.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    fn begin(
        command: &mut Command,
        part: &Part,
        place: usize,
        lines: mpsc::UnboundedSender<(usize, Line)>,
    ) -> std::io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().ok_or_else(|| std::io::Error::other("no input"))?;
        writeln!(stdin, "{}", serde_json::to_string(part)?)?;
        let stdout = child.stdout.take().ok_or_else(|| std::io::Error::other("no output"))?;
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Line::Failed { why: line });
                if lines.send((place, line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, stdin: Some(stdin) })
    }

    fn end(mut self) {
        drop(self.stdin.take());
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "a member's process did not end");
        }
    }
}

/// What all of them said.
#[derive(Default)]
struct Said {
    rooms: BTreeMap<usize, Vec<(i64, RoomState)>>,
    events: Vec<(i64, usize, Event)>,
    in_since_us: BTreeMap<usize, i64>,
    clock_off_us: Vec<i64>,
}

impl Said {
    async fn until_in(
        &mut self,
        place: usize,
        lines: &mut mpsc::UnboundedReceiver<(usize, Line)>,
    ) -> Result<(), Problem> {
        while !self.in_since_us.contains_key(&place) {
            let (place, line) = lines.recv().await.ok_or_else(|| failed("a member's process ended"))?;
            self.take(place, line)?;
        }
        Ok(())
    }

    fn take(&mut self, place: usize, line: Line) -> Result<(), Problem> {
        match line {
            Line::In { member } if member as usize == place => drop(self.in_since_us.insert(place, boot_us())),
            Line::In { member } => return Err(failed(format!("number {member} in place of {place}"))),
            Line::Room { at_us, room } => self.rooms.entry(place).or_default().push((at_us, (*room).into())),
            Line::Named { at_us, act } => {
                let at = RoomTime::from_micros(at_us);
                let when = When { earliest: at, latest: at };
                let what = What::Act(Act::from(act));
                self.events.push((at_us, place, Event::Named { what, author: Author::User, when }));
            }
            Line::Starts { at_us } => {
                let kind = CommandKind::Play { uris: Vec::new(), position: Span::ZERO };
                self.events.push((at_us, place, Event::Commanded { id: CommandId(0), kind, why: Why::Follow }));
            }
            Line::Clock { at_us, off_us } => {
                if self.in_since_us.get(&place).is_some_and(|since| at_us - since > CLOCK_SETTLES_US) {
                    self.clock_off_us.push(off_us.abs());
                }
            }
            Line::Failed { why } => return Err(failed(why)),
        }
        Ok(())
    }

    /// The room as the first member heard of it, and what all engines said.
    fn write(&self, trace: &mut Trace, boot_to_trace_us: i64) {
        for (at_us, room) in self.rooms.get(&0).into_iter().flatten() {
            trace.note_room(RoomChange::of(at_us + boot_to_trace_us, room, boot_to_trace_us));
        }
        let logged = |(at_us, member, event): &(i64, usize, Event)| Logged {
            at_us: at_us + boot_to_trace_us,
            member: *member,
            event: event.clone(),
        };
        trace.events = self.events.iter().map(logged).collect();
        trace.events.sort_by_key(|logged| logged.at_us);
    }

    /// How long each other member took to hear of each named action, and how many did not.
    fn heard(&self) -> (Vec<i64>, usize) {
        let (mut took, mut unheard) = (Vec::new(), 0);
        for (named_us, by, event) in &self.events {
            if !matches!(event, Event::Named { .. }) {
                continue;
            }
            for (_, rooms) in self.rooms.iter().filter(|(place, _)| *place != by) {
                let news = rooms.windows(2).filter(|pair| pair[1].1.actions > pair[0].1.actions).map(|pair| &pair[1]);
                let of_theirs =
                    |room: &RoomState| room.action.as_ref().is_some_and(|action| action.member.0 as usize == *by);
                let first = news.clone().find(|(at_us, room)| at_us >= named_us && of_theirs(room));
                match first.map(|(at_us, _)| at_us - named_us).filter(|after| *after < HEARD_WITHIN_US) {
                    Some(after) => took.push(after),
                    None => unheard += 1,
                }
            }
        }
        (took, unheard)
    }
}
