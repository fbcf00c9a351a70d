//! One connection's socket: written to by whoever has something to say, read by its own task, never waited for.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tutti_core::gate::ConnectionId;
use tutti_core::wire::{MOST_BYTES, Trouble};

use crate::frame::{self, Inbox, Incoming};
use crate::stream::Stream;

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

struct Socket {
    stream: Stream,
    inbox: Inbox,
    /// What the stream did not take yet: the rest of one message, and what the socket's own protocol answers.
    rest: Vec<u8>,
}

/// What a connection's own task has to do.
pub enum Event {
    Text(String),
    /// What came is no message, and nothing that comes after it can be understood.
    Unreadable(Trouble),
    /// A word of the socket's own protocol.
    Noise,
    /// It takes again what is sent, and missed something.
    CaughtUp,
    /// It ended; or, all being said, it is to end.
    Over,
}

/// Bytes read at once: most messages have some 200, the longest take a few turns.
const READ: usize = 4 * 1024;

impl Line {
    /// `came`: what was read of it already.
    pub fn new(id: ConnectionId, stream: Stream, came: Vec<u8>) -> Self {
        Self {
            id,
            socket: Mutex::new(Socket { stream, inbox: Inbox::new(came), rest: Vec::new() }),
            reader: AtomicWaker::new(),
            flushing: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// Writes it now if the socket takes it. Answers false when it was left out: the newest state comes instead.
    pub fn send(&self, frame: &[u8]) -> bool {
        if self.flushing.load(Ordering::Acquire) {
            self.behind.store(true, Ordering::Release);
            return false;
        }
        let mut socket = self.lock();
        match socket.write(frame) {
            Ok(true) => {}
            Ok(false) => {
                // Whoever sends does not wait; when the socket takes more, the reader's task is to go on.
                self.flushing.store(true, Ordering::Release);
                drop(socket);
                self.reader.wake();
            }
            Err(_) => {
                drop(socket);
                self.close();
            }
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
            match socket.poll_rest(cx) {
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
            match socket.inbox.next() {
                Ok(Some(Incoming::Text(text))) => return Poll::Ready(Event::Text(text)),
                Ok(Some(Incoming::Pong)) => return Poll::Ready(Event::Noise),
                Ok(Some(Incoming::Ping(payload))) => {
                    // Whoever takes nothing gets no more of them.
                    if socket.rest.len() < MOST_BYTES && !matches!(socket.write(&frame::pong(&payload)), Ok(true)) {
                        self.flushing.store(true, Ordering::Release);
                        cx.waker().wake_by_ref();
                    }
                    return Poll::Ready(Event::Noise);
                }
                Ok(Some(Incoming::Close)) => return Poll::Ready(Event::Over),
                Err(code) => return Poll::Ready(Event::Unreadable(code)),
                Ok(None) => {}
            }
            let mut scrap = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut scrap);
            match Pin::new(&mut socket.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => socket.inbox.push(buffer.filled()),
                Poll::Ready(_) => return Poll::Ready(Event::Over),
            }
        }
    }

    /// Says good-bye in the socket's own words, as far as it takes them, then hears no more of it: what is still coming in
    /// is passed over until the other side has closed, since what was said last would be lost with a reset.
    pub fn poll_farewell(&self, said: &mut bool, cx: &mut Context<'_>) -> Poll<()> {
        let mut socket = self.lock();
        if !*said {
            *said = true;
            if socket.write(&frame::close()).is_err() {
                // Whoever is gone needs no good-bye.
                return Poll::Ready(());
            }
        }
        if socket.poll_rest(cx).is_ready() && Pin::new(&mut socket.stream).poll_shutdown(cx).is_pending() {
            return Poll::Pending;
        }
        for _ in 0..MOST_SCRAPS {
            let mut scrap = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut scrap);
            match Pin::new(&mut socket.stream).poll_read(cx, &mut buffer) {
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

/// Of what still comes in after the good-bye, so many times [`READ`] are passed over at once; then it is cut off.
const MOST_SCRAPS: usize = 64;

impl Socket {
    /// Writes it, or keeps what is not taken at once; answers whether all was taken.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<bool> {
        while self.rest.is_empty() && !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => bytes = &bytes[taken..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.rest.extend_from_slice(bytes);
        Ok(self.rest.is_empty() && self.stream.is_flushed())
    }

    /// Until the stream took all.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.rest) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => drop(self.rest.drain(..taken)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        self.rest = Vec::new();
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}
