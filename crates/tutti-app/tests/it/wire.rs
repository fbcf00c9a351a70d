//! A link that can be cut, or hold back what is sent: between a program and its hub.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Whole,
    /// Connections break off, and there are no new ones.
    Cut,
    /// Nobody is told anything, and nothing comes through until it is whole again: a cable that is out.
    Silent,
}

pub struct Wire {
    pub port: u16,
    link: watch::Sender<Link>,
}

impl Wire {
    /// To a port of this computer.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (link, state) = watch::channel(Link::Whole);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() != Link::Cut
                    && let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await
                {
                    tokio::spawn(carry(near, far, state.clone()));
                }
            }
        });
        Self { port: own, link }
    }

    pub fn is(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// An invite to this place that leads over the wire.
    pub fn lead(&self, invite: &str, port: u16) -> String {
        let led = invite.replace(&format!("%3A{port}"), &format!("%3A{}", self.port));
        assert_ne!(led, invite);
        led
    }
}

async fn carry(near: TcpStream, far: TcpStream, mut state: watch::Receiver<Link>) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let (there, back) = (state.clone(), state.clone());
    tokio::select! {
        () = pump(from_near, to_far, there) => {}
        () = pump(from_far, to_near, back) => {}
        _ = state.wait_for(|link| *link == Link::Cut) => {}
    }
}

/// Until either end is gone.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Link>) {
    let mut taken = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut taken).await {
        if state.wait_for(|link| *link != Link::Silent).await.is_err() || to.write_all(&taken[..length]).await.is_err()
        {
            return;
        }
    }
}
