//! A room that a relay holds: it goes on without its host, and comes back after the relay was gone.

use tutti_app::api::{Action, Snapshot};
use tutti_sim::player::Hand;

use super::{in_step, invite, member, members, reached};
use crate::friend::Friend;
use crate::relay::Relay;
use crate::spotify::Spotify;
use crate::stand::Stand;

/// Anna hosts at the relay; the others join.
pub async fn friends(spotify: &Spotify, relay: &Relay, users: &[&str]) -> Vec<Stand> {
    let mut stands = Vec::new();
    for user in users {
        let stand = spotify.stand().await;
        spotify.sign_in(&stand, user, None).await;
        stands.push(stand);
    }
    stands[0].act(Action::HostSession { relay: Some(relay.address()), listen: None });
    let invite = invite(&stands[0]).await;
    for stand in &stands[1..] {
        stand.act(Action::Join { invite: invite.clone() });
    }
    for stand in &stands {
        stand.until("everybody is there", |snapshot| members(snapshot).len() == users.len()).await;
    }
    stands
}

/// Everybody's number in the room.
pub fn numbers(snapshot: &Snapshot) -> Vec<(String, u32)> {
    members(snapshot).iter().map(|member| (member.name.clone(), member.id)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_was_killed_and_started_again_has_its_room_back_and_no_music_was_touched() {
    let spotify = Spotify::open(3).await;
    let mut relay = Relay::start();
    let stands = friends(&spotify, &relay, &["anna", "ben", "chiara"]).await;
    spotify.sim.hand("ben", Hand::resume()).unwrap();
    spotify.sim.hand("ben", Hand::Seek { position_ms: 60_000 }).unwrap();
    let mut before = Vec::new();
    for stand in &stands {
        let shown = stand.until("all hear Ben", |snapshot| in_step(snapshot, "Ben", 60_000.0)).await;
        before.push(numbers(&shown));
    }
    let commands = spotify.sim.log().commands().count();

    relay.kill();
    for stand in &stands {
        stand.until("the relay is gone", |snapshot| reached(snapshot) == "reconnecting").await;
    }
    relay.again();
    for (stand, before) in stands.iter().zip(&before) {
        let back = |snapshot: &Snapshot| {
            reached(snapshot) == "connected"
                && numbers(snapshot) == *before
                && members(snapshot).iter().all(|member| !member.place.as_ref().unwrap().reconnecting)
                && in_step(snapshot, "Ben", 60_000.0)
        };
        stand.until("all are back and hear Ben", back).await;
    }

    let log: Vec<_> = spotify.sim.log().commands().skip(commands).cloned().collect();
    assert!(log.is_empty(), "{log:?}");
    spotify.sim.hand("chiara", Hand::Seek { position_ms: 120_000 }).unwrap();
    for stand in &stands {
        stand.until("all hear Chiara", |snapshot| in_step(snapshot, "Chiara", 120_000.0)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_at_a_relay_goes_on_when_its_hosts_program_is_killed() {
    let spotify = Spotify::open(3).await;
    let relay = Relay::start();
    let mut anna = Friend::start(&spotify, "anna").await;
    anna.act(Action::HostSession { relay: Some(relay.address()), listen: None });
    let shown = anna.until("the room", |snapshot| snapshot.room.is_some()).await;
    let invite = super::network(&shown).unwrap().invite.clone();
    let mut stands = Vec::new();
    for user in ["ben", "chiara"] {
        let stand = spotify.stand().await;
        spotify.sign_in(&stand, user, None).await;
        stand.act(Action::Join { invite: invite.clone() });
        stands.push(stand);
    }
    stands[1].until("all three are there", |snapshot| members(snapshot).len() == 3).await;
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    stands[1].until("all hear Anna", |snapshot| in_step(snapshot, "Anna", 0.0)).await;

    anna.kill();

    let gone = |snapshot: &Snapshot| {
        let anna = member(snapshot, "Anna").and_then(|anna| anna.place.clone());
        anna.is_some_and(|place| place.reconnecting) && reached(snapshot) == "connected"
    };
    stands[0].until("Anna is away, and the room is there", gone).await;
    spotify.sim.hand("chiara", Hand::Seek { position_ms: 80_000 }).unwrap();
    let followed = |snapshot: &Snapshot| {
        let ben = member(snapshot, "Ben").and_then(|ben| ben.timing);
        let chiara = member(snapshot, "Chiara").is_some_and(|chiara| chiara.leads);
        chiara && ben.is_some_and(|timing| timing.error_ms.abs() < 250.0)
    };
    for stand in &stands {
        stand.until("Ben hears Chiara", followed).await;
    }
    let (_, truth) = spotify.sim.truth();
    assert!(truth.iter().all(|(_, truth)| truth.playing), "{truth:?}");
}
