//! What the GETs answer, and when.

use tokio::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use tutti_sim::player::Hand;
use tutti_sim::profile::Profile;
use tutti_sim::sim::SimConfig;

use crate::server::Server;

#[tokio::test]
async fn the_player_has_every_field_of_a_track() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    server.sim.hand("anna", Hand::resume()).unwrap();
    let (status, player) = account.get("/v1/me/player").await;
    assert_eq!(status, 200);
    let expected = [
        "actions",
        "context",
        "currently_playing_type",
        "device",
        "is_playing",
        "item",
        "progress_ms",
        "repeat_state",
        "shuffle_state",
        "smart_shuffle",
        "timestamp",
    ];
    assert_eq!(keys(&player), expected);
    assert_eq!(player["is_playing"], true);
    assert_eq!(player["actions"], json!({ "disallows": { "resuming": true } }));
    assert_eq!(player["context"]["type"], "album");
    assert_eq!(player["context"]["uri"], player["item"]["album"]["uri"]);
    let item = &player["item"];
    let expected = [
        "album",
        "artists",
        "disc_number",
        "duration_ms",
        "explicit",
        "external_ids",
        "external_urls",
        "href",
        "id",
        "is_local",
        "is_playable",
        "name",
        "track_number",
        "type",
        "uri",
    ];
    assert_eq!(keys(item), expected);
    assert_eq!(item["external_ids"]["isrc"].as_str().unwrap().len(), 12);
    let expected =
        ["id", "is_active", "is_private_session", "is_restricted", "name", "supports_volume", "type", "volume_percent"];
    assert_eq!(keys(&player["device"]), expected);
    let sizes: Vec<_> = item["album"]["images"].as_array().unwrap().iter().collect();
    assert_eq!(sizes.iter().map(|image| image["width"].as_u64().unwrap()).max(), Some(640));
}

#[tokio::test]
async fn episodes_are_null_unless_they_are_asked_for() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let episode = server.sim.catalogue().shows()[0].items[0];
    let uri = server.sim.catalogue().item(episode).uri.clone();
    server.sim.hand("anna", Hand::song(&uri)).unwrap();
    let (_, without) = account.get("/v1/me/player").await;
    assert_eq!((&without["item"], &without["currently_playing_type"]), (&Value::Null, &"episode".into()));
    assert!(without["progress_ms"].is_u64());
    let (_, with) = account.get("/v1/me/player?additional_types=track,episode").await;
    assert_eq!(with["item"]["uri"], uri);
    assert_eq!(with["item"]["show"]["uri"], with["context"]["uri"]);
    assert!(!with["item"]["description"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn currently_playing_devices_and_queue_agree_with_the_player() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let (_, player) = account.get("/v1/me/player").await;
    let (_, current) = account.get("/v1/me/player/currently-playing").await;
    assert_eq!(current["item"], player["item"]);
    assert!(current.get("device").is_none());
    let (_, devices) = account.get("/v1/me/player/devices").await;
    assert_eq!(devices["devices"][0], player["device"]);
    assert_eq!(devices["devices"].as_array().unwrap().len(), 2);
    let (_, queue) = account.get("/v1/me/player/queue").await;
    assert_eq!(queue["currently_playing"], player["item"]);
    let tracks = server.sim.catalogue().albums()[0].items.len();
    assert_eq!(queue["queue"].as_array().unwrap().len(), tracks - 1);
}

#[tokio::test]
async fn without_a_device_there_is_204_and_commands_are_404() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let (status, _) = server.post_json("/_sim/accounts/anna/device", r#"{"online": false}"#).await;
    assert_eq!(status, 204);
    assert_eq!(account.get("/v1/me/player").await, (204, Value::Null));
    assert_eq!(account.get("/v1/me/player/currently-playing").await.0, 204);
    assert_eq!(account.get("/v1/me/player/devices").await.1, json!({ "devices": [] }));
    let (status, error) = account.send(Method::PUT, "/v1/me/player/play", "").await;
    assert_eq!((status, &error["error"]["reason"]), (404, &"NO_ACTIVE_DEVICE".into()));
    server.post_json("/_sim/accounts/anna/device", r#"{"online": true}"#).await;
    assert_eq!(account.get("/v1/me/player").await.0, 200);
}

#[tokio::test]
async fn readings_take_as_long_as_the_profile_says_and_are_true_at_an_instant_inside() {
    let config = SimConfig { accounts: 1, profile: Profile::Broadband, ..SimConfig::default() };
    let server = Server::start(config).await;
    let account = server.sign_in("anna").await;
    let started_us = server.sim.hand("anna", Hand::resume()).unwrap().at_us;
    let mut round_trips = Vec::new();
    for _ in 0..12 {
        let asked = Instant::now();
        let (_, player) = account.get("/v1/me/player").await;
        let answered = Instant::now();
        let progress_us = player["progress_ms"].as_i64().unwrap() * 1000;
        let since = |instant: Instant| instant.duration_since(server.origin).as_micros() as i64;
        assert!(progress_us >= since(asked) - started_us - 1000);
        assert!(progress_us <= since(answered) - started_us);
        round_trips.push((answered - asked).as_millis());
    }
    round_trips.sort_unstable();
    assert!((50..160).contains(&round_trips[6]), "{round_trips:?}");
}

#[tokio::test]
async fn covers_are_png_files_in_three_sizes() {
    let server = Server::ideal().await;
    let (_, player) = server.sign_in("anna").await.get("/v1/me/player").await;
    let url = player["item"]["album"]["images"][0]["url"].as_str().unwrap();
    let answer = server.client.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert!(answer.bytes().await.unwrap().starts_with(b"\x89PNG"));
    let odd = server.client.get(url.replace("640", "9000")).send().await.unwrap();
    assert_eq!(odd.status(), 400);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_have_spotifys_error_shape() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let (status, error) = account.get("/v1/me/playerx").await;
    assert_eq!((status, &error["error"]["status"]), (404, &404.into()));
    let (status, error) = account.send(Method::DELETE, "/v1/me/player", "").await;
    assert_eq!((status, &error["error"]["status"]), (405, &405.into()));
    assert_eq!(account.get("/nowhere").await.0, 404);
    assert_eq!(account.get("/api/token").await.0, 405);
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
