//! Accepts connections, counts them and sends small answers without delay.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::sim::Sim;

/// A listener whose connections show in [`Sim::connections`].
pub(super) struct Counting {
    listener: TcpListener,
    sim: Arc<Sim>,
}

/// A connection that counts as open until it is dropped.
pub(super) struct Counted {
    stream: TcpStream,
    link: Link,
    sim: Arc<Sim>,
}

/// A handler's hold on the connection that its request came on.
#[derive(Clone, Default)]
pub(super) struct Link {
    cut: Arc<AtomicBool>,
}

impl Link {
    /// Instead of the next answer the connection is reset.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

impl Connected<IncomingStream<'_, Counting>> for Link {
    fn connect_info(stream: IncomingStream<'_, Counting>) -> Self {
        stream.io().link.clone()
    }
}

impl Counted {
    fn check(&self) -> io::Result<()> {
        if !self.link.is_cut() {
            return Ok(());
        }
        // Without it the other side would see an orderly end.
        self.stream.set_zero_linger()?;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }
}

impl Counting {
    pub(super) fn new(listener: TcpListener, sim: Arc<Sim>) -> Self {
        Self { listener, sim }
    }
}

impl Listener for Counting {
    type Io = Counted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Counted, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers on this connection may be late");
        }
        self.sim.connections_total.fetch_add(1, Ordering::Relaxed);
        self.sim.connections_open.fetch_add(1, Ordering::Relaxed);
        (Counted { stream, link: Link::default(), sim: self.sim.clone() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.sim.connections_open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }
}
