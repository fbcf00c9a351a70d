//! Serves a listener until it is told to stop: who connects, what is read of them, and how it ends.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::ws::{Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::{IncomingStream, Listener};
use tokio::time::timeout;
use tutti_core::proof::Nonce;
use tutti_core::wire::{self, FromHub, Hex, MOST_BYTES, Refusal, ToHub, Trouble, VERSION};

use crate::config::Config;
use crate::line::{Event, Line};
use crate::listen::PeerAddress;
use crate::metrics::Metrics;
use crate::pages;
use crate::room::Room;
use crate::rooms::{Place, Rooms};

/// Whoever connects says hello within this.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// What was said last is taken within this, or never.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// When this hub ends, connections have so long to go.
const DRAIN: Duration = Duration::from_secs(3);

/// Serves rooms at `/room` (and `/healthz`, `/metrics`, `/join`) until `shutdown`; then everybody is told to be back soon.
///
/// # Errors
/// The listener broke.
pub async fn serve<L>(
    listener: L,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()>
where
    L: Listener<Addr = SocketAddr>,
    PeerAddress: for<'a> Connected<IncomingStream<'a, L>>,
{
    let rooms = Rooms::new(config);
    let router = Router::new()
        .route("/room", get(upgrade))
        .route("/healthz", get(pages::health))
        .route("/metrics", get(pages::metrics))
        .route("/join", get(pages::join))
        .with_state(Arc::clone(&rooms));
    let ending = Arc::clone(&rooms);
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<PeerAddress>());
    let served = serving
        .with_graceful_shutdown(async move {
            shutdown.await;
            tracing::info!("ending: members are told to be back");
            ending.drain();
        })
        .await;
    rooms.tasks.close();
    if timeout(DRAIN, rooms.tasks.wait()).await.is_err() {
        tracing::warn!("some connections did not go in time");
    }
    served
}

async fn upgrade(
    State(rooms): State<Arc<Rooms>>,
    ConnectInfo(from): ConnectInfo<PeerAddress>,
    request: WebSocketUpgrade,
) -> Response {
    let from = from.0.ip().to_canonical();
    let place = match rooms.place(from) {
        Ok(place) => place,
        Err(refusal) => return turned_away(&rooms, &refusal),
    };
    let size = rooms.config.read_buffer;
    let tasks = rooms.tasks.clone();
    request
        .read_buffer_size(size)
        .write_buffer_size(0)
        .max_message_size(MOST_BYTES)
        .max_frame_size(MOST_BYTES)
        .on_upgrade(move |socket| {
            // Its own task, so that nothing of the request is kept with it.
            tasks.spawn(connection(rooms, place, socket, from));
            std::future::ready(())
        })
}

/// Before there is a connection, a refusal is a status with the same words.
fn turned_away(rooms: &Rooms, refusal: &Refusal) -> Response {
    rooms.metrics.refused(refusal.code);
    let status = match refusal.code {
        Trouble::TooManyFromAddress => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, wire::write(&FromHub::Error(refusal.clone()))).into_response()
}

async fn connection(rooms: Arc<Rooms>, place: Place, socket: WebSocket, from: IpAddr) {
    let line = Arc::new(Line::new(rooms.next_connection(), socket));
    let entered = Box::pin(enter(&rooms, &line, from)).await;
    match entered {
        Ok(room) => {
            tracing::info!(connection = line.id.0, room = ?room.id, %from, "entered");
            listen(&rooms, &room, &line).await;
            tracing::info!(connection = line.id.0, room = ?room.id, "left");
        }
        Err(Some(refusal)) => {
            tracing::info!(connection = line.id.0, code = ?refusal.code, %from, "refused");
            rooms.metrics.refused(refusal.code);
            line.send(Utf8Bytes::from(wire::write(&FromHub::Error(refusal))));
        }
        Err(None) => {}
    }
    line.close();
    // What was said last may still be on its way.
    let over = poll_fn(|cx| line.poll_event(cx));
    if timeout(LAST_WORDS, over).await.is_ok() {
        line.say_closed();
    }
    drop(place);
}

/// Err(None): it went away before it said anything.
async fn enter(rooms: &Arc<Rooms>, line: &Arc<Line>, from: IpAddr) -> Result<Arc<Room>, Option<Refusal>> {
    let nonce = Nonce::new(rand::random());
    let challenge = FromHub::Challenge { nonce: Hex(nonce), versions: [VERSION, VERSION] };
    line.send(Utf8Bytes::from(wire::write(&challenge)));
    let first = timeout(HELLO_WITHIN, poll_fn(|cx| line.poll_event(cx))).await;
    let text = match first {
        Ok(Event::Text(text)) => text,
        Ok(Event::Binary) => return Err(Some(Trouble::Binary.into())),
        Ok(Event::Over) => return Err(None),
        Ok(Event::CaughtUp) | Err(_) => return Err(Some(Trouble::HelloExpected.into())),
    };
    match wire::read_to_hub(&text).map_err(Some)? {
        ToHub::Hello(hello) => rooms.enter(line, *hello, nonce, from).map_err(Some),
        _ => Err(Some(Trouble::HelloExpected.into())),
    }
}

/// Reads a connection until it ends.
async fn listen(rooms: &Rooms, room: &Room, line: &Line) {
    loop {
        match poll_fn(|cx| line.poll_event(cx)).await {
            Event::Text(text) => {
                Metrics::add(&rooms.metrics.received, 1);
                room.received(line.id, wire::read_to_hub(&text));
            }
            Event::Binary => room.received(line.id, Err(Trouble::Binary.into())),
            Event::CaughtUp => room.tell_whole(line.id),
            Event::Over => return room.closed(line.id),
        }
    }
}
