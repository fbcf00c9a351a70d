//! The least that a hub can do, to be held against: epoll, WebSocket frames, and each passed on to everybody in the room.
//!
//! One thread, no limits, no state, no JSON; the room is the path. What a socket does not take is thrown away.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

struct Peer {
    socket: TcpStream,
    /// None: it has not asked for its room yet.
    room: Option<String>,
    received: Vec<u8>,
}

/// Serves until it is killed.
pub fn serve(address: SocketAddr) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(address)?;
    println!("ws://{}", listener.local_addr()?);
    poll.registry().register(&mut listener, Token(usize::MAX), Interest::READABLE)?;
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let mut rooms: HashMap<String, Vec<usize>> = HashMap::new();
    let mut scrap = vec![0; 64 * 1024];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == Token(usize::MAX) {
                while let Ok((mut socket, _)) = listener.accept() {
                    socket.set_nodelay(true)?;
                    poll.registry().register(&mut socket, Token(peers.len()), Interest::READABLE)?;
                    peers.push(Some(Peer { socket, room: None, received: Vec::new() }));
                }
                continue;
            }
            let at = event.token().0;
            let Some(mut peer) = peers[at].take() else { continue };
            let open = peer.read(&mut scrap);
            if peer.room.is_none()
                && let Some(room) = peer.shake_hands()
            {
                rooms.entry(room.clone()).or_default().push(at);
                peer.room = Some(room);
            }
            let members = peer.room.as_ref().and_then(|room| rooms.get_mut(room));
            if !open {
                members.into_iter().for_each(|members| members.retain(|member| *member != at));
                continue;
            }
            let mut used = 0;
            if let Some(members) = members {
                while let Some((length, kind, payload)) = frame(&mut peer.received[used..]) {
                    used += length;
                    if kind == PING {
                        // A socket that takes nothing gets nothing.
                        _ = peer.socket.write(&framed(PONG, payload));
                        continue;
                    }
                    let message = framed(TEXT, payload);
                    for &member in members.iter() {
                        _ = match &mut peers[member] {
                            Some(other) => other.socket.write(&message),
                            None => peer.socket.write(&message),
                        };
                    }
                }
                peer.received.drain(..used);
                peer.received.shrink_to_fit();
            }
            peers[at] = Some(peer);
        }
    }
}

const TEXT: u8 = 1;
const PING: u8 = 9;
const PONG: u8 = 10;

impl Peer {
    /// Answers whether it is open.
    fn read(&mut self, scrap: &mut [u8]) -> bool {
        loop {
            match self.socket.read(scrap) {
                Ok(0) => return false,
                Ok(length) => self.received.extend_from_slice(&scrap[..length]),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    fn shake_hands(&mut self) -> Option<String> {
        let text = std::str::from_utf8(&self.received).ok()?;
        let (head, _) = text.split_once("\r\n\r\n")?;
        let room = head.split(' ').nth(1)?.to_owned();
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.received.clear();
        self.socket.write_all(answer.as_bytes()).ok()?;
        Some(room)
    }
}

/// A whole masked frame at the beginning, unmasked in place: its length, kind and payload.
fn frame(bytes: &mut [u8]) -> Option<(usize, u8, &[u8])> {
    let (kind, short) = (*bytes.first()? & 15, usize::from(*bytes.get(1)? & 127));
    let (at, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        short => (2, short),
    };
    let mask: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    let end = at + 4 + length;
    let payload = bytes.get_mut(at + 4..end)?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Some((end, kind, payload))
}

/// A frame of a server: one for all.
fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 4);
    frame.push(0x80 | kind);
    match payload.len() {
        short @ ..126 => frame.push(short as u8),
        long => {
            frame.push(126);
            frame.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}
