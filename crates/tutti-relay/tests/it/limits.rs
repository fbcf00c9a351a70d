//! What is full, locked, or forbidden: said by name.

use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tutti_core::gate::Limits;
use tutti_core::proof::{RoomSecret, UserKey};
use tutti_relay::Config;

use crate::client::{Client, Relay, SECRET, hello_to};

#[tokio::test]
async fn guessing_is_cut_short_for_that_room_alone() {
    let relay = Relay::start(Config { attempts: 3, ..Config::default() }).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let wrong = |hello: &mut Value| hello["proof"] = json!("00".repeat(64));

    for _ in 0..3 {
        assert_eq!(Client::is_refused(relay.address, "Eve", 9, wrong).await, "wrong_secret");
    }

    assert_eq!(Client::is_refused(relay.address, "Eve", 9, wrong).await, "too_many_attempts");
    assert_eq!(
        Client::is_refused(relay.address, "Eve", 9, |_| {}).await,
        "too_many_attempts",
        "also with the right one"
    );
    ada.is_well().await;
    let other = RoomSecret::new([4; 16]);
    let mut elsewhere = Client::connect(relay.address).await;
    elsewhere.say(hello_to(other, elsewhere.nonce, "Ben", 2)).await;
    elsewhere.until("welcome").await;
    relay.end().await;
}

#[tokio::test]
async fn nobody_comes_in_as_another_user() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let room = SECRET.room();

    let with_her_name = |hello: &mut Value| hello["user"]["id"] = json!(UserKey::new([1; 16]).user(room).to_string());
    assert_eq!(Client::is_refused(relay.address, "Ada", 9, with_her_name).await, "wrong_user");
    assert_eq!(Client::is_refused(relay.address, "Ada", 9, |_| {}).await, "account_elsewhere", "her account, his key");

    ada.is_well().await;
    relay.end().await;
}

#[tokio::test]
async fn whoever_names_anothers_account_in_a_room_of_their_own_keeps_nobody_out_of_theirs() {
    let relay = Relay::start(Config::default()).await;
    let other = RoomSecret::new([4; 16]);
    let mut eve = Client::connect(relay.address).await;
    // The mark of an account is no secret: what it is made of can be known.
    eve.say(hello_to(other, eve.nonce, "Ada", 9)).await;
    eve.until("welcome").await;

    let mut ada = Client::join(relay.address, "Ada", 1).await;

    ada.is_well().await;
    eve.is_well().await;
    relay.end().await;
}

#[tokio::test]
async fn a_full_room_a_locked_one_and_one_that_somebody_was_sent_out_of() {
    let limits = Limits { members: 3, connections_user: 2, ..Limits::default() };
    let relay = Relay::start(Config { limits, ..Config::default() }).await;
    let at = relay.address;
    let mut ada = Client::join(at, "Ada", 1).await;
    let mut ben = Client::join(at, "Ben", 2).await;
    let mut cleo = Client::join(at, "Cleo", 3).await;

    assert_eq!(Client::is_refused(at, "Dan", 4, |_| {}).await, "room_full");
    let _tablet = Client::join(at, "Ben", 2).await;
    assert_eq!(Client::is_refused(at, "Ben", 2, |_| {}).await, "too_many_connections");
    ada.say(json!({ "type": "remove", "member": ben.member() })).await;
    assert_eq!(ben.refused().await, "removed");
    assert_eq!(Client::is_refused(at, "Ben", 2, |_| {}).await, "removed");
    ada.say(json!({ "type": "lock", "on": true })).await;
    ada.is_well().await;
    assert_eq!(Client::is_refused(at, "Dan", 4, |_| {}).await, "room_locked");

    cleo.is_well().await;
    relay.end().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_rooms_and_learns_why_it_gets_no_more() {
    let relay = Relay::start(Config { connections_address: 2, ..Config::default() }).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let ben = Client::join(relay.address, "Ben", 2).await;

    let turned_away = connect_async(format!("ws://{}/room", relay.address)).await.unwrap_err();
    let Error::Http(answer) = turned_away else { panic!("{turned_away}") };
    let told: Value = serde_json::from_slice(answer.body().as_deref().unwrap()).unwrap();
    assert_eq!((answer.status().as_u16(), &told["code"]), (429, &json!("too_many_from_address")));

    ada.is_well().await;
    drop(ben);
    // Its place is free as soon as the hub has noticed.
    while connect_async(format!("ws://{}/room", relay.address)).await.is_err() {}
    relay.end().await;
}

#[tokio::test]
async fn rooms_and_accounts_of_those_who_left_are_forgotten() {
    let relay = Relay::start(Config { rooms: 1, ..Config::default() }).await;
    let other = RoomSecret::new([4; 16]);
    let opens_another = async || {
        let mut client = Client::connect(relay.address).await;
        client.say(hello_to(other, client.nonce, "Ben", 2)).await;
        client.next().await.unwrap()
    };
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    assert_eq!(opens_another().await["code"], "hub_full");

    ada.say(json!({ "type": "bye" })).await;
    ada.closed().await;

    // A room ends a moment after its last member.
    while opens_another().await["type"] != "welcome" {}
    relay.end().await;
}
