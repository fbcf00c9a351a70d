//! All rooms of this process: found by their id, opened by whoever has their secret, dropped when nobody is left.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_core::gate::{self, ConnectionId, Gate};
use tutti_core::proof::{Nonce, RoomId};
use tutti_core::wire::{Hello, Refusal, Trouble};

use crate::attempts::Attempts;
use crate::config::Config;
use crate::line::Line;
use crate::metrics::Metrics;
use crate::room::Room;

/// The rooms of one process.
pub struct Rooms {
    pub config: Config,
    pub metrics: Arc<Metrics>,
    known: Mutex<Known>,
    connections: AtomicU64,
    drained: CancellationToken,
    /// Whoever finds no place and is told so; others are cut off.
    pub turned_away: Arc<Semaphore>,
    pub tasks: TaskTracker,
}

#[derive(Default)]
struct Known {
    rooms: HashMap<RoomId, Arc<Room>>,
    addresses: HashMap<IpAddr, usize>,
    /// How many of the rooms were opened from an address.
    opened: HashMap<IpAddr, usize>,
    attempts: Attempts,
}

/// A connection's place under the limit of its address; free again when dropped.
pub struct Place {
    rooms: Arc<Rooms>,
    from: IpAddr,
}

impl Rooms {
    pub fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            config,
            metrics: Arc::default(),
            known: Mutex::default(),
            connections: AtomicU64::new(0),
            drained: CancellationToken::new(),
            turned_away: Arc::new(Semaphore::new(TOLD_AT_ONCE)),
            tasks: TaskTracker::new(),
        })
    }

    /// A place for one more connection of this address.
    pub fn place(self: &Arc<Self>, from: IpAddr) -> Result<Place, Refusal> {
        let mut known = self.lock();
        if self.is_draining() {
            return Err(Refusal::with(Trouble::HubFull, "this hub ends"));
        }
        if self.metrics.connections.load(Ordering::Relaxed) >= self.config.connections as u64 {
            return Err(Trouble::HubFull.into());
        }
        let here = known.addresses.entry(from).or_default();
        if *here >= self.config.connections_address {
            return Err(Trouble::TooManyFromAddress.into());
        }
        *here += 1;
        Metrics::add(&self.metrics.connections, 1);
        Ok(Place { rooms: Arc::clone(self), from })
    }

    pub fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// Judges a hello and lets the connection into its room.
    pub fn enter(
        self: &Arc<Self>,
        line: &Arc<Line>,
        hello: Hello,
        nonce: Nonce,
        from: IpAddr,
    ) -> Result<Arc<Room>, Refusal> {
        let guess = (from, hello.room.0);
        if self.lock().attempts.too_many(guess, self.config.attempts, Instant::now()) {
            return Err(Trouble::TooManyAttempts.into());
        }
        if let Err(refusal) = hello.check(nonce) {
            if matches!(refusal.code, Trouble::WrongSecret | Trouble::WrongUser) {
                self.lock().attempts.wrong(guess, Instant::now());
            }
            return Err(refusal);
        }
        let room = self.room(&hello, from)?;
        room.enter(line, hello)?;
        Metrics::add(&self.metrics.connected, 1);
        Ok(room)
    }

    fn room(self: &Arc<Self>, hello: &Hello, from: IpAddr) -> Result<Arc<Room>, Refusal> {
        let id = hello.room.0;
        let mut known = self.lock();
        if let Some(room) = known.rooms.get(&id) {
            return Ok(Arc::clone(room));
        }
        let only = self.config.only.as_ref();
        if !hello.open || only.is_some_and(|only| only.room != id) {
            return Err(Trouble::NoSuchRoom.into());
        }
        if known.rooms.len() >= self.config.rooms {
            return Err(Trouble::HubFull.into());
        }
        let opened = known.opened.entry(from).or_default();
        if *opened >= self.config.connections_address {
            return Err(Refusal::with(Trouble::TooManyFromAddress, "rooms"));
        }
        *opened += 1;
        let config = gate::Config {
            room: id,
            clock: self.config.clock.name().to_owned(),
            limits: self.config.limits,
            seed: rand::random(),
            state: only.and_then(|only| only.state.clone()),
        };
        let gate = Gate::new(config, self.config.clock.now());
        let room = Arc::new(Room::new(gate, id, Arc::clone(&self.config.clock), Arc::clone(&self.metrics)));
        known.rooms.insert(id, Arc::clone(&room));
        let (rooms, kept) = (Arc::clone(self), Arc::clone(&room));
        self.tasks.spawn(async move {
            loop {
                // Whoever opens it is on the way in.
                tokio::time::sleep(OPENS_WITHIN).await;
                tokio::select! {
                    () = kept.keep_time() => {}
                    () = rooms.drained.cancelled() => return,
                }
                if rooms.drop_if_over(&kept, from) {
                    return;
                }
            }
        });
        Ok(room)
    }

    /// Nobody comes in between: whoever enters holds the same lock first.
    fn drop_if_over(&self, room: &Arc<Room>, opened_from: IpAddr) -> bool {
        let mut known = self.lock();
        if !room.is_over() || Arc::strong_count(room) > 2 {
            return false;
        }
        known.rooms.remove(&room.id);
        count_down(&mut known.opened, opened_from);
        true
    }

    /// How many rooms and members there are.
    pub fn count(&self) -> (usize, usize) {
        let rooms: Vec<Arc<Room>> = self.lock().rooms.values().cloned().collect();
        (rooms.len(), rooms.iter().map(|room| room.members()).sum())
    }

    pub fn is_draining(&self) -> bool {
        self.drained.is_cancelled()
    }

    /// This hub ends.
    pub async fn drained(&self) {
        self.drained.cancelled().await;
    }

    /// Everybody is told that this hub ends; nobody new comes in.
    pub fn drain(&self) {
        self.drained.cancel();
        let rooms: Vec<Arc<Room>> = self.lock().rooms.values().cloned().collect();
        let elsewhere = self.config.only.as_ref().is_some_and(|only| only.elsewhere.is_cancelled());
        for room in rooms {
            room.leave(self.config.back_within_ms, elsewhere);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between the opening of a room and the first who enters it.
const OPENS_WITHIN: std::time::Duration = std::time::Duration::from_millis(200);

/// So many are told at once that there is no place for them.
const TOLD_AT_ONCE: usize = 64;

fn count_down(counts: &mut HashMap<IpAddr, usize>, of: IpAddr) {
    if let Some(count) = counts.get_mut(&of) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&of);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut known = self.rooms.lock();
        count_down(&mut known.addresses, self.from);
        self.rooms.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
