//! One connection's socket: written to by whoever has something to say, read by its own task, never waited for.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::task::AtomicWaker;
use futures::{Sink, Stream};
use tutti_core::gate::ConnectionId;

/// A connection.
pub struct Line {
    pub id: ConnectionId,
    socket: Mutex<WebSocket>,
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
    Binary,
    /// It takes again what is sent, and missed something.
    CaughtUp,
    /// It ended; or, all being said, it is to end.
    Over,
}

impl Line {
    pub fn new(id: ConnectionId, socket: WebSocket) -> Self {
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
        let written = match Pin::new(&mut *socket).poll_ready(&mut cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut *socket)
                .start_send(Message::Text(text))
                .map(|()| Pin::new(&mut *socket).poll_flush(&mut cx)),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(Poll::Pending),
        };
        drop(socket);
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
        loop {
            return match Pin::new(&mut *socket).poll_next(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None | Some(Err(_)) | Some(Ok(Message::Close(_)))) => Poll::Ready(Event::Over),
                Poll::Ready(Some(Ok(Message::Text(text)))) => Poll::Ready(Event::Text(text)),
                Poll::Ready(Some(Ok(Message::Binary(_)))) => Poll::Ready(Event::Binary),
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
            };
        }
    }

    /// Says good-bye in the socket's own words, as far as it takes them.
    pub fn say_closed(&self) {
        let mut socket = self.lock();
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(())) = Pin::new(&mut *socket).poll_ready(&mut cx) {
            let closed = Pin::new(&mut *socket).start_send(Message::Close(None));
            // Whoever is gone needs no good-bye.
            let _ = closed.map(|()| Pin::new(&mut *socket).poll_flush(&mut cx));
        }
    }

    fn lock(&self) -> MutexGuard<'_, WebSocket> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
