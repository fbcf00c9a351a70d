//! Thousands of clients in one thread: they join rooms, say how they stand, and count what they hear.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mio::{Events, Poll, Token};

use crate::peer::{Heard, Peer};

/// What they speak, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hub {
    Relay,
    /// Frames passed on to everybody in the room, which is the path: by epoll alone.
    Bare,
    /// The same by Node's `ws`.
    Ws,
}

/// How updates are made.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many a second, by one after the other.
    Every(f64),
    /// The first so many of each room: the next as soon as the last came back.
    Saturated(usize),
}

/// What came in while it was looked at.
#[derive(Debug, Default)]
pub struct Seen {
    pub frames: u64,
    pub updates: u64,
    pub latencies_us: Vec<u32>,
    pub seconds: f64,
}

impl Seen {
    /// In ms.
    pub fn latency(&mut self, share: f64) -> f64 {
        self.latencies_us.sort_unstable();
        let at = (self.latencies_us.len().saturating_sub(1) as f64 * share) as usize;
        self.latencies_us.get(at).map_or(f64::NAN, |us| f64::from(*us) / 1e3)
    }
}

pub struct Swarm {
    hub: Hub,
    address: SocketAddr,
    room_size: usize,
    peers: Vec<Peer>,
    poll: Poll,
    began: Instant,
    /// Whose turns to beat have been, counted on from the first.
    beats: usize,
}

/// Everybody beats so often.
const BEAT: Duration = Duration::from_secs(5);
/// Handshakes under way at once.
const AT_ONCE: usize = 200;
/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

impl Swarm {
    pub fn new(hub: Hub, address: SocketAddr, count: usize, room_size: usize) -> Result<Self> {
        let peers = (0..count).map(|number| Peer::new(hub, number, number / room_size)).collect();
        Ok(Self { hub, address, room_size, peers, poll: Poll::new()?, began: Instant::now(), beats: 0 })
    }

    pub fn ready(&self) -> usize {
        self.peers.iter().filter(|peer| peer.ready).count()
    }

    fn now_us(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    /// Whose turn it is beats, if they are in: everybody's is once in [`BEAT`], spread over it.
    fn beat_in_turn(&mut self) -> Result<()> {
        let due = (self.began.elapsed().as_secs_f64() / BEAT.as_secs_f64() * self.peers.len() as f64) as usize;
        // After a pause, once round at most.
        self.beats = self.beats.max(due.saturating_sub(self.peers.len()));
        while self.beats < due {
            let at = self.beats % self.peers.len();
            if self.peers[at].ready {
                self.peers[at].beat()?;
            }
            self.beats += 1;
        }
        Ok(())
    }

    /// Until everybody is in.
    pub fn join(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut next = 0;
        let mut seen = Seen::default();
        while self.ready() < self.peers.len() {
            if Instant::now() > until {
                bail!("{} of {} came in", self.ready(), self.peers.len());
            }
            let waiting = next - self.peers[..next].iter().filter(|peer| peer.ready).count();
            for _ in waiting..AT_ONCE.min(waiting + self.peers.len() - next) {
                self.peers[next].connect(self.address, &self.poll, next)?;
                next += 1;
            }
            self.beat_in_turn()?;
            if !self.turn(Duration::from_millis(10), &mut seen)?.is_empty() {
                bail!("somebody was sent away");
            }
        }
        Ok(())
    }

    /// They make updates for so long; what came in after the first second is seen.
    pub fn run(&mut self, seconds: f64, pace: Pace) -> Result<Seen> {
        let warm = Instant::now() + Duration::from_secs(1);
        let end = warm + Duration::from_secs_f64(seconds);
        let mut seen = Seen::default();
        let mut said = 0_usize;
        let began = Instant::now();
        if let Pace::Saturated(senders) = pace {
            for at in 0..self.peers.len() {
                self.peers[at].echoes = at % self.room_size < senders;
                if self.peers[at].echoes {
                    let now = self.now_us();
                    self.peers[at].update(now)?;
                }
            }
        }
        let mut warmed = false;
        while Instant::now() < end {
            if !warmed && Instant::now() >= warm {
                (seen, warmed) = (Seen::default(), true);
            }
            if let Pace::Every(rate) = pace {
                let due = (began.elapsed().as_secs_f64() * rate) as usize;
                while said < due {
                    // Rooms in turn, and within a room everybody in turn.
                    let rooms = (self.peers.len() / self.room_size).max(1);
                    let at = (said % rooms * self.room_size + said / rooms % self.room_size) % self.peers.len();
                    let now = self.now_us();
                    self.peers[at].update(now)?;
                    said += 1;
                }
            }
            self.beat_in_turn()?;
            if !self.turn(Duration::from_micros(500), &mut seen)?.is_empty() {
                bail!("somebody was sent away");
            }
        }
        self.peers.iter_mut().for_each(|peer| peer.echoes = false);
        seen.seconds = seconds;
        Ok(seen)
    }

    /// Everybody exchanges clocks once, as heartbeats do.
    pub fn beat(&mut self) -> Result<()> {
        let mut seen = Seen::default();
        for at in 0..self.peers.len() {
            self.peers[at].beat()?;
            if at % 64 == 0 {
                self.turn(Duration::ZERO, &mut seen)?;
            }
        }
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until {
            self.turn(Duration::from_millis(10), &mut seen)?;
        }
        Ok(())
    }

    /// The hub went and is there again: everybody comes back within a random part of `jitter`. How long that took, by how
    /// many. `random`: any seed.
    pub fn come_back(&mut self, address: SocketAddr, jitter: Duration, mut random: u64) -> Result<(Duration, usize)> {
        let began = Instant::now();
        self.address = address;
        let mut due = Vec::with_capacity(self.peers.len());
        for at in 0..self.peers.len() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            due.push((began + jitter.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64), at));
            self.peers[at].gone();
        }
        due.sort_unstable();
        due.reverse();
        let mut seen = Seen::default();
        while self.ready() < self.peers.len() && began.elapsed() < PATIENCE {
            while due.last().is_some_and(|(at, _)| *at <= Instant::now()) {
                let Some((_, at)) = due.pop() else { break };
                self.peers[at].connect(self.address, &self.poll, at)?;
            }
            self.beat_in_turn()?;
            for at in self.turn(Duration::from_millis(1), &mut seen)? {
                due.insert(0, (Instant::now() + Duration::from_millis(100), at));
            }
        }
        Ok((began.elapsed(), self.ready()))
    }

    /// Takes what came in, waiting so long for something; who was sent away.
    fn turn(&mut self, wait: Duration, seen: &mut Seen) -> Result<Vec<usize>> {
        let mut events = Events::with_capacity(1024);
        match self.poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Vec::new()),
            polled => polled?,
        }
        let mut away = Vec::new();
        for event in &events {
            let Token(at) = event.token();
            let now = self.now_us();
            let open = self.peers[at].take(&mut |heard| match heard {
                Heard::Updates(updates, said_us) => {
                    seen.frames += 1;
                    seen.updates += updates;
                    seen.latencies_us.push(now.saturating_sub(said_us) as u32);
                }
                Heard::Other => {}
            });
            match open {
                Ok(again) if again => {
                    let now = self.now_us();
                    self.peers[at].update(now)?;
                }
                Ok(_) => {}
                Err(error) if is_end(&error) => {
                    away.push(at);
                    self.peers[at].gone();
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(away)
    }

    pub fn hub(&self) -> Hub {
        self.hub
    }
}

fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe | ConnectionRefused)
}
