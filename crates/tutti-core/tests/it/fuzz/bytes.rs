//! Bytes as the numbers, instants and words of inputs; when they run out, everything is zero.
//!
//! Not the crate `arbitrary`: it would have to know the engine's types, and most of what it made would be far from what
//! a player says. Here most values are likely ones, and some are the worst.

use tutti_core::time::{LocalTime, RoomTime, Span};

const WORST: [i64; 10] =
    [i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, i64::MAX / 2, i64::MIN / 2, -1, 0, 1, 1 << 53];

pub struct Bytes<'a> {
    left: &'a [u8],
    /// Instants go on as they do, so that long stories can be told.
    in_order: bool,
}

impl<'a> Bytes<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut bytes = Self { left: bytes, in_order: false };
        bytes.in_order = bytes.flag();
        bytes
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.left.split_first() else { return 0 };
        self.left = rest;
        first
    }

    pub fn below(&mut self, n: u8) -> u8 {
        self.byte() % n
    }

    /// True for a byte that is not there.
    pub fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    /// One in so many, and never without bytes.
    pub fn seldom(&mut self, in_so_many: u8) -> bool {
        self.below(in_so_many) == in_so_many - 1
    }

    pub fn number(&mut self) -> i64 {
        match self.below(8) {
            0..=4 => i64::from(self.byte()) * i64::from(self.byte()),
            5 => -i64::from(self.byte()),
            6 => WORST[usize::from(self.byte()) % WORST.len()],
            _ => (0..8).fold(0, |number, _| number << 8 | i64::from(self.byte())),
        }
    }

    /// µs of any size, or ms up to a minute or so.
    pub fn span(&mut self) -> Span {
        if self.seldom(4) { Span::from_micros(self.number()) } else { Span::from_millis(self.likely_ms()) }
    }

    pub fn likely_ms(&mut self) -> i64 {
        i64::from(self.byte()) * i64::from(self.byte())
    }

    /// Another instant: mostly a little later, seldom earlier, very seldom any.
    pub fn later(&mut self, now: LocalTime) -> LocalTime {
        let step = i64::from(self.byte());
        match step {
            0..=7 => now,
            8..=99 => now + Span::from_millis(step * step),
            100..=239 => now + Span::from_millis(step),
            _ if self.in_order => now + Span::from_secs(step - 230),
            240..=246 => now - Span::from_millis((step - 239) * 300),
            247..=250 => now + Span::from_secs(step * i64::from(self.byte())),
            251..=253 => now - Span::from_secs(i64::from(self.byte())),
            254 => now,
            _ => LocalTime::from_micros(self.number()),
        }
    }

    pub fn local(&mut self, about: LocalTime) -> LocalTime {
        let any = self.seldom(8) && !self.in_order;
        if any { LocalTime::from_micros(self.number()) } else { about - Span::from_millis(self.byte().into()) }
    }

    pub fn room(&mut self, about: RoomTime) -> RoomTime {
        let any = self.seldom(8) && !self.in_order;
        if any { RoomTime::from_micros(self.number()) } else { about - Span::from_millis(self.likely_ms()) }
    }

    /// One of a few words, or any, of up to 255 letters.
    pub fn word(&mut self) -> String {
        match self.below(8) {
            0..=5 => ["a", "b", "c", "d", "", "ä\u{0}\n\"'"][usize::from(self.below(6))].to_owned(),
            6 => format!("{}{}", self.byte(), self.byte()),
            _ => "x".repeat(self.byte().into()),
        }
    }
}
