//! Faults over HTTP: switched at run time, with the answers that Spotify's clients have met.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tutti_sim::player::Hand;

use crate::server::{Account, Server};

async fn fault(server: &Server, user: &str, fault: Value) {
    let (status, said) = server.post_json(&format!("/_sim/accounts/{user}/fault"), &fault.to_string()).await;
    assert_eq!(status, 204, "{fault}: {said}");
}

/// An account whose music plays, on a server without latency.
async fn playing(server: &Server) -> Account<'_> {
    let account = server.sign_in("anna").await;
    server.sim.hand("anna", Hand::resume()).unwrap();
    account
}

const PLAYER: &str = "/v1/me/player";

#[tokio::test]
async fn faults_are_listed_with_a_sentence_each_and_wrong_ones_are_refused() {
    let server = Server::ideal().await;
    let list = server.get_json("/_sim/faults").await;
    let list = list.as_array().unwrap();
    assert!(list.len() >= 45);
    assert!(list.iter().all(|one| one["what"].as_str().unwrap().ends_with('.') && one["defaults"].is_object()));
    for one in list {
        fault(&server, "anna", json!({ "kind": one["kind"] })).await;
    }
    let (status, said) = server.post_json("/_sim/accounts/anna/fault", r#"{"kind": "flood"}"#).await;
    assert_eq!((status, &said["error"]), (400, &"there is no fault \"flood\"; GET /_sim/faults lists them".into()));
    assert_eq!(server.post_json("/_sim/accounts/zoe/fault", r#"{"kind": "stall"}"#).await.0, 404);
}

#[tokio::test]
async fn server_errors_come_as_often_as_asked_and_may_hide_an_executed_command() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    for status in [500, 502, 503] {
        fault(&server, "anna", json!({ "kind": "server_error", "status": status })).await;
        let (seen, body) = account.get(PLAYER).await;
        assert_eq!((seen, &body["error"]["status"]), (status, &status.into()));
    }
    assert_eq!(account.get(PLAYER).await.0, 200);
    fault(&server, "anna", json!({ "kind": "server_error", "executes": true })).await;
    assert_eq!(account.send(Method::PUT, "/v1/me/player/pause", "").await.0, 502);
    assert_eq!(account.get(PLAYER).await.1["is_playing"], false);
    fault(&server, "anna", json!({ "kind": "burst", "percent": 100 })).await;
    assert!(account.get(PLAYER).await.0 >= 500);
    fault(&server, "anna", json!({ "kind": "clear" })).await;
    assert_eq!(account.get(PLAYER).await.0, 200);
}

#[tokio::test]
async fn a_stalled_gateway_a_slow_answer_and_a_slow_body_take_their_time() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    let timed = async || {
        let asked = Instant::now();
        let (status, body) = account.get(PLAYER).await;
        (status, asked.elapsed(), body)
    };
    fault(&server, "anna", json!({ "kind": "gateway_stall", "delay_ms": 150 })).await;
    let (status, took, _) = timed().await;
    assert!(status == 504 && took >= Duration::from_millis(150), "{status} {took:?}");
    fault(&server, "anna", json!({ "kind": "slow_body", "over_ms": 160 })).await;
    let (status, took, body) = timed().await;
    assert!(status == 200 && took >= Duration::from_millis(160) && body["item"].is_object(), "{took:?}");
    fault(&server, "anna", json!({ "kind": "slow_answer", "delay_ms": 150 })).await;
    let (status, took, _) = timed().await;
    assert!(status == 200 && took >= Duration::from_millis(150), "{took:?}");
}

#[tokio::test]
async fn connections_are_reset_before_or_after_a_command_was_done() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    let pause = async || {
        let request = account.request(Method::PUT, "/v1/me/player/pause").header("content-length", "0");
        request.body("").send().await
    };
    fault(&server, "anna", json!({ "kind": "reset" })).await;
    assert!(pause().await.is_err());
    assert_eq!(account.get(PLAYER).await.1["is_playing"], true);
    fault(&server, "anna", json!({ "kind": "reset", "executes": true })).await;
    assert!(pause().await.is_err());
    assert_eq!(account.get(PLAYER).await.1["is_playing"], false);
    assert!(server.sim.log().requests().any(|record| record.status == 0));
}

#[tokio::test]
async fn answers_that_are_no_json_or_end_in_the_middle() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    fault(&server, "anna", json!({ "kind": "truncated" })).await;
    let text = account.request(Method::GET, PLAYER).send().await.unwrap().text().await.unwrap();
    assert!(text.starts_with("{\"device\"") && serde_json::from_str::<Value>(&text).is_err());
    fault(&server, "anna", json!({ "kind": "not_json" })).await;
    let answer = account.request(Method::GET, PLAYER).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(account.get(PLAYER).await.0, 200);
}

#[tokio::test]
async fn accepted_commands_are_said_with_text_with_202_and_may_be_lost() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    fault(&server, "anna", json!({ "kind": "accepted_text", "for_ms": 60_000 })).await;
    let request = account.request(Method::PUT, "/v1/me/player/pause").header("content-length", "0").body("");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(!text.is_empty() && serde_json::from_str::<Value>(&text).is_err(), "{text}");
    fault(&server, "anna", json!({ "kind": "clear" })).await;
    fault(&server, "anna", json!({ "kind": "accepted_202", "lost": true })).await;
    assert_eq!(account.send(Method::PUT, "/v1/me/player/play", "").await.0, 202);
    assert_eq!(account.get(PLAYER).await.1["is_playing"], false);
}

#[tokio::test]
async fn rate_limits_and_quotas_say_how_long_to_wait() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    fault(&server, "anna", json!({ "kind": "rate_limited", "retry_after_s": 7 })).await;
    let answer = account.request(Method::GET, PLAYER).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({ "error": { "status": 429, "message": "API rate limit exceeded" } }));
    fault(&server, "anna", json!({ "kind": "clear" })).await;
    fault(&server, "anna", json!({ "kind": "quota" })).await;
    let (status, body) = account.get(PLAYER).await;
    let error = json!({ "error": { "status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED" } });
    assert_eq!((status, body), (429, error));
    assert!(server.get_json("/_sim/stats").await["responses_429"].as_u64().unwrap() >= 2);
}

#[tokio::test]
async fn limits_are_off_until_they_are_switched_on() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let settings = server.get_json("/_sim/settings").await;
    assert_eq!((&settings["requests_in_30_s"], &settings["requests_in_24_h"]), (&Value::Null, &Value::Null));
    let body = json!({ "requests_in_30_s": 5 }).to_string();
    assert_eq!(server.post_json("/_sim/settings", &body).await.0, 204);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(account.get(PLAYER).await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn users_that_are_not_listed_and_owners_without_premium_are_refused() {
    let server = Server::ideal().await;
    let app = json!({ "client_id": "app", "developer": "dora", "users": ["ben"] }).to_string();
    assert_eq!(server.post_json("/_sim/apps", &app).await.0, 204);
    let (anna, ben) = (server.sign_in("anna").await, server.sign_in("ben").await);
    let (status, body) = anna.get(PLAYER).await;
    assert_eq!((status, &body["error"]["message"]), (403, &"User not registered in the Developer Dashboard".into()));
    assert_eq!(ben.get(PLAYER).await.0, 200);
    let app = json!({ "client_id": "app", "developer": "dora", "owner_premium": false }).to_string();
    server.post_json("/_sim/apps", &app).await;
    let answer = ben.request(Method::GET, PLAYER).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(answer.text().await.unwrap().starts_with("Active premium subscription required"));
}

#[tokio::test]
async fn registered_redirects_are_checked_exactly() {
    let server = Server::ideal().await;
    let app = json!({ "client_id": "app", "redirect_uris": ["http://127.0.0.1/callback", "tutti://callback"] });
    assert_eq!(server.post_json("/_sim/apps", &app.to_string()).await.0, 204);
    let asked = async |uri: &str| server.authorize(&[("redirect_uri", uri), ("sim_user", "anna")]).await;
    assert_eq!(asked("http://127.0.0.1:50123/callback").await.status(), 303);
    assert_eq!(asked("tutti://callback").await.status(), 303);
    let refused = asked("http://127.0.0.1:50123/elsewhere").await;
    assert_eq!(
        (refused.status().as_u16(), refused.text().await.unwrap().as_str()),
        (400, "INVALID_CLIENT: Invalid redirect URI")
    );
    let insecure = json!({ "client_id": "b", "redirect_uris": ["http://localhost:1/x"] }).to_string();
    let (status, said) = server.post_json("/_sim/apps", &insecure).await;
    assert_eq!((status, &said["error"]), (400, &"INVALID_CLIENT: Insecure redirect URI".into()));
}

#[tokio::test]
async fn tokens_run_out_grow_old_and_rotate() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    fault(&server, "anna", json!({ "kind": "token_expired" })).await;
    let (status, body) = account.get(PLAYER).await;
    assert_eq!((status, &body["error"]["message"]), (401, &"The access token expired".into()));
    let refresh = async |token: &str| {
        server.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "app")]).await
    };
    assert!(refresh(&account.refresh).await.1.get("refresh_token").is_none());
    server.post_json("/_sim/settings", r#"{"rotating_refresh_tokens": true}"#).await;
    let (_, tokens) = refresh(&account.refresh).await;
    let next = tokens["refresh_token"].as_str().unwrap().to_owned();
    let (status, error) = refresh(&account.refresh).await;
    assert_eq!((status, &error["error"]), (400, &"invalid_grant".into()));
    fault(&server, "anna", json!({ "kind": "token_aged" })).await;
    let (status, error) = refresh(&next).await;
    assert_eq!((status, &error["error_description"]), (400, &"Refresh token expired".into()));
    fault(&server, "anna", json!({ "kind": "accounts_down" })).await;
    assert_eq!(refresh(&next).await.0, 503);
}

#[tokio::test]
async fn other_peoples_clients_are_let_in_by_name() {
    let server = Server::ideal().await;
    let asked = async |token: &str| {
        server.request(Method::GET, "/v1/me").bearer_auth(token).send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(asked("sim:ben").await["id"], "ben");
    assert_eq!(asked("sim:ben@app").await["id"], "ben");
    assert_eq!(asked("sim:zoe").await["error"]["status"], 401);
}

#[tokio::test]
async fn settings_of_an_account_change_what_it_plays() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    let path = "/_sim/accounts/anna/settings";
    let (status, said) = server.post_json(path, r#"{"market": "XX"}"#).await;
    assert_eq!((status, &said["error"]), (400, &"there is no market \"XX\"; there are: DE, GB, US".into()));
    assert_eq!(server.post_json(path, r#"{"speed": 9}"#).await.0, 400);
    let change = json!({ "market": "GB", "autoplay": true, "crossfade_ms": 3000, "speed": 1.5 }).to_string();
    assert_eq!(server.post_json(path, &change).await.0, 204);
    let shown = json!({ "market": "GB", "autoplay": true, "crossfade_ms": 3000, "speed": 1.5, "ads_every": 0 });
    assert_eq!(server.get_json(path).await, shown);
    let catalogue = server.sim.catalogue().clone();
    let relinked =
        catalogue.refs().find(|&item| catalogue.relinked_id(item, tutti_sim::catalogue::Market::Gb).is_some());
    let item = catalogue.item(relinked.unwrap());
    server.sim.hand("anna", Hand::song(&item.uri)).unwrap();
    let (_, player) = account.get(PLAYER).await;
    assert_ne!(player["item"]["uri"], item.uri);
    assert_eq!(player["item"]["external_ids"]["isrc"], item.isrc.clone().unwrap());
    assert!(player["item"].get("linked_from").is_none());
}

#[tokio::test]
async fn an_advertisement_and_new_words_have_their_own_types() {
    let server = Server::ideal().await;
    let account = playing(&server).await;
    fault(&server, "anna", json!({ "kind": "ad", "for_ms": 60_000 })).await;
    let (_, player) = account.get(PLAYER).await;
    assert_eq!((&player["currently_playing_type"], &player["item"]), (&"ad".into(), &Value::Null));
    assert!(player["progress_ms"].is_u64());
    fault(&server, "anna", json!({ "kind": "clear" })).await;
    fault(&server, "anna", json!({ "kind": "new_words" })).await;
    let (_, player) = account.get(PLAYER).await;
    assert_eq!(player["currently_playing_type"], "hologram");
}
