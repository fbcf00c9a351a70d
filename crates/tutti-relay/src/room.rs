//! One room: its gate, its connections, and the task that keeps its deadlines.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tutti_core::gate::{ConnectionId, Gate, Out};
use tutti_core::proof::RoomId;
use tutti_core::time::{RoomTime, Span};
use tutti_core::wire::{Hello, Refusal, ToHub, Trouble};

use crate::clock::HubClock;
use crate::frame;
use crate::line::Line;
use crate::metrics::Metrics;

/// A room of this process.
pub struct Room {
    pub id: RoomId,
    inner: Mutex<Inner>,
    clock: Arc<HubClock>,
    metrics: Arc<Metrics>,
    /// The task of deadlines sleeps until then, in µs of the clock.
    wakes_at: AtomicI64,
    earlier: Notify,
}

struct Inner {
    gate: Gate,
    lines: BTreeMap<ConnectionId, Arc<Line>>,
    /// This hub ends.
    leaving: bool,
}

/// A room in which nothing is due is looked at so often.
const IDLE: Span = Span::from_secs(1);

impl Room {
    pub fn new(gate: Gate, id: RoomId, clock: Arc<HubClock>, metrics: Arc<Metrics>) -> Self {
        Self {
            id,
            inner: Mutex::new(Inner { gate, lines: BTreeMap::new(), leaving: false }),
            clock,
            metrics,
            wakes_at: AtomicI64::new(i64::MIN),
            earlier: Notify::new(),
        }
    }

    /// Lets a connection in whose hello was checked.
    pub fn enter(&self, line: &Arc<Line>, hello: Hello) -> Result<(), Refusal> {
        let mut inner = self.lock();
        if inner.leaving {
            return Err(Refusal::with(Trouble::HubFull, "this hub ends"));
        }
        inner.lines.insert(line.id, Arc::clone(line));
        let entered = inner.gate.enter(line.id, hello, self.clock.now());
        if entered.is_err() {
            inner.lines.remove(&line.id);
        }
        self.carry_out(&mut inner);
        entered.map(|_| ())
    }

    pub fn received(&self, from: ConnectionId, message: Result<ToHub, Refusal>) {
        let mut inner = self.lock();
        if let Err(refusal) = &message {
            self.metrics.refused(refusal.code);
        }
        inner.gate.received(from, message, self.clock.now());
        self.carry_out(&mut inner);
    }

    /// It said something that is no message.
    pub fn noise(&self, from: ConnectionId) {
        let mut inner = self.lock();
        inner.gate.noise(from, self.clock.now());
        self.carry_out(&mut inner);
    }

    /// It missed something, and takes again what is sent.
    pub fn tell_whole(&self, connection: ConnectionId) {
        let mut inner = self.lock();
        inner.gate.tell_whole(connection);
        self.carry_out(&mut inner);
    }

    pub fn closed(&self, connection: ConnectionId) {
        let mut inner = self.lock();
        inner.lines.remove(&connection);
        inner.gate.closed(connection, self.clock.now());
        self.carry_out(&mut inner);
    }

    /// This hub ends, as another has the room or not: everybody is told.
    pub fn leave(&self, within_ms: u32, elsewhere: bool) {
        let mut inner = self.lock();
        inner.leaving = true;
        if elsewhere {
            inner.gate.give_way(within_ms);
        } else {
            inner.gate.leave(within_ms);
        }
        self.carry_out(&mut inner);
    }

    pub fn is_over(&self) -> bool {
        self.lock().gate.is_over()
    }

    pub fn members(&self) -> usize {
        self.lock().gate.members()
    }

    /// Keeps the room's deadlines until it is over.
    pub async fn keep_time(&self) {
        while !self.is_over() {
            let (until, now) = {
                // While this is held, nothing can become due earlier that is not seen.
                let inner = self.lock();
                let now = self.clock.now();
                let until = inner.gate.deadline().unwrap_or(now + IDLE);
                self.wakes_at.store(until.as_micros(), Ordering::Release);
                (until, now)
            };
            let wait = Duration::from_micros((until - now).as_micros().max(0) as u64);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.earlier.notified() => {}
            }
            let mut inner = self.lock();
            let now = self.clock.now();
            if inner.gate.deadline().is_some_and(|due| due <= now) {
                inner.gate.tick(now);
                self.carry_out(&mut inner);
            }
        }
    }

    /// Sends what the gate has to say, and wakes the task of deadlines if one is due before it would.
    fn carry_out(&self, inner: &mut Inner) {
        while let Some(out) = inner.gate.poll() {
            match out {
                Out::Send { to, text } => {
                    let frame = frame::text(&text);
                    let lines = to.iter().filter_map(|connection| inner.lines.get(connection));
                    let (mut sent, mut slow) = (0, 0);
                    for line in lines {
                        if line.send(&frame) { sent += 1 } else { slow += 1 }
                    }
                    Metrics::add(&self.metrics.sent, sent);
                    Metrics::add(&self.metrics.slow, slow);
                }
                Out::Close(connection) => {
                    if let Some(line) = inner.lines.remove(&connection) {
                        line.close();
                    }
                }
            }
        }
        let due = inner.gate.deadline().map_or(i64::MAX, RoomTime::as_micros);
        if due < self.wakes_at.load(Ordering::Acquire) {
            self.wakes_at.store(due, Ordering::Release);
            self.earlier.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
