//! `/_sim`: truth, hands and statistics.

use serde_json::{Value, json};
use tutti_sim::profile::Profile;
use tutti_sim::sim::SimConfig;

use crate::server::Server;

#[tokio::test]
async fn what_a_hand_does_is_true_at_once_and_in_the_next_answer() {
    let server = Server::ideal().await;
    let account = server.sign_in("ben").await;
    let song = server.sim.catalogue().albums()[3].items[1];
    let uri = server.sim.catalogue().item(song).uri.clone();
    let body = json!({ "action": "play", "uri": uri, "position_ms": 12_000 }).to_string();
    let (status, done) = server.post_json("/_sim/accounts/ben/hand", &body).await;
    assert_eq!(status, 200);
    let truth = server.get_json("/_sim/truth").await;
    let players = truth["players"].as_array().unwrap();
    let users: Vec<&str> = players.iter().map(|player| player["user"].as_str().unwrap()).collect();
    assert_eq!(users, ["anna", "ben", "chiara"]);
    let ben = &players[1];
    assert_eq!((&ben["uri"], &ben["playing"]), (&uri.clone().into(), &true.into()));
    let run_ms = (truth["now_us"].as_i64().unwrap() - done["at_us"].as_i64().unwrap()) as f64 / 1000.0;
    let reported_ms = ben["reported_ms"].as_f64().unwrap();
    assert!((reported_ms - 12_000.0 - run_ms).abs() < 0.001, "{reported_ms} after {run_ms}");
    let (_, player) = account.get("/v1/me/player").await;
    assert_eq!(player["item"]["uri"], uri);
    assert_eq!(player["item"]["album"]["uri"], player["context"]["uri"]);
}

#[tokio::test]
async fn truth_tells_what_is_heard_from_what_is_reported() {
    let config = SimConfig { accounts: 1, profile: Profile::Lan, ..SimConfig::default() };
    let server = Server::start(config).await;
    server.post_json("/_sim/accounts/anna/hand", r#"{"action": "play", "position_ms": 60000}"#).await;
    let truth = server.get_json("/_sim/truth").await;
    let anna = &truth["players"][0];
    let lag = anna["reported_ms"].as_f64().unwrap() - anna["audible_ms"].as_f64().unwrap();
    assert!(lag > 0.0 && lag <= 1000.0, "{lag}");
    assert_eq!(anna["device_id"].as_str().unwrap().len(), 40);
}

#[tokio::test]
async fn hands_that_cannot_act_are_told_why() {
    let server = Server::ideal().await;
    let hand = async |user: &str, body: &str| {
        let (status, answer) = server.post_json(&format!("/_sim/accounts/{user}/hand"), body).await;
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    };
    let (status, words) = hand("zoe", r#"{"action": "pause"}"#).await;
    assert_eq!((status, words.as_str()), (404, "there is no account \"zoe\""));
    let (status, words) = hand("anna", r#"{"action": "pause"}"#).await;
    assert_eq!((status, words.as_str()), (409, "it is paused already"));
    let (status, words) = hand("anna", r#"{"action": "dance"}"#).await;
    assert!(status == 400 && words.starts_with("there is no action \"dance\""), "{words}");
    assert_eq!(hand("anna", r#"{"action": "seek"}"#).await.1, "seek needs position_ms");
    assert_eq!(hand("anna", "no json").await.0, 400);
    assert_eq!(hand("%F0%9F%92%A5", r#"{"action": "pause"}"#).await.0, 404);
}

#[tokio::test]
async fn a_hundred_readings_use_one_connection_and_are_counted() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let (before, _) = server.sim.connections();
    for _ in 0..100 {
        account.get("/v1/me/player").await;
    }
    assert_eq!(server.sim.connections().0, before);
    let stats = server.get_json("/_sim/stats").await;
    assert_eq!(stats["requests"]["anna"]["GET /v1/me/player"], 100);
    assert_eq!(stats["requests"]["anna"]["POST /api/token"], 1);
    assert_eq!(stats["responses_429"], 0);
    assert_eq!(stats["connections"], json!({ "total": before, "open": before }));
    let log = server.sim.log();
    let records: Vec<_> = log.requests().collect();
    assert!(records.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us));
    assert!(records.iter().all(|record| record.status == 200 && &*record.user == "anna"));
}

#[tokio::test]
async fn the_phone_page_and_its_data_are_there() {
    let server = Server::ideal().await;
    let page = server.client.get(server.url("/_sim/")).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let short = server.client.get(server.url("/_sim")).send().await.unwrap();
    assert_eq!(short.headers()["location"], "/_sim/");
    let accounts = server.get_json("/_sim/accounts").await;
    assert_eq!((&accounts["profile"], accounts["accounts"].as_array().unwrap().len()), (&"ideal".into(), 3));
    let anna = &accounts["accounts"][0];
    assert_eq!(anna["item"]["from"], "Maps of the Weather");
    assert_eq!((&anna["online"], &anna["playing"]), (&true.into(), &false.into()));
    let catalogue = server.get_json("/_sim/catalogue").await;
    let lists = catalogue.as_array().unwrap();
    assert_eq!(lists.len(), 11);
    assert!(lists.iter().all(|list| { list["items"].as_array().is_some_and(|items| !items.is_empty()) }));
    let names: Vec<&Value> = lists.iter().map(|list| &list["name"]).collect();
    assert!(names.contains(&&"Unhurried Objects".into()));
}
