//! A server on a loopback port: records what it was asked and answers by a function.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::serve::ListenerExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tutti_spotify::{Client, Endpoints, Http, Secret, Timeouts};
use url::form_urlencoded;

/// What one request said.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: HashMap<String, String>,
    pub headers: HeaderMap,
    pub body: String,
    pub at: Instant,
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Whether the answer ever comes.
    pub comes: bool,
}

pub struct Stub {
    pub base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Seen {
    pub fn form(&self) -> HashMap<String, String> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    pub fn bearer(&self) -> &str {
        let value = self.header("authorization").unwrap_or_default();
        value.strip_prefix("Bearer ").unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn is_token(&self) -> bool {
        self.path == "/api/token"
    }
}

impl Answer {
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), comes: true }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, body.to_string()).with("content-type", "application/json")
    }

    pub fn empty(status: u16) -> Self {
        Self::text(status, "")
    }

    pub fn never() -> Self {
        Self { comes: false, ..Self::empty(200) }
    }

    pub fn error(status: u16, message: &str, reason: Option<&str>) -> Self {
        let mut error = json!({ "status": status, "message": message });
        if let Some(reason) = reason {
            error["reason"] = reason.into();
        }
        Self::json(status, &json!({ "error": error }))
    }

    /// A new access token that lasts for `seconds`.
    pub fn token(access: &str, seconds: u64, refresh: Option<&str>) -> Self {
        let mut token = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": seconds,
            "scope": "user-read-playback-state user-modify-playback-state",
        });
        if let Some(refresh) = refresh {
            token["refresh_token"] = refresh.into();
        }
        Self::json(200, &token)
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Stub {
    pub async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let listener = listener.tap_io(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let record = seen.clone();
        let answer = Arc::new(answer);
        let app = Router::new().fallback(move |request: Request| {
            let (record, answer) = (record.clone(), answer.clone());
            async move {
                let request = read(request).await;
                record.lock().unwrap().push(request.clone());
                let answer = answer(&request);
                if !answer.comes {
                    std::future::pending::<()>().await;
                }
                respond(answer)
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, seen, connections, task }
    }

    /// A server that gives lasting tokens itself and leaves the Web API to `answer`.
    pub async fn api(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |seen| if seen.is_token() { Answer::token("access-1", 3600, None) } else { answer(seen) })
            .await
    }

    pub fn endpoints(&self) -> Endpoints {
        endpoints(&self.base)
    }

    pub fn client(&self) -> Client {
        client(&self.base, Timeouts::default())
    }

    /// With little patience.
    pub fn hasty_client(&self) -> Client {
        client(&self.base, HASTY)
    }

    pub fn tokens(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.is_token()).cloned().collect()
    }

    /// The requests to the Web API.
    pub fn calls(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| !seen.is_token()).cloned().collect()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub const HASTY: Timeouts = Timeouts { connect: Duration::from_millis(200), request: Duration::from_millis(200) };

pub fn endpoints(base: &str) -> Endpoints {
    Endpoints::loopback(&format!("{base}/v1"), base).unwrap()
}

pub fn client(base: &str, timeouts: Timeouts) -> Client {
    let endpoints = endpoints(base);
    let http = Http::with_timeouts(&endpoints, timeouts).unwrap();
    Client::new(endpoints, "an-id", Secret::new("refresh-1"), http)
}

/// A server of bytes: `talk` gets each connection, one after another, with its request read. To requests for a token
/// the server gives a lasting one itself.
pub async fn raw<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let (listener, base) = listen().await;
    tokio::spawn(async move {
        loop {
            let (mut stream, request) = accept(&listener).await;
            if request.starts_with("POST /api/token") {
                let token = r#"{"access_token":"access-1","token_type":"Bearer","expires_in":3600}"#;
                stream.write_all(closing(token).as_bytes()).await.unwrap();
            } else {
                talk(stream).await;
            }
        }
    });
    base
}

/// As [`raw`], but `talk` gets the requests for a token.
pub async fn raw_tokens<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let (listener, base) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, request) = accept(&listener).await;
            assert!(request.starts_with("POST /api/token"), "{request}");
            talk(stream).await;
        }
    });
    base
}

/// An answer after which the connection ends.
pub fn closing(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

async fn accept(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 4096];
    let read = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..read]).into_owned();
    (stream, request)
}

async fn read(request: Request) -> Seen {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let query = head.uri.query().unwrap_or_default();
    Seen {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        at,
    }
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}
