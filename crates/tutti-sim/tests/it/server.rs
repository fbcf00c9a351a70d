//! A simulator on a free port, and small clients for it.

use std::sync::Arc;
use tokio::time::Instant;

use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tutti_sim::profile::Profile;
use tutti_sim::sim::{Sim, SimConfig};
use tutti_sim::web_api;

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const CALLBACK: &str = "http://127.0.0.1:9/callback";
pub const SCOPES: &str = "user-read-playback-state user-modify-playback-state user-read-currently-playing";

/// Stops when it is dropped.
pub struct Server {
    pub sim: Arc<Sim>,
    pub origin: Instant,
    pub client: Client,
    _stop: oneshot::Sender<()>,
}

/// A signed-in account.
pub struct Account<'a> {
    pub server: &'a Server,
    pub access: String,
    pub refresh: String,
}

impl Server {
    /// Three accounts without any latency.
    pub async fn ideal() -> Self {
        Self::start(SimConfig { accounts: 3, profile: Profile::Ideal, ..SimConfig::default() }).await
    }

    pub async fn start(config: SimConfig) -> Self {
        let origin = Instant::now();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = SimConfig { origin: Some(origin), ..config };
        let sim = web_api::prepare(&listener, config).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        tokio::spawn(web_api::serve(listener, sim.clone(), shutdown));
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { sim, origin, client, _stop: stop }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sim.base_url())
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub async fn get_json(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    pub async fn post_json(&self, path: &str, body: &str) -> (u16, Value) {
        let answer = self.request(Method::POST, path).body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// `GET /authorize` with these fields changed (an empty value leaves one out).
    pub async fn authorize(&self, changes: &[(&str, &str)]) -> Response {
        let mut query = vec![
            ("client_id", "app"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("code_challenge_method", "S256"),
            ("code_challenge", CHALLENGE),
            ("scope", SCOPES),
            ("state", "a&b"),
        ];
        query.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        query.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        self.request(Method::GET, "/authorize").query(&query).send().await.unwrap()
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.request(Method::POST, "/api/token").form(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn sign_in(&self, user: &str) -> Account<'_> {
        self.sign_in_with(user, SCOPES).await
    }

    pub async fn sign_in_with(&self, user: &str, scopes: &str) -> Account<'_> {
        let answer = self.authorize(&[("sim_user", user), ("scope", scopes)]).await;
        let code = query_of(&answer, "code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("client_id", "app"),
            ("code_verifier", VERIFIER),
        ];
        let (status, tokens) = self.token(&form).await;
        assert_eq!(status, 200, "{tokens}");
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Account { server: self, access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl Account<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.request(method, path).bearer_auth(&self.access)
    }

    /// Status and body, null when there is none.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Status and body of a command, null when the body is no JSON.
    pub async fn send(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let length = body.len().to_string();
        let request = self.request(method, path).header("content-length", length);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A command that must be accepted.
    pub async fn accepted(&self, method: Method, path: &str, body: &str) {
        let (status, words) = self.send(method, path, body).await;
        assert!(matches!(status, 200 | 204), "{path}: {status} {words}");
    }
}

/// A field of the query that a redirect carries.
pub fn query_of(answer: &Response, name: &str) -> Option<String> {
    let target = answer.headers().get("location")?.to_str().unwrap();
    let target = url::Url::parse(target).unwrap();
    target.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
