//! One client under load: its socket, its way into a room, and what it hears.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use serde_json::{Value, json};
use tutti_core::proof::{AccountMark, Nonce, RoomSecret, UserKey};

use crate::swarm::Hub;

/// What a frame was.
pub enum Heard {
    /// So many updates of members, and when the last of them was said.
    Updates(u64, u64),
    Other,
}

pub struct Peer {
    hub: Hub,
    number: usize,
    room: usize,
    socket: Option<TcpStream>,
    /// What is asked as soon as it is connected.
    asks: Option<String>,
    received: Vec<u8>,
    switched: bool,
    pub ready: bool,
    /// Says the next as soon as the last came back.
    pub echoes: bool,
}

/// As long as an update is when it comes to a member, in bytes.
pub const UPDATE_BYTES: usize = 210;
const TEXT: u8 = 1;
const PING: u8 = 9;

impl Peer {
    pub fn new(hub: Hub, number: usize, room: usize) -> Self {
        Self {
            hub,
            number,
            room,
            socket: None,
            asks: None,
            received: Vec::new(),
            switched: false,
            ready: false,
            echoes: false,
        }
    }

    pub fn gone(&mut self) {
        (self.socket, self.ready, self.switched) = (None, false, false);
        self.received.clear();
    }

    pub fn connect(&mut self, to: SocketAddr, poll: &Poll, token: usize) -> io::Result<()> {
        let mut socket = TcpStream::connect(to)?;
        socket.set_nodelay(true)?;
        poll.registry().register(&mut socket, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        let path = match self.hub {
            Hub::Relay => "/room".to_owned(),
            Hub::Bare | Hub::Ws => format!("/{}", self.room),
        };
        self.asks = Some(format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ));
        self.socket = Some(socket);
        Ok(())
    }

    /// Says how it stands, at this instant.
    pub fn update(&mut self, now_us: u64) -> io::Result<()> {
        let standing = |fill: usize| {
            json!({ "standing": "in_place", "error_us": -12_000, "bound_us": 40_000, "device": format!("c{:07}", self.number),
                    "player": { "title": "x".repeat(fill), "playing": true, "position_us": 41_600_000_u64,
                                "at_us": 1_000_000_000_000 + now_us, "duration_us": 213_000_000_u64 } })
        };
        let told = |fill| json!({ "type": "standings", "list": [[self.number, standing(fill)]] }).to_string();
        let fill = UPDATE_BYTES.saturating_sub(told(0).len());
        let text = match self.hub {
            Hub::Bare | Hub::Ws => told(fill),
            // The type comes first, as those write it who build messages from types.
            Hub::Relay => format!(r#"{{"type":"standing",{}"#, &standing(fill).to_string()[1..]),
        };
        self.send(TEXT, text.as_bytes())
    }

    /// A heartbeat, with the exchange of clocks where there is one.
    pub fn beat(&mut self) -> io::Result<()> {
        match self.hub {
            Hub::Relay => self.send(TEXT, br#"{"type":"ping","sent_us":1234567890}"#),
            Hub::Bare | Hub::Ws => self.send(PING, b"1234567890"),
        }
    }

    /// Takes all that came in; answers whether an own update came back that is to be followed by the next.
    pub fn take(&mut self, heard: &mut impl FnMut(Heard)) -> io::Result<bool> {
        let Some(socket) = &mut self.socket else { return Ok(false) };
        if let Some(asks) = &self.asks {
            match socket.write_all(asks.as_bytes()) {
                Ok(()) => self.asks = None,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        let mut scrap = [0; 16 * 1024];
        loop {
            match socket.read(&mut scrap) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.received.extend_from_slice(&scrap[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let received = std::mem::take(&mut self.received);
        let (mut used, mut again) = (0, false);
        if !self.switched {
            let Some(end) = find(&received, b"\r\n\r\n") else {
                self.received = received;
                return Ok(false);
            };
            if !received.starts_with(b"HTTP/1.1 101") {
                return Err(io::Error::other(String::from_utf8_lossy(&received[..end]).into_owned()));
            }
            (self.switched, used) = (true, end + 4);
            self.ready = self.hub != Hub::Relay;
        }
        while let Some((length, payload)) = frame(&received[used..]) {
            used += length;
            let message = self.message(payload)?;
            if let Heard::Updates(..) = message
                && self.echoes
            {
                again |= find(payload, format!("c{:07}", self.number).as_bytes()).is_some();
            }
            heard(message);
        }
        self.received = received;
        self.received.drain(..used);
        Ok(again)
    }

    fn message(&mut self, payload: &[u8]) -> io::Result<Heard> {
        if payload.starts_with(br#"{"type":"standings""#) || payload.starts_with(br#"{"list""#) {
            let (mut updates, mut rest, mut said) = (0, payload, 0);
            while let Some(at) = find(rest, br#""at_us":1"#) {
                let digits = rest[at + 9..].iter().take_while(|digit| digit.is_ascii_digit());
                said = digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
                (updates, rest) = (updates + 1, &rest[at + 9..]);
            }
            return Ok(Heard::Updates(updates, said));
        }
        if self.ready {
            return if payload.starts_with(br#"{"type":"error""#) { Err(refused(payload)) } else { Ok(Heard::Other) };
        }
        let message: Value = serde_json::from_slice(payload)?;
        match message["type"].as_str() {
            Some("challenge") => {
                let hello = self.hello(message["nonce"].as_str().unwrap_or_default());
                self.send(TEXT, hello.to_string().as_bytes())?;
            }
            Some("welcome") => self.ready = true,
            Some("error") => return Err(refused(payload)),
            _ => {}
        }
        Ok(Heard::Other)
    }

    fn hello(&self, nonce: &str) -> Value {
        let bytes = |number: usize| -> [u8; 16] {
            let mut bytes = [7; 16];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            bytes
        };
        let nonce = Nonce::parse(nonce).unwrap_or(Nonce::new([0; 32]));
        let (secret, user) = (RoomSecret::new(bytes(self.room)), UserKey::new(bytes(self.number)));
        let room = secret.room();
        json!({
            "type": "hello", "version": 1, "room": room.to_string(), "proof": secret.prove(nonce).to_string(), "open": true,
            "name": format!("Member {}", self.number), "device": "laptop",
            "user": { "id": user.user(room).to_string(), "proof": user.prove(nonce, room).to_string(),
                      "account": AccountMark::of(&self.number.to_string()).to_string() },
        })
    }

    fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        let mut frame = vec![0x80 | kind];
        match payload.len() {
            short @ ..126 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        socket.write_all(&frame)
    }
}

fn refused(payload: &[u8]) -> io::Error {
    io::Error::other(String::from_utf8_lossy(payload).into_owned())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}

/// A whole frame at the beginning: its length and payload.
fn frame(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (at, length) = match bytes.get(1)? & 127 {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        short => (2, usize::from(short)),
    };
    Some((at + length, bytes.get(at..at + length)?))
}
