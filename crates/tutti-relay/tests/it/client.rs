//! A client of the protocol that is written from docs/protocol.md alone: JSON values, no types of the hub's.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tutti_core::proof::{AccountMark, Nonce, RoomSecret, UserKey};
use tutti_relay::listen::Plain;
use tutti_relay::{Config, serve};

/// A relay on a free port of this computer; it ends with this.
pub struct Relay {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Relay {
    pub async fn start(config: Config) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), config).await
    }

    pub async fn start_at(address: SocketAddr, config: Config) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(Plain(listener), config, async move { _ = stopped.await }));
        Self { address, stop: Some(stop), task }
    }

    /// In order, as SIGTERM does.
    pub async fn end(mut self) {
        _ = self.stop.take().unwrap().send(());
        self.task.await.unwrap().unwrap();
    }
}

/// One connection.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub nonce: Nonce,
    pub welcome: Value,
}

pub const SECRET: RoomSecret = RoomSecret::new([3; 16]);

/// What whoever is called so says first, with a key of so many equal bytes.
pub fn hello(nonce: Nonce, name: &str, key: u8) -> Value {
    hello_to(SECRET, nonce, name, key)
}

/// The same for another room.
pub fn hello_to(secret: RoomSecret, nonce: Nonce, name: &str, key: u8) -> Value {
    let (room, user) = (secret.room(), UserKey::new([key; 16]));
    json!({
        "type": "hello", "version": 1, "room": room.to_string(), "proof": secret.prove(nonce).to_string(), "open": true,
        "name": name, "device": "test",
        "user": { "id": user.user(room).to_string(), "proof": user.prove(nonce, room).to_string(),
                  "account": AccountMark::of(name).to_string() },
    })
}

impl Client {
    /// Connected, challenged, and silent.
    pub async fn connect(address: SocketAddr) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}/room")).await.unwrap();
        let mut client = Self { socket, nonce: Nonce::new([0; 32]), welcome: Value::Null };
        let challenge = client.next().await.unwrap();
        assert_eq!(challenge["type"], "challenge");
        client.nonce = Nonce::parse(challenge["nonce"].as_str().unwrap()).unwrap();
        client
    }

    pub async fn join(address: SocketAddr, name: &str, key: u8) -> Self {
        Self::join_with(address, name, key, |_| {}).await
    }

    /// With another hello.
    pub async fn join_with(address: SocketAddr, name: &str, key: u8, change: impl FnOnce(&mut Value)) -> Self {
        let mut client = Self::connect(address).await;
        let mut hello = hello(client.nonce, name, key);
        change(&mut hello);
        client.say(hello).await;
        client.welcome = client.until("welcome").await;
        client
    }

    /// The code with which whoever says hello so is refused.
    pub async fn is_refused(address: SocketAddr, name: &str, key: u8, change: impl FnOnce(&mut Value)) -> String {
        let mut client = Self::connect(address).await;
        let mut hello = hello(client.nonce, name, key);
        change(&mut hello);
        client.say(hello).await;
        client.refused().await
    }

    /// Nothing is amiss: it is answered, and was told of no trouble.
    pub async fn is_well(&mut self) {
        self.say(json!({ "type": "ping", "sent_us": 77 })).await;
        assert_eq!(self.until("pong").await["sent_us"], 77);
    }

    /// What the room's clock showed when this came in.
    pub fn came_in_us(&self) -> i64 {
        self.welcome["now_us"].as_i64().unwrap()
    }

    pub fn member(&self) -> i64 {
        self.welcome["member"].as_i64().unwrap()
    }

    pub async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next message; None: closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.expect("an answer");
            match next {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message of this kind.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("closed before a {kind}"));
            if message["type"] == kind {
                return message;
            }
            assert!(kind == "error" || message["type"] != "error", "{kind}: {message}");
        }
    }

    /// Until it is closed.
    pub async fn closed(&mut self) {
        while self.next().await.is_some() {}
    }

    /// The code of the refusal with which it is closed.
    pub async fn refused(&mut self) -> String {
        let code = self.until("error").await["code"].as_str().unwrap().to_owned();
        assert_eq!(self.next().await, None);
        code
    }
}

/// Starts this song now, as the room's clock has it.
pub fn claim(id: u64, epoch: u64, title: &str, now_us: i64) -> Value {
    json!({
        "type": "claim", "id": id, "epoch": epoch, "when": { "earliest_us": now_us, "latest_us": now_us },
        "act": { "kind": "started", "title": title },
        "playback": { "item": { "uri": format!("spotify:track:{title}"), "title": title, "by": "B", "duration_us": 200_000_000 },
                      "playing": true, "position_us": 0, "at_us": now_us, "bound_us": 1_000 },
    })
}

/// All that is answered to these bytes.
pub async fn get(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
