//! What does not let anybody in, in words.

use tutti_app::api::{Action, Snapshot};
use tutti_app::invite::Invite;
use tutti_app::network::refusal_code;
use tutti_app::problem::Problem;
use tutti_core::gate::Limits;
use tutti_core::proof::RoomSecret;
use tutti_core::wire::Trouble;
use tutti_relay::Config;

use super::{invite, member, members, network, reached};
use crate::relay::Relay;
use crate::spotify::Spotify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_not_there_and_a_room_that_is_not_there_are_said() {
    let spotify = Spotify::open(2).await;
    let mut relay = Relay::start();
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    anna.act(Action::HostSession { relay: Some(relay.address()), listen: None });
    let link = invite(&anna).await;
    let ben = spotify.stand().await;
    spotify.sign_in(&ben, "ben", None).await;

    let wrong = Invite { secret: RoomSecret::new([7; 16]), ..Invite::parse(&link).unwrap() };
    ben.act(Action::Join { invite: wrong.link() });
    assert_eq!(ben.notice("room_gone").await, "This session has ended. Ask for a new invite.");

    relay.kill();
    ben.act(Action::Join { invite: link });
    let words = ben.notice("hub_unreachable").await;
    assert!(words.contains(&format!("localhost:{}", relay.port)), "{words}");
    assert!(ben.program.snapshots().borrow().room.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_a_room_full_or_locked_or_is_sent_away_is_told_so() {
    let spotify = Spotify::open(3).await;
    let relay = Relay::with(Config { limits: Limits { members: 2, ..Limits::default() }, ..Config::default() });
    let stands = super::relays::friends(&spotify, &relay, &["anna", "ben"]).await;
    let link = invite(&stands[0]).await;
    let chiara = spotify.stand().await;
    spotify.sign_in(&chiara, "chiara", None).await;
    chiara.act(Action::Join { invite: link.clone() });
    chiara.notice("room_full").await;

    stands[0].act(Action::Lock { on: true });
    stands[1].until("it is locked", |snapshot| network(snapshot).is_some_and(|network| network.locked)).await;
    let ben = member(&stands[0].program.snapshots().borrow(), "Ben").unwrap().id;
    stands[0].act(Action::Remove { member: ben });
    stands[1].until("Ben is out", |snapshot| reached(snapshot) == "room_removed").await;
    stands[1].notice("room_removed").await;
    stands[0].until("Anna is alone", |snapshot| members(snapshot).len() == 1).await;
    chiara.act(Action::Join { invite: link.clone() });
    chiara.notice("room_locked").await;

    stands[0].act(Action::Lock { on: false });
    stands[0].until("it is open", |snapshot| network(snapshot).is_some_and(|network| !network.locked)).await;
    stands[1].act(Action::Leave);
    stands[1].until("Ben's window is in the lobby", |snapshot: &Snapshot| snapshot.room.is_none()).await;
    stands[1].act(Action::Join { invite: link });
    stands[1]
        .until("he cannot come again", |snapshot| {
            snapshot.notices.iter().any(|notice| notice.code == "room_removed") && snapshot.room.is_none()
        })
        .await;
}

#[test]
fn whatever_a_hub_refuses_has_words_without_gaps() {
    let all = [
        Trouble::Malformed,
        Trouble::UnknownMessage,
        Trouble::Binary,
        Trouble::TooLong,
        Trouble::Flood,
        Trouble::HelloExpected,
        Trouble::VersionTooOld,
        Trouble::VersionTooNew,
        Trouble::WrongSecret,
        Trouble::TooManyAttempts,
        Trouble::WrongUser,
        Trouble::NoSuchRoom,
        Trouble::RoomFull,
        Trouble::RoomLocked,
        Trouble::Removed,
        Trouble::AccountElsewhere,
        Trouble::TooManyConnections,
        Trouble::TooManyFromAddress,
        Trouble::HubFull,
        Trouble::Silent,
        Trouble::NewerHub,
        Trouble::NotTheHost,
        Trouble::NotDriving,
        Trouble::Other,
    ];
    for trouble in all {
        let code = refusal_code(trouble);
        assert!(tutti_app::texts::has(&format!("notice.{code}")), "{trouble:?}: {code}");
        let words = Problem::new(code).with("address", "wss://relay.example").text();
        assert!(!words.contains(['{', '}']) && words.ends_with('.'), "{trouble:?}: {words}");
    }
}
