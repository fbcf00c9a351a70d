//! Devices of one user: one drives the account; when it goes, however it goes, another drives on.

use std::time::{Duration, Instant};

use tutti_app::api::{Action, Snapshot};
use tutti_sim::player::{Command, Hand};

use super::{in_step, invite, member, network};
use crate::friend::Friend;
use crate::relay::Relay;
use crate::spotify::Spotify;

/// Ben's account is driven there, by so many devices that are in the room.
fn drives(snapshot: &Snapshot, devices: usize) -> bool {
    let place = member(snapshot, "Ben").and_then(|ben| ben.place.clone());
    place.is_some_and(|place| place.here && place.drives_here && place.devices.len() == devices)
}

fn rests(snapshot: &Snapshot) -> bool {
    let place = member(snapshot, "Ben").and_then(|ben| ben.place.clone());
    place.is_some_and(|place| place.here && !place.drives_here && place.devices.len() == 2)
}

/// The same command twice within this is one that two devices sent.
const TWICE_WITHIN_US: i64 = 3_000_000;

fn doubled(spotify: &Spotify) -> Vec<Command> {
    let log = spotify.sim.log();
    let bens: Vec<_> = log.commands().filter(|command| &*command.user == "ben").collect();
    let twice = |pair: &[&tutti_sim::sim::CommandRecord]| {
        pair[0].command == pair[1].command && pair[1].at_us - pair[0].at_us < TWICE_WITHIN_US
    };
    bens.windows(2).filter(|pair| twice(pair)).map(|pair| pair[1].command.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_devices_one_drives_and_the_other_goes_on_when_it_is_closed_or_killed() {
    let spotify = Spotify::open(2).await;
    let relay = Relay::start();
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    anna.act(Action::HostSession { relay: Some(relay.address()), listen: None });
    let invite = invite(&anna).await;
    let mut laptop = Friend::start(&spotify, "ben").await;
    laptop.act(Action::Join { invite });
    let shown = laptop.until("the laptop drives", |snapshot| drives(snapshot, 1)).await;
    let own = network(&shown).unwrap().own_device.clone();
    let mut desktop = Friend::start(&spotify, "ben").await;
    desktop.act(Action::Join { invite: own.clone() });
    desktop.until("the desktop rests", rests).await;

    spotify.sim.hand("anna", Hand::resume()).unwrap();
    laptop.until("Ben follows", |snapshot| in_step(snapshot, "Anna", 0.0)).await;
    desktop.until("the desktop shows the room too", |snapshot| in_step(snapshot, "Anna", 0.0)).await;
    anna.until("one Ben", |snapshot| super::members(snapshot).len() == 2).await;

    // Closed: the other drives at once, and moves nothing.
    let commands = || spotify.sim.log().commands().count();
    let before = commands();
    let closed = Instant::now();
    laptop.act(Action::Leave);
    desktop.until("the desktop drives", |snapshot| drives(snapshot, 1)).await;
    assert!(closed.elapsed() < Duration::from_secs(4), "at once: {:?}", closed.elapsed());
    desktop.until("it sees Ben in step", |snapshot| in_step(snapshot, "Anna", 0.0)).await;
    assert_eq!(commands(), before, "nobody's music was moved");
    spotify.sim.hand("anna", Hand::Seek { position_ms: 60_000 }).unwrap();
    desktop.until("Ben follows again", |snapshot| in_step(snapshot, "Anna", 60_000.0)).await;

    // Killed: the other drives when the one that is gone can command no more.
    laptop.act(Action::Join { invite: own });
    laptop.until("the laptop rests", rests).await;
    laptop.until("it shows Ben in step", |snapshot| in_step(snapshot, "Anna", 60_000.0)).await;
    let before = commands();
    let killed = Instant::now();
    desktop.kill();
    laptop.until("the laptop drives", |snapshot| drives(snapshot, 1)).await;
    // Since the last answer of its hub, five seconds before at most.
    let after = killed.elapsed();
    assert!(Duration::from_secs(2) < after && after < Duration::from_secs(12), "{after:?}");
    laptop.until("it sees Ben in step", |snapshot| in_step(snapshot, "Anna", 60_000.0)).await;
    assert_eq!(commands(), before, "nobody's music was moved");
    spotify.sim.hand("anna", Hand::Seek { position_ms: 120_000 }).unwrap();
    laptop.until("Ben follows still", |snapshot| in_step(snapshot, "Anna", 120_000.0)).await;

    assert_eq!(doubled(&spotify), [], "a command that two devices sent");
}
