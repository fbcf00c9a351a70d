//! What carries a connection: plain TCP, or TLS over it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A connection's bytes. One more way to carry them is one more line of each function here.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! either {
    ($stream:expr, $inner:ident => $what:expr) => {
        match $stream.get_mut() {
            Stream::Plain(inner) => {
                let $inner = Pin::new(inner);
                $what
            }
            Stream::Tls(inner) => {
                let $inner = Pin::new(&mut **inner);
                $what
            }
        }
    };
}

impl Stream {
    /// Writes what is taken at once.
    ///
    /// # Errors
    /// `WouldBlock`: nothing is; else it is broken.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.try_write(bytes),
            Self::Tls(stream) => match at_once(|cx| Pin::new(&mut **stream).poll_write(cx, bytes)) {
                Poll::Ready(written) => written,
                Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            },
        }
    }

    /// All that was written is on its way; plain TCP keeps nothing back.
    pub fn is_flushed(&mut self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(stream) => at_once(|cx| Pin::new(&mut **stream).poll_flush(cx)).is_ready(),
        }
    }
}

/// Asks once, outside of the turn that a task has: one may write to a thousand sockets in one turn, and waits for none.
fn at_once<T>(mut ask: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let asked = tokio::task::unconstrained(poll_fn(|cx| ask(cx)));
    pin!(asked).poll(&mut Context::from_waker(Waker::noop()))
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, inner => inner.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_shutdown(cx))
    }
}
