//! `/_sim`: the truth, hands, statistics, and a page with a phone for each account.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::cover_url;
use super::{Answer, Web};
use crate::catalogue::{ContextRef, ItemRef};
use crate::player::{Hand, Repeat};
use crate::sim::{Account, ActError, Sim};

const PAGE: &str = include_str!("phones.html");

#[derive(Deserialize)]
struct HandBody {
    action: String,
    uri: Option<String>,
    context_uri: Option<String>,
    position_ms: Option<i64>,
    device_id: Option<String>,
    repeat: Option<String>,
    shuffle: Option<bool>,
    smart: Option<bool>,
    volume_percent: Option<u8>,
}

#[derive(Deserialize)]
struct DeviceBody {
    online: bool,
}

pub(super) async fn redirect() -> Response {
    Redirect::permanent("/_sim/").into_response()
}

pub(super) async fn page() -> Response {
    Html(PAGE).into_response()
}

/// Positions of all accounts at one instant.
pub(super) async fn truth(State(web): State<Arc<Web>>) -> Answer {
    let (now_us, truths) = web.sim.truth();
    let players = truths.iter().map(|(user, truth)| {
        json!({
            "user": **user,
            "uri": truth.uri,
            "playing": truth.playing,
            "audible_ms": truth.audible_ms,
            "reported_ms": truth.reported_ms,
            "device_id": truth.device_id,
        })
    });
    Answer::json(json!({ "now_us": now_us, "players": players.collect::<Value>() }).to_string())
}

/// Requests by user and endpoint, connections.
pub(super) async fn stats(State(web): State<Arc<Web>>) -> Answer {
    let (total, open) = web.sim.connections();
    let log = web.sim.log();
    let requests: Value = log.counts().iter().map(|(user, counts)| (user.to_string(), json!(counts))).collect();
    let body = json!({
        "connections": { "total": total, "open": open },
        "requests": requests,
        "responses_429": log.responses_429(),
    });
    Answer::json(body.to_string())
}

/// Everything that a phone's screen shows, for every account.
pub(super) async fn accounts(State(web): State<Arc<Web>>) -> Answer {
    let accounts: Value = web.sim.accounts().iter().map(|account| phone(&web.sim, account)).collect();
    Answer::json(json!({ "profile": web.sim.profile().to_string(), "accounts": accounts }).to_string())
}

fn phone(sim: &Sim, account: &Account) -> Value {
    let mut player = account.player();
    let now_us = sim.now_us();
    let truth = player.truth(now_us);
    let (item, context) = player.now_playing(now_us);
    let catalogue = sim.catalogue();
    let (repeat, shuffle, smart) = player.modes(now_us);
    let (ad, market) = (player.hears_ad(now_us), player.settings().market);
    let devices = player.devices(now_us);
    let devices: Value = devices
        .iter()
        .map(|device| {
            let active = truth.device_id.is_some() && truth.device_id == device.id;
            json!({ "id": device.id, "name": device.name, "type": device.kind, "active": active })
        })
        .collect();
    let item = item.map(|item| {
        let mut shown = entry(sim, item);
        shown["by"] = json!(catalogue.performer(item));
        shown["cover"] = json!(cover_url(sim.base_url(), catalogue.cover_id(item), 300));
        shown["from"] = json!(context.map(|context| catalogue.context_name(context)));
        shown
    });
    json!({
        "user": *account.user,
        "display_name": account.display_name,
        "product": account.product.name(),
        "online": truth.device_id.is_some(),
        "devices": devices,
        "item": item,
        "playing": truth.playing,
        "position_ms": truth.reported_ms,
        "repeat": repeat.name(),
        "shuffle": shuffle,
        "smart": smart,
        "ad": ad,
        "market": market.code(),
    })
}

/// What can be played, by album, playlist and show.
pub(super) async fn catalogue(State(web): State<Arc<Web>>) -> Answer {
    let catalogue = web.sim.catalogue();
    let list = |context: ContextRef, by: &str, id: &str| {
        let items = catalogue.context_items(context);
        json!({
            "uri": catalogue.context_uri(context),
            "name": catalogue.context_name(context),
            "by": by,
            "cover": cover_url(web.sim.base_url(), id, 64),
            "items": items.iter().map(|&item| entry(&web.sim, item)).collect::<Value>(),
        })
    };
    let albums = catalogue
        .albums()
        .iter()
        .enumerate()
        .map(|(index, album)| list(ContextRef::Album(index), &catalogue.artists()[album.artist].name, &album.id));
    let playlists = catalogue.playlists().iter().enumerate();
    let playlists = playlists.map(|(index, playlist)| list(ContextRef::Playlist(index), "Playlist", &playlist.id));
    let shows = catalogue.shows().iter().enumerate();
    let shows = shows.map(|(index, show)| list(ContextRef::Show(index), &show.publisher, &show.id));
    Answer::json(Value::from_iter(albums.chain(playlists).chain(shows)).to_string())
}

/// Somebody acts in their own Spotify app.
pub(super) async fn hand(State(web): State<Arc<Web>>, Path(user): Path<String>, body: Bytes) -> Answer {
    let body: HandBody = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return Answer::sentence(400, &format!("the body cannot be read: {error}")),
    };
    let hand = match parse_hand(body) {
        Ok(hand) => hand,
        Err(sentence) => return Answer::sentence(400, &sentence),
    };
    match web.sim.hand(&user, hand) {
        Ok(record) => Answer::json(json!({ "at_us": record.at_us }).to_string()),
        Err(error) => act_error(&error),
    }
}

/// `{"online": bool}`: all devices of an account vanish or come back.
pub(super) async fn device(State(web): State<Arc<Web>>, Path(user): Path<String>, body: Bytes) -> Answer {
    match serde_json::from_slice::<DeviceBody>(&body) {
        Ok(DeviceBody { online }) => done(web.sim.set_online(&user, online)),
        Err(error) => Answer::sentence(400, &format!("the body cannot be read: {error}")),
    }
}

/// The user removes the app from their account.
pub(super) async fn revoke(State(web): State<Arc<Web>>, Path(user): Path<String>) -> Answer {
    done(web.sim.revoke(&user))
}

fn parse_hand(body: HandBody) -> Result<Hand, String> {
    let position_ms = match body.position_ms {
        Some(position) if position < 0 => return Err("position_ms must not be negative".to_owned()),
        Some(position) => Some(u32::try_from(position).unwrap_or(u32::MAX)),
        None => None,
    };
    Ok(match body.action.as_str() {
        "play" => Hand::Play { uri: body.uri, context_uri: body.context_uri, position_ms },
        "pause" => Hand::Pause,
        "seek" => Hand::Seek { position_ms: position_ms.ok_or("seek needs position_ms")? },
        "next" => Hand::Next,
        "previous" => Hand::Previous,
        "transfer" => Hand::Transfer { device_id: body.device_id.ok_or("transfer needs device_id")? },
        "repeat" => {
            let repeat = body.repeat.as_deref().and_then(Repeat::named);
            Hand::Repeat { repeat: repeat.ok_or("repeat needs repeat: off, track or context")? }
        }
        "shuffle" => Hand::Shuffle {
            on: body.shuffle.ok_or("shuffle needs shuffle: true or false")?,
            smart: body.smart.unwrap_or(false),
        },
        "volume" => Hand::Volume { percent: body.volume_percent.ok_or("volume needs volume_percent")? },
        other => {
            let known = "play, pause, seek, next, previous, transfer, repeat, shuffle, volume";
            return Err(format!("there is no action \"{other}\"; there are: {known}"));
        }
    })
}

fn entry(sim: &Sim, item: ItemRef) -> Value {
    let item = sim.catalogue().item(item);
    json!({ "uri": item.uri, "name": item.name, "duration_ms": item.duration_ms })
}

pub(super) fn done(outcome: Result<(), ActError>) -> Answer {
    match outcome {
        Ok(()) => Answer::empty(),
        Err(error) => act_error(&error),
    }
}

pub(super) fn act_error(error: &ActError) -> Answer {
    let status = match error {
        ActError::UnknownUser(_) => 404,
        ActError::Hand(_) => 409,
    };
    Answer::sentence(status, &error.to_string())
}
