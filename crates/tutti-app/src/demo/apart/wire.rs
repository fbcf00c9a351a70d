//! A link on this computer that can be cut, hold back what is sent, or delay it: between a program and its hub.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Whole,
    /// Connections break off, and there are no new ones.
    Cut,
    /// Nobody is told anything, and nothing comes through until it is whole again: a cable that is out.
    Silent,
}

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
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = listener.local_addr()?.port();
        let (link, state) = watch::channel(Link::Whole);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() != Link::Cut
                    && let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await
                {
                    tokio::spawn(carry(near, far, state.clone(), jitter));
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

async fn carry(near: TcpStream, far: TcpStream, mut state: watch::Receiver<Link>, jitter: Duration) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let (there, back) = (state.clone(), state.clone());
    tokio::select! {
        () = pump(from_near, to_far, there, jitter) => {}
        () = pump(from_far, to_near, back, jitter) => {}
        _ = state.wait_for(|link| *link == Link::Cut) => {}
    }
}

/// Until either end is gone.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Link>, jitter: Duration) {
    let (send, mut sent) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let deliver = async move {
        while let Some((due, bytes)) = sent.recv().await {
            if due > Instant::now() {
                sleep_until(due).await;
            }
            let whole = state.wait_for(|link| *link != Link::Silent).await.is_ok();
            if !whole || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let take = async move {
        let mut taken = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut taken).await {
            let late = jitter.mul_f64(rand::random::<f64>());
            if send.send((Instant::now() + late, taken[..length].to_vec())).is_err() {
                return;
            }
        }
    };
    tokio::join!(deliver, take);
}
