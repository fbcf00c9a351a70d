//! Cover pictures: fetched here for windows that contact nothing, from Spotify's picture servers only.
//!
//! Keys are opaque, and only keys of items that are shown at the moment resolve, so that a window cannot make the
//! program fetch anything else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use url::Url;

use crate::settings::{Endpoints, short_hash};

/// Hosts that Spotify serves covers from; each also with a name in front of it.
const HOSTS: [&str; 2] = ["scdn.co", "spotifycdn.com"];
/// The largest size that Spotify offers is 640 × 640, about 300 KiB.
const SIZE_LIMIT: usize = 2 * 1024 * 1024;
/// Covers kept in memory: what plays, what comes next, and what played before.
const KEPT: usize = 8;
const TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];
const DEADLINE: Duration = Duration::from_secs(10);

/// A picture, unmodified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub mime: String,
    pub bytes: Vec<u8>,
}

/// The cover pictures of what is shown. Clones share them.
#[derive(Debug, Clone)]
pub struct Covers {
    /// None on a system without certificates, where nobody's picture server can be told from another.
    http: Option<reqwest::Client>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Origin of the server that stands for Spotify, if it is not Spotify.
    other: Option<String>,
    /// What may be asked for: address by key.
    shown: BTreeMap<String, Url>,
    kept: VecDeque<(String, Cover)>,
}

impl Covers {
    pub fn new(endpoints: &Endpoints) -> Self {
        let covers = Self { http: client(), state: Arc::default() };
        covers.lock().other = endpoints.shown();
        covers
    }

    /// Also accepts covers from this origin: a simulator in this process.
    pub fn allow(&self, origin: Option<String>) {
        self.lock().other = origin;
    }

    /// Names what is shown now: the addresses of covers. Everything else stops resolving.
    pub fn show<'a>(&self, addresses: impl Iterator<Item = &'a str>) {
        let mut state = self.lock();
        let shown = addresses.filter_map(|address| {
            let url = Url::parse(address).ok().filter(|url| state.allows(url))?;
            Some((key(address), url))
        });
        state.shown = shown.collect();
    }

    /// The picture of a key that is shown, from memory or from its server.
    pub async fn get(&self, key: &str) -> Option<Cover> {
        let url = {
            let state = self.lock();
            let url = state.shown.get(key)?.clone();
            if let Some((_, cover)) = state.kept.iter().find(|(kept, _)| kept == key) {
                return Some(cover.clone());
            }
            url
        };
        let cover = match fetch(self.http.as_ref()?, url).await {
            Ok(cover) => cover,
            Err(why) => {
                tracing::info!(why, "no cover");
                return None;
            }
        };
        let mut state = self.lock();
        if state.kept.iter().all(|(kept, _)| kept != key) {
            state.kept.push_back((key.to_owned(), cover.clone()));
        }
        while state.kept.len() > KEPT {
            state.kept.pop_front();
        }
        Some(cover)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key under which windows ask for the cover at this address.
pub fn key(address: &str) -> String {
    short_hash(address.as_bytes())
}

impl State {
    fn allows(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let known = HOSTS
            .iter()
            .any(|known| host == *known || host.strip_suffix(known).is_some_and(|front| front.ends_with('.')));
        let spotify = known && url.scheme() == "https" && url.port().is_none();
        spotify || self.other.as_deref() == Some(url.origin().ascii_serialization().as_str())
    }
}

fn client() -> Option<reqwest::Client> {
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).referer(false).timeout(DEADLINE).build();
    client.inspect_err(|error| tracing::warn!(%error, "there will be no covers")).ok()
}

async fn fetch(http: &reqwest::Client, url: Url) -> Result<Cover, String> {
    let mut response = http.get(url).send().await.map_err(|error| error.without_url().to_string())?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status().as_u16()));
    }
    let mime = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mime = mime.split(';').next().unwrap_or_default().trim().to_lowercase();
    if !TYPES.contains(&mime.as_str()) {
        return Err(format!("type {mime}"));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        if bytes.len() + chunk.len() > SIZE_LIMIT {
            return Err(format!("larger than {SIZE_LIMIT} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Cover { mime, bytes })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::Router;
    use axum::routing::get;

    use super::*;

    #[test]
    fn only_spotifys_picture_servers_are_asked() {
        let state = State::default();
        let allows = |address: &str| state.allows(&Url::parse(address).unwrap());

        assert!(allows("https://i.scdn.co/image/ab67"));
        assert!(allows("https://image-cdn-ak.spotifycdn.com/image/ab67"));
        for bad in [
            "http://i.scdn.co/image/ab67",
            "https://evilscdn.co/x",
            "https://i.scdn.co.example.com/x",
            "https://i.scdn.co:8443/x",
            "http://127.0.0.1/x",
            "file:///etc/passwd",
        ] {
            assert!(!allows(bad), "{bad}");
        }
    }

    #[test]
    fn another_server_is_asked_only_while_it_is_in_force() {
        let endpoints = Endpoints::other("http://127.0.0.1:9/v1", "http://127.0.0.1:9").unwrap();
        let covers = Covers::new(&endpoints);

        assert!(covers.lock().allows(&Url::parse("http://127.0.0.1:9/cover/1").unwrap()));
        assert!(!covers.lock().allows(&Url::parse("http://127.0.0.1:10/cover/1").unwrap()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn on_a_system_without_certificates_there_are_no_covers_and_the_program_goes_on() {
        const NOWHERE: &str = "/nowhere/certificates";
        if std::env::var_os("SSL_CERT_FILE").is_some_and(|file| file == NOWHERE) {
            assert!(Covers::new(&Endpoints::default()).http.is_none());
            return;
        }
        // Where certificates are is in the environment: another process can be given another one.
        let name = "cover::tests::on_a_system_without_certificates_there_are_no_covers_and_the_program_goes_on";
        let mut without = std::process::Command::new(std::env::current_exe().unwrap());
        without.args(["--exact", name]).envs([("SSL_CERT_FILE", NOWHERE), ("SSL_CERT_DIR", NOWHERE)]);
        let done = without.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"));
    }

    #[tokio::test]
    async fn a_shown_cover_is_fetched_once_and_nothing_else_resolves() {
        let base = server().await;
        let covers = Covers::new(&Endpoints::other(&base, &base).unwrap());
        let address = format!("{base}/good");
        covers.show([address.as_str()].into_iter());

        let cover = covers.get(&key(&address)).await.unwrap();

        assert_eq!((cover.mime.as_str(), cover.bytes.as_slice()), ("image/png", b"png".as_slice()));
        assert_eq!(covers.lock().kept.len(), 1);
        assert_eq!(covers.get(&key(&format!("{base}/other"))).await, None);
        covers.show(std::iter::empty());
        assert_eq!(covers.get(&key(&address)).await, None, "no longer shown");
    }

    #[tokio::test]
    async fn too_large_and_foreign_types_and_redirects_are_no_covers() {
        let base = server().await;
        let covers = Covers::new(&Endpoints::other(&base, &base).unwrap());
        let addresses = ["large", "page", "moved"].map(|name| format!("{base}/{name}"));
        covers.show(addresses.iter().map(String::as_str));

        for address in &addresses {
            assert_eq!(covers.get(&key(address)).await, None, "{address}");
        }
    }

    async fn server() -> String {
        let png = |bytes: Vec<u8>| ([("content-type", "image/png")], bytes);
        let app = Router::new()
            .route("/good", get(move || async move { png(b"png".to_vec()) }))
            .route("/large", get(move || async move { png(vec![0; SIZE_LIMIT + 1]) }))
            .route("/page", get(|| async { ([("content-type", "text/html")], "page") }))
            .route("/moved", get(|| async { axum::response::Redirect::temporary("/good") }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        base
    }
}
