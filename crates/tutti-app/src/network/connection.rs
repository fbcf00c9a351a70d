//! One WebSocket to a hub: opened with a deadline, plain or with TLS, texts in and out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::either::Either;
use tutti_core::wire::{self, FromHub, MOST_BYTES_FROM_HUB, Refusal, ToHub};

use super::heir;
use crate::invite::HubAddress;

/// A place that does not answer within this is passed over for the next one.
const OPEN: Duration = Duration::from_secs(5);
/// What is written is taken within this, or the connection is given up.
const WRITE: Duration = Duration::from_secs(5);

/// An open connection.
pub struct Connection {
    socket: WebSocketStream<Either<TcpStream, TlsStream<TcpStream>>>,
    /// This machine's address towards the hub.
    pub local: Option<std::net::IpAddr>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum Broken {
    #[error("no answer in time")]
    Slow,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    WebSocket(#[from] Box<tungstenite::Error>),
    #[error("the other side closed")]
    Closed,
    #[error("what came is not understood: {0:?}")]
    NotUnderstood(Refusal),
    #[error("no name for TLS: {0}")]
    Name(String),
}

impl From<tungstenite::Error> for Broken {
    fn from(error: tungstenite::Error) -> Self {
        Self::WebSocket(Box::new(error))
    }
}

impl Connection {
    pub async fn open(to: &HubAddress) -> Result<Self, Broken> {
        timeout(OPEN, Self::opened(to)).await.unwrap_or(Err(Broken::Slow))
    }

    async fn opened(to: &HubAddress) -> Result<Self, Broken> {
        let stream = TcpStream::connect(to.authority()).await?;
        stream.set_nodelay(true)?;
        let local = stream.local_addr().ok().map(|address| address.ip());
        let stream = if to.secure {
            let connector = TlsConnector::from(Arc::clone(heir::tls()?));
            let name = to.host.clone().try_into().map_err(|_| Broken::Name(to.host.clone()))?;
            Either::Right(connector.connect(name, stream).await?)
        } else {
            Either::Left(stream)
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            .max_message_size(Some(MOST_BYTES_FROM_HUB))
            .max_frame_size(Some(MOST_BYTES_FROM_HUB));
        let (socket, _) = client_async_with_config(format!("{to}/room"), stream, Some(config)).await?;
        Ok(Self { socket, local })
    }

    pub async fn say(&mut self, message: &ToHub) -> Result<(), Broken> {
        let text = wire::write(message);
        match timeout(WRITE, self.socket.send(Message::text(text))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Broken::Slow),
        }
    }

    /// The next message of the hub. Nothing is lost when this is dropped before it comes.
    pub async fn hear(&mut self) -> Result<FromHub, Broken> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| {
                        Broken::NotUnderstood(Refusal::with(wire::Trouble::UnknownMessage, error.to_string()))
                    });
                }
                Some(Ok(Message::Close(_))) | None => return Err(Broken::Closed),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// A clean end, as far as the other side takes it.
    pub async fn close(mut self) {
        // Whoever is gone needs no good-bye.
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}
