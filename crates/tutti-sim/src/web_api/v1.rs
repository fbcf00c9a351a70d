//! A request to `/v1`: which endpoint, who asks, its way there, its answer, its way back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::{IntoResponse, Response};

use super::connection::Link;
use super::{Answer, BODY_LIMIT, Web, commands, readings};
use crate::gateway::{AcceptedAs, Verdict};
use crate::sign_in::Bearer;
use crate::sim::{RequestRecord, Sim};

const READ: &str = "user-read-playback-state";
const CURRENT: &str = "user-read-currently-playing";
const MODIFY: &str = "user-modify-playback-state";
/// In the log: the connection was reset instead of an answer.
const CUT: u16 = 0;
/// Bearer tokens of other people's clients: `sim:NAME`, or `sim:NAME@CLIENT` to name a client id.
const PRETEND: &str = "sim:";
const RECENT: &str = "user-read-recently-played";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Me,
    Player,
    CurrentlyPlaying,
    Devices,
    Queue,
    Play,
    Pause,
    Seek,
    Transfer,
    Next,
    Previous,
    AddToQueue,
    Repeat,
    Shuffle,
    Volume,
    RecentlyPlayed,
    Search,
    Track,
    Episode,
    Album,
    AlbumTracks,
    Artist,
    Playlist,
    PlaylistItems,
    Show,
    ShowEpisodes,
}

struct Row {
    method: Method,
    path: &'static str,
    endpoint: Endpoint,
    name: &'static str,
    scopes: &'static [&'static str],
}

const TABLE: &[Row] = &[
    row(Method::GET, "/v1/me", Endpoint::Me, "GET /v1/me", &[]),
    row(Method::GET, "/v1/me/player", Endpoint::Player, "GET /v1/me/player", &[READ]),
    row(
        Method::GET,
        "/v1/me/player/currently-playing",
        Endpoint::CurrentlyPlaying,
        "GET /v1/me/player/currently-playing",
        &[CURRENT],
    ),
    row(Method::GET, "/v1/me/player/devices", Endpoint::Devices, "GET /v1/me/player/devices", &[READ]),
    row(Method::GET, "/v1/me/player/queue", Endpoint::Queue, "GET /v1/me/player/queue", &[CURRENT, READ]),
    row(Method::PUT, "/v1/me/player/play", Endpoint::Play, "PUT /v1/me/player/play", &[MODIFY]),
    row(Method::PUT, "/v1/me/player/pause", Endpoint::Pause, "PUT /v1/me/player/pause", &[MODIFY]),
    row(Method::PUT, "/v1/me/player/seek", Endpoint::Seek, "PUT /v1/me/player/seek", &[MODIFY]),
    row(Method::PUT, "/v1/me/player", Endpoint::Transfer, "PUT /v1/me/player", &[MODIFY]),
    row(Method::POST, "/v1/me/player/next", Endpoint::Next, "POST /v1/me/player/next", &[MODIFY]),
    row(Method::POST, "/v1/me/player/previous", Endpoint::Previous, "POST /v1/me/player/previous", &[MODIFY]),
    row(Method::POST, "/v1/me/player/queue", Endpoint::AddToQueue, "POST /v1/me/player/queue", &[MODIFY]),
    row(Method::PUT, "/v1/me/player/repeat", Endpoint::Repeat, "PUT /v1/me/player/repeat", &[MODIFY]),
    row(Method::PUT, "/v1/me/player/shuffle", Endpoint::Shuffle, "PUT /v1/me/player/shuffle", &[MODIFY]),
    row(Method::PUT, "/v1/me/player/volume", Endpoint::Volume, "PUT /v1/me/player/volume", &[MODIFY]),
    row(
        Method::GET,
        "/v1/me/player/recently-played",
        Endpoint::RecentlyPlayed,
        "GET /v1/me/player/recently-played",
        &[RECENT],
    ),
    row(Method::GET, "/v1/search", Endpoint::Search, "GET /v1/search", &[]),
    row(Method::GET, "/v1/tracks/{id}", Endpoint::Track, "GET /v1/tracks/{id}", &[]),
    row(Method::GET, "/v1/episodes/{id}", Endpoint::Episode, "GET /v1/episodes/{id}", &[]),
    row(Method::GET, "/v1/albums/{id}", Endpoint::Album, "GET /v1/albums/{id}", &[]),
    row(Method::GET, "/v1/albums/{id}/tracks", Endpoint::AlbumTracks, "GET /v1/albums/{id}/tracks", &[]),
    row(Method::GET, "/v1/artists/{id}", Endpoint::Artist, "GET /v1/artists/{id}", &[]),
    row(Method::GET, "/v1/playlists/{id}", Endpoint::Playlist, "GET /v1/playlists/{id}", &[]),
    row(Method::GET, "/v1/playlists/{id}/items", Endpoint::PlaylistItems, "GET /v1/playlists/{id}/items", &[]),
    row(Method::GET, "/v1/shows/{id}", Endpoint::Show, "GET /v1/shows/{id}", &[]),
    row(Method::GET, "/v1/shows/{id}/episodes", Endpoint::ShowEpisodes, "GET /v1/shows/{id}/episodes", &[]),
];

const fn row(
    method: Method,
    path: &'static str,
    endpoint: Endpoint,
    name: &'static str,
    scopes: &'static [&'static str],
) -> Row {
    Row { method, path, endpoint, name, scopes }
}

/// Any request below `/v1/`.
pub(super) async fn handle(
    State(web): State<Arc<Web>>,
    ConnectInfo(link): ConnectInfo<Link>,
    request: Request<Body>,
) -> Response {
    let row = match find(request.method(), request.uri().path()) {
        Ok(row) => row,
        Err(answer) => return answer.into_response(),
    };
    let (head, body) = request.into_parts();
    let user = bearer(&web.sim, &head.headers).ok().map(|bearer| bearer.user);
    let exchange = web.sim.exchange(user, row.method != Method::GET);
    travel(exchange.up_us).await;
    let body = to_bytes(body, BODY_LIMIT).await;
    let at_us = web.sim.now_us();
    // The server looks at the token when the request has arrived.
    let asker = bearer(&web.sim, &head.headers);
    let outcome = match (asker, body) {
        _ if lacks_length(&row.method, &head.headers) => Outcome::at_once(Answer::error(411, "Length Required")),
        (Err(refused), _) => Outcome::at_once(refused),
        (_, Err(_)) => Outcome::at_once(Answer::error(413, "The request is too large")),
        (Ok(bearer), Ok(body)) => {
            let asked = Asked { row, path: head.uri.path(), query: head.uri.query().unwrap_or_default(), body: &body };
            decide(&web, at_us, &bearer, &asked)
        }
    };
    let Some(answer) = outcome.answer else {
        record(&web.sim, at_us, user, row.name, CUT);
        link.cut();
        return Answer::empty().into_response();
    };
    note(&web.sim, at_us, user, row.name, &answer);
    travel(outcome.delay_us + exchange.down_us).await;
    answer.into_response()
}

struct Asked<'a> {
    row: &'static Row,
    path: &'a str,
    query: &'a str,
    body: &'a [u8],
}

/// What is answered, if anything, and how late.
struct Outcome {
    answer: Option<Answer>,
    delay_us: i64,
}

impl Outcome {
    fn at_once(answer: Answer) -> Self {
        Self { answer: Some(answer), delay_us: 0 }
    }
}

/// What the gateway and the player make of a request that says who asks.
fn decide(web: &Web, at_us: i64, bearer: &Bearer, asked: &Asked<'_>) -> Outcome {
    let command = asked.row.method != Method::GET;
    let may = asked.row.scopes.iter().all(|scope| bearer.may(scope));
    let execute = |accepted: AcceptedAs| match (may, command) {
        (false, _) => Answer::error(403, "Insufficient client scope"),
        (true, true) => commands::act(web, asked.row.endpoint, bearer.user, asked.query, asked.body, accepted),
        (true, false) => readings::read(web, asked.row.endpoint, bearer.user, asked.path, asked.query),
    };
    match web.sim.judge(at_us, bearer.user, &bearer.client_id, command) {
        Verdict::Through(dress) => {
            let answer = execute(dress.accepted).dressed(&dress);
            Outcome { answer: Some(answer), delay_us: dress.delay_us }
        }
        Verdict::Denied(denial) => {
            if denial.executes && command {
                execute(AcceptedAs::Usual);
            }
            Outcome { answer: Some(Answer::denial(&denial)), delay_us: denial.delay_us }
        }
        Verdict::Cut { executes } => {
            if executes && command {
                execute(AcceptedAs::Usual);
            }
            Outcome { answer: None, delay_us: 0 }
        }
    }
}

/// Waits for as long as a request is on its way.
pub(super) async fn travel(way_us: i64) {
    if way_us > 0 {
        tokio::time::sleep(Duration::from_micros(way_us.unsigned_abs())).await;
    }
}

pub(super) fn note(sim: &Sim, at_us: i64, user: Option<usize>, endpoint: &'static str, answer: &Answer) {
    record(sim, at_us, user, endpoint, answer.status.as_u16());
}

fn record(sim: &Sim, at_us: i64, user: Option<usize>, endpoint: &'static str, status: u16) {
    let user = user.map_or_else(|| "-".into(), |index| sim.accounts()[index].user.clone());
    sim.log().note_request(RequestRecord { at_us, user, endpoint, status });
}

/// A slash at the end changes nothing.
fn find(method: &Method, path: &str) -> Result<&'static Row, Answer> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut rows = TABLE.iter().filter(|row| fits(row.path, path)).peekable();
    if rows.peek().is_none() {
        return Err(Answer::error(404, "Service not found"));
    }
    rows.find(|row| row.method == method).ok_or_else(|| Answer::error(405, "Method not allowed"))
}

/// Is this path of that pattern? A pattern may have one `{id}`.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once("{id}") {
        None => pattern == path,
        Some((before, after)) => {
            let id = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
        }
    }
}

fn bearer(sim: &Sim, headers: &HeaderMap) -> Result<Bearer, Answer> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        return Err(Answer::unauthorized("Invalid access token", "missing_token"));
    };
    if let Some(name) = token.trim().strip_prefix(PRETEND) {
        let (user, client_id) = name.split_once('@').unwrap_or((name, token.trim()));
        let index = sim.index_of(user);
        let index = index.ok_or_else(|| Answer::unauthorized("Invalid access token", "invalid_token"))?;
        return Ok(Bearer::unlimited(index, client_id));
    }
    let now_us = sim.now_us();
    let known = sim.sign_in().bearer(now_us, token.trim()).cloned();
    known.map_err(|error| Answer::unauthorized(&error.to_string(), "invalid_token"))
}

/// Spotify's front end refuses a PUT or POST that does not say how long it is.
fn lacks_length(method: &Method, headers: &HeaderMap) -> bool {
    *method != Method::GET
        && !headers.contains_key(header::CONTENT_LENGTH)
        && !headers.contains_key(header::TRANSFER_ENCODING)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn unknown_paths_are_404_and_wrong_methods_405() {
        let found = find(&Method::PUT, "/v1/me/player").unwrap();
        assert_eq!(found.endpoint, Endpoint::Transfer);
        let status = |method, path| find(&method, path).err().unwrap().status.as_u16();
        assert_eq!(status(Method::DELETE, "/v1/me/player"), 405);
        assert_eq!(status(Method::GET, "/v1/me/players"), 404);
        assert_eq!(find(&Method::GET, "/v1/albums/a/tracks").unwrap().endpoint, Endpoint::AlbumTracks);
        assert_eq!(status(Method::GET, "/v1/tracks/"), 404);
        assert_eq!(find(&Method::GET, "/v1/me/").unwrap().endpoint, Endpoint::Me);
        assert_eq!(status(Method::GET, "/v1/tracks/a/b"), 404);
    }
}
