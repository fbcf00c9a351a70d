//! Commands over HTTP: what they do, what is refused, and in which words.

use reqwest::Method;
use serde_json::json;
use tutti_sim::player::{Command, Hand};
use tutti_sim::profile::Profile;
use tutti_sim::sim::SimConfig;

use crate::server::Server;

#[tokio::test]
async fn every_command_does_what_it_says() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let catalogue = server.sim.catalogue().clone();
    let uri = |album: usize, place: usize| catalogue.item(catalogue.albums()[album].items[place]).uri.clone();
    let playing = async || {
        let (_, player) = account.get("/v1/me/player").await;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        (text(&player["item"]["uri"]), player["is_playing"] == true, player["progress_ms"].as_i64().unwrap())
    };

    let body = json!({ "uris": [uri(2, 0), uri(2, 1)], "position_ms": 30_000 }).to_string();
    account.accepted(Method::PUT, "/v1/me/player/play", &body).await;
    let (item, is_playing, progress_ms) = playing().await;
    assert!(item == uri(2, 0) && is_playing && (30_000..40_000).contains(&progress_ms));

    account.accepted(Method::PUT, "/v1/me/player/pause", "").await;
    assert!(!playing().await.1);
    account.accepted(Method::PUT, "/v1/me/player/seek?position_ms=90000", "").await;
    assert_eq!(playing().await.2, 90_000);
    account.accepted(Method::PUT, "/v1/me/player/play", "{}").await;
    assert!(playing().await.1);

    let queued = uri(5, 3);
    account.accepted(Method::POST, &format!("/v1/me/player/queue?uri={queued}"), "").await;
    let (_, queue) = account.get("/v1/me/player/queue").await;
    assert_eq!(queue["queue"][0]["uri"], queued);
    account.accepted(Method::POST, "/v1/me/player/next", "").await;
    assert_eq!(playing().await.0, queued);
    account.accepted(Method::POST, "/v1/me/player/previous", "").await;
    assert_eq!(playing().await.0, uri(2, 0));

    let (_, devices) = account.get("/v1/me/player/devices").await;
    let laptop = devices["devices"][1]["id"].as_str().unwrap().to_owned();
    let body = json!({ "device_ids": [laptop], "play": false }).to_string();
    account.accepted(Method::PUT, "/v1/me/player", &body).await;
    let (_, player) = account.get("/v1/me/player").await;
    assert_eq!((&player["device"]["id"], &player["is_playing"]), (&laptop.into(), &true.into()));

    let context = &catalogue.albums()[4].uri;
    let body = json!({ "context_uri": context, "offset": { "position": 2 } }).to_string();
    account.accepted(Method::PUT, "/v1/me/player/play", &body).await;
    assert_eq!(playing().await.0, uri(4, 2));
    let commands: Vec<_> = server.sim.log().commands().map(|record| record.command.name()).collect();
    let expected = ["play", "pause", "seek", "play", "queue", "next", "previous", "transfer", "play"];
    assert_eq!(commands, expected);
}

#[tokio::test]
async fn refusals_have_spotifys_words_and_reasons() {
    let server = Server::start(SimConfig {
        accounts: 2,
        free: vec!["ben".to_owned()],
        profile: Profile::Ideal,
        ..SimConfig::default()
    })
    .await;
    let (anna, ben) = (server.sign_in("anna").await, server.sign_in("ben").await);
    let (status, body) = anna.send(Method::PUT, "/v1/me/player/pause", "").await;
    let message = "Player command failed: Restriction violated";
    let expected = json!({ "error": { "status": 403, "message": message, "reason": "UNKNOWN" } });
    assert_eq!((status, body), (403, expected));
    let (status, body) = ben.send(Method::PUT, "/v1/me/player/play", "").await;
    assert_eq!((status, &body["error"]["reason"]), (403, &"PREMIUM_REQUIRED".into()));
    assert_eq!(ben.get("/v1/me/player").await.0, 200);
    let (status, body) = anna.send(Method::PUT, "/v1/me/player/play?device_id=x", "").await;
    assert_eq!((status, &body["error"]["message"]), (404, &"Device not found".into()));
    assert!(body["error"].get("reason").is_none());
}

#[tokio::test]
async fn a_command_that_does_not_say_how_long_it_is_is_refused() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let answer = account.request(Method::PUT, "/v1/me/player/play").send().await.unwrap();
    assert_eq!(answer.status(), 411);
    assert!(!server.sim.truth().1[0].1.playing);
}

#[tokio::test]
async fn bad_input_is_answered_and_never_breaks_the_server() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let play = async |body: &str| account.send(Method::PUT, "/v1/me/player/play", body).await;
    assert_eq!(play("{").await.1["error"]["message"], "Malformed json");
    assert_eq!(play("[1]").await.0, 400);
    assert_eq!(play(r#"{"uris": []}"#).await.0, 400);
    assert_eq!(play(r#"{"uris": ["spotify:track:x#0:38"]}"#).await.0, 400);
    assert_eq!(play(r#"{"uris": ["\u0000💥"], "position_ms": -1}"#).await.0, 400);
    assert_eq!(play(&format!(r#"{{"x": "{}"}}"#, "a".repeat(70_000))).await.0, 413);
    let seek = async |query: &str| account.send(Method::PUT, &format!("/v1/me/player/seek{query}"), "").await.0;
    assert_eq!(seek("").await, 400);
    assert_eq!(seek("?position_ms=-1").await, 400);
    assert_eq!(seek("?position_ms=9223372036854775808").await, 400);
    assert_eq!(seek("?position_ms=%ff").await, 400);
    assert_eq!(account.get("/v1/me/player").await.0, 200);
}

#[tokio::test]
async fn a_command_shows_in_the_truth_before_it_shows_in_answers() {
    let config = SimConfig { accounts: 1, profile: Profile::Lan, ..SimConfig::default() };
    let server = Server::start(config).await;
    let account = server.sign_in("anna").await;
    server.sim.hand("anna", Hand::resume()).unwrap();
    account.accepted(Method::PUT, "/v1/me/player/seek?position_ms=100000", "").await;
    let outcome = server.sim.log().commands().next().unwrap().outcome.clone().unwrap();
    let (_, early) = account.get("/v1/me/player").await;
    let answered_us = server.sim.now_us();
    // On a slow machine the answer may come after the command is visible: then it says nothing.
    if answered_us < outcome.visible_us {
        assert!(early["progress_ms"].as_i64().unwrap() < 5_000);
    }
    while server.sim.now_us() < outcome.visible_us {
        tokio::task::yield_now().await;
    }
    let (_, late) = account.get("/v1/me/player").await;
    assert!(late["progress_ms"].as_i64().unwrap() >= 100_000);
    let record = server.sim.log().commands().next().unwrap().clone();
    assert_eq!(record.command, Command::Seek { position_ms: 100_000, device_id: None });
    assert!(record.at_us < outcome.effect_us && outcome.effect_us <= outcome.visible_us);
}
