//! The Web API's player for one account: every answer, and every error, comes with the instants of its request.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::endpoints::Endpoints;
use crate::error::{Error, Refusal, Transport};
use crate::http::{Answer, Http};
use crate::keeper::{Alone, Keeper};
use crate::model::{Device, Devices, Me, Player, Queue};
use crate::session::{Access, Session};
use crate::token::{Secret, Token};

/// How long the rest of a command's answer is waited for: it means nothing, and its few bytes come with the head. What
/// takes longer costs the connection instead of holding up the next command.
const REST_WITHIN: Duration = Duration::from_millis(200);

/// An answer with the instants between which it was true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed<T> {
    /// Just before the request went to the connection, with the access token at hand.
    pub asked: Instant,
    /// When the head of the answer had arrived, before its body was read.
    pub answered: Instant,
    pub value: T,
}

/// A request that brought no usable answer, with its instants.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct CallError {
    /// `None` if no request went out, since no access token could be had.
    pub asked: Option<Instant>,
    /// `None` if no head of an answer came.
    pub answered: Option<Instant>,
    #[source]
    pub error: Error,
}

/// What to play; with nothing set, play goes on where it was paused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Play {
    /// The device, or the active one.
    #[serde(skip)]
    pub device_id: Option<String>,
    /// An album, an artist or a playlist; not together with `uris`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_uri: Option<String>,
    /// Tracks and episodes; they replace what is queued.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uris: Vec<String>,
    /// Where in an album or a playlist to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    /// Where in the first item to begin. Without a context and uris, Spotify ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_ms: Option<u64>,
}

/// An item of a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offset {
    /// Counted from 0.
    Position(u32),
    Uri(String),
}

/// One account at the Web API. Clones share the access token and the connection.
#[derive(Debug, Clone)]
pub struct Client {
    session: Session,
}

/// A request, ready but for its access token.
#[derive(Debug, Clone)]
struct Call {
    method: Method,
    url: Url,
    body: Option<String>,
    /// From its start to the end of the answer; none = as long as any request may take.
    within: Option<Duration>,
}

/// The head of a 2xx answer.
struct Head {
    asked: Instant,
    answered: Instant,
    answer: Answer,
}

impl Client {
    /// For an account that signed in earlier: the first request obtains an access token.
    pub fn new(endpoints: Endpoints, client_id: &str, refresh: Secret, http: Http) -> Self {
        Self { session: Session::new(endpoints, client_id, refresh, http) }
    }

    /// For an account that signed in just now.
    pub fn signed_in(endpoints: Endpoints, client_id: &str, token: Token, http: Http) -> Self {
        Self { session: Session::signed_in(endpoints, client_id, token, http) }
    }

    /// Calls `keep` with every new refresh token, before anything relies on it. `keep` may block (it runs on a thread
    /// for that), but while it does, this account's requests wait.
    pub fn keep_refresh_token_with(mut self, keep: impl Fn(&Secret) + Send + Sync + 'static) -> Self {
        self.session.set_keeper(Arc::new(Alone(Arc::new(keep))));
        self
    }

    /// As [`Client::keep_refresh_token_with`], for a sign-in that other processes use as well: one renewal at a time.
    pub fn kept_by(mut self, keeper: Arc<dyn Keeper>) -> Self {
        self.session.set_keeper(keeper);
        self
    }

    /// The account.
    pub async fn me(&self) -> Result<Timed<Me>, CallError> {
        let me = self.read::<Me>(self.get(&["me"])).await?;
        match me.value {
            Some(value) if value.key().is_some() => Ok(Timed { asked: me.asked, answered: me.answered, value }),
            _ => Err(CallError {
                asked: Some(me.asked),
                answered: Some(me.answered),
                error: Error::Unreadable { detail: "an account without an id".into() },
            }),
        }
    }

    /// The player. `None` (204) means that nothing is known: no device, a private session, or a moment's gap.
    pub async fn player(&self) -> Result<Timed<Option<Player>>, CallError> {
        self.read(self.get(&["me", "player"]).with_items()).await
    }

    /// As [`Client::player`], given up after so long: an answer that comes later is of little use.
    pub async fn player_within(&self, within: Duration) -> Result<Timed<Option<Player>>, CallError> {
        self.read(Call { within: Some(within), ..self.get(&["me", "player"]).with_items() }).await
    }

    /// As [`Client::player`], without the device.
    pub async fn currently_playing(&self) -> Result<Timed<Option<Player>>, CallError> {
        self.read(self.get(&["me", "player", "currently-playing"]).with_items()).await
    }

    /// The devices that can be chosen. A device that plays may be missing.
    pub async fn devices(&self) -> Result<Timed<Vec<Device>>, CallError> {
        let devices = self.read::<Devices>(self.get(&["me", "player", "devices"])).await?;
        Ok(devices.map(|devices| devices.unwrap_or_default().devices))
    }

    /// What plays and what comes next.
    pub async fn queue(&self) -> Result<Timed<Queue>, CallError> {
        let queue = self.read(self.get(&["me", "player", "queue"])).await?;
        Ok(queue.map(Option::unwrap_or_default))
    }

    /// Plays something, or goes on.
    pub async fn play(&self, play: &Play) -> Result<Timed<()>, CallError> {
        let call = self.put(&["me", "player", "play"]).with_device(play.device_id.as_deref());
        let nothing_named =
            play.context_uri.is_none() && play.uris.is_empty() && play.offset.is_none() && play.position_ms.is_none();
        let call = if nothing_named { call } else { call.with_body(play) };
        self.command(call).await
    }

    pub async fn pause(&self, device: Option<&str>) -> Result<Timed<()>, CallError> {
        let call = self.put(&["me", "player", "pause"]).with_device(device);
        self.command(call).await
    }

    /// Goes to a position of the item that plays; past its end means the next item.
    pub async fn seek(&self, position_ms: u64, device: Option<&str>) -> Result<Timed<()>, CallError> {
        let call =
            self.put(&["me", "player", "seek"]).with("position_ms", &position_ms.to_string()).with_device(device);
        self.command(call).await
    }

    pub async fn next(&self, device: Option<&str>) -> Result<Timed<()>, CallError> {
        let call = self.post(&["me", "player", "next"]).with_device(device);
        self.command(call).await
    }

    pub async fn previous(&self, device: Option<&str>) -> Result<Timed<()>, CallError> {
        let call = self.post(&["me", "player", "previous"]).with_device(device);
        self.command(call).await
    }

    /// Moves playback to a device; `play` makes it play there, otherwise it stays as it is.
    pub async fn transfer(&self, device_id: &str, play: bool) -> Result<Timed<()>, CallError> {
        let body = serde_json::json!({ "device_ids": [device_id], "play": play });
        self.command(self.put(&["me", "player"]).with_body(&body)).await
    }

    /// Puts a track or an episode behind the item that plays.
    pub async fn add_to_queue(&self, uri: &str, device: Option<&str>) -> Result<Timed<()>, CallError> {
        let call = self.post(&["me", "player", "queue"]).with("uri", uri).with_device(device);
        self.command(call).await
    }

    fn get(&self, below: &[&str]) -> Call {
        Call::new(Method::GET, self.session.endpoints.api(below))
    }

    fn put(&self, below: &[&str]) -> Call {
        Call::new(Method::PUT, self.session.endpoints.api(below))
    }

    fn post(&self, below: &[&str]) -> Call {
        Call::new(Method::POST, self.session.endpoints.api(below))
    }

    /// Sends a request and reads its body; an answer without one is `None`.
    async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<Timed<Option<T>>, CallError> {
        let Head { asked, answered, answer } = self.send(&call).await?;
        let failed = |error| CallError { asked: Some(asked), answered: Some(answered), error };
        let empty = answer.status() == StatusCode::NO_CONTENT;
        let body = answer.body().await.map_err(|error| failed(error.into()))?;
        let value = if empty || body.is_empty() { None } else { Some(parse(&body).map_err(failed)?) };
        Ok(Timed { asked, answered, value })
    }

    /// Sends a command. Its answer's body means nothing and is never parsed.
    async fn command(&self, call: Call) -> Result<Timed<()>, CallError> {
        let head = self.send(&call).await?;
        if timeout(REST_WITHIN, head.answer.drain()).await.is_err() {
            tracing::debug!("the rest of a command's answer is not waited for");
        }
        Ok(Timed { asked: head.asked, answered: head.answered, value: () })
    }

    /// Sends a request with an access token; after a 401 once more with a new one.
    async fn send(&self, call: &Call) -> Result<Head, CallError> {
        let mut refused = None;
        loop {
            let access = self.session.access(refused).await.map_err(|error| CallError {
                asked: None,
                answered: None,
                error: error.into(),
            })?;
            let head = self.send_with(call, &access).await?;
            let status = head.answer.status();
            if status.is_success() {
                return Ok(head);
            }
            let error = refusal(head.answer, &access).await;
            if status != StatusCode::UNAUTHORIZED || refused.is_some() {
                return Err(CallError { asked: Some(head.asked), answered: Some(head.answered), error });
            }
            refused = Some(access.number);
        }
    }

    async fn send_with(&self, call: &Call, access: &Access) -> Result<Head, CallError> {
        let request =
            call.request(access).map_err(|error| CallError { asked: None, answered: None, error: error.into() })?;
        let asked = Instant::now();
        let outcome = self.session.http.send(request).await;
        let answered = Instant::now();
        let took_ms = (answered - asked).as_secs_f64() * 1e3;
        let (method, path) = (&call.method, call.url.path());
        match outcome {
            Ok(answer) => {
                let status = answer.status().as_u16();
                tracing::debug!(%method, path, status, took_ms, "answered");
                Ok(Head { asked, answered, answer })
            }
            Err(error) => {
                tracing::debug!(%method, path, %error, took_ms, "not answered");
                Err(CallError { asked: Some(asked), answered: None, error: error.into() })
            }
        }
    }
}

impl<T> Timed<T> {
    /// The same instants with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Timed<U> {
        Timed { asked: self.asked, answered: self.answered, value: change(self.value) }
    }
}

impl Call {
    fn new(method: Method, url: Url) -> Self {
        Self { method, url, body: None, within: None }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    fn with_device(self, device: Option<&str>) -> Self {
        match device {
            Some(device) => self.with("device_id", device),
            None => self,
        }
    }

    /// Asks for episodes too: without this, an episode that plays is an item of null.
    fn with_items(self) -> Self {
        self.with("additional_types", "track,episode")
    }

    fn with_body(mut self, body: &impl Serialize) -> Self {
        let text = serde_json::to_string(body).expect("strings and numbers become JSON");
        self.body = Some(text);
        self
    }

    fn request(&self, access: &Access) -> Result<Request, Transport> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", access.secret.expose()))
            .map_err(|_| Transport::Setup { detail: "the access token does not fit into a header".into() })?;
        bearer.set_sensitive(true);
        let mut request = Request::new(self.method.clone(), self.url.clone());
        *request.timeout_mut() = self.within;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        } else if self.method != Method::GET {
            // Some servers answer 411 to a PUT that does not say that it has no body.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(request)
    }
}

async fn refusal(answer: Answer, access: &Access) -> Error {
    let status = answer.status();
    let headers = answer.headers().clone();
    // An answer that breaks off has said the essential with its status.
    let body = answer.body().await.unwrap_or_default();
    Error::Refused(Refusal::read(status, &headers, &body, access.secret.expose()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let unreadable = |detail: String| Error::Unreadable { detail };
    // The parser's own message would repeat pieces of the body.
    let value: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| unreadable(format!("no JSON at byte {} of {}", error.column(), body.len())))?;
    if !value.is_object() {
        return Err(unreadable("not a JSON object".into()));
    }
    serde_json::from_value(value).map_err(|_| unreadable("not in Spotify's shape".into()))
}
