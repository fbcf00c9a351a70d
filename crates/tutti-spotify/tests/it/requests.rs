//! What goes out: methods, addresses, bodies, headers, connections, and the instants of each request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use tutti_spotify::{Offset, Play, Timeouts};

use crate::stub::{Answer, Stub, client, raw};

#[tokio::test]
async fn every_method_asks_for_what_it_is_named_after() {
    let stub = Stub::api(|seen| match seen.path.as_str() {
        "/v1/me" => Answer::json(200, &json!({"id": "anna"})),
        _ if seen.method == "GET" => Answer::json(200, &json!({})),
        _ => Answer::empty(204),
    })
    .await;
    let client = stub.client();
    let device = Some("d 1&x");
    let play = Play {
        device_id: device.map(str::to_owned),
        context_uri: Some("spotify:album:a".into()),
        offset: Some(Offset::Uri("spotify:track:t".into())),
        position_ms: Some(1500),
        ..Play::default()
    };
    let uris = Play {
        uris: vec!["spotify:track:t".into(), "spotify:episode:e".into()],
        offset: Some(Offset::Position(1)),
        ..Play::default()
    };

    client.me().await.unwrap();
    client.player().await.unwrap();
    client.currently_playing().await.unwrap();
    client.devices().await.unwrap();
    client.queue().await.unwrap();
    client.play(&play).await.unwrap();
    client.play(&uris).await.unwrap();
    client.play(&Play::default()).await.unwrap();
    client.pause(device).await.unwrap();
    client.seek(61_250, None).await.unwrap();
    client.next(None).await.unwrap();
    client.previous(device).await.unwrap();
    client.transfer("d2", true).await.unwrap();
    client.add_to_queue("spotify:track:t", None).await.unwrap();

    let items = json!({"additional_types": "track,episode"});
    let at = json!({"device_id": "d 1&x"});
    let expected = [
        ("GET /v1/me", json!({}), Value::Null),
        ("GET /v1/me/player", items.clone(), Value::Null),
        ("GET /v1/me/player/currently-playing", items, Value::Null),
        ("GET /v1/me/player/devices", json!({}), Value::Null),
        ("GET /v1/me/player/queue", json!({}), Value::Null),
        (
            "PUT /v1/me/player/play",
            at.clone(),
            json!({"context_uri": "spotify:album:a", "offset": {"uri": "spotify:track:t"}, "position_ms": 1500}),
        ),
        (
            "PUT /v1/me/player/play",
            json!({}),
            json!({"uris": ["spotify:track:t", "spotify:episode:e"], "offset": {"position": 1}}),
        ),
        ("PUT /v1/me/player/play", json!({}), Value::Null),
        ("PUT /v1/me/player/pause", at.clone(), Value::Null),
        ("PUT /v1/me/player/seek", json!({"position_ms": "61250"}), Value::Null),
        ("POST /v1/me/player/next", json!({}), Value::Null),
        ("POST /v1/me/player/previous", at, Value::Null),
        ("PUT /v1/me/player", json!({}), json!({"device_ids": ["d2"], "play": true})),
        ("POST /v1/me/player/queue", json!({"uri": "spotify:track:t"}), Value::Null),
    ];
    let calls = stub.calls();
    assert_eq!(calls.len(), expected.len());
    for (seen, (line, query, body)) in calls.iter().zip(expected) {
        assert_eq!(format!("{} {}", seen.method, seen.path), line);
        assert_eq!(json!(seen.query), query, "{line}");
        let sent = serde_json::from_str(&seen.body).unwrap_or(Value::Null);
        assert_eq!(sent, body, "{line}");
        if seen.body.is_empty() && seen.method != "GET" {
            assert_eq!(seen.header("content-length"), Some("0"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_request_says_who_asks_and_carries_the_access_token() {
    let stub = Stub::api(|_| Answer::empty(204)).await;

    stub.client().player().await.unwrap();

    let call = &stub.calls()[0];
    assert_eq!(call.bearer(), "access-1");
    assert_eq!(call.header("user-agent"), Some(concat!("Tutti/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(call.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn a_hundred_readings_take_one_connection() {
    let stub = Stub::api(|seen| match seen.method.as_str() {
        "GET" => Answer::json(200, &json!({"is_playing": true, "filler": "x".repeat(20_000)})),
        "PUT" => Answer::text(200, "CAVznnjOzy".repeat(50_000)),
        _ => Answer::error(403, "Player command failed: Restriction violated", Some("UNKNOWN")),
    })
    .await;
    let client = stub.client();

    for _ in 0..100 {
        client.player().await.unwrap();
    }
    // Commands and refusals leave the connection in use too.
    for _ in 0..10 {
        client.pause(None).await.unwrap();
        client.next(None).await.unwrap_err();
    }

    assert_eq!(stub.calls().len(), 120);
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::api(|_| Answer::empty(204)).await;
    let to = format!("{}/v1/me/player", elsewhere.base);
    let stub = Stub::api(move |_| Answer::empty(302).with("location", &to)).await;

    let error = stub.client().player().await.unwrap_err().error;

    assert_eq!(error.status(), Some(302));
    assert!(error.not_spotify());
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn the_request_counts_as_asked_when_the_token_is_there() {
    let token_given = Arc::new(Mutex::new(None));
    let given = token_given.clone();
    let stub = Stub::start(move |seen| {
        if seen.is_token() {
            *given.lock().unwrap() = Some(Instant::now());
            return Answer::token("access-1", 3600, None);
        }
        Answer::empty(204)
    })
    .await;

    let reading = stub.client().player().await.unwrap();

    let call = &stub.calls()[0];
    assert!(token_given.lock().unwrap().unwrap() <= reading.asked);
    assert!(reading.asked <= call.at && call.at <= reading.answered);
}

#[tokio::test]
async fn an_answer_counts_from_its_head_however_late_its_body_is() {
    let go_on = Arc::new(Notify::new());
    let body_sent = Arc::new(Mutex::new(None));
    let (wait, sent) = (go_on.clone(), body_sent.clone());
    let base = raw(move |mut stream| {
        let (wait, sent) = (wait.clone(), sent.clone());
        async move {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            wait.notified().await;
            *sent.lock().unwrap() = Some(Instant::now());
            stream.write_all(b"{\"is_playing\":true}").await.unwrap();
        }
    })
    .await;
    let client = client(&base, Timeouts::default());

    let reading = tokio::spawn(async move { client.player().await.unwrap() });
    // Nobody outside the client can see the head arrive: real time is all there is to wait by.
    tokio::time::sleep(Duration::from_millis(50)).await;
    go_on.notify_one();
    let reading = reading.await.unwrap();

    assert_eq!(reading.value.unwrap().is_playing, Some(true));
    assert!(reading.answered < body_sent.lock().unwrap().unwrap());
}

#[tokio::test]
async fn a_command_is_accepted_with_the_head_of_its_answer_whether_or_not_the_rest_comes() {
    let base = raw(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n").await.unwrap();
        std::future::pending().await
    })
    .await;
    let client = client(&base, Timeouts::default());

    let accepted = tokio::time::timeout(Duration::from_secs(5), client.pause(None)).await;

    assert!(matches!(accepted, Ok(Ok(_))), "{accepted:?}");
}

/// The offer is in the first message of a connection; whether Spotify takes it is Spotify's business.
#[tokio::test]
async fn http_2_is_offered_where_the_connection_is_encrypted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("https://{}", listener.local_addr().unwrap()), Timeouts::default());
    let asking = tokio::spawn(async move { client.player().await });

    let (mut stream, _) = listener.accept().await.unwrap();
    let mut hello = vec![0; 5];
    stream.read_exact(&mut hello).await.unwrap();
    hello.resize(usize::from(u16::from_be_bytes([hello[3], hello[4]])), 0);
    stream.read_exact(&mut hello).await.unwrap();
    drop(stream);

    let offers = |protocols: &[u8]| hello.windows(protocols.len()).any(|bytes| bytes == protocols);
    assert!(offers(b"\x02h2\x08http/1.1"), "first HTTP/2, then what every server has");
    assert!(asking.await.unwrap().is_err());
}

#[tokio::test]
async fn debug_of_a_client_shows_no_token() {
    let stub = Stub::api(|_| Answer::empty(204)).await;
    let client = stub.client();
    client.player().await.unwrap();

    let shown = format!("{client:#?}");

    assert!(!shown.contains("access-1") && !shown.contains("refresh-1"), "{shown}");
}
