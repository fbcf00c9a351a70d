//! A scripted player for tests: a line that is read through a round trip.

use std::sync::Arc;

use tutti_core::playback::Item;
use tutti_core::reading::{Device, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use tutti_core::time::{LocalTime, Span};

/// The round trip of every reading, ms; the answer is exact 40 ms after it was asked.
pub const TRIP: i64 = 80;

pub fn at(ms: i64) -> LocalTime {
    LocalTime::from_micros(ms * 1_000)
}

pub fn ms(ms: i64) -> Span {
    Span::from_millis(ms)
}

pub fn song(name: &str) -> Arc<Item> {
    Arc::new(Item {
        uri: format!("spotify:track:{name}"),
        title: name.to_owned(),
        by: "somebody".to_owned(),
        album: String::new(),
        cover: None,
        link: None,
        duration: ms(200_000),
        isrc: None,
        episode: false,
    })
}

/// What a player does: `position` at `since`, running or not.
#[derive(Clone)]
pub struct Script {
    pub item: Arc<Item>,
    pub playing: bool,
    pub since: i64,
    pub position: i64,
    pub stamp: Option<i64>,
    pub device: &'static str,
    /// Thousandths of real time.
    pub speed: i64,
}

impl Script {
    pub fn playing(name: &str, since: i64, position: i64) -> Self {
        Self { item: song(name), playing: true, since, position, stamp: None, device: "phone", speed: 1_000 }
    }

    /// An episode of forty minutes.
    pub fn episode(speed: i64, since: i64, position: i64) -> Self {
        let episode = Item { duration: ms(2_400_000), episode: true, ..Item::clone(&song("talk")) };
        Self { item: Arc::new(episode), speed, ..Self::playing("talk", since, position) }
    }

    /// The same player, at another speed or place from `since` on.
    pub fn goes_on(&self, since: i64, speed: i64, by: i64) -> Self {
        Self { since, speed, position: self.position(since) + by, ..self.clone() }
    }

    pub fn paused(name: &str, position: i64) -> Self {
        Self { playing: false, ..Self::playing(name, 0, position) }
    }

    pub fn position(&self, now: i64) -> i64 {
        self.position + if self.playing { (now - self.since) * self.speed / 1_000 } else { 0 }
    }

    /// A reading asked at `asked`.
    pub fn read(&self, asked: i64) -> Reading {
        self.read_with(asked, |_| {})
    }

    pub fn read_with(&self, asked: i64, change: impl FnOnce(&mut PlayerSeen)) -> Reading {
        let mut seen = PlayerSeen {
            item: Some(Arc::clone(&self.item)),
            kind: SeenKind::Item,
            progress: Some(ms(self.position(asked + TRIP / 2))),
            playing: self.playing,
            device: Some(Device { id: Some(self.device.to_owned()), name: self.device.to_owned(), restricted: false }),
            timestamp: self.stamp,
            shuffle: false,
            repeat: Repeat::Off,
        };
        change(&mut seen);
        Reading { asked: at(asked), answered: at(asked + TRIP), seen: Seen::Player(seen) }
    }
}
