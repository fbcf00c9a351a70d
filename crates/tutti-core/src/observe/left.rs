//! Old snapshots: readings of a line that the player left, or from before the newest stamp (E6).

use std::collections::VecDeque;

use super::Line;
use crate::estimate::{Estimate, Mark, Quality};
use crate::playback::Item;
use crate::reading::PlayerSeen;
use crate::time::{LocalTime, Span};

/// How long a line that was left is remembered, and how near a reading must be to it.
const KEPT: Span = Span::from_secs(3_600);
const AROUND: Span = Span::from_millis(500);
/// Lines remembered: more than a lively hour leaves.
const MOST: usize = 256;
/// A stamp so far below the newest is that of an old snapshot.
const STAMP_BACK_MS: i64 = 2_000;
/// An "old" snapshot that stays for so long is the truth after all: stamps are evidence, not proof. Of a line that was
/// left long ago one second look is enough; against its stamp it takes long: front ends showed such pictures for minutes.
const PERSISTS: Span = Span::from_secs(5);
const PERSISTS_LONG_LEFT: Span = Span::from_millis(1_000);
const PERSISTS_STAMPED: Span = Span::from_secs(90);
/// The same for readings that lie on no one line, so many times as long.
const ANY_PERSISTS: i64 = 3;
const LONG_LEFT: Span = Span::from_secs(30);
/// The next look at one, for as many looks.
const LOOK_AGAIN: Span = Span::from_millis(1_200);
const LOOKS: usize = 5;

/// A reading that was taken for an old snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    /// Look again then, to see whether it stays.
    LookAgain(LocalTime),
    Left,
}

/// The lines that one player left, and what is being taken for a picture of them.
#[derive(Debug, Default)]
pub(super) struct LeftLines {
    lines: VecDeque<Left>,
    old: Option<Pictures>,
    newest_stamp: Option<i64>,
}

/// Readings in a row that were taken for old snapshots.
#[derive(Debug)]
struct Pictures {
    first: LocalTime,
    looks: usize,
    /// The line of the last of them, and since when they lie on it.
    line: Estimate,
    since: LocalTime,
}

#[derive(Debug, Clone)]
struct Left {
    uri: String,
    estimate: Estimate,
    at: LocalTime,
}

impl LeftLines {
    /// The player went from this line to another.
    pub(super) fn push(&mut self, line: Line, now: LocalTime) {
        self.lines.push_back(Left { uri: line.item.uri.clone(), estimate: line.estimate.left(), at: now });
        while self.lines.len() > MOST || self.lines.front().is_some_and(|left| now - left.at > KEPT) {
            self.lines.pop_front();
        }
    }

    /// The line before the present one, if it was one of this item.
    pub(super) fn last_of(&self, item: &Item) -> Option<&Estimate> {
        self.lines.back().filter(|left| left.uri == item.uri).map(|left| &left.estimate)
    }

    /// A reading was used.
    pub(super) fn used(&mut self, stamp: Option<i64>) {
        self.newest_stamp = self.newest_stamp.max(stamp);
    }

    /// A reading fitted or a line began: what was taken for old is over.
    pub(super) fn settled(&mut self) {
        self.old = None;
    }

    /// A snapshot from before: its stamp is far below the newest, or it lies on a line that was left and its stamp is
    /// not newer. One that stays is the truth after all. `begun`: the line that this reading would begin.
    pub(super) fn is_old(
        &mut self,
        seen: &PlayerSeen,
        item: &Item,
        mark: Mark,
        answered: LocalTime,
        (begun, quality): (&Estimate, &Quality),
    ) -> Option<Old> {
        let newest = self.newest_stamp;
        let stamp_back = matches!((seen.timestamp, newest), (Some(s), Some(n)) if s < n.saturating_sub(STAMP_BACK_MS));
        let stamp_newer = matches!((seen.timestamp, newest), (Some(s), Some(n)) if s > n);
        let on_left = self.lines.iter().rfind(|left| {
            left.uri == item.uri
                && left.estimate.running() == seen.playing
                && left.estimate.miss(mark, quality).is_none_or(|miss| miss.abs() <= AROUND)
        });
        let persists_after = match on_left {
            _ if stamp_back => PERSISTS_STAMPED,
            Some(_) | None if stamp_newer => return None,
            Some(left) if answered - left.at > LONG_LEFT => PERSISTS_LONG_LEFT,
            Some(_) => PERSISTS,
            None => return None,
        };
        let old = self.old.get_or_insert_with(|| Pictures {
            first: answered,
            since: answered,
            looks: 0,
            line: begun.clone(),
        });
        old.looks += 1;
        if old.line.running() != seen.playing || old.line.miss(mark, quality).is_some() {
            (old.since, old.line) = (answered, begun.clone());
        }
        // One that stays on a line of its own is the truth; so is whatever comes instead of the known line for long.
        if answered - old.since >= persists_after || answered - old.first >= persists_after * ANY_PERSISTS {
            self.newest_stamp = seen.timestamp;
            return None;
        }
        Some(if old.looks < LOOKS { Old::LookAgain(answered + LOOK_AGAIN) } else { Old::Left })
    }
}
