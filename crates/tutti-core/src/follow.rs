//! What to do about a member that is not where the room is: nothing, or one command (F1, F2, F4, F5).

mod style;

pub use style::Correction;

use style::Style;

use crate::command::CommandKind;
use crate::event::Why;
use crate::observe::Line;
use crate::playback::Playback;
use crate::time::{LocalTime, RoomTime, Span};

/// After a join, a change, a takeover, a return: errors are put right quickly for so long (F1).
const SETTLING: Span = Span::from_secs(10);
/// In a steady room only what a listener would notice is corrected: an error in so many readings, ever more seldom (F2).
const STEADY_READINGS: u32 = 3;
const STEADY_WAIT_MOST: Span = Span::from_secs(300);
/// A constant offset in so many readings is put right with the next item's start (F3).
const OFFSET_READINGS: u32 = 3;
/// Nothing is aimed into so much of an item's end, and around its boundary everybody is given time (F4).
const BOUNDARY: Span = Span::from_secs(2);
const BOUNDARY_MOST: Span = Span::from_secs(15);
/// The next item is handed on so long before the end (F5).
const HAND_ON: Span = Span::from_secs(15);
/// A player is put no nearer to its item's end than this: there it would go on to the next.
const AT_END: Span = Span::from_millis(500);
/// A paused player is put where the room stands if it is further away than this.
const PAUSED_ABOVE: Span = Span::from_millis(500);
/// After a command without effect or with a refusal, wait before the next; doubled each time.
const RETRY: Span = Span::from_secs(2);
const RETRY_MOST: Span = Span::from_secs(60);
/// The same while the service or the network has trouble: that passes.
const RETRY_MOST_PASSING: Span = Span::from_secs(8);
/// A room's line that has moved by more, at once or little by little, is followed like a change.
const SHIFTED: Span = Span::from_millis(150);
/// By more it is an item that begins anew, and everybody's does.
const SHIFTED_MOST: Span = Span::from_secs(15);
/// While commands have no effect they are tried again: at least so often at first, then as seldom as refused ones.
const IGNORED_SOON: Span = Span::from_secs(120);
const IGNORED_SOON_MOST: Span = Span::from_secs(9);
/// Such a wait counts from when most commands would have shown; a device that was silent has had longer by then.
const SHOWN_BY: Span = Span::from_millis(1_500);
/// After so many seeks without effect the item is started at the right place instead.
const SEEKS_IGNORED: u32 = 2;
/// A session that goes elsewhere by itself twice within so long is left alone for a while.
const PHANTOM_AGAIN: Span = Span::from_secs(40);
const LEFT_ALONE: Span = Span::from_secs(10);
/// A play waits no longer than this for the leader's queue, so that it can carry what comes next.
const QUEUE_WAIT: Span = Span::from_millis(400);
/// Next items given along with a play: enough for a long absence of Tutti, small in a request.
pub const NEXT_MOST: usize = 20;

/// How a member's player runs against the room on the same item (E7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Same,
    /// An episode whose speed is not known yet, here or at the leader.
    Unknown,
    /// An episode at another speed.
    Other,
}

/// What a follower remembers between decisions.
#[derive(Debug)]
pub struct Follow {
    style: Style,
    /// When the situation began.
    since: LocalTime,
    settling_until: LocalTime,
    settled: u32,
    /// The first answer to what changed has gone out.
    answered: bool,
    /// Readings in a row that agree on a smaller error, and whether it is to be put right with this item's start.
    offset: (i64, u32),
    offset_due: bool,
    /// For a room that stands: the position was put right once (F6).
    aligned: bool,
    /// Readings in a row that agree on an error worth a steady correction.
    steady: (i64, u32),
    steady_after: LocalTime,
    steady_wait: Span,
    retry_after: LocalTime,
    retry_wait: Span,
    /// The last small jump of the player: when, and by how much.
    drift: Option<(LocalTime, Span)>,
    /// Since when commands had no effect, and how many of them were seeks.
    ignored_since: Option<LocalTime>,
    seeks_ignored: u32,
    /// Until then a player that goes elsewhere by itself after every seek is left alone (A5).
    left_alone_until: Option<LocalTime>,
    phantom: Option<LocalTime>,
    /// Uris that the player goes on with after the current item, as far as we gave them.
    ahead: Vec<String>,
    /// The item behind which a next one was handed on.
    handed_on: Option<String>,
    /// When the room's item changed by itself, and what it was before.
    boundary: Option<(LocalTime, String)>,
    /// As it was when both were last on the same item.
    pace: Pace,
    /// Heard at another speed, and heard to its end before the room.
    ended: bool,
    /// How far the room's line has moved since this member last settled by it.
    shifted: Span,
}

/// What is known when a decision is made.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    pub now: LocalTime,
    /// The room's line, trimmed for this member.
    pub want: &'a Playback,
    pub room_now: RoomTime,
    pub line: Option<&'a Line>,
    /// Expected latency of starting the wanted item, and of a seek.
    pub play_latency: Span,
    pub seek_latency: Span,
    /// How closely seeks land, if that is known.
    pub seek_scatter: Option<Span>,
    /// How early this player starts its next item.
    pub crossfade: Span,
    /// A list that we give would not be played as given.
    pub reorders: bool,
}

impl Follow {
    pub fn new(now: LocalTime) -> Self {
        Self {
            style: Correction::Normal.style(),
            since: now,
            settling_until: now + SETTLING,
            settled: 0,
            answered: false,
            offset: (0, 0),
            offset_due: false,
            aligned: false,
            steady: (0, 0),
            steady_after: now,
            steady_wait: Correction::Normal.style().steady_wait,
            retry_after: now,
            retry_wait: RETRY,
            drift: None,
            ignored_since: None,
            seeks_ignored: 0,
            left_alone_until: None,
            phantom: None,
            ahead: Vec::new(),
            handed_on: None,
            boundary: None,
            pace: Pace::Same,
            ended: false,
            shifted: Span::ZERO,
        }
    }

    /// Errors are put right in this style from now on; what readings agree on counts from the start by its limits.
    pub fn correct_by(&mut self, correction: Correction) {
        let style = correction.style();
        if self.style != style {
            self.style = style;
            (self.offset, self.steady, self.steady_wait) = ((0, 0), (0, 0), style.steady_wait);
        }
    }

    /// Somebody acted, or this member came back: a new situation to settle in.
    pub fn anew(&mut self, now: LocalTime) {
        self.since = now;
        self.settling_until = now + SETTLING;
        self.settled = 0;
        self.answered = false;
        self.offset = (0, 0);
        self.offset_due = false;
        self.aligned = false;
        self.steady = (0, 0);
        self.steady_wait = self.style.steady_wait;
        self.steady_after = now;
        self.retry_after = now;
        self.retry_wait = RETRY;
        self.left_alone_until = None;
        self.boundary = None;
        self.ended = false;
        self.shifted = Span::ZERO;
    }

    /// Time was lost, or won, by the player's doing: a new situation, but for who is at another speed anyway.
    pub fn lost_time(&mut self, now: LocalTime) {
        if !self.at_own_speed() {
            self.anew(now);
        }
    }

    /// How the player runs against the room; None: on another item. Once that is known, there may be something to settle.
    pub fn runs(&mut self, pace: Option<Pace>, now: LocalTime) {
        let Some(pace) = pace else { return };
        let before = std::mem::replace(&mut self.pace, pace);
        if pace == Pace::Same && before != Pace::Same {
            self.settling_until = now + SETTLING;
            self.settled = 0;
        }
    }

    /// The room's episode is heard at another speed here.
    pub fn at_own_speed(&self) -> bool {
        self.pace == Pace::Other
    }

    /// The player has come to its end.
    pub fn player_ended(&mut self) {
        self.ended = self.at_own_speed();
    }

    /// The player jumped by a little, by itself: put right quickly once. What does the like again soon is how this device
    /// is: steady corrections see to it, ever more seldom (F2).
    pub fn drifted(&mut self, by: Span, now: LocalTime) {
        let again = self.drift.is_some_and(|(at, before)| {
            now - at < STEADY_WAIT_MOST && by.is_negative() == before.is_negative() && by.abs() * 2 > before.abs()
        });
        self.drift = Some((now, by));
        self.steady = (0, 0);
        self.offset = (0, 0);
        if !again && !self.at_own_speed() {
            self.settling_until = now + SETTLING;
            self.settled = 0;
        }
    }

    /// The room went on to another item by itself.
    pub fn room_moved_on(&mut self, from: &str, now: LocalTime) {
        self.boundary = Some((now, from.to_owned()));
        self.offset_due = self.offset.1 >= OFFSET_READINGS;
        self.offset = (0, 0);
        self.steady = (0, 0);
        self.steady_wait = self.style.steady_wait;
        self.answered = false;
        self.ended = false;
        self.shifted = Span::ZERO;
    }

    /// The room's line was put elsewhere by this much, without an action.
    pub fn room_shifted(&mut self, by: Span, now: LocalTime) {
        if by.abs() >= SHIFTED_MOST {
            return;
        }
        self.shifted += by;
        if self.shifted.abs() > SHIFTED {
            self.shifted = Span::ZERO;
            self.settling_until = now + SETTLING;
            self.settled = 0;
        }
    }

    /// What this member's player goes on with by itself is known.
    pub fn goes_on_with(&mut self, uris: Vec<String>) {
        self.ahead = uris;
    }

    /// This member's player went on to another item by itself.
    pub fn player_moved_on(&mut self, to: &str) {
        match self.ahead.iter().position(|uri| uri == to) {
            Some(index) => drop(self.ahead.drain(..=index)),
            None => self.ahead.clear(),
        }
    }

    /// Still settling, with something to be put right.
    pub fn settling(&self, now: LocalTime) -> bool {
        now < self.settling_until && self.settled <= self.style.settle_most + 1
    }

    /// Above which error the next correction is worth it.
    pub fn settles_above(&self, scatter: Option<Span>) -> Span {
        let style = &self.style;
        match self.settled {
            last if last == style.settle_most => style.settle_again_above,
            more if more > style.settle_most => style.settle_last_above,
            _ if scatter.is_some_and(|scatter| scatter <= style.settle_above_least) => style.settle_above_least,
            _ => style.settle_above,
        }
    }

    /// The player goes on with what we gave it.
    pub fn gave_list(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// The last command put something right.
    pub fn corrected(&self) -> bool {
        self.settled > 0
    }

    /// A command went out.
    pub fn commanded(&mut self, kind: &CommandKind, why: Why, item: &str, now: LocalTime) {
        self.answered = true;
        if why != Why::HandOn {
            self.steady = (0, 0);
            self.offset = (0, 0);
        }
        let offset = why == Why::Boundary && std::mem::take(&mut self.offset_due);
        match why {
            // Only what starts again after long is put right so late: that is to be settled.
            Why::Settle if now >= self.settling_until => {
                self.settling_until = now + SETTLING;
                self.settled = 0;
            }
            Why::Settle => self.settled += 1,
            Why::Steady => {
                self.steady_after = now + self.steady_wait;
                self.steady_wait = (self.steady_wait * 2).min(STEADY_WAIT_MOST);
            }
            Why::Follow | Why::Boundary => {
                if now >= self.settling_until && !offset {
                    self.settling_until = now + SETTLING;
                    self.settled = 0;
                }
            }
            Why::HandOn => {}
        }
        match kind {
            CommandKind::Play { uris, .. } => self.ahead = uris.iter().skip(1).cloned().collect(),
            CommandKind::Queue { uri } => {
                self.ahead.insert(0, uri.clone());
                self.ahead.truncate(NEXT_MOST);
                self.handed_on = Some(item.to_owned());
            }
            CommandKind::Seek { .. } => self.aligned = true,
            CommandKind::Pause => {}
        }
    }

    /// A command was refused, or failed for the moment: wait before the next.
    pub fn failed(&mut self, why: Why, passing: bool, now: LocalTime) {
        self.take_back(why, now);
        // What the service had no time for is still to be done.
        self.aligned &= !passing;
        let most = if passing { RETRY_MOST_PASSING } else { RETRY_MOST };
        self.retry_after = now + self.retry_wait.min(most);
        self.retry_wait = (self.retry_wait * 2).min(most);
    }

    /// A command was accepted and had no effect: the same again, after a wait that grows; and another kind of command
    /// where seeks seem to be ignored.
    pub fn had_no_effect(&mut self, kind: &CommandKind, why: Why, sent: LocalTime, now: LocalTime) {
        self.take_back(why, now);
        if matches!(kind, CommandKind::Seek { .. }) {
            self.seeks_ignored += 1;
        }
        let since = *self.ignored_since.get_or_insert(now);
        let most = if now - since < IGNORED_SOON { IGNORED_SOON_MOST } else { RETRY_MOST };
        self.retry_after = (sent + SHOWN_BY + self.retry_wait.min(most) / 2).max(now);
        self.retry_wait = (self.retry_wait * 2).min(most);
    }

    /// A command that did nothing does not count as a correction.
    fn take_back(&mut self, why: Why, now: LocalTime) {
        match why {
            Why::Settle => self.settled = self.settled.saturating_sub(1),
            Why::Steady => {
                self.steady_after = now;
                self.steady_wait = self.style.steady_wait;
            }
            Why::Follow | Why::Boundary | Why::HandOn => {}
        }
        self.settling_until = self.settling_until.max(now + SETTLING);
    }

    /// The player went elsewhere by itself, soon after a seek: put right once; if that happens again, it is left alone
    /// for a while.
    pub fn phantom(&mut self, now: LocalTime) {
        let again = self.phantom.is_some_and(|before| now - before < PHANTOM_AGAIN);
        self.anew(now);
        self.phantom = Some(now);
        self.left_alone_until = again.then(|| now + LEFT_ALONE);
    }

    /// A command took effect.
    pub fn landed(&mut self) {
        self.ignored_since = None;
        self.seeks_ignored = 0;
        self.steady = (0, 0);
        self.retry_wait = RETRY;
    }

    /// When to decide again although nothing new is known.
    pub fn recheck(&self, now: LocalTime) -> Option<LocalTime> {
        let boundary = self.boundary.as_ref().map(|(since, _)| *since + BOUNDARY);
        [Some(self.retry_after), self.left_alone_until, Some(self.since + QUEUE_WAIT), boundary]
            .into_iter()
            .flatten()
            .filter(|&at| at > now)
            .min()
    }

    /// Takes a reading's timing error into account for steady corrections.
    pub fn saw_error(&mut self, error: Span, bound: Span) {
        let sign = error.as_micros().signum();
        let agrees = |before: (i64, u32), above: Span| match error.abs() > above && error.abs() > bound {
            true if before.0 == sign => (sign, before.1 + 1),
            true => (sign, 1),
            false => (0, 0),
        };
        self.offset = agrees(self.offset, self.style.offset_above);
        self.steady = agrees(self.steady, self.style.steady_above);
    }

    /// Nothing, or one command.
    pub fn decide(&self, sight: &Sight<'_>) -> Option<(CommandKind, Why)> {
        if sight.now < self.retry_after || self.left_alone_until.is_some_and(|until| sight.now < until) {
            return None;
        }
        if sight.want.playing { self.decide_playing(sight) } else { self.decide_paused(sight) }
    }

    fn decide_paused(&self, sight: &Sight<'_>) -> Option<(CommandKind, Why)> {
        let (want, line) = (sight.want, sight.line?);
        let same = line.item.same_recording(&want.item);
        let ended = want.has_ended();
        if line.playing() {
            // If the room has ended, everybody ends at their own end.
            let ending = ended && same && line.left(sight.now) <= BOUNDARY_MOST;
            return (!ending).then_some((CommandKind::Pause, self.why()));
        }
        // A trim may not lead beyond the item's end: nothing can stand there.
        let position = want.position.clamp(Span::ZERO, (want.item.duration - AT_END).max(Span::ZERO));
        let away = (line.estimate.position(sight.now) - position).abs() > PAUSED_ABOVE;
        (same && away && !ended && !self.aligned).then_some((CommandKind::Seek { position }, self.why()))
    }

    fn decide_playing(&self, sight: &Sight<'_>) -> Option<(CommandKind, Why)> {
        let Some(line) = sight.line else {
            return self.play(sight);
        };
        if self.is_ahead(sight, line) {
            return None;
        }
        if !line.item.same_recording(&sight.want.item) {
            return if self.in_order_at_boundary(sight, line) { None } else { self.play(sight) };
        }
        if !line.playing() {
            let at_end = line.left(sight.now) <= BOUNDARY;
            return if at_end && self.near_end(sight) { None } else { self.play(sight) };
        }
        let error = line.estimate.position(sight.now) - sight.want.line_at(sight.room_now);
        self.correct(sight, line, error).or_else(|| self.hand_on(sight, line))
    }

    fn correct(&self, sight: &Sight<'_>, line: &Line, error: Span) -> Option<(CommandKind, Why)> {
        let bound = line.estimate.bound(sight.now);
        let known = line.estimate.readings() >= 2 || error.abs() > self.style.settle_above + bound + sight.want.bound;
        // What another speed has made of it since the start is no error of the start.
        let start = self.boundary.as_ref().map_or(self.since, |(at, _)| *at);
        let ran_apart = line.estimate.speed().run(sight.now - start) - sight.want.speed.run(sight.now - start);
        let aligns = !self.answered && (error - ran_apart).abs() > PAUSED_ABOVE;
        let why = if aligns && self.boundary.is_none() {
            Why::Follow
        } else if self.pace != Pace::Same {
            // E7: only where an item starts or a hand acted; the error grows anyway.
            if aligns && self.at_own_speed() { Why::Boundary } else { return None }
        } else if self.settling(sight.now) && error.abs() > self.settles_above(sight.seek_scatter) && known {
            Why::Settle
        } else if self.offset_due && error.abs() > self.style.offset_above && known {
            Why::Boundary
        } else if self.steady.1 >= STEADY_READINGS && sight.now >= self.steady_after {
            Why::Steady
        } else {
            return None;
        };
        if self.seeks_ignored >= SEEKS_IGNORED {
            return self.play(sight);
        }
        // A seek that takes effect after this item's end would land in the next one.
        if line.left(sight.now) <= BOUNDARY {
            return if why == Why::Follow { self.play(sight) } else { None };
        }
        let position = sight.want.line_at(sight.room_now + sight.seek_latency).max(Span::ZERO);
        let latest = sight.want.item.duration - sight.want.speed.run(BOUNDARY);
        (position < latest).then_some((CommandKind::Seek { position }, why))
    }

    fn play(&self, sight: &Sight<'_>) -> Option<(CommandKind, Why)> {
        let want = sight.want;
        let position = want.line_at(sight.room_now + sight.play_latency).max(Span::ZERO);
        if position + want.speed.run(BOUNDARY) >= want.item.duration {
            return None;
        }
        let new_item = sight.line.is_none_or(|line| !line.item.same_recording(&want.item));
        if new_item && !want.next_known && sight.now - self.since < QUEUE_WAIT {
            return None;
        }
        let next = if sight.reorders { 0 } else { NEXT_MOST };
        let uris =
            std::iter::once(&want.item).chain(want.next.iter().take(next)).map(|item| item.uri.clone()).collect();
        let why = if self.boundary.is_some() { Why::Boundary } else { self.why() };
        Some((CommandKind::Play { uris, position }, why))
    }

    /// F4: around the end of an item a member may be on the room's next item already, or still on the one before.
    fn in_order_at_boundary(&self, sight: &Sight<'_>, line: &Line) -> bool {
        let now = sight.now;
        if let Some((since, from)) = &self.boundary
            && now - *since < BOUNDARY
            && (!line.playing() || (line.item.uri == *from && line.left(now) <= sight.crossfade + BOUNDARY))
        {
            return true;
        }
        let left = line.left(now);
        let late = self.boundary.as_ref().is_some_and(|(since, from)| {
            line.item.uri == *from && line.playing() && left <= BOUNDARY && now - *since < BOUNDARY_MOST
        });
        let fading = self.ends_within(sight, sight.crossfade + BOUNDARY);
        let early = fading
            && sight.want.next.first().is_some_and(|next| next.same_recording(&line.item))
            && line.estimate.position(now) < BOUNDARY_MOST;
        late || early || (self.near_end(sight) && !line.playing())
    }

    /// E7: who hears an episode faster than the room is through with it sooner, and is not taken back.
    fn is_ahead(&self, sight: &Sight<'_>, line: &Line) -> bool {
        let on_next = line.playing() && sight.want.next.iter().any(|next| next.same_recording(&line.item));
        let elsewhere = !line.item.same_recording(&sight.want.item);
        self.at_own_speed() && self.answered && (self.ended || (elsewhere && on_next))
    }

    fn near_end(&self, sight: &Sight<'_>) -> bool {
        self.ends_within(sight, BOUNDARY)
    }

    /// The room's item ends within this, or ended a moment ago.
    fn ends_within(&self, sight: &Sight<'_>, within: Span) -> bool {
        let end = sight.want.ends_at();
        end.is_some_and(|end| (end - sight.room_now) <= within && (sight.room_now - end) < BOUNDARY_MOST)
    }

    /// F5: shortly before the end, the leader's next item goes behind ours if ours would be another.
    fn hand_on(&self, sight: &Sight<'_>, line: &Line) -> Option<(CommandKind, Why)> {
        let next = sight.want.next.first()?;
        let left = line.left(sight.now);
        let due = left <= HAND_ON && left > BOUNDARY;
        let known = self.ahead.first().is_some_and(|uri| *uri == next.uri);
        let done = self.handed_on.as_ref() == Some(&line.item.uri);
        (due && !known && !done && !sight.reorders).then(|| (CommandKind::Queue { uri: next.uri.clone() }, Why::HandOn))
    }

    fn why(&self) -> Why {
        if self.answered { Why::Settle } else { Why::Follow }
    }
}
