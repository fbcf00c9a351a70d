//! Connections that say nothing, and connections that do not listen.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, client_async};
use tutti_core::gate::Limits;
use tutti_core::proof::Nonce;
use tutti_relay::Config;

use crate::client::{Client, Relay, claim, get, hello};

#[tokio::test]
async fn whoever_falls_silent_is_dropped_and_the_others_see_them_reconnect() {
    let limits = Limits { beat_ms: 200, ..Limits::default() };
    let relay = Relay::start(Config { limits, ..Config::default() }).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    // The beats are counted from Ben's last word, which is his hello.
    let begun = Instant::now();
    let mut ben = Client::join(relay.address, "Ben", 2).await;
    assert_eq!(ben.welcome["limits"]["beat_ms"], 200);

    let mut beat = tokio::time::interval(Duration::from_millis(100));
    let seen = loop {
        tokio::select! {
            _ = beat.tick() => ada.say(json!({ "type": "ping", "sent_us": 0 })).await,
            message = ada.next() => {
                let message = message.unwrap();
                if message["type"] == "members" && message["list"][1]["reconnecting"] == true {
                    break message;
                }
            }
        }
    };

    assert_eq!(seen["list"][1]["name"], "Ben");
    assert!(begun.elapsed() > Duration::from_millis(600), "not before three beats: {:?}", begun.elapsed());
    assert_eq!(ben.refused().await, "silent");
    relay.end().await;
}

#[tokio::test]
async fn whoever_connects_and_asks_for_nothing_is_gone_after_a_while() {
    let relay = Relay::start(Config { hello_within: Duration::from_millis(300), ..Config::default() }).await;

    let mut mute = TcpStream::connect(relay.address).await.unwrap();
    let mut half = TcpStream::connect(relay.address).await.unwrap();
    half.write_all(b"GET /room HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    let mut challenged = Client::connect(relay.address).await;

    let mut nothing = [0; 1];
    assert_eq!(mute.read(&mut nothing).await.unwrap(), 0);
    assert_eq!(half.read(&mut nothing).await.unwrap(), 0);
    assert_eq!(challenged.refused().await, "hello_expected");
    relay.end().await;
}

#[tokio::test]
async fn what_is_no_websocket_is_answered_as_a_page_or_by_a_status() {
    let relay = Relay::start(Config::default()).await;

    for (request, status, says) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", "200", "ok"),
        ("GET /metrics HTTP/1.1\r\n\r\n", "200", "tutti_rooms 0"),
        ("GET /join?x HTTP/1.1\r\n\r\n", "200", "Listen together"),
        ("GET /other HTTP/1.1\r\n\r\n", "404", "/room"),
        ("GET /room HTTP/1.1\r\n\r\n", "426", "WebSocket"),
        ("POST /room HTTP/1.1\r\n\r\n", "405", "GET"),
        ("\x16\x03\x01\r\n\r\n", "400", "HTTP"),
    ] {
        let answer = get(relay.address, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(says), "{request}: {answer}");
    }
    let endless = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(10_000));
    assert!(get(relay.address, &endless).await.starts_with("HTTP/1.1 431 "));
    relay.end().await;
}

#[tokio::test]
async fn whoever_does_not_read_misses_what_is_old_and_gets_what_is_newest_and_the_others_all_of_it() {
    let limits = Limits { messages_s: 100_000, ..Limits::default() };
    let relay = Relay::start(Config { limits, ..Config::default() }).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let mut slow = slow_listener(&relay, "Ben", 2).await;
    let now = ada.came_in_us();

    // Each is some KiB: far more than the sockets hold.
    let most = 3_000;
    let mut heard = 0;
    for id in 0..most {
        let mut act = claim(id, 0, &format!("Song {id}"), now + id as i64);
        act["playback"]["item"]["album"] = json!("x".repeat(300));
        act["playback"]["next"] = json!(vec![act["playback"]["item"].clone(); 20]);
        act["epoch"] = json!(if id == 0 { 0 } else { 1 });
        ada.say(act).await;
        assert_eq!(ada.until("answer").await["accepted"], true, "{id}");
        heard += 1;
        if id % 50 == 0 && is_slow(&relay).await {
            break;
        }
    }
    assert!(is_slow(&relay).await, "{heard} messages were all taken");
    let last = format!("Song {}", heard - 1);

    let (mut rooms, mut newest) = (0, Value::Null);
    while newest != json!(last) {
        let message = slow.next().await.unwrap();
        if message["type"] == "room" {
            rooms += 1;
            newest = message["playback"]["item"]["title"].clone();
        }
    }
    assert!(rooms < heard, "{rooms} of {heard}");
    slow.is_well().await;
    ada.is_well().await;
    relay.end().await;
}

async fn is_slow(relay: &Relay) -> bool {
    let metrics = get(relay.address, "GET /metrics HTTP/1.1\r\n\r\n").await;
    !metrics.contains("tutti_slow_total 0\n")
}

/// A member whose socket holds little.
async fn slow_listener(relay: &Relay, name: &str, key: u8) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = MaybeTlsStream::Plain(socket.connect(relay.address).await.unwrap());
    let (socket, _) = client_async(format!("ws://{}/room", relay.address), stream).await.unwrap();
    let mut client = Client { socket, nonce: Nonce::new([0; 32]), welcome: Value::Null };
    let challenge = client.until("challenge").await;
    client.nonce = Nonce::parse(challenge["nonce"].as_str().unwrap()).unwrap();
    client.say(hello(client.nonce, name, key)).await;
    client.welcome = client.until("welcome").await;
    client
}
