//! A link on this computer that can be cut, hold back what is sent, or delay it: between a program and its hub.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// The runtime's timers are late by up to this.
const ROUNDED: Duration = Duration::from_millis(2);

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Whole,
    /// Connections break off, and there are no new ones.
    Cut,
    /// Nobody is told anything, and nothing comes through until it is whole again: a cable that is out.
    Silent,
}

/// How long a piece of what is sent takes, each drawn anew; nothing overtakes.
type Takes = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A port that leads to another one.
#[derive(Debug)]
pub struct Wire {
    pub port: u16,
    link: watch::Sender<Link>,
}

impl Wire {
    /// To a port of this computer.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn to(port: u16) -> std::io::Result<Self> {
        Self::delaying(port, Duration::ZERO).await
    }

    /// The same, and everything takes up to `jitter` each way, by chance; nothing overtakes.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn delaying(port: u16, jitter: Duration) -> std::io::Result<Self> {
        let takes = move || jitter.mul_f64(rand::random::<f64>());
        Self::taking(port, takes, takes).await
    }

    /// The same, and everything takes so long to that port, and so long from it.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn taking(
        port: u16,
        there: impl Fn() -> Duration + Send + Sync + 'static,
        back: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (there, back): (Takes, Takes) = (Arc::new(there), Arc::new(back));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = listener.local_addr()?.port();
        let (link, state) = watch::channel(Link::Whole);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() != Link::Cut
                    && let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await
                {
                    tokio::spawn(carry(near, far, state.clone(), (Arc::clone(&there), Arc::clone(&back))));
                }
            }
        });
        Ok(Self { port: own, link })
    }

    pub fn is(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// An invite to that port that leads over the wire.
    pub fn lead(&self, invite: &str, port: u16) -> String {
        invite.replace(&format!("%3A{port}"), &format!("%3A{}", self.port))
    }
}

async fn carry(near: TcpStream, far: TcpStream, mut state: watch::Receiver<Link>, takes: (Takes, Takes)) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let (there, back) = (state.clone(), state.clone());
    tokio::select! {
        () = pump(from_near, to_far, there, takes.0) => {}
        () = pump(from_far, to_near, back, takes.1) => {}
        _ = state.wait_for(|link| *link == Link::Cut) => {}
    }
}

/// To a tenth of a ms: the runtime's own timers are whole ms, and clocks that are learned over this link are known better.
async fn hold_until(due: Instant) {
    if due <= Instant::now() {
        return;
    }
    sleep_until(due - ROUNDED).await;
    let rest = due.saturating_duration_since(Instant::now());
    // It only fails where the program ends.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(rest)).await;
}

/// Until either end is gone.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Link>, takes: Takes) {
    let (send, mut sent) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let deliver = async move {
        while let Some((due, bytes)) = sent.recv().await {
            hold_until(due).await;
            let whole = state.wait_for(|link| *link != Link::Silent).await.is_ok();
            if !whole || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let take = async move {
        let mut taken = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut taken).await {
            if send.send((Instant::now() + takes(), taken[..length].to_vec())).is_err() {
                return;
            }
        }
    };
    tokio::join!(deliver, take);
}
