//! Coming in again after something changed meanwhile: the number, the place, the program.

use std::sync::Arc;

use tokio::sync::mpsc;
use tutti_app::api::{Action, Snapshot};
use tutti_app::demo::apart::wire::{Link, Wire};
use tutti_app::invite::{HubAddress, Invite};
use tutti_app::network::{Meeting, nearby};
use tutti_app::secrets::Memory;
use tutti_core::proof::UserKey;
use tutti_core::room::MemberId;
use tutti_sim::player::Hand;

use super::{in_step, invite, member, members, network, reached};
use crate::friend::Friend;
use crate::relay::Relay;
use crate::spotify::Spotify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_whose_number_is_anothers_by_now_comes_in_under_the_next_one() {
    let spotify = Spotify::open(1).await;
    let mut relay = Relay::start();
    let wire = Wire::to(relay.port).await.unwrap();
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    anna.act(Action::HostSession { relay: Some(format!("ws://localhost:{}", wire.port)), listen: None });
    let link = invite(&anna).await;
    anna.until("Anna is number 0", |snapshot| member(snapshot, "Anna").is_some_and(|anna| anna.id == 0)).await;

    // A relay that knows nothing of before, and somebody who is there first.
    wire.is(Link::Cut);
    anna.until("Anna is away", |snapshot| reached(snapshot) == "reconnecting").await;
    relay.kill();
    relay.again();
    let (reports, _heard) = mpsc::unbounded_channel();
    let hubs = vec![HubAddress::parse(&relay.address()).unwrap()];
    let first = Meeting::new(Invite::parse(&link).unwrap().secret, UserKey::new([9; 16]), hubs, true, None, reports);
    let zero = first.join("somebody", "Somebody").await.unwrap();
    assert_eq!(zero.member(), MemberId(0));
    wire.is(Link::Whole);

    let both = |snapshot: &Snapshot| {
        let place = member(snapshot, "Anna").filter(|anna| anna.id > 0).and_then(|anna| anna.place.clone());
        let here = place.is_some_and(|place| place.here && place.drives_here);
        here && members(snapshot).len() == 2 && reached(snapshot) == "connected"
    };
    anna.until("Anna is there under another number", both).await;
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    anna.until("what she does counts", |snapshot| member(snapshot, "Anna").is_some_and(|anna| anna.leads)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_was_added_once_is_one_of_the_same_user_from_then_on() {
    let spotify = Spotify::open(2).await;
    let relay = Relay::start();
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    anna.act(Action::HostSession { relay: Some(relay.address()), listen: None });
    let shared = invite(&anna).await;
    let mut laptop = Friend::start(&spotify, "ben").await;
    laptop.act(Action::Join { invite: shared.clone() });
    let shown = laptop.until("the laptop is in", |snapshot| member(snapshot, "Ben").is_some()).await;
    let own = network(&shown).unwrap().own_device.clone();
    let keychain = Arc::new(Memory::default());
    let desktop = spotify.stand_with(keychain.clone()).await;
    spotify.sign_in(&desktop, "ben", None).await;
    let second = |snapshot: &Snapshot| {
        let place = member(snapshot, "Ben").and_then(|ben| ben.place.clone());
        place.is_some_and(|place| place.here && place.devices.len() == 2)
    };
    desktop.act(Action::Join { invite: own });
    desktop.until("it is Ben's second one", second).await;
    desktop.program.stop().await;
    anna.until("it has gone", |snapshot| {
        member(snapshot, "Ben").and_then(|ben| ben.place.clone()).is_some_and(|place| place.devices.len() == 1)
    })
    .await;

    // The link that everybody has.
    let desktop = desktop.again(spotify.sim.base_url(), keychain).await;
    desktop.act(Action::Join { invite: shared });

    desktop.until("it is Ben's second one again", second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_whose_addresses_are_no_more_leads_to_the_session_on_this_network() {
    let spotify = Spotify::open(2).await;
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", Some("Anna of this network")).await;
    anna.act(Action::HostSession { relay: None, listen: Some("0.0.0.0:0".into()) });
    let link = invite(&anna).await;
    let told = nearby::look().await.unwrap_or_default();
    if !told.iter().any(|session| session.host == "Anna of this network") {
        return eprintln!("skipped: this network carries no mDNS");
    }
    // Of an evening ago: nobody listens there any more.
    let old = HubAddress::plain([127, 0, 0, 1].into(), free_port());
    let old = Invite { hubs: vec![old], ..Invite::parse(&link).unwrap() };
    let ben = spotify.stand().await;
    spotify.sign_in(&ben, "ben", None).await;

    ben.act(Action::Join { invite: old.link() });

    ben.until("Ben is in", |snapshot| members(snapshot).len() == 2).await;
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    ben.until("Ben hears Anna", |snapshot| in_step(snapshot, "Anna of this network", 0.0)).await;
}

/// Nobody listens there.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
