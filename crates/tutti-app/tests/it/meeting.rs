//! Rooms on the network: programs of different people meet, part, break off, and inherit the hub.

mod anew;
mod asked;
mod cuts;
mod devices;
mod refused;
mod relays;
mod resume;

use tutti_app::api::{Action, Member, Network, Screen, Snapshot};
use tutti_app::invite::Invite;
use tutti_sim::player::Hand;

use crate::spotify::Spotify;
use crate::stand::Stand;

/// Each in a program of their own, in the room that the first one hosts on this computer.
async fn friends(spotify: &Spotify, users: &[&str]) -> Vec<Stand> {
    let mut stands = Vec::new();
    for user in users {
        let stand = spotify.stand().await;
        spotify.sign_in(&stand, user, None).await;
        stands.push(stand);
    }
    stands[0].act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    let invite = invite(&stands[0]).await;
    // One after the other: whoever is there longer holds the room next.
    for (before, stand) in stands[1..].iter().enumerate() {
        stand.act(Action::Join { invite: invite.clone() });
        stand.until("there after the others", |snapshot| members(snapshot).len() == before + 2).await;
    }
    for stand in &stands {
        stand.until("everybody is there", |snapshot| members(snapshot).len() == users.len()).await;
    }
    stands
}

async fn invite(host: &Stand) -> String {
    let snapshot = host.until("the invite", |snapshot| snapshot.room.is_some()).await;
    network(&snapshot).unwrap().invite.clone()
}

fn network(snapshot: &Snapshot) -> Option<&Network> {
    snapshot.room.as_ref()?.network.as_ref()
}

/// How the hub is reached: a code.
fn reached(snapshot: &Snapshot) -> &str {
    network(snapshot).map_or("", |network| &network.connection.code)
}

fn members(snapshot: &Snapshot) -> &[Member] {
    snapshot.room.as_ref().map_or(&[], |room| &room.members)
}

fn member<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Member> {
    members(snapshot).iter().find(|member| member.name == name)
}

/// Everybody hears this leader, by what this window shows.
fn in_step(snapshot: &Snapshot, leader: &str, from_ms: f64) -> bool {
    let follows = |member: &Member| {
        member.player.as_ref().is_some_and(|player| player.playing && player.position_ms >= from_ms)
            && (member.leads || member.timing.is_some_and(|timing| timing.error_ms.abs() < 250.0))
    };
    member(snapshot, leader).is_some_and(|member| member.leads) && members(snapshot).iter().all(follows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn friends_in_programs_of_their_own_follow_whoever_acts_by_hand() {
    let spotify = Spotify::open(3).await;
    let stands = friends(&spotify, &["anna", "ben", "chiara"]).await;

    spotify.sim.hand("ben", Hand::resume()).unwrap();
    for stand in &stands {
        stand.until("all hear Ben", |snapshot| in_step(snapshot, "Ben", 0.0)).await;
    }
    spotify.sim.hand("chiara", Hand::Seek { position_ms: 90_000 }).unwrap();
    for stand in &stands {
        stand.until("all hear Chiara", |snapshot| in_step(snapshot, "Chiara", 90_000.0)).await;
    }

    let shown = stands[1].program.snapshots().borrow().clone();
    let place = |name| member(&shown, name).unwrap().place.clone().unwrap();
    assert!(place("Anna").host && !place("Anna").here && place("Ben").here && place("Ben").drives_here);
    stands[2].act(Action::Leave);
    stands[0].until("Chiara has left", |snapshot| member(snapshot, "Chiara").is_none()).await;
    let (_, truth) = spotify.sim.truth();
    assert!(truth.iter().all(|(_, truth)| truth.playing), "the music stays as it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_to_the_one_who_can_do_something_and_said_of_them_to_the_others() {
    let spotify = Spotify::open(2).await;
    let stands = friends(&spotify, &["anna", "ben"]).await;

    spotify.sim.revoke("ben").unwrap();

    let told = |snapshot: &Snapshot| member(snapshot, "Ben").and_then(|ben| ben.trouble.clone());
    let wrong = |snapshot: &Snapshot| told(snapshot).is_some_and(|trouble| trouble.code == "needs_login");
    let [annas, bens] = [0, 1].map(|at: usize| stands[at].until("Ben's trouble", wrong));
    let bens = told(&*bens.await).unwrap();
    assert!(bens.text.contains("no longer accepts Ben") && bens.way_out.is_some(), "{bens:?}");
    let annas = told(&*annas.await).unwrap();
    assert_eq!((annas.text.as_str(), annas.way_out), ("Ben has to sign in again.", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_host_goes_the_next_one_holds_the_room_and_everybody_meets_there() {
    let spotify = Spotify::open(3).await;
    let stands = friends(&spotify, &["anna", "ben", "chiara"]).await;
    spotify.sim.hand("ben", Hand::resume()).unwrap();
    let before = stands[2].until("all hear Ben", |snapshot| in_step(snapshot, "Ben", 0.0)).await;
    let invited = |snapshot: &Snapshot| Invite::parse(&network(snapshot).unwrap().invite).unwrap();
    assert_eq!(
        (invited(&before).host.as_deref(), &*before.room.as_ref().unwrap().name),
        (Some("Anna"), "Anna’s session")
    );

    stands[0].act(Action::Leave);

    for stand in &stands[1..] {
        let gone = &invited(&before).hubs[0];
        // Until it is noticed that Anna's hub is gone, it looks as if they met there.
        let two = |snapshot: &Snapshot| {
            members(snapshot).len() == 2
                && in_step(snapshot, "Ben", 0.0)
                && reached(snapshot) == "connected"
                && !invited(snapshot).hubs.contains(gone)
        };
        let after = stand.until("Ben and Chiara meet without Anna", two).await;
        let invite = invited(&after);
        assert_eq!((invite.host.as_deref(), &*after.room.as_ref().unwrap().name), (Some("Ben"), "Ben’s session"));
    }
    spotify.sim.hand("chiara", Hand::Seek { position_ms: 100_000 }).unwrap();
    stands[1].until("Ben hears Chiara", |snapshot| in_step(snapshot, "Chiara", 100_000.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_out_their_only_account_is_in_the_session_no_more_and_the_others_go_on() {
    let spotify = Spotify::open(2).await;
    let stands = friends(&spotify, &["anna", "ben"]).await;
    spotify.sim.hand("ben", Hand::resume()).unwrap();
    stands[0].until("all hear Ben", |snapshot| in_step(snapshot, "Ben", 0.0)).await;
    stands[0].act(Action::Show { screen: Screen::Settings });
    let account = stands[0].program.snapshots().borrow().accounts[0].id.clone();

    stands[0].act(Action::SignOut { account });

    let out = |snapshot: &Snapshot| snapshot.room.is_none() && snapshot.accounts.is_empty();
    let shown = stands[0].until("Anna is out", out).await;
    assert_eq!(shown.screen, Screen::Settings, "what was looked at stays");
    let alone = |snapshot: &Snapshot| members(snapshot).len() == 1 && reached(snapshot) == "connected";
    stands[1].until("Ben holds the session", alone).await;
    stands[0].act(Action::CloseSettings);
    stands[0].until("the way to an account", |snapshot| snapshot.screen == Screen::Welcome).await;
}
