//! `/_sim`: faults, apps, and settings of the gateway and of accounts, switched while everything runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::pretend::{act_error, done};
use super::{Answer, Web};
use crate::catalogue::Market;
use crate::fault::Fault;
use crate::player::Settings;
use crate::sign_in::App;

/// What is left out stays as it is; null switches a limit off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceBody {
    rotating_refresh_tokens: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    requests_in_30_s: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    requests_in_24_h: Option<Option<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountBody {
    market: Option<String>,
    crossfade_ms: Option<u32>,
    autoplay: Option<bool>,
    /// Of episodes: 0.5 to 3.5.
    speed: Option<f64>,
    ads_every: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppBody {
    client_id: String,
    developer: Option<String>,
    redirect_uris: Option<Vec<String>>,
    users: Option<Vec<String>>,
    owner_premium: Option<bool>,
}

/// All kinds with their sentences and defaults.
pub(super) async fn faults() -> Answer {
    Answer::json(Fault::list().to_string())
}

/// `{"kind": …, …}`: something goes wrong for this account.
pub(super) async fn fault(State(web): State<Arc<Web>>, Path(user): Path<String>, body: Bytes) -> Answer {
    let fault = match parsed::<Value>(&body).map(Fault::from_json) {
        Ok(Ok(fault)) => fault,
        Ok(Err(sentence)) => return Answer::sentence(400, &sentence),
        Err(answer) => return answer,
    };
    done(web.sim.fault(&user, fault))
}

pub(super) async fn settings(State(web): State<Arc<Web>>) -> Answer {
    let rotating = web.sim.sign_in().rotating;
    let ration = web.sim.gateway().ration();
    let body = json!({
        "rotating_refresh_tokens": rotating,
        "requests_in_30_s": ration.in_30_s,
        "requests_in_24_h": ration.in_24_h,
    });
    Answer::json(body.to_string())
}

pub(super) async fn set(State(web): State<Arc<Web>>, body: Bytes) -> Answer {
    let body: ServiceBody = match parsed(&body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    if let Some(rotating) = body.rotating_refresh_tokens {
        web.sim.sign_in().rotating = rotating;
    }
    let mut gateway = web.sim.gateway();
    let mut ration = gateway.ration();
    ration.in_30_s = body.requests_in_30_s.unwrap_or(ration.in_30_s);
    ration.in_24_h = body.requests_in_24_h.unwrap_or(ration.in_24_h);
    gateway.set_ration(ration);
    Answer::empty()
}

pub(super) async fn account_settings(State(web): State<Arc<Web>>, Path(user): Path<String>) -> Answer {
    match web.sim.with_player(&user, |player, _| player.settings()) {
        Ok(settings) => Answer::json(shown(&settings).to_string()),
        Err(error) => act_error(&error),
    }
}

/// The owner changes settings in their own app.
pub(super) async fn set_account(State(web): State<Arc<Web>>, Path(user): Path<String>, body: Bytes) -> Answer {
    let body: AccountBody = match parsed(&body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let market: Option<Market> = match body.market.as_deref().map(str::parse).transpose() {
        Ok(market) => market,
        Err(error) => return Answer::sentence(400, &format!("{error}")),
    };
    if body.speed.is_some_and(|speed| !(0.5..=3.5).contains(&speed)) {
        return Answer::sentence(400, "speed must be 0.5 to 3.5");
    }
    if body.crossfade_ms.is_some_and(|crossfade_ms| crossfade_ms > 12_000) {
        return Answer::sentence(400, "crossfade_ms must be 0 to 12000");
    }
    let changed = web.sim.with_player(&user, |player, now_us| {
        let before = player.settings();
        let settings = Settings {
            market: market.unwrap_or(before.market),
            crossfade_ms: body.crossfade_ms.unwrap_or(before.crossfade_ms),
            autoplay: body.autoplay.unwrap_or(before.autoplay),
            speed_permille: body.speed.map_or(before.speed_permille, |speed| (speed * 1000.0).round() as u32),
            ads_every: body.ads_every.unwrap_or(before.ads_every),
        };
        player.set(now_us, settings);
    });
    done(changed)
}

pub(super) async fn apps(State(web): State<Arc<Web>>) -> Answer {
    let gateway = web.sim.gateway();
    let names = |places: &BTreeSet<usize>| -> Vec<String> {
        places.iter().filter_map(|&place| web.sim.accounts().get(place)).map(|one| one.user.to_string()).collect()
    };
    let all = gateway.apps.all().map(|(client_id, app)| {
        json!({
            "client_id": client_id,
            "developer": app.developer,
            "redirect_uris": app.redirect_uris,
            "users": app.users.as_ref().map(names),
            "owner_premium": app.owner_premium,
        })
    });
    Answer::json(Value::Array(all.collect()).to_string())
}

/// As in the developer's dashboard; what is left out is not restricted.
pub(super) async fn register(State(web): State<Arc<Web>>, body: Bytes) -> Answer {
    let body: AppBody = match parsed(&body) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let mut users = None;
    if let Some(names) = body.users {
        let mut places = BTreeSet::new();
        for name in names {
            match web.sim.index_of(&name) {
                Some(place) => places.insert(place),
                None => return Answer::sentence(404, &format!("there is no account \"{name}\"")),
            };
        }
        users = Some(places);
    }
    let plain = App::of(&body.client_id);
    let app = App {
        developer: body.developer.unwrap_or(plain.developer),
        redirect_uris: body.redirect_uris,
        users,
        owner_premium: body.owner_premium.unwrap_or(true),
    };
    match web.sim.gateway().apps.register(&body.client_id, app) {
        Ok(()) => Answer::empty(),
        Err(error) => Answer::sentence(400, &error.to_string()),
    }
}

fn shown(settings: &Settings) -> Value {
    json!({
        "market": settings.market.code(),
        "crossfade_ms": settings.crossfade_ms,
        "autoplay": settings.autoplay,
        "speed": f64::from(settings.speed_permille) / 1000.0,
        "ads_every": settings.ads_every,
    })
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| Answer::sentence(400, &format!("the body cannot be read: {error}")))
}

/// Tells null from nothing.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::<u32>::deserialize(deserializer).map(Some)
}
