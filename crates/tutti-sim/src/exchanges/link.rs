//! How long messages travel between a member and the hub, each way by itself.

use std::str::FromStr;

use thiserror::Error;

use crate::random::Random;

/// One way. All in ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// Nothing is faster.
    pub least_ms: f64,
    /// What comes on top: lognormal, median and σ of ln.
    pub jitter_ms: (f64, f64),
    /// Some messages are late by up to `late_ms`, with this probability.
    pub late: f64,
    pub late_ms: f64,
    /// While queues are full (half a minute in every one and a half), each message waits longer by up to this.
    pub queue_ms: f64,
}

/// A connection to the hub.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    pub name: &'static str,
    pub up: Way,
    pub down: Way,
}

impl Way {
    const fn new(least_ms: f64, jitter_ms: (f64, f64), late: f64, late_ms: f64) -> Self {
        Self { least_ms, jitter_ms, late, late_ms, queue_ms: 0.0 }
    }

    /// µs, at this instant of the world.
    pub fn draw_us(&self, world_us: i64, random: &mut Random) -> i64 {
        let mut ms = self.least_ms + random.lognormal(self.jitter_ms.0, self.jitter_ms.1);
        if random.chance(self.late) {
            ms += random.between(0.0, self.late_ms);
        }
        let in_queue = random.unit() * self.queue_ms;
        if world_us.div_euclid(30_000_000) % 3 == 1 {
            ms += in_queue;
        }
        (ms * 1e3) as i64
    }
}

impl Link {
    /// Wired, or a good radio.
    pub const LAN: Self = Self::same("lan", Way::new(0.2, (0.15, 0.8), 0.02, 5.0));
    /// A home connection to a hub somewhere in the country.
    pub const HOME: Self = Self::same("home", Way::new(9.0, (1.0, 1.0), 0.03, 40.0));
    /// A train.
    pub const BAD_MOBILE: Self =
        Self::same("bad mobile", Way { queue_ms: 250.0, ..Way::new(30.0, (8.0, 1.1), 0.05, 400.0) });

    /// A jitter of 30 ms (mean) both ways; one message in twenty waits for 97 ms.
    pub const JITTER_30_MS: Self = Self::same("jitter of 30 ms", Way::new(20.0, (20.0, 0.9), 0.0, 0.0));
    pub const ALL: [Self; 4] = [Self::LAN, Self::HOME, Self::BAD_MOBILE, Self::JITTER_30_MS];

    const fn same(name: &'static str, way: Way) -> Self {
        Self { name, up: way, down: way }
    }

    /// The same with a quarter of the jitter on the way back. The least times of the two ways stay equal: that they differ is
    /// nothing which an exchange of messages can find out.
    pub const fn lopsided(self) -> Self {
        let Way { least_ms, jitter_ms: (median, sigma), late, late_ms, queue_ms } = self.up;
        let down =
            Way { least_ms, jitter_ms: (median / 4.0, sigma), late: late / 4.0, late_ms, queue_ms: queue_ms / 4.0 };
        Self { down, ..self }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no link; there are: lan, home, bad mobile, jitter of 30 ms")]
pub struct UnknownLink(String);

impl FromStr for Link {
    type Err = UnknownLink;

    fn from_str(name: &str) -> Result<Self, UnknownLink> {
        Self::ALL.into_iter().find(|link| link.name == name).ok_or_else(|| UnknownLink(name.to_owned()))
    }
}
