//! What plays and where it is at any instant of the room's clock.

use std::sync::Arc;

use crate::speed::Speed;
use crate::time::{RoomTime, Span};

/// The next item begins no later than this after the end of the one before, but for devices that take their time to load.
const BETWEEN_ITEMS: Span = Span::from_millis(500);

/// A song or an episode, as far as the engine and the windows need to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Spotify's URI as this account's market reports it.
    pub uri: String,
    pub title: String,
    /// Artists, or the show.
    pub by: String,
    pub album: String,
    /// Address of the cover picture.
    pub cover: Option<String>,
    /// The item on open.spotify.com.
    pub link: Option<String>,
    pub duration: Span,
    pub isrc: Option<String>,
    pub episode: bool,
}

impl Item {
    /// The same recording? By URI, else by ISRC with durations within 2 s: another market may answer with another id.
    pub fn same_recording(&self, other: &Self) -> bool {
        self.uri == other.uri
            || (self.isrc.is_some()
                && self.isrc == other.isrc
                && (self.duration - other.duration).abs() <= Span::from_secs(2))
    }
}

/// What a player does: a line that can be extended to any instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playback {
    pub item: Arc<Item>,
    pub playing: bool,
    /// Position in the item at `at`.
    pub position: Span,
    pub at: RoomTime,
    /// How fast it runs while it plays: 1.0 but for episodes (C1, E7).
    pub speed: Speed,
    /// Only this speed is possible by what was read, or it is known otherwise.
    pub speed_known: bool,
    /// The true position lies within ± this of `position`, by the service's report.
    pub bound: Span,
    /// What the leader's queue holds next, nearest first.
    pub next: Vec<Arc<Item>>,
    /// The leader's queue has been read since this item started; until then `next` may be incomplete.
    pub next_known: bool,
}

impl Playback {
    /// Where it is at `now`: runs on while playing, never beyond the item's end, never below 0.
    pub fn position_at(&self, now: RoomTime) -> Span {
        self.line_at(now).min(self.item.duration).max(Span::ZERO)
    }

    /// Where the line is at `now`, also beyond the ends of the item.
    pub fn line_at(&self, now: RoomTime) -> Span {
        self.position + self.speed.while_running(self.playing).run(now - self.at)
    }

    /// Where it is by the leader's list, if nobody told for so long since its item ended: the next one began there.
    pub fn gone_on(mut self, now: RoomTime, after: Span) -> Self {
        let is_over = |on: &Self| on.ends_at().is_some_and(|end| now - end >= after);
        while self.next_known && !self.item.episode && is_over(&self) {
            let (Some(end), Some(next)) = (self.ends_at(), self.next.first().filter(|next| !next.episode)) else {
                break;
            };
            (self.at, self.position) = (end, Span::ZERO);
            self.item = Arc::clone(next);
            self.next.remove(0);
            self.bound += BETWEEN_ITEMS;
        }
        self
    }

    /// It stands at the item's end: the leader's list is over.
    pub fn has_ended(&self) -> bool {
        !self.playing && self.position >= self.item.duration
    }

    /// When the item ends, if it plays on.
    pub fn ends_at(&self) -> Option<RoomTime> {
        self.playing.then(|| self.at + self.speed.takes(self.item.duration - self.position))
    }
}
