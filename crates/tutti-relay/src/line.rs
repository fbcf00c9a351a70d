//! One connection's socket: written to by whoever has something to say, read by its own task, never waited for.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::task::AtomicWaker;
use futures::{Sink, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tutti_core::gate::ConnectionId;
use tutti_core::wire::{MOST_BYTES, MOST_BYTES_FROM_HUB, Trouble};

use crate::stream::Stream;

type Socket = WebSocketStream<Stream>;

/// A connection.
pub struct Line {
    pub id: ConnectionId,
    socket: Mutex<Socket>,
    /// The task that reads it.
    reader: AtomicWaker,
    /// Something was written that the socket did not take yet.
    flushing: AtomicBool,
    /// Something was not written at all since then.
    behind: AtomicBool,
    /// Nothing more will be said.
    closing: AtomicBool,
}

/// What a connection's own task has to do.
pub enum Event {
    Text(Utf8Bytes),
    /// What came is no message, and nothing that comes after it can be understood.
    Unreadable(Trouble),
    /// A word of the socket's own protocol.
    Noise,
    /// It takes again what is sent, and missed something.
    CaughtUp,
    /// It ended; or, all being said, it is to end.
    Over,
}

impl Line {
    /// `rest`: what was read of it already. `buffer`: bytes read at once.
    pub async fn new(id: ConnectionId, stream: Stream, rest: Vec<u8>, buffer: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(buffer)
            .write_buffer_size(0)
            // What is not taken is one message, and pongs: more is said only when that is taken.
            .max_write_buffer_size(MOST_BYTES_FROM_HUB * 2)
            .max_message_size(Some(MOST_BYTES))
            .max_frame_size(Some(MOST_BYTES));
        let socket = if rest.is_empty() {
            Socket::from_raw_socket(stream, Role::Server, Some(config)).await
        } else {
            Socket::from_partially_read(stream, rest, Role::Server, Some(config)).await
        };
        Self {
            id,
            socket: Mutex::new(socket),
            reader: AtomicWaker::new(),
            flushing: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// Writes it now if the socket takes it. Answers false when it was left out: the newest state comes instead.
    pub fn send(&self, text: Utf8Bytes) -> bool {
        if self.flushing.load(Ordering::Acquire) {
            self.behind.store(true, Ordering::Release);
            return false;
        }
        let mut socket = self.lock();
        // Whoever sends does not wait; when the socket takes more, the reader's task is to go on.
        let mut cx = Context::from_waker(Waker::noop());
        let written =
            Pin::new(&mut *socket).start_send(Message::Text(text)).map(|()| Pin::new(&mut *socket).poll_flush(&mut cx));
        match written {
            Ok(Poll::Ready(Ok(()))) => {}
            Ok(Poll::Pending) => {
                self.flushing.store(true, Ordering::Release);
                self.reader.wake();
            }
            Ok(Poll::Ready(Err(_))) | Err(_) => self.close(),
        }
        true
    }

    /// All is said: its task ends as soon as it was taken, or after a moment.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.reader.wake();
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// What comes next. Only the connection's own task asks.
    pub fn poll_event(&self, cx: &mut Context<'_>) -> Poll<Event> {
        self.reader.register(cx.waker());
        let mut socket = self.lock();
        if self.flushing.load(Ordering::Acquire) {
            match Pin::new(&mut *socket).poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.flushing.store(false, Ordering::Release);
                    if self.behind.swap(false, Ordering::AcqRel) {
                        return Poll::Ready(Event::CaughtUp);
                    }
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Event::Over),
                Poll::Pending => {}
            }
        }
        if self.is_closing() {
            return if self.flushing.load(Ordering::Acquire) { Poll::Pending } else { Poll::Ready(Event::Over) };
        }
        Pin::new(&mut *socket).poll_next(cx).map(|next| match next {
            Some(Ok(Message::Text(text))) => Event::Text(text),
            Some(Ok(Message::Binary(_))) => Event::Unreadable(Trouble::Binary),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Event::Noise,
            Some(Err(Error::Capacity(_))) => Event::Unreadable(Trouble::TooLong),
            Some(Err(Error::Utf8(_))) => Event::Unreadable(Trouble::Malformed),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Event::Over,
        })
    }

    /// Says good-bye in the socket's own words, as far as it takes them, then hears no more of it: what is still coming in
    /// is passed over until the other side has closed, since what was said last would be lost with a reset.
    pub fn poll_farewell(&self, said: &mut bool, cx: &mut Context<'_>) -> Poll<()> {
        let mut socket = self.lock();
        if !*said {
            *said = true;
            // Whoever is gone needs no good-bye.
            let _ = Pin::new(&mut *socket).start_send(Message::Close(None));
        }
        let flushed = Pin::new(&mut *socket).poll_flush(cx).is_ready();
        let stream = socket.get_mut();
        if flushed && Pin::new(&mut *stream).poll_shutdown(cx).is_pending() {
            return Poll::Pending;
        }
        let mut scrap = [0; 1024];
        for _ in 0..MOST_SCRAPS {
            let mut buffer = ReadBuf::new(&mut scrap);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
        Poll::Ready(())
    }

    fn lock(&self) -> MutexGuard<'_, Socket> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what still comes in after the good-bye, so many KiB are passed over at once; then it is cut off.
const MOST_SCRAPS: usize = 256;
