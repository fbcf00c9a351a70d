//! What a process says of its room, dated by the clock that all processes of this machine can read.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tutti_core::clock::RoomClock;
use tutti_core::command::CommandKind;
use tutti_core::event::{Author, Event, What};
use tutti_core::room::MemberId;
use tutti_core::time::{LocalTime, Span};
use tutti_core::wire::parts::RoomSent;
use tutti_relay::HubClock;

use super::{Line, Sent};
use crate::agent;
use crate::clock;
use crate::local_room::Report;
use crate::network::{Reached, Told};

/// Reading two clocks one after the other takes a µs; longer, and the process was interrupted in between.
const INTERRUPTED: Span = Span::from_micros(50);

/// Where a program says what goes on in its room: for measurements over several processes.
#[derive(Clone)]
pub struct Tap {
    say: Arc<dyn Fn(&Line) + Send + Sync>,
    machine: Arc<Machine>,
    known: Arc<Mutex<BTreeSet<MemberId>>>,
}

impl Tap {
    pub fn new(say: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        Self { say: Arc::new(say), machine: Arc::new(Machine::new()), known: Arc::default() }
    }

    pub(crate) fn report(&self, report: &Report) {
        if let Report::Member(member, _) = report
            && self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(*member)
        {
            (self.say)(&Line::In { member: member.0 });
        }
        let line = match report {
            Report::Network(Told::Clock(known)) => self.machine.compare(*known),
            report => self.machine.line(report),
        };
        if let Some(line) = line {
            (self.say)(&line);
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// The clock that all processes here can read.
pub(super) struct Machine {
    clock: HubClock,
    /// It, minus local time.
    ahead: Span,
}

impl Machine {
    pub fn new() -> Self {
        let clock = HubClock::of_this_machine();
        let ahead = std::iter::repeat_with(|| both(&clock)).find_map(|seen| seen);
        Self {
            ahead: ahead.map_or(Span::ZERO, |(local, boot_us)| Span::from_micros(boot_us - local.as_micros())),
            clock,
        }
    }

    fn at_us(&self, at: LocalTime) -> i64 {
        (at + self.ahead).as_micros()
    }

    pub fn line(&self, report: &Report) -> Option<Line> {
        match report {
            Report::Network(Told::State(at, room)) => {
                Some(Line::Room { at_us: self.at_us(*at), room: Box::new(RoomSent::from(&**room)) })
            }
            Report::Network(Told::Reached(_, reached)) => {
                Some(Line::Reached { at_us: self.at_us(clock::now()), on: *reached == Reached::Yes })
            }
            Report::Member(_, agent::Report::Drives(on)) => {
                Some(Line::Drives { at_us: self.at_us(clock::now()), on: *on })
            }
            Report::Member(_, agent::Report::Event(at, event)) => match event {
                Event::Named { what: What::Act(act), author: Author::User, .. } => {
                    Some(Line::Named { at_us: self.at_us(*at), act: act.into() })
                }
                Event::Commanded { kind, .. } => Some(Line::Sends { at_us: self.at_us(*at), what: kind.into() }),
                _ => None,
            },
            _ => None,
        }
    }

    /// The room's clock is the machine's, as the hub has it: the difference is what is not known of it.
    pub fn compare(&self, known: RoomClock) -> Option<Line> {
        let (local, boot_us) = both(&self.clock)?;
        Some(Line::Clock { at_us: boot_us, off_us: known.to_room(local).as_micros() - boot_us })
    }
}

impl From<&CommandKind> for Sent {
    fn from(kind: &CommandKind) -> Self {
        match kind {
            CommandKind::Play { .. } => Self::Play,
            CommandKind::Pause => Self::Pause,
            CommandKind::Seek { .. } => Self::Seek,
            CommandKind::Queue { .. } => Self::Queue,
        }
    }
}

/// Both clocks at one instant; None if this process was interrupted in between.
fn both(clock: &HubClock) -> Option<(LocalTime, i64)> {
    let before = clock::now();
    let boot_us = clock.now().as_micros();
    let took = clock::now() - before;
    (took < INTERRUPTED).then(|| (before + took / 2, boot_us))
}
