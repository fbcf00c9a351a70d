//! Serves a listener until it is told to stop: who connects, what is read of them, and how it ends.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tutti_core::proof::Nonce;
use tutti_core::wire::{self, FromHub, Hex, Refusal, ToHub, Trouble, VERSION};

use crate::address::block;
use crate::config::Config;
use crate::frame;
use crate::http::{self, Answer, Kind};
use crate::line::{Event, Line};
use crate::listen::{Listener, shake_hands};
use crate::metrics::Metrics;
use crate::pages;
use crate::room::Room;
use crate::rooms::{Place, Rooms};
use crate::stream::Stream;

/// What was said last is taken within this, or never.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// When this hub ends, connections have so long to go: their last words, and a moment.
const DRAIN: Duration = Duration::from_secs(3);
/// No more descriptors, mostly: others have to go first.
const AFTER_TROUBLE: Duration = Duration::from_millis(200);

/// Serves rooms at `/room` (and `/healthz`, `/metrics`, `/join`) until `shutdown`; then everybody is told to be back soon.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: impl Listener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let rooms = Rooms::new(config);
    let (listener, acceptor) = listener.into_parts();
    tokio::select! {
        () = accept(&rooms, listener, acceptor) => {}
        () = shutdown => {}
    }
    tracing::info!("ending: members are told to be back");
    rooms.drain();
    rooms.tasks.close();
    if timeout(DRAIN, rooms.tasks.wait()).await.is_err() {
        tracing::warn!("some connections did not go in time");
    }
    Ok(())
}

async fn accept(rooms: &Arc<Rooms>, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => taken(rooms, stream, from, acceptor.clone()),
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "nobody can connect for a moment");
                tokio::time::sleep(AFTER_TROUBLE).await;
            }
        }
    }
}

/// Of one connection, which is gone; others can be accepted.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A task for each connection, within the limits; beyond them, a few are told why.
fn taken(rooms: &Arc<Rooms>, stream: TcpStream, from: SocketAddr, acceptor: Option<TlsAcceptor>) {
    let address = block(from.ip());
    match rooms.place(address) {
        Ok(place) => drop(rooms.tasks.spawn(connection(Arc::clone(rooms), place, stream, acceptor, address))),
        Err(refusal) => {
            rooms.metrics.refused(refusal.code);
            let Ok(permit) = Arc::clone(&rooms.turned_away).try_acquire_owned() else { return };
            let within = rooms.config.hello_within;
            let telling = async move {
                // Whoever does not listen is not told.
                _ = timeout(within, turn_away(stream, acceptor, &refusal)).await;
                drop(permit);
            };
            rooms.tasks.spawn(Box::pin(telling));
        }
    }
}

/// Before there is a WebSocket, a refusal is a status with the same words.
async fn turn_away(stream: TcpStream, acceptor: Option<TlsAcceptor>, refusal: &Refusal) -> io::Result<()> {
    let mut stream = shake_hands(stream, acceptor).await?;
    // Its request is read first: an answer to none is lost.
    if http::read(&mut stream).await.is_err() {
        return Ok(());
    }
    let status = match refusal.code {
        Trouble::TooManyFromAddress => "429 Too Many Requests",
        _ => "503 Service Unavailable",
    };
    let body = wire::write(&FromHub::Error(refusal.clone()));
    Answer { status, headers: "content-type: application/json\r\n", body }.send(&mut stream, true).await
}

/// One connection from its first byte to its last. What leads into a room is kept only until then.
async fn connection(rooms: Arc<Rooms>, place: Place, stream: TcpStream, acceptor: Option<TlsAcceptor>, from: IpAddr) {
    let Some((line, entered)) = Box::pin(arrive(&rooms, stream, acceptor, from)).await else { return };
    if let Some(room) = entered {
        listen(&rooms, &room, &line).await;
        tracing::info!(connection = line.id.0, room = ?room.id, "left");
    }
    line.close();
    Box::pin(part(&line)).await;
    drop(place);
}

/// What was said last may still be on its way.
async fn part(line: &Line) {
    let mut said = false;
    let farewell = async {
        poll_fn(|cx| line.poll_event(cx)).await;
        poll_fn(|cx| line.poll_farewell(&mut said, cx)).await;
    };
    // Whoever does not take it within that is gone.
    _ = timeout(LAST_WORDS, farewell).await;
}

type Entered = Option<Arc<Room>>;

/// None: nothing more is to be said. A line without a room was refused.
async fn arrive(
    rooms: &Arc<Rooms>,
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    from: IpAddr,
) -> Option<(Arc<Line>, Entered)> {
    let within = rooms.config.hello_within;
    let asked = tokio::select! {
        asked = timeout(within, request(rooms, stream, acceptor)) => asked,
        () = rooms.drained() => return None,
    };
    let (stream, rest) = match asked {
        Ok(asked) => asked?,
        Err(_) => {
            tracing::debug!(%from, "asked for nothing");
            return None;
        }
    };
    let line = Arc::new(Line::new(rooms.next_connection(), stream, rest));
    let entered = tokio::select! {
        entered = enter(rooms, &line, from) => entered,
        () = rooms.drained() => Err(Some(Refusal::with(Trouble::HubFull, "this hub ends"))),
    };
    match entered {
        Ok(room) => {
            tracing::info!(connection = line.id.0, room = ?room.id, %from, "entered");
            Some((line, Some(room)))
        }
        Err(Some(refusal)) => {
            tracing::info!(connection = line.id.0, code = ?refusal.code, %from, "refused");
            rooms.metrics.refused(refusal.code);
            line.send(&frame::text(&wire::write(&FromHub::Error(refusal))));
            Some((line, None))
        }
        Err(None) => None,
    }
}

/// Answers what is no WebSocket; else it is one from now on. None: answered, or gone.
async fn request(rooms: &Rooms, stream: TcpStream, acceptor: Option<TlsAcceptor>) -> Option<(Stream, Vec<u8>)> {
    let mut stream = match shake_hands(stream, acceptor).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "no TLS");
            return None;
        }
    };
    let (answer, with_body) = match http::read(&mut stream).await {
        Ok(request) => match (request.kind, request.path.as_str()) {
            (Kind::WebSocket(key), "/room") => {
                http::switch(&mut stream, &key).await.ok()?;
                return Some((stream, request.rest));
            }
            (Kind::Get, "/room") | (Kind::OtherWebSocket, _) => {
                (Answer::new("426 Upgrade Required", "a WebSocket of version 13 is spoken here\n"), true)
            }
            (Kind::Get | Kind::WebSocket(_), path) => (pages::page(rooms, path), true),
            (Kind::Head, path) => (pages::page(rooms, path), false),
            (Kind::Other, _) => (Answer::new("405 Method Not Allowed", "GET and HEAD are spoken here\n"), true),
        },
        Err(answer) => (answer?, true),
    };
    // Whoever does not listen is not told.
    _ = answer.send(&mut stream, with_body).await;
    None
}

/// Err(None): it went away before it said anything.
async fn enter(rooms: &Arc<Rooms>, line: &Arc<Line>, from: IpAddr) -> Result<Arc<Room>, Option<Refusal>> {
    let nonce = Nonce::new(rand::random());
    let challenge = FromHub::Challenge { nonce: Hex(nonce), versions: [VERSION, VERSION] };
    line.send(&frame::text(&wire::write(&challenge)));
    let first = async {
        loop {
            match poll_fn(|cx| line.poll_event(cx)).await {
                Event::CaughtUp | Event::Noise => {}
                event => return event,
            }
        }
    };
    let text = match timeout(rooms.config.hello_within, first).await {
        Ok(Event::Text(text)) => text,
        Ok(Event::Unreadable(code)) => return Err(Some(code.into())),
        Ok(Event::Over) => return Err(None),
        Ok(Event::CaughtUp | Event::Noise) | Err(_) => return Err(Some(Trouble::HelloExpected.into())),
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
            Event::Noise => room.noise(line.id),
            Event::Unreadable(code) => {
                room.received(line.id, Err(code.into()));
                return room.closed(line.id);
            }
            Event::CaughtUp => room.tell_whole(line.id),
            Event::Over => return room.closed(line.id),
        }
    }
}
