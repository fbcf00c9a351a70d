//! The table: what a change of a player's line was, when it happened, and who did it (A2, A3, A4).

use std::sync::Arc;

use crate::event::{Author, What};
use crate::observe::crossfade::Crossfade;
use crate::observe::{Candidate, Line};
use crate::playback::Item;
use crate::room::Act;
use crate::speed::Speed;
use crate::time::{LocalTime, Span};

/// An item that starts this long before the end of the one before it, or less, started by itself (A3).
const TRANSITION_EARLY: Span = Span::from_millis(1_500);
/// Without "repeat" on, the same item can only follow itself in a list: that begins right at its end.
const REPEATED_IN_LIST: Span = Span::from_millis(400);
/// The same after the end: a device may take its time to load the next item.
const TRANSITION_LATE: Span = Span::from_secs(4);
/// A smaller jump on the same item is the player's, not a hand's.
const LEAST_SEEK: Span = Span::from_secs(1);
/// So near to an end of the item, a player that does not play has come to the end.
const AT_END: Span = Span::from_millis(1_500);

/// A hand is never so quick.
const NEVER_PLAYED: Span = Span::from_millis(1);
const AFTER_END: Span = Span::from_secs(3);

/// Time lost while an item loads: at most so much, within so long of its start or a seek (A4).
const MOST_LOADING: Span = Span::from_secs(6);
const AFTER_START: Span = Span::from_secs(15);
/// The same at any time, where the service's stamps say that nobody moved the player.
const MOST_LOADING_STAMPED: Span = Span::from_secs(10);
/// A position so far below the one shown before is not a step back: reports are cut and their ways differ.
const WENT_BACK: Span = Span::from_millis(300);
/// How near to a known place a session lands that goes there by itself.
const PHANTOM_AROUND: Span = Span::from_millis(150);
/// When, after a seek or a play.
const PHANTOM_SOONEST: Span = Span::from_millis(400);
const PHANTOM_LATEST: Span = Span::from_millis(2_000);
/// For so long readings may fit a line that the player has left: as long as a command takes to show.
const HIDDEN: Span = Span::from_secs(5);

/// A change with its cause and author; instants are local.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub what: What,
    pub author: Author,
    pub earliest: LocalTime,
    pub latest: LocalTime,
}

impl Named {
    pub fn device_changed(at: LocalTime) -> Self {
        Self { what: What::DeviceChanged, author: Author::User, earliest: at, latest: at }
    }

    /// An episode goes on at another speed.
    pub fn speed_changed(to: Speed, (earliest, latest): (LocalTime, LocalTime)) -> Self {
        Self { what: What::SpeedChanged(to), author: Author::User, earliest, latest }
    }

    /// What a hand did, if one did it.
    pub fn act(&self) -> Option<&Act> {
        match (&self.what, self.author) {
            (What::Act(act), Author::User) => Some(act),
            _ => None,
        }
    }
}

/// What else is known when a change is named.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// When the item would end by commands of ours that nobody has seen take effect.
    pub ends: &'a [LocalTime],
    /// How old a reported position may be.
    pub report_age: Span,
    /// Did somebody move the player, by the service's stamps? None where they do not say.
    pub touched: Option<bool>,
    /// The same, also where that was not seen often enough to rely on it.
    pub presumably_touched: Option<bool>,
    /// Between which instants each recent seek or play took effect, a hand's or ours.
    pub jumps: &'a [(LocalTime, LocalTime)],
    /// When the player was moved, and within what, where the service's stamps tell.
    pub moved_at: Option<(LocalTime, Span)>,
    /// The places to which this session goes by itself.
    pub places: &'a [Span],
    /// It was seen to do so before.
    pub haunted: bool,
    /// The player is set to repeat, so an item that begins anew at its end is no hand's.
    pub repeats: bool,
    pub crossfade: &'a Crossfade,
    /// This member leads the room.
    pub leads: bool,
    /// What the player goes on with by itself, as far as that is known.
    pub next: &'a [Arc<Item>],
    /// The new item is one that a command of ours started within a minute.
    pub ours: bool,
}

/// Names the change from `old` to `new`, which two readings, or two fields of one, confirm.
pub fn name(old: &Line, new: &Candidate, circumstances: &Circumstances<'_>) -> Named {
    let ends = circumstances.ends;
    let span = (old.fitted, new.answered);
    let here = new.estimate.position(new.answered);
    let ended_at = old.playing().then(|| old.estimate.passes(old.item.duration));
    let end_passed = ended_at.iter().chain(ends).any(|&end| new.answered + AT_END >= end);
    let plays = new.estimate.running();
    // Who stands at the very start of what has just begun never played it: a list's end, and a wrong flag before it.
    let never_played = old.playing() && here < NEVER_PLAYED && old.estimate.position(new.answered) <= AFTER_END;
    if !plays && never_played && old.item.same_recording(&new.item) {
        return player(What::Ended, span);
    }
    if !plays && end_passed && (here <= AT_END || here + AT_END >= new.item.duration) {
        return player(What::Ended, span);
    }
    if !old.item.same_recording(&new.item) {
        return other_item(old, new, circumstances, span);
    }
    match (old.playing(), plays) {
        (true, false) => {
            // It stands where the running line was when it was paused.
            let at = old.estimate.passes(here);
            user(Act::Paused, if span.0 <= at && at <= span.1 { (at, at) } else { span })
        }
        (false, true) => {
            let at = new.estimate.passes(old.estimate.position(span.1));
            user(Act::Resumed, if span.0 <= at && at <= span.1 { (at, at) } else { span })
        }
        (true, true) => jumped(old, new, circumstances, span, ended_at),
        (false, false) => {
            let jump = here - old.estimate.position(new.answered);
            if jump.abs() >= LEAST_SEEK { user(Act::Sought(here), span) } else { player(What::Drifted(jump), span) }
        }
    }
}

fn other_item(old: &Line, new: &Candidate, circumstances: &Circumstances<'_>, span: (LocalTime, LocalTime)) -> Named {
    let ends = circumstances.ends;
    let title = title(&new.item);
    // Beyond the end of a short item is the next one, and the session goes on from there if it was moved twice.
    let carried = circumstances.ours || ends_before_a_place(old, circumstances);
    if carried && new.estimate.running() && is_phantom(old, new, circumstances) {
        let jump = new.estimate.position(new.answered) - old.estimate.position(new.answered);
        return player(What::Phantom(jump), span);
    }
    if !new.estimate.running() {
        return user(Act::Started(title), span);
    }
    let started = new.estimate.passes(Span::ZERO);
    // −e of rule A3: how long after the end of the old item the new one started.
    let own_end = old.playing().then(|| old.estimate.passes(old.item.duration));
    let natural = own_end.iter().chain(ends).any(|&end| is_natural(end, started));
    // Long before the end only what comes next fades in; whatever else starts there was chosen.
    let next = circumstances.next.iter().any(|next| next.same_recording(&new.item));
    // A player that hung beyond its item's end and goes on with what comes next does so by itself.
    let hung = next && own_end.is_some_and(|end| started > end);
    let faded = (next || circumstances.next.is_empty())
        && own_end.is_some_and(|end| circumstances.crossfade.explains(end - started, circumstances.leads));
    if natural || faded || hung {
        let what = What::NaturalTransition { title };
        return Named { what, author: Author::Player, earliest: started, latest: started };
    }
    if is_phantom_beyond_the_end(old, started, circumstances) {
        return player(What::Phantom(Span::ZERO), span);
    }
    let exact = span.0 <= started && started <= span.1;
    user(Act::Started(title), if exact { (started, started) } else { span })
}

/// An item that started then began by itself at this end of the one before it.
pub fn is_natural(end: LocalTime, started: LocalTime) -> bool {
    let late = started - end;
    -TRANSITION_EARLY <= late && late <= TRANSITION_LATE
}

fn jumped(
    old: &Line,
    new: &Candidate,
    circumstances: &Circumstances<'_>,
    span: (LocalTime, LocalTime),
    ended_at: Option<LocalTime>,
) -> Named {
    let jump = new.estimate.position(new.answered) - old.estimate.position(new.answered);
    let started = new.estimate.passes(Span::ZERO);
    let about = if circumstances.repeats { TRANSITION_EARLY } else { REPEATED_IN_LIST };
    if ended_at.is_some_and(|end| (started - end).abs() <= about) {
        return player(What::Repeat, span);
    }
    if jump.abs() < LEAST_SEEK.max(circumstances.report_age) {
        return player(What::Drifted(jump), span);
    }
    if is_phantom(old, new, circumstances) {
        return player(What::Phantom(jump), span);
    }
    if jump.is_negative() && is_stall(old, new, -jump, circumstances) {
        return player(What::Stalled(-jump), span);
    }
    user(Act::Sought(new.estimate.position(new.answered)), span)
}

/// A4: time was lost, and nobody moved the player. It never went back behind what it had shown; or it counted on while it
/// loaded and then took that back.
fn is_stall(old: &Line, new: &Candidate, lost: Span, circumstances: &Circumstances<'_>) -> bool {
    match (circumstances.touched, circumstances.presumably_touched) {
        (Some(true), _) | (None, Some(true)) => return false,
        (Some(false), _) if lost <= MOST_LOADING_STAMPED => return true,
        (None, Some(false)) if lost <= MOST_LOADING => return true,
        _ => {}
    }
    let first = new.estimate.position(new.asked);
    let went_on = new.before.map_or(lost <= new.answered - old.fitted, |before| first + WENT_BACK >= before);
    let loading = lost <= MOST_LOADING && new.asked - old.began <= AFTER_START;
    went_on || loading
}

/// A5: the session goes by itself to a place known for that: by the service's stamp it went right there, at any time; or,
/// where stamps do not tell when, it passed there soon after a seek or a play, ours or a hand's; at any time in a session
/// that was seen to do so before.
fn is_phantom(old: &Line, new: &Candidate, circumstances: &Circumstances<'_>) -> bool {
    let between = |at: LocalTime| old.fitted - PHANTOM_AROUND <= at && at <= new.answered + PHANTOM_AROUND;
    circumstances.places.iter().any(|&place| {
        let landed = new.estimate.passes(place);
        let soon = follows_a_jump(landed, circumstances.jumps);
        // Until a command shows, readings fit a line that the player has left.
        let passed = between(landed) || soon && old.fitted - HIDDEN <= landed && landed <= new.answered;
        // Where nothing else speaks for it, the place must be met well.
        let likely = soon || circumstances.haunted;
        let around = |bound: Span| {
            if likely { PHANTOM_AROUND + bound + new.estimate.bound(new.answered) } else { PHANTOM_AROUND }
        };
        match circumstances.moved_at {
            Some((at, bound)) if between(at) && (new.estimate.position(at) - place).abs() <= around(bound) => true,
            // More may have happened between two looks than the last stamp tells.
            Some(_) => passed && soon && circumstances.haunted,
            None => passed && likely,
        }
    })
}

/// The same on an item that ends before that place: the next one begins. Anybody's skip looks like that, so only where the
/// session was seen to go there before.
fn is_phantom_beyond_the_end(old: &Line, started: LocalTime, circumstances: &Circumstances<'_>) -> bool {
    circumstances.haunted
        && ends_before_a_place(old, circumstances)
        && started >= old.fitted - PHANTOM_AROUND
        && follows_a_jump(started, circumstances.jumps)
}

fn ends_before_a_place(old: &Line, circumstances: &Circumstances<'_>) -> bool {
    circumstances.places.iter().any(|&place| old.item.duration <= place)
}

/// So soon after a seek or a play.
pub fn follows_a_jump(at: LocalTime, jumps: &[(LocalTime, LocalTime)]) -> bool {
    jumps.iter().any(|&(from, to)| from + PHANTOM_SOONEST <= at && at <= to + PHANTOM_LATEST)
}

fn title(item: &Arc<Item>) -> String {
    item.title.clone()
}

fn user(act: Act, (earliest, latest): (LocalTime, LocalTime)) -> Named {
    Named { what: What::Act(act), author: Author::User, earliest, latest }
}

fn player(what: What, (earliest, latest): (LocalTime, LocalTime)) -> Named {
    Named { what, author: Author::Player, earliest, latest }
}
