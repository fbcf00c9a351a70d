//! The catalogue over HTTP: single objects, lists in pages, the search, and what was played.

use reqwest::Method;
use serde_json::{Value, json};
use tutti_sim::catalogue::Market;
use tutti_sim::player::{Hand, Repeat};

use crate::server::{SCOPES, Server};

#[tokio::test]
async fn every_href_of_an_answer_leads_to_its_object() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let (_, player) = account.get("/v1/me/player").await;
    let mut hrefs = Vec::new();
    collect(&player, &mut hrefs);
    for playlist in server.sim.catalogue().playlists() {
        hrefs.push(server.url(&format!("/v1/playlists/{}", playlist.id)));
    }
    assert!(hrefs.len() >= 5, "{hrefs:?}");
    for href in hrefs {
        let path = href.strip_prefix(server.sim.base_url()).unwrap();
        let (status, object) = account.get(path).await;
        assert_eq!((status, &object["href"]), (200, &href.clone().into()), "{href}");
    }
}

fn collect(value: &Value, hrefs: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(href) if name == "href" => hrefs.push(href.clone()),
                    value => collect(value, hrefs),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, hrefs)),
        _ => {}
    }
}

#[tokio::test]
async fn lists_come_in_pages_that_lead_to_each_other() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let playlist = server.sim.catalogue().playlists()[1].clone();
    let mut path = format!("/v1/playlists/{}/items?limit=7", playlist.id);
    let mut names = Vec::new();
    loop {
        let (_, page) = account.get(&path).await;
        assert_eq!(page["total"], playlist.items.len());
        names.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["item"]["name"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = next.strip_prefix(server.sim.base_url()).unwrap().to_owned();
    }
    let expected: Vec<Value> =
        playlist.items.iter().map(|&item| server.sim.catalogue().item(item).name.clone().into()).collect();
    assert_eq!(names, expected);
    assert_eq!(account.get(&format!("/v1/playlists/{}/items?limit=101", playlist.id)).await.0, 400);
    let (_, page) = account.get(&format!("/v1/playlists/{}/items?limit=50", playlist.id)).await;
    let local = page["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&local["is_local"], &local["item"]["id"]), (&true.into(), &Value::Null));
}

#[tokio::test]
async fn a_search_finds_words_and_a_recording_by_its_isrc_in_the_listeners_market() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    let catalogue = server.sim.catalogue().clone();
    let relinked = catalogue.refs().find(|&item| catalogue.relinked_id(item, Market::Gb).is_some()).unwrap();
    let isrc = catalogue.item(relinked).isrc.clone().unwrap();
    let search = async || account.get(&format!("/v1/search?q=isrc:{isrc}&type=track")).await.1;
    let home = search().await;
    assert_eq!((&home["tracks"]["total"], &home["tracks"]["limit"]), (&1.into(), &5.into()));
    server.post_json("/_sim/accounts/anna/settings", r#"{"market": "GB"}"#).await;
    let there = search().await;
    assert_ne!(there["tracks"]["items"][0]["uri"], home["tracks"]["items"][0]["uri"]);
    let (_, found) = account.get("/v1/search?q=owls&type=track,album,artist,playlist,show,episode").await;
    assert_eq!(found["tracks"]["items"][0]["name"], "Prime Time for Owls");
    assert_eq!(found["albums"]["total"], 0);
    assert_eq!(account.get("/v1/search?q=owls&type=track&limit=11").await.0, 400);
    assert_eq!(account.get("/v1/search?q=owls&type=sound").await.0, 400);
    assert_eq!(account.get("/v1/search?type=track").await.0, 400);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_no_id_are_told_apart() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    assert_eq!(account.get("/v1/tracks/0000000000000000000000").await.0, 404);
    let (status, body) = account.get("/v1/tracks/xyz").await;
    assert_eq!((status, &body["error"]["message"]), (400, &"Invalid base62 id".into()));
    let album = server.sim.catalogue().albums()[0].id.clone();
    assert_eq!(account.get(&format!("/v1/tracks/{album}")).await.0, 404);
}

#[tokio::test]
async fn a_track_that_is_not_available_says_why() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    server.post_json("/_sim/accounts/anna/settings", r#"{"market": "US"}"#).await;
    let catalogue = server.sim.catalogue();
    let gap = catalogue.refs().find(|&item| !catalogue.is_available(item, Market::Us)).unwrap();
    let id = catalogue.item(gap).id.clone();
    let (_, track) = account.get(&format!("/v1/tracks/{id}")).await;
    assert_eq!((&track["is_playable"], &track["restrictions"]), (&false.into(), &json!({ "reason": "market" })));
    let body = json!({ "uris": [format!("spotify:track:{id}")] }).to_string();
    let (status, error) = account.send(Method::PUT, "/v1/me/player/play", &body).await;
    assert_eq!((status, &error["error"]["reason"]), (403, &"UNKNOWN".into()));
}

#[tokio::test]
async fn repeat_shuffle_and_volume_are_set_and_shown() {
    let server = Server::ideal().await;
    let account = server.sign_in("anna").await;
    account.accepted(Method::PUT, "/v1/me/player/repeat?state=context", "").await;
    account.accepted(Method::PUT, "/v1/me/player/shuffle?state=true", "").await;
    account.accepted(Method::PUT, "/v1/me/player/volume?volume_percent=33", "").await;
    let (_, player) = account.get("/v1/me/player").await;
    assert_eq!((&player["repeat_state"], &player["shuffle_state"]), (&"context".into(), &true.into()));
    assert_eq!((&player["device"]["volume_percent"], &player["smart_shuffle"]), (&33.into(), &false.into()));
    let refused = async |path: &str| account.send(Method::PUT, path, "").await.0;
    assert_eq!(refused("/v1/me/player/repeat?state=twice").await, 400);
    assert_eq!(refused("/v1/me/player/shuffle").await, 400);
    assert_eq!(refused("/v1/me/player/volume?volume_percent=101").await, 400);
    let hand = json!({ "action": "shuffle", "shuffle": true, "smart": true }).to_string();
    assert_eq!(server.post_json("/_sim/accounts/anna/hand", &hand).await.0, 200);
    server.sim.hand("anna", Hand::Repeat { repeat: Repeat::Off }).unwrap();
    let (_, player) = account.get("/v1/me/player").await;
    assert_eq!((&player["repeat_state"], &player["smart_shuffle"]), (&"off".into(), &true.into()));
}

#[tokio::test]
async fn what_was_heard_is_listed_newest_first() {
    let server = Server::ideal().await;
    let account = server.sign_in_with("anna", &format!("{SCOPES} user-read-recently-played")).await;
    for _ in 0..2 {
        server.sim.hand("anna", Hand::Play { uri: None, context_uri: None, position_ms: None }).ok();
        server.sim.hand("anna", Hand::Seek { position_ms: 31_000 }).unwrap();
        server.sim.hand("anna", Hand::Next).unwrap();
    }
    let (status, heard) = account.get("/v1/me/player/recently-played").await;
    assert_eq!(status, 200);
    let album = &server.sim.catalogue().albums()[0];
    let name = |place: usize| server.sim.catalogue().item(album.items[place]).name.clone();
    let items = heard["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| item["track"]["name"].clone()).collect::<Vec<_>>(), [name(1), name(0)]);
    assert_eq!(items[0]["context"]["uri"], album.uri);
    let before = heard["cursors"]["before"].as_str().unwrap();
    let (_, older) = account.get(&format!("/v1/me/player/recently-played?before={before}")).await;
    assert_eq!(older["items"], json!([]));
    assert_eq!(account.get("/v1/me/player/recently-played?before=1&after=1").await.0, 400);
    let without = server.sign_in("anna").await;
    assert_eq!(without.get("/v1/me/player/recently-played").await.0, 403);
}
