//! Who gets in, and what everybody hears.

use serde_json::json;
use tutti_relay::Config;

use crate::client::{Client, Relay, claim, hello};

#[tokio::test]
async fn two_friends_meet_and_what_one_starts_the_other_hears() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let mut ben = Client::join(relay.address, "Ben", 2).await;

    let now = ben.welcome["now_us"].as_i64().unwrap();
    ben.say(claim(1, 0, "Blue", now)).await;

    let room = ada.until("room").await;
    assert_eq!((&room["leader"], &room["playback"]["item"]["title"]), (&json!(1), &json!("Blue")));
    let answer = ben.until("answer").await;
    assert_eq!((&answer["id"], &answer["accepted"]), (&json!(1), &json!(true)));
    ada.say(json!({ "type": "ping", "sent_us": 5 })).await;
    let pong = ada.until("pong").await;
    assert_eq!(pong["sent_us"], 5);
    assert!(pong["received_us"].as_i64().unwrap() >= now);
    relay.end().await;
}

#[tokio::test]
async fn whoever_cannot_come_in_is_told_why_and_closed() {
    let relay = Relay::start(Config::default()).await;
    let refused = async |change: fn(&mut serde_json::Value)| {
        let mut client = Client::connect(relay.address).await;
        let mut message = hello(client.nonce, "Ada", 1);
        change(&mut message);
        client.say(message).await;
        client.refused().await
    };

    assert_eq!(refused(|hello| hello["version"] = json!(0)).await, "version_too_old");
    assert_eq!(refused(|hello| hello["version"] = json!(9)).await, "version_too_new");
    assert_eq!(refused(|hello| hello["proof"] = json!("00".repeat(64))).await, "wrong_secret");
    assert_eq!(refused(|hello| hello["user"]["proof"] = json!("00".repeat(64))).await, "wrong_user");
    assert_eq!(refused(|hello| hello["open"] = json!(false)).await, "no_such_room");
    assert_eq!(refused(|hello| hello["type"] = json!("ping")).await, "unknown_message");
    relay.end().await;
}
