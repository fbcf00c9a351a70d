//! A program with a window that ended in the middle of a session offers the way back, once, unless it was left.

use std::sync::Arc;

use tutti_app::api::{Action, Screen, Snapshot};
use tutti_app::invite::Invite;
use tutti_app::secrets::{Memory, SecretStore as _};

use super::{invite, members, network};
use crate::spotify::Spotify;
use crate::stand::Stand;

/// Ben's program, on a desktop.
async fn desktop(spotify: &Spotify, secrets: &Arc<Memory>) -> Stand {
    let ben = spotify.stand_with(secrets.clone()).await;
    spotify.sign_in(&ben, "ben", None).await;
    ben.program.stop().await;
    ben.on_desktop(spotify.sim.base_url(), secrets.clone()).await
}

/// Whether the next start would find a session in the keychain.
fn kept(secrets: &Memory) -> bool {
    secrets.load("session").unwrap().is_some()
}

fn offered(snapshot: &Snapshot) -> Option<Action> {
    let notice = snapshot.notices.iter().find(|notice| notice.code == "session_left")?;
    Some(notice.way_out.as_ref()?.action.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_in_the_middle_of_which_the_program_ended_is_offered_at_the_next_start() {
    let spotify = Spotify::open(2).await;
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    anna.act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    let link = invite(&anna).await;
    let secrets = Arc::new(Memory::default());
    let ben = desktop(&spotify, &secrets).await;
    ben.act(Action::Join { invite: link });
    ben.until("both are there", |snapshot| members(snapshot).len() == 2).await;

    ben.program.stop().await;
    assert!(kept(&secrets));
    let ben = ben.on_desktop(spotify.sim.base_url(), secrets.clone()).await;

    let words = ben.notice("session_left").await;
    assert_eq!(words, "Tutti ended in the middle of Anna’s session.");
    let back = offered(&ben.program.snapshots().borrow()).unwrap();
    ben.act(back);
    let there = |snapshot: &Snapshot| members(snapshot).len() == 2 && offered(snapshot).is_none();
    ben.until("Ben is back", there).await;

    ben.act(Action::Leave);
    ben.until("left", |snapshot| snapshot.room.is_none() && snapshot.screen == Screen::Lobby).await;
    ben.program.stop().await;
    assert!(!kept(&secrets), "what was left on purpose is not offered");
    let ben = ben.on_desktop(spotify.sim.base_url(), secrets.clone()).await;
    ben.act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    ben.until("a room of his own", |snapshot| snapshot.room.is_some()).await;
    let copied = ben.notice("invite_copied").await;
    assert!(copied.contains("copied"));
    let shown = network(&ben.program.snapshots().borrow()).unwrap().invite.clone();
    assert_eq!(*ben.shell.1.as_ref().unwrap().copied.lock().unwrap(), [shown]);

    ben.program.stop().await;
    assert!(!kept(&secrets), "a session of one's own ends with the program");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hosted_finds_those_who_went_on_without_them() {
    let spotify = Spotify::open(2).await;
    let secrets = Arc::new(Memory::default());
    let ben = desktop(&spotify, &secrets).await;
    ben.act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    let link = invite(&ben).await;
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    anna.act(Action::Join { invite: link.clone() });
    ben.until("both are there", |snapshot| members(snapshot).len() == 2).await;

    ben.program.stop().await;
    // She is its host as soon as Ben says good-bye, and holds it when nobody is sent to where it was any more.
    let bens = Invite::parse(&link).unwrap().hubs.remove(0);
    let there = |snapshot: &Snapshot| Invite::parse(&network(snapshot).unwrap().invite).unwrap().hubs.contains(&bens);
    anna.until("Anna holds it", |snapshot| members(snapshot).len() == 1 && !there(snapshot)).await;
    let ben = ben.on_desktop(spotify.sim.base_url(), secrets).await;

    ben.notice("session_left").await;
    let back = offered(&ben.program.snapshots().borrow()).unwrap();
    ben.act(back);
    ben.until("Ben is back with Anna", |snapshot| members(snapshot).len() == 2).await;
}
