//! Signing in by a link that the system opens Tutti with: while it runs, after a restart, twice, and when nobody waits.

use std::sync::Arc;

use tutti_app::api::{Action, Screen, SignInWay};
use tutti_app::secrets::{Memory, SecretStore};

use crate::spotify::{CLIENT_ID, Spotify};
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_brings_the_answer_of_spotify_s_page() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;

    let link = consent(&stand, "sim_user=anna").await;
    assert!(link.starts_with("tutti://callback?code="), "{link}");
    stand.program.open_link(&link);

    assert!(stand.notice("signed_in").await.contains("Anna"));
    let snapshot = stand.until("the lobby", |snapshot| snapshot.screen == Screen::Lobby).await;
    assert_eq!(snapshot.client_id.as_deref(), Some(CLIENT_ID), "offered for the next one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_comes_by_link_too() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;

    let link = consent(&stand, "sim_decision=cancel").await;
    stand.program.open_link(&link);

    assert!(stand.notice("sign_in_denied").await.contains("Access was refused"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_link_is_refused_and_the_right_one_still_counts() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    let link = consent(&stand, "sim_user=anna").await;

    stand.program.open_link("tutti://callback?code=stolen&state=guessed");
    assert!(stand.notice("sign_in_foreign_state").await.contains("still waits"));
    assert!(stand.program.snapshots().borrow().sign_in.is_some(), "still waiting");

    stand.program.open_link(&link);
    stand.notice("signed_in").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_link_twice_signs_in_once() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    let link = consent(&stand, "sim_user=anna").await;
    stand.program.open_link(&link);
    stand.notice("signed_in").await;

    stand.program.open_link(&link);

    assert!(stand.notice("sign_in_not_waiting").await.contains("Nothing was connected"));
    assert_eq!(stand.program.snapshots().borrow().accounts.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_comes_after_a_restart_finishes_the_sign_in() {
    let spotify = Spotify::open(1).await;
    let secrets: Arc<dyn SecretStore> = Arc::new(Memory::default());
    let stand = spotify.stand_with(secrets.clone()).await;
    let link = consent(&stand, "sim_user=anna").await;
    stand.program.stop().await;

    let stand = stand.again(spotify.sim.base_url(), secrets).await;
    stand.program.open_link(&link);

    assert!(stand.notice("signed_in").await.contains("Anna"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_after_a_cancelled_sign_in_is_refused_in_words() {
    let spotify = Spotify::open(1).await;
    let secrets = Arc::new(Memory::default());
    let stand = spotify.stand_with(secrets.clone()).await;
    let link = consent(&stand, "sim_user=anna").await;
    stand.act(Action::CancelSignIn);
    stand.until("no sign-in", |snapshot| snapshot.sign_in.is_none()).await;
    while secrets.load("sign-in under way").unwrap().is_some() {
        tokio::task::yield_now().await;
    }

    stand.program.open_link(&link);

    assert!(stand.notice("sign_in_not_waiting").await.contains("Start again"));
    assert!(stand.program.snapshots().borrow().accounts.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_spotify_refuses_the_link_the_loopback_address_is_one_click_away() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    let page = begin(&stand).await;
    let other = stand.program.snapshots().borrow().sign_in.as_ref().unwrap().other.clone().unwrap();
    assert!(other.label.contains("http://127.0.0.1/callback"));

    stand.act(other.action);

    let snapshot = stand
        .until("the other page", |snapshot| snapshot.sign_in.as_ref().is_some_and(|sign_in| sign_in.address != page));
    let page = snapshot.await.sign_in.as_ref().unwrap().address.clone();
    assert!(page.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A"), "{page}");
    assert!(spotify.browse(&page, "sim_user=anna").await.status().is_success());
    stand.notice("signed_in").await;
}

/// Begins a sign-in that comes back by link, and agrees or refuses: the link that the browser would open.
async fn consent(stand: &Stand, added: &str) -> String {
    let page = begin(stand).await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back = http.get(format!("{page}&{added}")).send().await.unwrap();
    back.headers()["location"].to_str().unwrap().to_owned()
}

async fn begin(stand: &Stand) -> String {
    let way = Some(SignInWay::Link);
    stand.act(Action::Connect { client_id: CLIENT_ID.into(), name: None, way });
    let snapshot = stand.until("the sign-in's page", |snapshot| snapshot.sign_in.is_some()).await;
    snapshot.sign_in.as_ref().unwrap().address.clone()
}
