//! The same window in a browser: pages, snapshots and actions over loopback, behind a random token in the path.
//!
//! Any page in the user's browser can send requests to loopback: so every request must carry the token, name this
//! server as its host (a foreign name that resolves here is refused), and come from this page if it says where from.

mod guard;
mod once;
mod page;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::{Stream, StreamExt};
use tokio::net::TcpListener;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;

use crate::api::Action;
use crate::problem::Problem;
use crate::program::Program;
use crate::texts::t;
use guard::Guard;
use once::Once;

/// The largest action is a sign-in with a long name: 1 KiB. This leaves room for any writing.
const ACTION_LIMIT: usize = 16 * 1024;
/// Open connections are given this long to finish when the host ends.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A browser host that has its port.
#[derive(Debug)]
pub struct WebHost {
    listener: TcpListener,
    guard: Guard,
    once: Once,
}

struct Web {
    program: Program,
    guard: Guard,
    once: Once,
    ending: CancellationToken,
}

impl WebHost {
    /// Takes the port on loopback; 0 is any free one. A port that is in use is a problem with words.
    pub async fn bind(port: u16) -> Result<Self, Problem> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let taken = |_| Problem::new("port_taken").with("address", address.to_string());
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let port = listener.local_addr().map_err(taken)?.port();
        Ok(Self { listener, guard: Guard::new(port), once: Once::default() })
    }

    /// The address to open in a browser, with the token: for the user's eyes alone.
    pub fn address(&self) -> String {
        self.guard.address()
    }

    /// An address that leads there once, within two minutes: for the system's opener, whose arguments other users of
    /// this computer can read. A new one makes the one before worthless.
    pub fn address_once(&self) -> String {
        self.guard.address_once(&self.once.give(Instant::now()))
    }

    /// Serves until `shutdown`.
    pub async fn run(
        self,
        program: Program,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let ending = CancellationToken::new();
        let web = Arc::new(Web { program, guard: self.guard, once: self.once, ending: ending.clone() });
        let (end, last) = (ending.clone(), ending.clone());
        let server = axum::serve(self.listener, router(web)).with_graceful_shutdown(async move {
            shutdown.await;
            end.cancel();
        });
        let deadline = async {
            last.cancelled().await;
            tokio::time::sleep(STOP_WITHIN).await;
        };
        tokio::select! {
            ended = server => Ok(ended?),
            () = deadline => Ok(()),
        }
    }
}

fn router(web: Arc<Web>) -> Router {
    // A look at the head alone opens nothing, and must not use the address up.
    let open = get(once::open).head(async || StatusCode::METHOD_NOT_ALLOWED);
    Router::new()
        .route(&format!("/{}/{{key}}", once::FOLDER), open)
        .route("/{token}/events", get(events))
        .route("/{token}/dispatch", post(dispatch))
        .route("/{token}/cover/{key}", get(cover))
        .route("/{token}/", get(page::index))
        .route("/{token}/{*file}", get(page::file))
        .fallback(async || (StatusCode::NOT_FOUND, t("web.nothing", &[])))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&web), guard::check))
        .layer(DefaultBodyLimit::max(ACTION_LIMIT))
        .with_state(web)
}

/// Whole snapshots, the newest first; a slow reader gets the newest and not a backlog.
async fn events(State(web): State<Arc<Web>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let snapshots = WatchStream::new(web.program.snapshots());
    let events = snapshots.map(|snapshot| {
        let text = serde_json::to_string(&*snapshot).expect("a snapshot has only keys that are strings");
        Ok(Event::default().data(text))
    });
    let ending = web.ending.clone();
    Sse::new(events.take_until(async move { ending.cancelled().await })).keep_alive(KeepAlive::default())
}

async fn dispatch(
    State(web): State<Arc<Web>>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let Ok(body) = body else {
        return (StatusCode::PAYLOAD_TOO_LARGE, t("web.too_large", &[])).into_response();
    };
    match serde_json::from_slice::<Action>(&body) {
        Ok(action) => {
            web.program.dispatch(action);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            let why = error.to_string();
            (StatusCode::BAD_REQUEST, t("web.bad_action", &[("why", &why)])).into_response()
        }
    }
}

async fn cover(State(web): State<Arc<Web>>, Path((_, key)): Path<(String, String)>) -> Response {
    match web.program.cover(&key).await {
        Some(cover) => ([(header::CONTENT_TYPE, cover.mime)], cover.bytes).into_response(),
        None => (StatusCode::NOT_FOUND, t("web.no_cover", &[])).into_response(),
    }
}
