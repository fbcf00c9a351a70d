//! Readings → where the player is, and what happened: every difference gets a cause and an author.
//!
//! A reading either fits the line that is known, or is explained by a command of ours (A1), or is old (E5, E6), or
//! needs a second one on the same line before it means anything (A2, E4); `name` then gives the cause and the author.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::command::CommandId;
use crate::estimate::{Estimate, Mark, Quality};
use crate::issued::{Explains, Issued};
use crate::latency::Latencies;
use crate::name::{self, Named};
use crate::playback::Item;
use crate::reading::{Device, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use crate::time::{LocalTime, Span};

/// An older answer is not worth anything (E5).
const TOO_OLD: Span = Span::from_secs(10);
/// How long a line that was left is remembered (E6), and how near a reading must be to it.
const LEFT_KEPT: Span = Span::from_secs(3_600);
const LEFT_AROUND: Span = Span::from_millis(500);
/// Lines remembered: more than a lively hour leaves.
const LEFT_MOST: usize = 256;
/// A stamp so far below the newest is that of an old snapshot (E6).
const STAMP_BACK_MS: i64 = 2_000;
/// An "old" snapshot that runs on for so long and so often is the truth after all: stamps are evidence, not proof.
const OLD_PERSISTS: Span = Span::from_secs(5);
const OLD_READINGS: usize = 3;
/// Without a reading for so long, the next one only sets a baseline (A6).
const BASELINE_AFTER: Span = Span::from_secs(20);
/// After a change of device (A6).
const BASELINE_DEVICE: Span = Span::from_secs(5);
/// A discontinuity below this waits for the next planned reading; it is no hand's.
const WORTH_A_LOOK: Span = Span::from_millis(200);

/// What the player does, as far as it is known: one line.
#[derive(Debug, Clone)]
pub struct Line {
    pub item: Arc<Item>,
    pub estimate: Estimate,
    /// When the last reading that fits was asked.
    pub fitted: LocalTime,
    /// The service's stamp of the last change, as of the last reading that fits.
    pub stamp: Option<i64>,
}

impl Line {
    pub fn playing(&self) -> bool {
        self.estimate.running()
    }

    /// How much of the item is left at `now`, by this line.
    pub fn left(&self, now: LocalTime) -> Span {
        self.item.duration - self.estimate.position(now)
    }
}

/// What came of a reading.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The line is known and holds.
    Steady,
    /// A line begins without an author (A6).
    Baseline,
    /// A command took effect.
    Landed {
        id: CommandId,
        after: Option<Span>,
    },
    Named(Named),
    /// It means nothing yet: look again, not before this instant.
    LookAgain(LocalTime),
    /// No news; the reason's name.
    LeftOut(&'static str),
    /// Nothing plays anywhere that could be read.
    Gone,
    Ad,
}

/// A reading that does not fit, waiting for its second.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub item: Arc<Item>,
    pub estimate: Estimate,
    pub asked: LocalTime,
    pub answered: LocalTime,
    pub stamp: Option<i64>,
    /// A second reading counts from here on.
    not_before: LocalTime,
    /// Too small to be a hand's.
    small: bool,
}

/// A line that was left.
#[derive(Debug, Clone)]
struct Left {
    uri: String,
    estimate: Estimate,
    at: LocalTime,
}

/// Everything known about one account's player.
#[derive(Debug, Default)]
pub struct Observer {
    line: Option<Line>,
    candidate: Option<Candidate>,
    /// Readings in a row that were taken for an old snapshot.
    old: Option<(LocalTime, usize, Estimate)>,
    left: VecDeque<Left>,
    issued: Vec<Issued>,
    device: Option<Device>,
    quality: Quality,
    latencies: Latencies,
    newest_asked: Option<LocalTime>,
    newest_stamp: Option<i64>,
    /// When a position was last read.
    heard: Option<LocalTime>,
    baseline_until: Option<LocalTime>,
    /// The longest planned wait between readings.
    planned_gap: Span,
    /// Shuffle or repeat is on: a list that we give is not played as given.
    reorders: bool,
}

impl Observer {
    pub fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    pub fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// Something was seen that may be a hand's and waits for its second reading.
    pub fn in_doubt(&self) -> bool {
        self.candidate.as_ref().is_some_and(|candidate| !candidate.small)
    }

    /// Shuffle or repeat is on: a list that we give would not be played as given.
    pub fn reorders(&self) -> bool {
        self.reorders
    }

    /// The longest planned wait until the next reading (A6).
    pub fn plan(&mut self, gap: Span) {
        self.planned_gap = gap;
    }

    pub fn issue(&mut self, issued: Issued) {
        self.issued.push(issued);
    }

    pub fn answered(&mut self, id: CommandId, sent: LocalTime, at: LocalTime) {
        if let Some(issued) = self.issued.iter_mut().find(|issued| issued.id == id) {
            issued.answered(sent, at);
        }
    }

    /// The command was refused: it explains nothing.
    pub fn refused(&mut self, id: CommandId) {
        self.issued.retain(|issued| issued.id != id);
    }

    /// A command has neither landed nor had its time.
    pub fn in_flight(&self, now: LocalTime) -> bool {
        self.issued.iter().any(|issued| !issued.is_over(now))
    }

    /// When a look would show the effect of the command in flight.
    pub fn landing(&self) -> Option<LocalTime> {
        self.issued.iter().filter(|issued| !issued.has_landed()).map(Issued::visible_from).max()
    }

    /// When the command in flight has had its time.
    pub fn flight_ends(&self) -> Option<LocalTime> {
        self.issued.iter().filter(|issued| !issued.has_landed()).map(Issued::window_ends).max()
    }

    /// The next reading only sets a baseline: after a suspend, sync switched on again, … (A6).
    pub fn forget(&mut self) {
        self.line = None;
        self.candidate = None;
        self.old = None;
    }

    /// Takes one reading.
    pub fn observe(&mut self, reading: &Reading, now: LocalTime) -> Finding {
        self.issued.retain(|issued| !issued.is_spent(now));
        let (asked, answered) = (reading.asked, reading.answered);
        if self.newest_asked.is_some_and(|newest| asked < newest) || now - asked > TOO_OLD {
            return Finding::LeftOut("late answer");
        }
        self.newest_asked = Some(asked);
        let seen = match &reading.seen {
            Seen::Player(seen) => seen,
            Seen::Nothing | Seen::Failed(_) => return self.nothing(answered),
        };
        match seen.kind {
            SeenKind::Ad => return Finding::Ad,
            SeenKind::Item | SeenKind::Unknown => {}
        }
        let (Some(item), Some(progress)) = (&seen.item, seen.progress) else {
            let explained = self.explained(seen, asked, answered).is_some();
            return Finding::LeftOut(if explained { "in flight" } else { "no position" });
        };
        let mark = Mark::of(seen.playing, asked, answered, progress);
        let finding = self.place(seen, item, mark, progress, reading);
        if !matches!(finding, Finding::LeftOut(_)) {
            self.heard = Some(answered);
            if !matches!(finding, Finding::LookAgain(_)) {
                self.newest_stamp = self.newest_stamp.max(seen.timestamp);
            }
            self.reorders = seen.shuffle || seen.repeat != Repeat::Off;
            if seen.device.is_some() {
                self.device.clone_from(&seen.device);
            }
        }
        finding
    }

    fn nothing(&mut self, at: LocalTime) -> Finding {
        if self.issued.iter().any(|issued| !issued.is_over(at)) { Finding::LeftOut("in flight") } else { Finding::Gone }
    }

    fn place(&mut self, seen: &PlayerSeen, item: &Arc<Item>, mark: Mark, progress: Span, reading: &Reading) -> Finding {
        let (asked, answered) = (reading.asked, reading.answered);
        if self.heard.is_none_or(|heard| asked - heard > BASELINE_AFTER.max(self.planned_gap * 2)) {
            self.forget();
        }
        if let (Some(old), Some(new)) = (&self.device, &seen.device)
            && old.id.is_some()
            && new.id.is_some()
            && old.id != new.id
            && !self.in_flight(answered)
        {
            self.baseline_until = Some(answered + BASELINE_DEVICE);
            self.start_line(item, mark, seen, asked);
            return Finding::Named(Named::device_changed(answered));
        }
        let Some(line) = &self.line else {
            self.start_line(item, mark, seen, asked);
            return Finding::Baseline;
        };
        let fits = line.item.same_recording(item)
            && line.playing() == seen.playing
            && line.estimate.miss(mark, &self.quality).is_none();
        if let Some((index, explains)) = self.explained(seen, asked, answered) {
            match explains {
                // A seek within the running line shows in nothing but the position, and a small one hardly in that:
                // readings that may be from before or after it say nothing, later ones are from after it.
                Explains::After if fits && self.issued[index].is_unseen_move(asked) => {
                    return Finding::LeftOut("before or after a seek");
                }
                Explains::After if !fits || self.issued[index].only_moves() => {
                    return self.land(index, seen, item, mark, asked);
                }
                Explains::After => self.issued[index].landed(),
                Explains::Between if !fits => return Finding::LeftOut("in flight"),
                Explains::Between | Explains::No => {}
            }
        }
        if fits {
            self.fit(mark, asked, seen.timestamp);
            return Finding::Steady;
        }
        if self.is_old(seen, item, mark, answered) {
            return Finding::LeftOut("old snapshot");
        }
        if self.baseline_until.is_some_and(|until| answered < until) {
            self.start_line(item, mark, seen, asked);
            return Finding::Baseline;
        }
        self.doubt(seen, item, mark, progress, reading)
    }

    /// The newest command that explains what was seen. Those that have landed and had their time explain no more:
    /// what was before them is a line that was left.
    fn explained(&self, seen: &PlayerSeen, asked: LocalTime, answered: LocalTime) -> Option<(usize, Explains)> {
        self.issued
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, issued)| !(issued.has_landed() && asked >= issued.window_ends()))
            .map(|(index, issued)| (index, issued.explains(seen, asked, answered)))
            .find(|(_, explains)| *explains != Explains::No)
            .or_else(|| {
                let late = self.issued.iter().rposition(|issued| issued.explains_late(seen, asked, answered))?;
                Some((late, Explains::After))
            })
    }

    fn land(&mut self, index: usize, seen: &PlayerSeen, item: &Arc<Item>, mark: Mark, asked: LocalTime) -> Finding {
        if self.issued[index].has_landed() {
            // The same landing, seen once more and better: keep one line.
            if let Some(line) = &self.line
                && line.item.same_recording(item)
                && line.playing() == seen.playing
                && line.estimate.miss(mark, &self.quality).is_none()
            {
                self.fit(mark, asked, seen.timestamp);
                return Finding::Steady;
            }
        }
        self.start_line(item, mark, seen, asked);
        let issued = &mut self.issued[index];
        issued.landed();
        let after = match (issued.target(), &self.line) {
            (Some(target), Some(line)) if line.playing() => Some(line.estimate.passes(target) - issued.sent()),
            _ => None,
        };
        let id = issued.id;
        for earlier in &mut self.issued[..index] {
            earlier.landed();
        }
        Finding::Landed { id, after }
    }

    /// The latency of a landed command, from the line as it is known by now; `again`: better than before.
    pub fn learn_latency(&mut self, id: CommandId, again: bool) -> Option<Span> {
        let line = self.line.as_ref().filter(|line| line.playing())?;
        let index = self.issued.iter().position(|issued| issued.id == id)?;
        let issued = &self.issued[index];
        let after = line.estimate.passes(issued.target()?) - issued.sent();
        let kind = issued.latency.clone();
        self.latencies.landed(kind, after, again);
        Some(after)
    }

    fn fit(&mut self, mark: Mark, asked: LocalTime, stamp: Option<i64>) {
        self.candidate = None;
        self.old = None;
        if let Some(line) = &mut self.line {
            line.estimate.add(mark, &mut self.quality);
            line.fitted = asked;
            line.stamp = stamp;
        }
    }

    fn start_line(&mut self, item: &Arc<Item>, mark: Mark, seen: &PlayerSeen, asked: LocalTime) {
        let estimate = Estimate::new(seen.playing, mark, &self.quality);
        self.replace(Line { item: Arc::clone(item), estimate, fitted: asked, stamp: seen.timestamp }, asked);
    }

    fn replace(&mut self, line: Line, now: LocalTime) {
        self.candidate = None;
        self.old = None;
        if let Some(old) = self.line.replace(line) {
            self.left.push_back(Left { uri: old.item.uri.clone(), estimate: old.estimate, at: now });
            while self.left.len() > LEFT_MOST || self.left.front().is_some_and(|left| now - left.at > LEFT_KEPT) {
                self.left.pop_front();
            }
        }
    }

    /// A snapshot from before (E6): its stamp is far below the newest, or it lies on a line that was left and its
    /// stamp is not newer. One that keeps running for 5 s is the truth after all.
    fn is_old(&mut self, seen: &PlayerSeen, item: &Item, mark: Mark, answered: LocalTime) -> bool {
        let stamp_back = matches!((seen.timestamp, self.newest_stamp), (Some(s), Some(n)) if s < n - STAMP_BACK_MS);
        let stamp_newer = matches!((seen.timestamp, self.newest_stamp), (Some(s), Some(n)) if s > n);
        let on_left = || {
            self.left.iter().any(|left| {
                left.uri == item.uri
                    && left.estimate.running() == seen.playing
                    && left.estimate.miss(mark, &self.quality).is_none_or(|miss| miss.abs() <= LEFT_AROUND)
            })
        };
        if !stamp_back && (stamp_newer || !on_left()) {
            return false;
        }
        let persists = match &mut self.old {
            Some((since, count, estimate))
                if estimate.running() == seen.playing && estimate.miss(mark, &self.quality).is_none() =>
            {
                *count += 1;
                *count >= OLD_READINGS && answered - *since >= OLD_PERSISTS
            }
            old => {
                *old = Some((answered, 1, Estimate::new(seen.playing, mark, &self.quality)));
                false
            }
        };
        if persists {
            self.newest_stamp = seen.timestamp;
        }
        !persists
    }

    /// A difference that nothing explains: named at once if two fields agree, else after a second reading (A2).
    fn doubt(&mut self, seen: &PlayerSeen, item: &Arc<Item>, mark: Mark, progress: Span, reading: &Reading) -> Finding {
        let (asked, answered) = (reading.asked, reading.answered);
        let Some(line) = self.line.clone() else {
            return Finding::LeftOut("no line");
        };
        let hold = self.issued.iter().map(Issued::window_ends).max().filter(|&until| until > answered);
        let second = self.candidate.take().filter(|candidate| {
            candidate.item.same_recording(item)
                && candidate.estimate.running() == seen.playing
                && candidate.estimate.miss(mark, &self.quality).is_none()
        });
        match second {
            Some(mut candidate) if asked >= candidate.not_before => {
                candidate.estimate.add(mark, &mut self.quality);
                self.confirm(&line, candidate, asked, answered)
            }
            Some(candidate) => {
                let at = candidate.not_before;
                self.candidate = Some(candidate);
                Finding::LookAgain(at)
            }
            None => {
                let estimate = Estimate::new(seen.playing, mark, &self.quality);
                let not_before = hold.unwrap_or(answered);
                let small = line.item.same_recording(item)
                    && line.playing() == seen.playing
                    && line.estimate.miss(mark, &self.quality).is_some_and(|miss| miss.abs() < WORTH_A_LOOK);
                let item = Arc::clone(item);
                let candidate = Candidate { item, estimate, asked, answered, stamp: seen.timestamp, not_before, small };
                if hold.is_none() && two_fields_agree(&line, seen, &candidate.item, progress, reading, &self.quality) {
                    return self.confirm(&line, candidate, asked, answered);
                }
                self.candidate = Some(candidate);
                if small { Finding::LeftOut("small difference") } else { Finding::LookAgain(not_before) }
            }
        }
    }

    fn confirm(&mut self, line: &Line, candidate: Candidate, asked: LocalTime, now: LocalTime) -> Finding {
        // An item may have ended by itself on a line that a command of ours made and nobody has read yet.
        let ends: Vec<LocalTime> = self.issued.iter().filter_map(Issued::would_end).collect();
        let named = name::name(line, &candidate, &ends, self.quality.report_age());
        let Candidate { item, estimate, stamp, .. } = candidate;
        self.replace(Line { item, estimate, fitted: asked, stamp }, now);
        Finding::Named(named)
    }
}

/// The exceptions of A2: the flag says paused *and* the position lies behind the running line by more than its
/// interval; or another item *and* a position that fits into the time since the last reading.
fn two_fields_agree(
    line: &Line,
    seen: &PlayerSeen,
    item: &Item,
    progress: Span,
    reading: &Reading,
    quality: &Quality,
) -> bool {
    if !line.item.same_recording(item) {
        return progress <= reading.answered - line.fitted;
    }
    let behind = line.estimate.position(reading.asked) - line.estimate.bound(reading.asked) - quality.slack();
    line.playing() && !seen.playing && progress < behind && line.left(reading.answered) > Span::ZERO
}
