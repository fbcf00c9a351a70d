//! As much of HTTP/1.1 as a hub needs: the head of one request, and its answer; or the change to a WebSocket.
//!
//! A connection is a request or a WebSocket, never several requests: nothing of HTTP is left beside an open room.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stream::Stream;

/// Browsers send some 2 KiB with their cookies for this address; a hub sets none.
const MOST_HEAD: usize = 8 * 1024;
const MOST_HEADERS: usize = 64;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    pub kind: Kind,
    /// What came behind it.
    pub rest: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Get,
    Head,
    /// The key of the one who asks for a WebSocket.
    WebSocket(String),
    /// It asks for a WebSocket that is not spoken here.
    OtherWebSocket,
    Other,
}

/// An answer that is the last thing said.
pub struct Answer {
    pub status: &'static str,
    /// Whole lines.
    pub headers: &'static str,
    pub body: String,
}

impl Answer {
    pub fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, headers: "content-type: text/plain; charset=utf-8\r\n", body: body.into() }
    }

    pub async fn send(&self, stream: &mut Stream, with_body: bool) -> io::Result<()> {
        let Self { status, headers, body } = self;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\ncache-control: no-store\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        if with_body {
            stream.write_all(body.as_bytes()).await?;
        }
        stream.shutdown().await
    }
}

/// Reads a request's head. Err(None): it went away; else what is wrong with it.
pub async fn read(stream: &mut Stream) -> Result<Request, Option<Answer>> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return Err(None),
            Ok(_) => {}
        }
        match parse(&bytes) {
            Ok(Some(request)) => return Ok(request),
            Ok(None) if bytes.len() < MOST_HEAD => {}
            Ok(None) => return Err(Some(Answer::new("431 Request Header Fields Too Large", "that is too long\n"))),
            Err(error) => return Err(Some(Answer::new("400 Bad Request", format!("no HTTP/1.1: {error}\n")))),
        }
    }
}

/// None: there is more to come.
fn parse(bytes: &[u8]) -> Result<Option<Request>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes)? else { return Ok(None) };
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok().map(str::trim)
    };
    let says = |name: &str, word: &str| {
        header(name).is_some_and(|list| list.split(',').any(|said| said.trim().eq_ignore_ascii_case(word)))
    };
    let kind = match request.method {
        Some("GET") if says("upgrade", "websocket") && says("connection", "upgrade") => {
            match header("sec-websocket-key").filter(|_| header("sec-websocket-version") == Some("13")) {
                Some(key) => Kind::WebSocket(key.to_owned()),
                None => Kind::OtherWebSocket,
            }
        }
        Some("GET") => Kind::Get,
        Some("HEAD") => Kind::Head,
        _ => Kind::Other,
    };
    let target = request.path.unwrap_or_default();
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    Ok(Some(Request { path, kind, rest: bytes[length..].to_vec() }))
}

/// From now on it is a WebSocket.
pub async fn switch(stream: &mut Stream, key: &str) -> io::Result<()> {
    let accept = accept_of(key);
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await
}

/// What proves that this speaks WebSocket (RFC 6455, 4.2.2).
fn accept_of(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    BASE64_STANDARD.encode(hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ASKED: &str = "GET /room?x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nrest";

    #[test]
    fn who_asks_for_a_websocket_is_understood_as_browsers_ask_for_it() {
        let request = parse(ASKED.as_bytes()).unwrap().unwrap();

        let kind = Kind::WebSocket("dGhlIHNhbXBsZSBub25jZQ==".into());
        assert_eq!(request, Request { path: "/room".into(), kind, rest: b"rest".to_vec() });
        let kind = |text: &str| parse(text.as_bytes()).unwrap().unwrap().kind;
        assert_eq!(kind(&ASKED.replace("13", "8")), Kind::OtherWebSocket);
        assert_eq!(kind("GET /healthz HTTP/1.1\r\n\r\n"), Kind::Get);
        assert_eq!(kind("POST /room HTTP/1.1\r\n\r\n"), Kind::Other);
    }

    #[test]
    fn the_answer_to_a_key_is_that_of_the_standard() {
        assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn half_a_request_is_waited_for_and_none_is_refused() {
        for at in [0, 3, 40, ASKED.len() - 6] {
            assert_eq!(parse(&ASKED.as_bytes()[..at]).unwrap(), None, "{at}");
        }
        assert!(parse(b"\x16\x03\x01\x02\x00\x01\x00").is_err(), "TLS where none is spoken");
    }
}
