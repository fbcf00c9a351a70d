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
/// An "old" snapshot that runs on for so long and so often is the truth after all: stamps are evidence, not proof.
const PERSISTS: Span = Span::from_secs(5);
/// The same for one whose stamp is older: front ends showed such pictures for minutes.
const PERSISTS_STAMPED: Span = Span::from_secs(90);
const READINGS: usize = 3;

/// The lines that one player left, and what is being taken for a picture of them.
#[derive(Debug, Default)]
pub(super) struct LeftLines {
    lines: VecDeque<Left>,
    /// Readings in a row that were taken for an old snapshot: since when, how many, on which line.
    old: Option<(LocalTime, usize, Estimate)>,
    newest_stamp: Option<i64>,
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
        self.lines.push_back(Left { uri: line.item.uri.clone(), estimate: line.estimate, at: now });
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
    /// not newer. One that stays for 5 s (90 s against its stamp) is the truth after all.
    pub(super) fn is_old(
        &mut self,
        seen: &PlayerSeen,
        item: &Item,
        mark: Mark,
        answered: LocalTime,
        quality: &Quality,
    ) -> bool {
        let newest = self.newest_stamp;
        let stamp_back = matches!((seen.timestamp, newest), (Some(s), Some(n)) if s < n - STAMP_BACK_MS);
        let stamp_newer = matches!((seen.timestamp, newest), (Some(s), Some(n)) if s > n);
        let on_left = || {
            self.lines.iter().any(|left| {
                left.uri == item.uri
                    && left.estimate.running() == seen.playing
                    && left.estimate.miss(mark, quality).is_none_or(|miss| miss.abs() <= AROUND)
            })
        };
        if !stamp_back && (stamp_newer || !on_left()) {
            return false;
        }
        let persists = match &mut self.old {
            Some((since, count, estimate))
                if estimate.running() == seen.playing && estimate.miss(mark, quality).is_none() =>
            {
                *count += 1;
                *count >= READINGS && answered - *since >= if stamp_back { PERSISTS_STAMPED } else { PERSISTS }
            }
            old => {
                *old = Some((answered, 1, Estimate::new(seen.playing, mark, quality)));
                false
            }
        };
        if persists {
            self.newest_stamp = seen.timestamp;
        }
        !persists
    }
}
