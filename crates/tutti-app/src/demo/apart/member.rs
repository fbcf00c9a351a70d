//! One account of a demo in a process of its own: signs in, goes into the room, and says what it hears and does.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::interval;
use tutti_core::proof::UserKey;
use tutti_core::time::Span;

use super::machine::Machine;
use super::{Line, Part};
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
    let member =
        room.sit(Seat { player: Arc::clone(&person.player), device: None, trim, seed: part.seed, after: None }, link);
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
