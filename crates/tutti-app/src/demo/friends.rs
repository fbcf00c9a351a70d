//! Simulated friends who act by hand at seeded instants.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep_until;
use tutti_sim::report::{Hand, HandKind};
use tutti_sim::sim::Sim;
use tutti_sim::workload::Planned;

/// Does everything that is planned, at its instant after `zero_us` of the simulator's clock; the answer is what was
/// really done. A button that the app would not offer by then is no action.
pub(super) async fn act(sim: Arc<Sim>, users: &[String], planned: Vec<Planned>, zero_us: i64) -> Vec<Hand> {
    let mut done = Vec::new();
    for Planned { at_us, member, deed } in planned {
        let Some(user) = users.get(member) else { continue };
        let due = Duration::from_micros((zero_us + at_us).max(0) as u64);
        sleep_until(sim.origin() + due).await;
        let Ok((hand, before)) =
            sim.with_player(user, |player, now_us| (deed.hand(player, now_us), player.truth(now_us)))
        else {
            continue;
        };
        let kind = HandKind::of(&hand);
        match sim.hand(user, hand) {
            // A button without effect is no action that anybody could follow.
            Ok(record) if record.after.uri == before.uri && is_same(&record.after, &before) => {}
            Ok(record) => done.push(Hand { at_us: record.at_us, member, kind }),
            Err(error) => tracing::info!(%error, user, "a friend's hand was refused"),
        }
    }
    done
}

/// Whether nothing happened between two looks that lie next to each other.
fn is_same(after: &tutti_sim::player::Truth, before: &tutti_sim::player::Truth) -> bool {
    const RUN_ON_MS: f64 = 50.0;
    after.playing == before.playing
        && after.device_id == before.device_id
        && (after.reported_ms - before.reported_ms).abs() < RUN_ON_MS
}
