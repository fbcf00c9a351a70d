//! The room's clock over a network: exchanges with the hub in, offset and hard bound out (rule C2).

use std::collections::VecDeque;

use super::RoomClock;
use super::exchange::{Exchange, Proof, Refused};
use super::lines::Lines;
use super::pace::Pace;
use crate::time::{LocalTime, Span};

/// How long a proof is kept. Over a longer time crystals change their rate; over a shorter one a bad network seldom shows
/// its least time.
const WINDOW_US: i64 = 10 * 60 * 1_000_000;
/// One every 5 s in the window, and a burst: 4 KiB.
const KEPT: usize = 128;
/// So few do not tell a rate that changed from late messages: they only must not contradict each other.
const FEW: usize = 4;
/// With fewer than this the clock is known anew only after a burst.
const LITTLE: usize = 8;
/// No exchange began for so long: the machine slept and nobody said so, or there was no connection.
const SILENCE: Span = Span::from_secs(30);

/// What one machine knows of the room's clock. Whoever drives it sends a ping at [`ClockSync::next_exchange`] and says so with
/// [`ClockSync::begin`], hands in every answer, and asks for the clock when something is to be decided.
#[derive(Debug, Clone)]
pub struct ClockSync {
    /// Oldest first; both instants of each are no earlier than those of the one before.
    proofs: VecDeque<Proof>,
    lines: Option<Lines>,
    pace: Pace,
    begun: LocalTime,
    /// What was sent before this was under way during a suspend.
    not_before: LocalTime,
}

impl ClockSync {
    /// Nothing is known yet. `seed` feeds the dither.
    pub fn new(seed: u64, now: LocalTime) -> Self {
        Self {
            proofs: VecDeque::with_capacity(KEPT),
            lines: None,
            pace: Pace::new(seed, now),
            begun: now,
            not_before: LocalTime::from_micros(i64::MIN),
        }
    }

    /// When the next exchange is to begin; not in the future: now.
    pub fn next_exchange(&self) -> LocalTime {
        self.pace.due()
    }

    /// A ping goes out now. Several may be under way at the same time.
    pub fn begin(&mut self, now: LocalTime) {
        if now - self.begun > SILENCE {
            self.suspended(now);
        }
        self.begun = now;
        self.pace.begun(now);
    }

    /// A ping was answered. What cannot be true is refused, whatever it says, and changes nothing.
    pub fn exchange(&mut self, exchange: Exchange) -> Result<(), Refused> {
        let proof = exchange.proof()?;
        let overtaken = |last: &Proof| proof.sent < last.sent || proof.received < last.received || proof == *last;
        if exchange.sent < self.not_before || self.proofs.back().is_some_and(overtaken) {
            return Err(Refused::Stale);
        }
        Lines::of([proof].iter()).ok_or(Refused::Impossible)?;
        let old = |first: &Proof| proof.received.saturating_sub(first.sent) > WINDOW_US;
        while self.proofs.len() == KEPT || self.proofs.front().is_some_and(old) {
            self.proofs.pop_front();
        }
        self.proofs.push_back(proof);
        let all = self.proofs.len();
        self.lines = self.newest(all);
        if self.lines.is_none() {
            self.drop_oldest(all);
            if self.proofs.len() < LITTLE {
                self.pace.burst_again(exchange.received);
            }
        }
        Ok(())
    }

    /// The room's clock as it is known at `now`; None before the first exchange. The offset holds at `now`: an instant some
    /// seconds away is off by what clocks drift meanwhile (0.1 ms a second at most).
    pub fn clock(&self, now: LocalTime) -> Option<RoomClock> {
        let (offset, bound) = self.lines?.offset(now.as_micros());
        Some(RoomClock::new(Span::from_micros(offset), Span::from_micros(bound)))
    }

    /// The machine slept: its clock may have jumped. What was known is forgotten, and a burst is due.
    pub fn suspended(&mut self, now: LocalTime) {
        self.proofs.clear();
        self.lines = None;
        (self.begun, self.not_before) = (now, now);
        self.pace.burst(now);
    }

    /// Keeps as many of the newest as agree; the newest alone does.
    fn drop_oldest(&mut self, all: usize) {
        let (mut agree, mut too_many) = (1, all);
        while too_many - agree > 1 {
            let between = agree.midpoint(too_many);
            if self.newest(between).is_some() { agree = between } else { too_many = between }
        }
        self.lines = self.newest(agree);
        self.proofs.drain(..all - agree);
    }

    /// What so many of the newest leave, if they agree.
    fn newest(&self, count: usize) -> Option<Lines> {
        let these = self.proofs.range(self.proofs.len() - count..);
        Lines::of(these).filter(|lines| count <= FEW || !lines.bent())
    }
}
