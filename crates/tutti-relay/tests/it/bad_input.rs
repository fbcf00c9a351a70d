//! Whatever a connection says: it is told what is wrong by name, and nobody else notices.

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tutti_relay::Config;

use crate::client::{Client, Relay, claim, hello};

/// What is fatal closes the one connection; what is not leaves it as it was.
#[tokio::test]
async fn what_is_no_message_of_the_protocol_is_named_and_nobody_else_notices() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let mut ben = Client::join(relay.address, "Ben", 2).await;

    for (said, code) in [
        ("{", "malformed"),
        ("[1]", "malformed"),
        (r#"{"type":"dance"}"#, "unknown_message"),
        (r#"{"type":"ping"}"#, "unknown_message"),
        (r#"{"type":"claim","id":-1}"#, "unknown_message"),
        (r#"{"type":"lock","on":true}"#, "not_the_host"),
    ] {
        ben.send(Message::text(said)).await;
        assert_eq!(ben.until("error").await["code"], code, "{said}");
        ben.is_well().await;
    }
    let bytes = Message::Binary(b"{}".to_vec().into());
    let long = Message::text(format!(r#"{{"type":"{}"}}"#, "x".repeat(1 << 20)));
    let again = Message::text(hello(ben.nonce, "Ben", 2).to_string());
    for (message, code) in [(bytes, "binary"), (long, "too_long"), (again, "hello_expected")] {
        let mut client = Client::join(relay.address, "Cleo", 3).await;
        // It may be cut off while it still speaks.
        _ = client.socket.send(message).await;
        assert_eq!(client.refused().await, code);
    }

    ada.is_well().await;
    ben.is_well().await;
    relay.end().await;
}

#[tokio::test]
async fn the_first_message_is_judged_like_any_other() {
    let relay = Relay::start(Config::default()).await;
    let first = async |message: Message| {
        let mut client = Client::connect(relay.address).await;
        _ = client.socket.send(message).await;
        client.refused().await
    };

    assert_eq!(first(Message::text("no")).await, "malformed");
    assert_eq!(first(Message::text(r#"{"type":"dance"}"#)).await, "unknown_message");
    assert_eq!(first(Message::text(r#"{"type":"ping","sent_us":1}"#)).await, "hello_expected");
    assert_eq!(first(Message::Binary(vec![0; 10].into())).await, "binary");
    assert_eq!(first(Message::text("x".repeat(100_000))).await, "too_long");
    relay.end().await;
}

#[tokio::test]
async fn an_old_proof_opens_nothing_and_an_old_token_takes_nothing_up() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let overheard = hello(ada.nonce, "Ada", 1);
    assert_eq!(Client::is_refused(relay.address, "Ada", 1, |hello| *hello = overheard).await, "wrong_secret");

    let token = ada.welcome["token"].clone();
    let resume = |hello: &mut Value| hello["resume"] = token.clone();
    let mut ben = Client::join_with(relay.address, "Ben", 2, resume).await;
    assert_eq!((ben.member(), ben.welcome["drives"].as_bool()), (1, Some(true)), "another's token is no token");
    ada.is_well().await;
    let back = Client::join_with(relay.address, "Ada", 1, resume).await;
    assert_eq!(ada.next().await.map(|_| ()).and(ada.next().await), None, "taken up elsewhere");
    let mut late = Client::join_with(relay.address, "Ada", 1, resume).await;
    assert_eq!((back.member(), late.welcome["drives"].as_bool()), (0, Some(false)), "a token counts once");
    late.is_well().await;
    ben.is_well().await;
    relay.end().await;
}

#[tokio::test]
async fn claims_out_of_order_and_twice_are_answered_and_change_the_room_once() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let mut ben = Client::join(relay.address, "Ben", 2).await;
    let now = ben.came_in_us();
    ben.say(claim(5, 0, "Blue", now)).await;
    assert_eq!(ben.until("answer").await["accepted"], true);

    ben.say(claim(5, 0, "Blue", now)).await;
    assert_eq!(ben.until("answer").await, json!({ "type": "answer", "id": 5, "accepted": true }));
    ada.say(claim(1, 999, "Red", now + 1)).await;
    assert_eq!(ada.until("answer").await["accepted"], false, "of an epoch that never was");
    ada.say(claim(2, 0, "Old", now - 1_000_000)).await;
    assert_eq!(ada.until("answer").await["accepted"], false, "older than what the room follows");

    let late = Client::join(relay.address, "Cleo", 3).await;
    assert_eq!((&late.welcome["room"]["actions"], &late.welcome["room"]["leader"]), (&json!(1), &json!(1)));
    relay.end().await;
}

#[tokio::test]
async fn a_flood_is_cut_off_whatever_it_is_made_of() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;

    let beats = Message::text(r#"{"type":"ping","sent_us":1}"#);
    let rubbish = Message::text("{");
    for message in [beats, rubbish, Message::Ping(vec![7; 100].into()), Message::Pong(vec![7; 100].into())] {
        let mut client = Client::join(relay.address, "Ben", 2).await;
        for _ in 0..500 {
            // It may be cut off while it still speaks.
            if client.socket.feed(message.clone()).await.is_err() {
                break;
            }
        }
        _ = client.socket.flush().await;
        let last = loop {
            let said = client.until("error").await;
            if said["code"] != "malformed" {
                break said["code"].clone();
            }
        };
        assert_eq!(last, "flood");
    }

    ada.is_well().await;
    relay.end().await;
}

#[tokio::test]
async fn a_message_in_pieces_with_a_ping_between_them_is_one_message() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;

    let piece =
        |text: &str, kind, last| Message::Frame(Frame::message(text.as_bytes().to_vec(), OpCode::Data(kind), last));
    ada.send(piece(r#"{"type":"ping","#, Data::Text, false)).await;
    ada.send(Message::Ping(vec![1].into())).await;
    ada.send(piece(r#""sent_us":9}"#, Data::Continue, true)).await;

    assert_eq!(ada.until("pong").await["sent_us"], 9);
    relay.end().await;
}
