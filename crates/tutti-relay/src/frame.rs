//! WebSocket frames (RFC 6455, section 5) as a hub needs them: texts out, whole texts in, and what is wrong with them.
//!
//! A frame that goes out is made once for all who get it. Of what comes in, only what is not yet whole is kept.

use std::sync::Arc;

use tutti_core::wire::{MOST_BYTES, Trouble};

/// A whole frame, for as many as it is for.
pub type Frame = Arc<[u8]>;

const CONTINUED: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The last frame of its message.
const LAST: u8 = 0x80;
const MASKED: u8 = 0x80;
/// The longest payload of a frame that is no message.
const MOST_CONTROL: usize = 125;

pub fn text(text: &str) -> Frame {
    framed(TEXT, text.as_bytes()).into()
}

pub fn close() -> Vec<u8> {
    framed(CLOSE, &[])
}

pub fn pong(payload: &[u8]) -> Vec<u8> {
    framed(PONG, payload)
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(LAST | kind);
    match payload.len() {
        short @ ..126 => frame.push(short as u8),
        long if long <= usize::from(u16::MAX) => {
            frame.push(126);
            frame.extend_from_slice(&(long as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    Text(String),
    /// To be answered by a pong with the same.
    Ping(Vec<u8>),
    Pong,
    Close,
}

/// What came in and is not whole yet.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// The first pieces of a message.
    pieces: Option<Vec<u8>>,
}

impl Inbox {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, pieces: None }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next that is whole; None: there is more to come.
    ///
    /// # Errors
    /// What is wrong; what comes after it cannot be understood.
    pub fn next(&mut self) -> Result<Option<Incoming>, Trouble> {
        loop {
            let Some(head) = Head::of(&self.bytes)? else { return Ok(None) };
            let end = head.at + head.length;
            if self.bytes.len() < end {
                return Ok(None);
            }
            let mut payload = self.bytes[head.at..end].to_vec();
            payload.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= head.mask[at % 4]);
            if self.bytes.len() == end {
                // Most connections are silent most of the time: nothing is kept for them.
                self.bytes = Vec::new();
            } else {
                self.bytes.drain(..end);
            }
            if let Some(whole) = self.taken(&head, payload)? {
                return Ok(Some(whole));
            }
        }
    }

    fn taken(&mut self, head: &Head, payload: Vec<u8>) -> Result<Option<Incoming>, Trouble> {
        let message = match (head.kind, self.pieces.take()) {
            (PING, pieces) => {
                self.pieces = pieces;
                return Ok(Some(Incoming::Ping(payload)));
            }
            (PONG, pieces) => {
                self.pieces = pieces;
                return Ok(Some(Incoming::Pong));
            }
            (CLOSE, _) => return Ok(Some(Incoming::Close)),
            (TEXT, None) => payload,
            (CONTINUED, Some(mut pieces)) => {
                pieces.extend_from_slice(&payload);
                pieces
            }
            // A piece of nothing, or a message within another.
            _ => return Err(Trouble::Malformed),
        };
        if message.len() > MOST_BYTES {
            return Err(Trouble::TooLong);
        }
        if !head.last {
            self.pieces = Some(message);
            return Ok(None);
        }
        String::from_utf8(message).map(|text| Some(Incoming::Text(text))).map_err(|_| Trouble::Malformed)
    }
}

/// The beginning of a frame.
struct Head {
    kind: u8,
    last: bool,
    mask: [u8; 4],
    /// Where the payload begins.
    at: usize,
    length: usize,
}

impl Head {
    /// None: there is more to come.
    fn of(bytes: &[u8]) -> Result<Option<Self>, Trouble> {
        let [first, second, ..] = *bytes else { return Ok(None) };
        let (kind, last, short) = (first & 0x0f, first & LAST != 0, second & !MASKED);
        let control = kind >= CLOSE;
        let known = matches!(kind, CONTINUED | TEXT | BINARY | CLOSE | PING | PONG);
        // Bits of extensions that nobody agreed on, frames without a mask, and control frames in pieces are refused.
        if !known
            || first & 0x70 != 0
            || second & MASKED == 0
            || (control && (!last || usize::from(short) > MOST_CONTROL))
        {
            return Err(Trouble::Malformed);
        }
        if kind == BINARY {
            return Err(Trouble::Binary);
        }
        let (begin, length) = match short {
            126 => (4, bytes.get(2..4).map(|long| long.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)))),
            127 => {
                (10, bytes.get(2..10).map(|long| long.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))))
            }
            short => (2, Some(u64::from(short))),
        };
        let Some(length) = length else { return Ok(None) };
        if length > MOST_BYTES as u64 {
            return Err(Trouble::TooLong);
        }
        let Some(mask) = bytes.get(begin..begin + 4).and_then(|mask| mask.try_into().ok()) else { return Ok(None) };
        Ok(Some(Self { kind, last, mask, at: begin + 4, length: length as usize }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// As a client sends it.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = framed(first & 0x0f, payload);
        frame[0] = first;
        frame[1] |= MASKED;
        let at = frame.len() - payload.len();
        frame[at..].iter_mut().zip([1, 2, 3, 4].iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        frame.splice(at..at, [1, 2, 3, 4]);
        frame
    }

    fn all(inbox: &mut Inbox) -> Result<Vec<Incoming>, Trouble> {
        let mut incoming = Vec::new();
        while let Some(next) = inbox.next()? {
            incoming.push(next);
        }
        Ok(incoming)
    }

    #[test]
    fn texts_of_every_length_come_in_byte_by_byte_as_well_as_at_once() {
        for length in [0, 1, 125, 126, 127, 5_000, MOST_BYTES] {
            let text = "x".repeat(length);
            let frame = sent(LAST | TEXT, text.as_bytes());

            let mut slow = Inbox::default();
            for byte in &frame[..frame.len() - 1] {
                slow.push(&[*byte]);
                assert_eq!(slow.next(), Ok(None));
            }
            slow.push(&frame[frame.len() - 1..]);

            assert_eq!(all(&mut slow).unwrap(), [Incoming::Text(text.clone())]);
            let mut two = Inbox::new([frame.clone(), frame].concat());
            assert_eq!(all(&mut two).unwrap(), [Incoming::Text(text.clone()), Incoming::Text(text)]);
            assert_eq!((two.bytes.capacity(), slow.bytes.capacity()), (0, 0), "nothing is kept");
        }
    }

    #[test]
    fn a_text_in_pieces_is_one_with_pings_in_between() {
        let pieces =
            [sent(TEXT, "é".as_bytes()[..1].as_ref()), sent(LAST | PING, b"hi"), sent(CONTINUED, &"é".as_bytes()[1..])];
        let mut inbox =
            Inbox::new([pieces.concat(), sent(LAST | CONTINUED, b"!"), sent(LAST | CLOSE, &[3, 232])].concat());

        let incoming = all(&mut inbox).unwrap();

        assert_eq!(incoming, [Incoming::Ping(b"hi".to_vec()), Incoming::Text("é!".into()), Incoming::Close]);
    }

    #[test]
    fn what_no_client_may_send_is_named() {
        let refused = |bytes: Vec<u8>| all(&mut Inbox::new(bytes)).unwrap_err();

        assert_eq!(refused(framed(TEXT, b"without a mask")), Trouble::Malformed);
        assert_eq!(refused(sent(LAST | 0x40 | TEXT, b"compressed")), Trouble::Malformed);
        assert_eq!(refused(sent(LAST | 3, b"unknown")), Trouble::Malformed);
        assert_eq!(refused(sent(PING, b"in pieces")), Trouble::Malformed);
        assert_eq!(refused(sent(LAST | PING, &[0; 126])), Trouble::Malformed);
        assert_eq!(refused(sent(LAST | CONTINUED, b"of nothing")), Trouble::Malformed);
        assert_eq!(refused([sent(TEXT, b"a"), sent(LAST | TEXT, b"b")].concat()), Trouble::Malformed);
        assert_eq!(refused(sent(LAST | TEXT, &[0xff])), Trouble::Malformed);
        assert_eq!(refused(sent(LAST | BINARY, b"bytes")), Trouble::Binary);
        assert_eq!(refused(sent(LAST | TEXT, &vec![b'x'; MOST_BYTES + 1])), Trouble::TooLong);
        assert_eq!(refused(vec![LAST | TEXT, MASKED | 127, 255, 255, 255, 255, 255, 255, 255, 255]), Trouble::TooLong);
        let piece = sent(CONTINUED, &vec![b'x'; MOST_BYTES]);
        assert_eq!(refused([sent(TEXT, b"x"), piece].concat()), Trouble::TooLong);
    }
}
