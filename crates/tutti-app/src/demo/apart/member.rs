//! One account of a demo in a process of its own: signs in, goes into the room, and says what it hears and does.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::interval;
use tutti_core::clock::RoomClock;
use tutti_core::command::CommandKind;
use tutti_core::event::{Author, Event, What};
use tutti_core::proof::UserKey;
use tutti_core::time::{LocalTime, Span};
use tutti_core::wire::parts::RoomSent;
use tutti_relay::HubClock;

use super::{Line, Part};
use crate::agent;
use crate::clock;
use crate::demo::sign_in;
use crate::demo::simulator::Simulator;
use crate::invite::Invite;
use crate::local_room::{LocalRoom, Report, Seat};
use crate::network::{Meeting, Told};
use crate::problem::Problem;
use crate::program::DemoOptions;
use crate::ration::Rations;
use crate::settings::Endpoints;

/// The room's clock is held against the machine's so often.
const LOOK: Duration = Duration::from_millis(100);
/// Reading two clocks one after the other takes a µs; longer, and the process was interrupted in between.
const INTERRUPTED: Span = Span::from_micros(50);

/// Plays one part until `over`.
///
/// # Errors
/// The simulator or the hub is not there.
pub async fn member(part: &Part, say: impl Fn(&Line), over: impl Future<Output = ()>) -> Result<(), Problem> {
    let simulator =
        Simulator::start(&DemoOptions { simulator: Some(part.base.clone()), ..DemoOptions::default() }).await?;
    let endpoints = Endpoints::other(&format!("{}/v1", part.base), &part.base)?;
    let person = sign_in(&simulator, &endpoints, &Rations::default(), &part.user).await?;
    let Invite { secret, hubs, .. } = Invite::parse(&part.invite)?;
    let (to_reports, mut reports) = mpsc::unbounded_channel();
    let meeting = Meeting::new(secret, UserKey::new(rand::random()), hubs, true, None, to_reports.clone());
    let link = meeting.join(&person.account_id, &person.name).await?;
    let mut room = LocalRoom::meet(meeting, to_reports);
    let trim = Span::from_micros(part.trim_us);
    let member = room.sit(Seat { player: Arc::clone(&person.player), device: None, trim, seed: part.seed }, link);
    say(&Line::In { member: member.0 });

    let machine = Machine::new();
    let mut known = None;
    let mut looks = interval(LOOK);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => break,
            Some(report) = reports.recv() => {
                if let Report::Network(Told::Clock(clock)) = report {
                    known = Some(clock);
                } else if let Some(line) = machine.line(&report) {
                    say(&line);
                }
            }
            _ = looks.tick() => {
                if let Some(line) = known.and_then(|clock| machine.compare(clock)) {
                    say(&line);
                }
            }
        }
    }
    room.close().await;
    Ok(())
}

/// The clock that all processes here can read.
struct Machine {
    clock: HubClock,
    /// It, minus local time.
    ahead: Span,
}

impl Machine {
    fn new() -> Self {
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

    fn line(&self, report: &Report) -> Option<Line> {
        match report {
            Report::Network(Told::State(at, room)) => {
                Some(Line::Room { at_us: self.at_us(*at), room: Box::new(RoomSent::from(&**room)) })
            }
            Report::Member(_, agent::Report::Event(at, event)) => match event {
                Event::Named { what: What::Act(act), author: Author::User, .. } => {
                    Some(Line::Named { at_us: self.at_us(*at), act: act.into() })
                }
                Event::Commanded { kind: CommandKind::Play { .. }, .. } => {
                    Some(Line::Starts { at_us: self.at_us(*at) })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The room's clock is the machine's, as the hub has it: the difference is what is not known of it.
    fn compare(&self, known: RoomClock) -> Option<Line> {
        let (local, boot_us) = both(&self.clock)?;
        Some(Line::Clock { at_us: boot_us, off_us: known.to_room(local).as_micros() - boot_us })
    }
}

/// Both clocks at one instant; None if this process was interrupted in between.
fn both(clock: &HubClock) -> Option<(LocalTime, i64)> {
    let before = clock::now();
    let boot_us = clock.now().as_micros();
    let took = clock::now() - before;
    (took < INTERRUPTED).then(|| (before + took / 2, boot_us))
}
