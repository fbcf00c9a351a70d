//! Readings → where the player is, and what happened: every difference gets a cause and an author.
//!
//! A reading either fits the line that is known, or is explained by a command of ours (A1), or is old (E5, E6), or
//! needs a second one on the same line before it means anything (A2, E4); `name` then gives the cause and the author.

mod aliases;
pub mod crossfade;
mod doubt;
mod left;
mod ours;
mod places;
mod speeds;
mod stamps;

use std::sync::Arc;

use crate::command::CommandId;
use crate::estimate::{Estimate, Mark, Quality};
use crate::event::What;
use crate::issued::{Explains, Issued};
use crate::latency::{Latencies, Visibility};
use crate::name::{self, Circumstances, Named};
use crate::playback::Item;
use crate::reading::{Device, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use crate::room::Act;
use crate::speed::Speed;
use crate::time::{LocalTime, Span};
use aliases::Aliases;
use crossfade::Crossfade;
use left::{LeftLines, Old};
use places::Places;
use stamps::Stamps;

/// An older answer is not worth anything (E5).
const TOO_OLD: Span = Span::from_secs(10);
/// Without a reading for so long, the next one only sets a baseline (A6).
const BASELINE_AFTER: Span = Span::from_secs(20);
/// After a change of device (A6).
const BASELINE_DEVICE: Span = Span::from_secs(5);
/// A discontinuity below this waits for the next planned reading; it is no hand's.
const WORTH_A_LOOK: Span = Span::from_millis(200);
/// After so many looks in a row that found no device, what is seen next is a baseline (A6).
const AWAY_LOOKS: u32 = 2;
/// A report that says "playing" and does not move is looked at again so often, and so far apart, before it is left alone.
const STANDING_LOOKS: u32 = 2;
const STANDING_APART: Span = Span::from_millis(300);
/// What stands for longer is music that stalls: it goes on within seconds, and so many looks so far apart see when.
const STALLED_LOOKS: u32 = 6;
const STALLED_APART: Span = Span::from_millis(1_500);
/// A report is no older than this, and so many that lag are remembered until the line goes on.
const OLDEST_REPORT: Span = Span::from_millis(2_500);
const LAGS_KEPT: usize = 8;
/// Commands that may explain what is seen: more than go out in the minute for which one does.
const ISSUED_KEPT: usize = 64;
/// A seek while paused springs back within a second or so, and is seen at the next look.
const SPRINGS_BACK: Span = Span::from_secs(6);
/// A line is first seen so long after it began, at most.
const JUST_BEGUN: Span = Span::from_millis(1_200);

/// What the player does, as far as it is known: one line.
#[derive(Debug, Clone)]
pub struct Line {
    pub item: Arc<Item>,
    pub estimate: Estimate,
    /// When its first reading was asked.
    pub began: LocalTime,
    /// When the last reading that fits was asked.
    pub fitted: LocalTime,
    /// The service's stamp of the last change, as of the last reading that fits.
    pub stamp: Option<i64>,
    /// Its first readings may be from before the small seek that they were taken to show.
    unsure: Option<Unsure>,
}

/// A small seek hardly shows: until this instant the player may be so far from where readings have it.
#[derive(Debug, Clone, Copy)]
struct Unsure {
    until: LocalTime,
    by: Span,
}

impl Line {
    /// The true position lies within ± this of the estimate's, by the service's report.
    pub fn bound(&self, now: LocalTime) -> Span {
        self.estimate.bound(now) + self.unsure.map_or(Span::ZERO, |unsure| unsure.by)
    }

    pub fn playing(&self) -> bool {
        self.estimate.running()
    }

    /// How long the item still plays at `now`, by this line.
    pub fn left(&self, now: LocalTime) -> Span {
        self.estimate.speed().takes(self.item.duration - self.estimate.position(now))
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
    /// A command of ours took effect at another place than it aimed at, by the player's doing.
    Misplaced(CommandId),
    /// A play of ours passed over its item for a later one of the list: it is not available to this account (A7).
    PassedOver(CommandId),
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
    /// The position in the reading before it, if that was one of the same item playing.
    pub before: Option<Span>,
    /// A second reading counts from here on.
    not_before: LocalTime,
    /// Too small to be a hand's.
    small: bool,
}

/// The position in one reading, as it came.
#[derive(Debug, Clone)]
struct Shown {
    item: Arc<Item>,
    playing: bool,
    progress: Span,
    asked: LocalTime,
    /// So many readings before it said the same, although it says that it plays.
    standing: u32,
}

/// Everything known about one account's player.
#[derive(Debug, Default)]
pub struct Observer {
    line: Option<Line>,
    candidate: Option<Candidate>,
    left: LeftLines,
    stamps: Stamps,
    places: Places,
    /// The session was seen to go to such a place.
    haunted: bool,
    aliases: Aliases,
    crossfade: Crossfade,
    /// Readings that lagged behind the line, until it is known whether the line holds.
    lags: Vec<(Span, Mark)>,
    /// The last reading that had a position.
    shown: Option<Shown>,
    issued: Vec<Issued>,
    device: Option<Device>,
    quality: Quality,
    /// At which speed this account was last seen to hear an episode.
    episode_speed: Option<Speed>,
    latencies: Latencies,
    visibility: Visibility,
    newest_asked: Option<LocalTime>,
    /// Looks in a row that found no device.
    away_looks: u32,
    /// What is seen next and does not fit is a baseline: no device could be seen, or an advertisement played (A6).
    baseline_next: bool,
    /// When a position was last read.
    heard: Option<LocalTime>,
    baseline_until: Option<LocalTime>,
    /// The longest planned wait between readings.
    planned_gap: Span,
    /// Shuffle or repeat is on: a list that we give is not played as given.
    reorders: bool,
    repeats: bool,
    leads: bool,
    /// What this player goes on with, nearest first; empty where that is not known.
    next: Vec<Arc<Item>>,
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

    /// What this player goes on with by itself, as far as it is known: nearest first.
    pub fn expects(&mut self, next: Vec<Arc<Item>>) {
        self.next = next;
    }

    /// Whether this member leads the room.
    pub fn leads(&mut self, leads: bool) {
        self.leads = leads;
    }

    /// How early this player starts its next item.
    pub fn crossfade(&self) -> &Crossfade {
        &self.crossfade
    }

    /// How long commands take until they show, as learned.
    pub fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    pub fn issue(&mut self, mut issued: Issued) {
        let from = self.line.as_ref().filter(|line| issued.is_about(&line.item));
        let from = from.map(|line| line.estimate.position(issued.sent()));
        issued.sent_to(self.line.as_ref().is_none_or(Line::playing), from);
        if self.issued.len() >= ISSUED_KEPT {
            self.issued.remove(0);
        }
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

    /// A command of ours may have moved the player without a reading that shows it.
    pub fn may_have_moved(&self, now: LocalTime) -> bool {
        self.issued.iter().any(|issued| issued.may_be_hidden(now))
    }

    /// A command is so recent that the line after it may still be off: readings lag.
    fn may_be_misread(&self, asked: LocalTime) -> bool {
        self.issued.iter().any(|issued| asked < issued.surely_shows_from())
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
        self.left.settled();
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
            Seen::Nothing | Seen::Failed(_) => return self.nothing(&reading.seen, answered),
        };
        match seen.kind {
            SeenKind::Ad => {
                self.baseline_next = true;
                return Finding::Ad;
            }
            SeenKind::Item | SeenKind::Unknown => {}
        }
        let (Some(item), Some(progress)) = (&self.aliases.item(seen), seen.progress) else {
            let explained = self.explained(seen, asked, answered).is_some();
            return Finding::LeftOut(if explained { "in flight" } else { "no position" });
        };
        let mark = Mark::of(asked, answered, progress);
        let before = self.show(seen, item, progress, asked);
        let finding = self.place(seen, item, mark, before, reading);
        self.note_speed();
        if !matches!(finding, Finding::LeftOut(_)) {
            self.heard = Some(answered);
            if !matches!(finding, Finding::LookAgain(_)) {
                self.left.used(seen.timestamp);
            }
            self.repeats = seen.repeat != Repeat::Off;
            self.reorders = seen.shuffle || seen.repeat != Repeat::Off;
            if seen.device.is_some() {
                self.device.clone_from(&seen.device);
            }
        }
        finding
    }

    fn nothing(&mut self, seen: &Seen, at: LocalTime) -> Finding {
        if self.in_flight(at) {
            return Finding::LeftOut("in flight");
        }
        if matches!(seen, Seen::Nothing) {
            self.away_looks += 1;
            self.baseline_next |= self.away_looks >= AWAY_LOOKS;
        }
        Finding::Gone
    }

    /// Remembers what a reading shows; the position of the one before, if both are of the same item playing.
    fn show(&mut self, seen: &PlayerSeen, item: &Arc<Item>, progress: Span, asked: LocalTime) -> Option<Span> {
        self.away_looks = 0;
        let shown = Shown { item: Arc::clone(item), playing: seen.playing, progress, asked, standing: 0 };
        let before = self.shown.replace(shown);
        let before = before.filter(|before| before.playing && seen.playing)?;
        let same = before.item.same_recording(item);
        // A counter that stands may stand over the end of an item.
        if before.progress == progress
            && asked > before.asked
            && (same || before.standing > 0)
            && let Some(shown) = &mut self.shown
        {
            shown.standing = before.standing + 1;
        }
        same.then_some(before.progress)
    }

    fn place(
        &mut self,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        before: Option<Span>,
        reading: &Reading,
    ) -> Finding {
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
        let same = line.item.same_recording(item) && line.playing() == seen.playing;
        let line_miss = if same { line.estimate.miss(mark, &self.quality) } else { None };
        let fits = same && line_miss.is_none();
        // A report that was given before, word for word, while it says that it plays: no position in it.
        let standing = self.shown.as_ref().map_or(0, |shown| shown.standing);
        if standing > STANDING_LOOKS + STALLED_LOOKS || standing > 0 && fits {
            return Finding::LeftOut("standing report");
        } else if standing > STANDING_LOOKS {
            return Finding::LookAgain(answered + STALLED_APART);
        } else if standing > 0 {
            // What stands says nothing about an episode's speed: how it goes on is seen when it does.
            self.candidate.take_if(|candidate| candidate.item.episode);
            return Finding::LookAgain(answered + STANDING_APART * i64::from(standing));
        }
        // A command moves the stamp: what has that of the known line shows it from before.
        let untouched = fits && self.stamps.touched(line.stamp, seen.timestamp) == Some(false);
        if let Some(index) = self.dated(seen, item, mark, answered) {
            return self.land(index, seen, item, mark, asked);
        }
        if let Some((index, explains)) = self.explained(seen, asked, answered).filter(|_| !untouched) {
            let far = self.issued[index].moves_far(line.estimate.position(self.issued[index].sent()));
            match explains {
                // The line before a seek comes by its target some time later: that is no landing.
                Explains::After if fits && far => {}
                // A seek within the running line shows in nothing but the position, and a small one hardly in that:
                // readings that may be from before or after it say nothing, later ones are from after it.
                Explains::After if fits && self.issued[index].is_unseen_move(asked) => {
                    return Finding::LeftOut("before or after a seek");
                }
                Explains::After if !fits || self.issued[index].only_moves() => {
                    return self.land(index, seen, item, mark, asked);
                }
                Explains::After => self.issued[index].landed(),
                Explains::Between if !fits => {
                    self.issued[index].not_yet(asked);
                    return Finding::LeftOut("in flight");
                }
                Explains::Between | Explains::No => {}
            }
        }
        if fits {
            for issued in &mut self.issued {
                issued.not_yet(asked);
            }
            self.fit(mark, asked, seen.timestamp);
            return Finding::Steady;
        }
        self.note_lag(line_miss, mark);
        let goes_on = self.goes_on_by_itself(seen, item, mark);
        if !goes_on && let Some(finding) = self.other_than_asked(seen, item, mark, asked) {
            return finding;
        }
        if !goes_on && let Some(index) = self.misplaced(seen, item, mark, asked) {
            self.land(index, seen, item, mark, asked);
            return Finding::Misplaced(self.issued[index].id);
        }
        if let Some(finding) = self.sprang_back(seen, item, mark, asked) {
            return finding;
        }
        let begun = self.begin(item, seen.playing, mark);
        if !self.baseline_next
            && let Some(old) = self.left.is_old(seen, item, mark, answered, (&begun, &self.quality))
        {
            return match old {
                Old::LookAgain(at) => Finding::LookAgain(at),
                Old::Left => Finding::LeftOut("old snapshot"),
            };
        }
        if self.baseline_next || self.baseline_until.is_some_and(|until| answered < until) {
            self.start_line(item, mark, seen, asked);
            return Finding::Baseline;
        }
        self.doubt(seen, item, mark, before, reading)
    }

    /// A reading behind its line may be an old report: that is known when the line goes on (E2).
    fn note_lag(&mut self, miss: Option<Span>, mark: Mark) {
        if let Some(miss) = miss.filter(|miss| miss.is_negative() && -*miss <= OLDEST_REPORT)
            && self.lags.len() < LAGS_KEPT
        {
            self.lags.push((miss, mark));
        }
    }

    fn fit(&mut self, mark: Mark, asked: LocalTime, stamp: Option<i64>) {
        self.candidate = None;
        self.baseline_next = false;
        self.left.settled();
        let sure = |line: &&Line| line.unsure.is_some_and(|unsure| asked >= unsure.until);
        let anew = self.line.as_ref().filter(sure).map(|line| self.begin(&line.item, line.playing(), mark));
        if let Some(line) = &mut self.line {
            let (speed, known) = (line.estimate.speed(), line.estimate.speed_known());
            for (lag, mark) in self.lags.drain(..).filter(|_| known) {
                self.quality.lagged(-speed.takes(lag));
                line.estimate.add_late(mark);
            }
            // What seems to go on may have been moved by a small seek.
            if self.issued.iter().all(|issued| issued.latest() < line.fitted) {
                self.stamps.steady(line.stamp, stamp);
            }
            if let Some(estimate) = anew {
                (line.estimate, line.unsure) = (estimate, None);
            } else {
                line.estimate.add(mark, &mut self.quality);
            }
            line.fitted = asked;
            line.stamp = stamp;
        }
    }

    fn start_line(&mut self, item: &Arc<Item>, mark: Mark, seen: &PlayerSeen, asked: LocalTime) {
        let estimate = self.begin(item, seen.playing, mark);
        let line =
            Line { item: Arc::clone(item), estimate, began: asked, fitted: asked, stamp: seen.timestamp, unsure: None };
        self.replace(line, asked);
    }

    fn replace(&mut self, line: Line, now: LocalTime) {
        self.candidate = None;
        self.baseline_next = false;
        self.lags.clear();
        self.left.settled();
        if let Some(old) = self.line.replace(line) {
            self.left.push(old, now);
        }
    }
}
