//! Readings → where the player is, and what happened: every difference gets a cause and an author.
//!
//! A reading either fits the line that is known, or is explained by a command of ours (A1), or is old (E5, E6), or
//! needs a second one on the same line before it means anything (A2, E4); `name` then gives the cause and the author.

pub mod crossfade;
mod left;
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
use crate::time::{LocalTime, Span};
use crossfade::Crossfade;
use left::{LeftLines, Old};
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
/// A report is no older than this, and so many that lag are remembered until the line goes on.
const OLDEST_REPORT: Span = Span::from_millis(2_500);
const LAGS_KEPT: usize = 8;
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
    /// A command of ours took effect at another place than it aimed at, by the player's doing.
    Misplaced(CommandId),
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
    crossfade: Crossfade,
    /// Readings that lagged behind the line, until it is known whether the line holds.
    lags: Vec<(Span, Mark)>,
    /// The last reading that had a position.
    shown: Option<Shown>,
    issued: Vec<Issued>,
    device: Option<Device>,
    quality: Quality,
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

    /// A command that was accepted, had its time by `now`, and changed nothing; told once.
    pub fn take_lost(&mut self, now: LocalTime) -> Option<CommandId> {
        let issued = self.issued.iter_mut().rev().find(|issued| issued.is_lost(now))?;
        issued.give_up();
        Some(issued.id)
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
        let (Some(item), Some(progress)) = (&seen.item, seen.progress) else {
            let explained = self.explained(seen, asked, answered).is_some();
            return Finding::LeftOut(if explained { "in flight" } else { "no position" });
        };
        let mark = Mark::of(seen.playing, asked, answered, progress);
        let before = self.show(seen, item, progress, asked);
        let finding = self.place(seen, item, mark, before, reading);
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
        let before = before.filter(|before| before.playing && seen.playing && before.item.same_recording(item))?;
        if before.progress == progress
            && asked > before.asked
            && let Some(shown) = &mut self.shown
        {
            shown.standing = before.standing + 1;
        }
        Some(before.progress)
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
        if let Some((index, explains)) = self.explained(seen, asked, answered) {
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
        let standing = self.shown.as_ref().map_or(0, |shown| shown.standing);
        if standing > STANDING_LOOKS {
            return Finding::LeftOut("standing report");
        } else if standing > 0 {
            return Finding::LookAgain(answered + STANDING_APART * i64::from(standing));
        }
        if let Some(index) = self.misplaced(seen, item, mark, asked) {
            self.land(index, seen, item, mark, asked);
            return Finding::Misplaced(self.issued[index].id);
        }
        if let Some(finding) = self.sprang_back(seen, item, mark, asked) {
            return finding;
        }
        if !self.baseline_next
            && let Some(old) = self.left.is_old(seen, item, mark, answered, &self.quality)
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
        if let Some(shown_after) = issued.shown_after(asked) {
            self.visibility.saw(shown_after);
        }
        issued.landed();
        let after = match (issued.target(), &self.line) {
            (Some(target), Some(line)) if line.playing() => {
                issued.took_effect(line.estimate.passes(target));
                Some(line.estimate.passes(target) - issued.sent())
            }
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

    /// A reading behind its line may be an old report: that is known when the line goes on (E2).
    fn note_lag(&mut self, miss: Option<Span>, mark: Mark) {
        if let Some(miss) = miss.filter(|miss| miss.is_negative() && -*miss <= OLDEST_REPORT)
            && self.lags.len() < LAGS_KEPT
        {
            self.lags.push((miss, mark));
        }
    }

    /// A seek or play of ours in flight that started its item from its beginning instead of its target: the device's.
    fn misplaced(&self, seen: &PlayerSeen, item: &Item, mark: Mark, asked: LocalTime) -> Option<usize> {
        let from_zero = Estimate::new(true, mark, &self.quality).passes(Span::ZERO);
        self.issued.iter().rposition(|issued| seen.playing && issued.explains_misplaced(item, from_zero, asked))
    }

    /// A paused player that goes back to where it stood before a seek of ours: no hand's (F6).
    fn sprang_back(&mut self, seen: &PlayerSeen, item: &Arc<Item>, mark: Mark, asked: LocalTime) -> Option<Finding> {
        let line = self.line.as_ref().filter(|line| !line.playing() && !seen.playing)?;
        let recent = |issued: &Issued| asked - issued.sent() <= SPRINGS_BACK;
        let ours = self.issued.iter().any(|issued| issued.only_moves() && issued.has_landed() && recent(issued));
        let old = self.left.last_of(item).filter(|old| !old.running() && line.item.same_recording(item))?;
        if !ours || old.miss(mark, &self.quality).is_some_and(|miss| miss.abs() > WORTH_A_LOOK) {
            return None;
        }
        self.start_line(item, mark, seen, asked);
        Some(Finding::LeftOut("a seek that sprang back"))
    }

    fn fit(&mut self, mark: Mark, asked: LocalTime, stamp: Option<i64>) {
        self.candidate = None;
        self.baseline_next = false;
        self.left.settled();
        if let Some(line) = &mut self.line {
            for (lag, mark) in self.lags.drain(..) {
                self.quality.learn(lag);
                line.estimate.add_late(mark);
            }
            self.stamps.steady(line.stamp, stamp);
            line.estimate.add(mark, &mut self.quality);
            line.fitted = asked;
            line.stamp = stamp;
        }
    }

    fn start_line(&mut self, item: &Arc<Item>, mark: Mark, seen: &PlayerSeen, asked: LocalTime) {
        let estimate = Estimate::new(seen.playing, mark, &self.quality);
        let line = Line { item: Arc::clone(item), estimate, began: asked, fitted: asked, stamp: seen.timestamp };
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

    /// A difference that nothing explains: named at once if two fields agree, else after a second reading (A2).
    fn doubt(
        &mut self,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        before: Option<Span>,
        reading: &Reading,
    ) -> Finding {
        let progress = seen.progress.unwrap_or_default();
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
                let stamp = seen.timestamp;
                let candidate = Candidate { item, estimate, asked, answered, stamp, before, not_before, small };
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
        let touched = self.stamps.touched(line.stamp, candidate.stamp);
        let presumably_touched = self.stamps.presumably_touched(line.stamp, candidate.stamp);
        let mut jumps: Vec<(LocalTime, LocalTime)> = self.issued.iter().filter_map(Issued::jumps).collect();
        if self.left.last_of(&line.item).is_some() {
            jumps.push((line.began - JUST_BEGUN, line.began));
        }
        let ours = self.issued.iter().any(|issued| issued.jumps().is_some() && issued.is_about(&candidate.item));
        let circumstances = Circumstances {
            ends: &ends,
            report_age: self.quality.report_age(),
            touched,
            presumably_touched,
            jumps: &jumps,
            repeats: self.repeats,
            crossfade: &self.crossfade,
            leads: self.leads,
            ours,
        };
        let named = name::name(line, &candidate, &circumstances);
        if let What::Act(Act::Sought(to)) = named.what
            && to > line.estimate.position(now)
        {
            self.stamps.sought(line.stamp, candidate.stamp);
        }
        if let What::NaturalTransition { .. } | What::Act(Act::Started(_)) = named.what
            && line.playing()
            && candidate.estimate.running()
        {
            self.crossfade.saw(line.estimate.passes(line.item.duration) - candidate.estimate.passes(Span::ZERO));
        }
        self.lags.clear();
        let Candidate { item, estimate, stamp, .. } = candidate;
        self.replace(Line { item, estimate, began: asked, fitted: asked, stamp }, now);
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
        return seen.playing && progress <= reading.answered - line.fitted;
    }
    let behind = line.estimate.position(reading.asked) - line.estimate.bound(reading.asked) - quality.slack();
    line.playing() && !seen.playing && progress < behind && line.left(reading.answered) > Span::ZERO
}
