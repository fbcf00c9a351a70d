//! What all processes of a room said, gathered: the room as it was heard, what was named, who was reached.

use std::collections::{BTreeMap, BTreeSet};

use tutti_core::command::{CommandId, CommandKind};
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::room::{Act, RoomState, When};
use tutti_core::time::{RoomTime, Span};
use tutti_sim::report::{Logged, RoomChange, Trace};

use super::{Line, Sent, boot_us};
use crate::demo::failed;
use crate::problem::Problem;

/// Later is never.
const HEARD_WITHIN_US: i64 = 2_000_000;
/// A clock's first burst is over after this.
const CLOCK_SETTLES_US: i64 = 3_000_000;

/// What all of them said; each is known by its place on the stage. Instants are µs since this machine was started.
#[derive(Default)]
pub(super) struct Said {
    rooms: BTreeMap<usize, Vec<(i64, RoomState)>>,
    pub events: Vec<(i64, usize, Event)>,
    in_since_us: BTreeMap<usize, i64>,
    pub clock_off_us: Vec<i64>,
    /// When a process said last whether it drives, and whether its hub is reached.
    pub drives: BTreeMap<usize, (i64, bool)>,
    pub reached: BTreeMap<usize, (i64, bool)>,
    pub invite: Option<String>,
    /// Places that could not be reached: from, until.
    pub away: Vec<(usize, i64, i64)>,
}

impl Said {
    pub fn is_in(&self, place: usize) -> bool {
        self.in_since_us.contains_key(&place)
    }

    /// What process `process` said, which plays for `place`.
    pub fn take(&mut self, process: usize, place: usize, line: Line) -> Result<(), Problem> {
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
            Line::Sends { at_us, what } => {
                let kind = match what {
                    Sent::Play => CommandKind::Play { uris: Vec::new(), position: Span::ZERO },
                    Sent::Pause => CommandKind::Pause,
                    Sent::Seek => CommandKind::Seek { position: Span::ZERO },
                    Sent::Queue => CommandKind::Queue { uri: String::new() },
                };
                self.events.push((at_us, place, Event::Commanded { id: CommandId(0), kind, why: Why::Follow }));
            }
            Line::Clock { at_us, off_us } => {
                if self.in_since_us.get(&place).is_some_and(|since| at_us - since > CLOCK_SETTLES_US) {
                    self.clock_off_us.push(off_us.abs());
                }
            }
            Line::Drives { at_us, on } => drop(self.drives.insert(process, (at_us, on))),
            Line::Reached { at_us, on } => drop(self.reached.insert(process, (at_us, on))),
            Line::Invite { link } => self.invite = Some(link),
            Line::Failed { why } => return Err(failed(why)),
        }
        Ok(())
    }

    /// Of a process that is gone nothing is known any more.
    pub fn gone(&mut self, process: usize) {
        self.drives.remove(&process);
        self.reached.remove(&process);
    }

    /// The room as the member of this place heard of it, and what all engines said.
    pub fn write(&self, trace: &mut Trace, observer: usize, boot_to_trace_us: i64) {
        for (at_us, room) in self.rooms.get(&observer).into_iter().flatten() {
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

    /// How long each other member took to hear of each named action, and how many did not; but for those that were away.
    pub fn heard(&self) -> (Vec<i64>, usize) {
        let (mut took, mut unheard) = (Vec::new(), 0);
        for (named_us, by, event) in &self.events {
            if !matches!(event, Event::Named { .. }) {
                continue;
            }
            let away: BTreeSet<usize> = self.away_at(*named_us).collect();
            for (place, rooms) in self.rooms.iter().filter(|(place, _)| *place != by && !away.contains(place)) {
                let news = rooms.windows(2).filter(|pair| pair[1].1.actions > pair[0].1.actions).map(|pair| &pair[1]);
                let of_theirs =
                    |room: &RoomState| room.action.as_ref().is_some_and(|action| action.member.0 as usize == *by);
                let first = news.clone().find(|(at_us, room)| at_us >= named_us && of_theirs(room));
                match first.map(|(at_us, _)| at_us - named_us).filter(|after| *after < HEARD_WITHIN_US) {
                    Some(after) => took.push(after),
                    None => {
                        tracing::info!(place, by, named_us, "an action was not heard of");
                        unheard += 1;
                    }
                }
            }
        }
        (took, unheard)
    }

    /// Who could not hear at this instant, or not for long enough after it.
    fn away_at(&self, at_us: i64) -> impl Iterator<Item = usize> {
        let during = move |&&(_, from, until): &&(usize, i64, i64)| from - HEARD_WITHIN_US < at_us && at_us < until;
        self.away.iter().filter(during).map(|&(place, ..)| place)
    }
}
