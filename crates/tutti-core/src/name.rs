//! The table: what a change of a player's line was, when it happened, and who did it (A2, A3, A4).

use std::sync::Arc;

use crate::event::{Author, What};
use crate::observe::{Candidate, Line};
use crate::playback::Item;
use crate::room::Act;
use crate::time::{LocalTime, Span};

/// An item that starts this long before the end of the one before it, or less, started by itself (A3).
const TRANSITION_EARLY: Span = Span::from_millis(1_500);
/// The same after the end: a device may take its time to load the next item.
const TRANSITION_LATE: Span = Span::from_secs(4);
/// A smaller jump on the same item is the player's, not a hand's.
const LEAST_SEEK: Span = Span::from_secs(1);
/// So near to an end of the item, a player that does not play has come to the end.
const AT_END: Span = Span::from_millis(1_500);

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

    /// What a hand did, if one did it.
    pub fn act(&self) -> Option<&Act> {
        match (&self.what, self.author) {
            (What::Act(act), Author::User) => Some(act),
            _ => None,
        }
    }
}

/// Names the change from `old` to `new`, which two readings, or two fields of one, confirm. `ends`: when the item would
/// end by commands of ours that nobody has seen take effect.
pub fn name(old: &Line, new: &Candidate, ends: &[LocalTime], report_age: Span) -> Named {
    let span = (old.fitted, new.answered);
    let here = new.estimate.position(new.answered);
    let ended_at = old.playing().then(|| old.estimate.passes(old.item.duration));
    let end_passed = ended_at.iter().chain(ends).any(|&end| new.answered + AT_END >= end);
    let plays = new.estimate.running();
    if !plays && end_passed && (here <= AT_END || here + AT_END >= new.item.duration) {
        return player(What::Ended, span);
    }
    if !old.item.same_recording(&new.item) {
        return other_item(old, new, ends, span);
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
        (true, true) => jumped(old, new, report_age, span, ended_at),
        (false, false) => {
            let jump = here - old.estimate.position(new.answered);
            if jump.abs() >= LEAST_SEEK { user(Act::Sought(here), span) } else { player(What::Drifted(jump), span) }
        }
    }
}

fn other_item(old: &Line, new: &Candidate, ends: &[LocalTime], span: (LocalTime, LocalTime)) -> Named {
    let title = title(&new.item);
    if !new.estimate.running() {
        return user(Act::Started(title), span);
    }
    let started = new.estimate.passes(Span::ZERO);
    // −e of rule A3: how long after the end of the old item the new one started.
    let own_end = old.playing().then(|| old.estimate.passes(old.item.duration));
    let natural = own_end.iter().chain(ends).any(|&end| {
        let late = started - end;
        -TRANSITION_EARLY <= late && late <= TRANSITION_LATE
    });
    if natural {
        let what = What::NaturalTransition { title };
        return Named { what, author: Author::Player, earliest: started, latest: started };
    }
    let exact = span.0 <= started && started <= span.1;
    user(Act::Started(title), if exact { (started, started) } else { span })
}

fn jumped(
    old: &Line,
    new: &Candidate,
    report_age: Span,
    span: (LocalTime, LocalTime),
    ended_at: Option<LocalTime>,
) -> Named {
    let jump = new.estimate.position(new.answered) - old.estimate.position(new.answered);
    let started = new.estimate.passes(Span::ZERO);
    if ended_at.is_some_and(|end| (started - end).abs() <= TRANSITION_EARLY) {
        return player(What::Repeat, span);
    }
    if jump.abs() < LEAST_SEEK.max(report_age) {
        return player(What::Drifted(jump), span);
    }
    // A4: lost time that fits between two readings is a stall, unless the service stamped a change.
    let stamped = matches!((old.stamp, new.stamp), (Some(old), Some(new)) if new > old);
    if jump.is_negative() && -jump <= new.answered - old.fitted && !stamped {
        return player(What::Drifted(jump), span);
    }
    user(Act::Sought(new.estimate.position(new.answered)), span)
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
