//! Why a hand action was not followed although nothing went wrong: superseded, ambiguous, or its member stepped out.

use tutti_core::event::{Event, What};

use super::{Hand, HandKind, PlayerTruth, Trace};

/// A command is on its way for so long, or longer until it was seen to take effect; and decided from a look that was asked
/// so long before.
const FLIGHT_US: i64 = 1_500_000;
const FLIGHT_MOST_US: i64 = 4_000_000;
const READ_US: i64 = 250_000;
/// Who has just got there must stay for a second.
const KEPT_US: i64 = 1_000_000;
/// A skip so long before an end may be a crossfade that nobody has seen yet (A3).
const FADE_MS: f64 = 13_500.0;
/// So near to an end of an item a skip looks like a natural transition (A3).
const NEAR_END_MS: f64 = 1_700.0;
/// What ends so soon by itself is over before others could be brought there: a planned look at its longest, a second
/// look, a command, and the two seconds before an end into which nothing is aimed.
const OVER_SOON_MS: f64 = 6_000.0;

/// Undone or replaced before it could be read, while commands were on their way, or by its item's own end.
pub(super) fn is_superseded(trace: &Trace, hand: &Hand, named: Option<i64>, next_us: i64) -> bool {
    let unread = next_us < trace.ended_us && !asked_within(trace, hand.member, hand.at_us, next_us);
    let own = |of: usize| of == hand.member;
    let in_flight = commanded_within(trace, hand.at_us - FLIGHT_US, hand.at_us + READ_US, own)
        || awaited_at(trace, hand.at_us, own);
    // Others were still being brought there when the next action, or the end, came.
    let others = |of: usize| of != hand.member;
    let being_followed = named.is_some_and(|named| named < next_us)
        && (commanded_within(trace, next_us - FLIGHT_US - KEPT_US, next_us, others)
            || awaited_at(trace, next_us, others));
    unread || in_flight || being_followed || is_over_soon(trace, hand)
}

/// What it did could also have happened by itself: a skip at the end of an item, which was followed as a transition, or as
/// early as a crossfade may be (A3); a small step back that its stamps do not tell from lost time (A4); a seek to the place
/// to which sessions go by themselves (A5).
pub(super) fn is_ambiguous(trace: &Trace, hand: &Hand, reached: Option<i64>) -> bool {
    let back = matches!(hand.kind, HandKind::Seek | HandKind::Previous);
    let next_own = trace.hands.iter().find(|next| next.member == hand.member && next.at_us > hand.at_us);
    let until_us = next_own.map_or(i64::MAX, |next| next.at_us);
    let named = |what: fn(&What) -> bool| {
        logged(trace, hand.at_us, until_us)
            .any(|(of, event)| of == hand.member && matches!(event, Event::Named { what: named, .. } if what(named)))
    };
    let skip = matches!(hand.kind, HandKind::Next | HandKind::Seek);
    (reached.is_some() && at_end(trace, hand, NEAR_END_MS))
        || (back && named(|what| matches!(what, What::Stalled(_))))
        || (hand.kind == HandKind::Seek && named(|what| matches!(what, What::Phantom(_))))
        || (skip && at_end(trace, hand, FADE_MS) && named(|what| matches!(what, What::NaturalTransition { .. })))
}

/// Its pauses were undone by others again and again, so this one is its own (L6).
pub(super) fn stepped_out(trace: &Trace, member: usize, at_us: i64) -> bool {
    const NAMED_WITHIN_US: i64 = 30_000_000;
    logged(trace, at_us, at_us + NAMED_WITHIN_US).any(|(of, event)| of == member && *event == Event::SteppedOut)
}

fn logged(trace: &Trace, from_us: i64, until_us: i64) -> impl Iterator<Item = (usize, &Event)> {
    let first = trace.events.partition_point(|logged| logged.at_us < from_us);
    let until = trace.events[first..].iter().take_while(move |logged| logged.at_us < until_us);
    until.map(|logged| (logged.member, &logged.event))
}

fn commanded_within(trace: &Trace, from_us: i64, until_us: i64, of: impl Fn(usize) -> bool) -> bool {
    logged(trace, from_us + 1, until_us + 1)
        .any(|(member, event)| of(member) && matches!(event, Event::Commanded { .. }))
}

/// Somebody's command had gone out and was not seen to take effect, or to fail, by then.
fn awaited_at(trace: &Trace, at_us: i64, of: impl Fn(usize) -> bool) -> bool {
    let mut awaited = Vec::new();
    for (member, event) in logged(trace, at_us - FLIGHT_MOST_US, at_us).filter(|&(member, _)| of(member)) {
        match event {
            Event::Commanded { id, .. } => awaited.push((member, *id)),
            Event::Landed { id, .. } | Event::NoEffect { id } => awaited.retain(|one| *one != (member, *id)),
            _ => {}
        }
    }
    !awaited.is_empty()
}

fn asked_within(trace: &Trace, member: usize, from_us: i64, until_us: i64) -> bool {
    let first = trace.requests.partition_point(|&(at, _)| at < from_us);
    trace.requests[first..].iter().take_while(|&&(at, _)| at < until_us).any(|&(_, of)| of == member)
}

fn before(trace: &Trace, hand: &Hand) -> Option<usize> {
    trace.samples.partition_point(|sample| sample.at_us < hand.at_us).checked_sub(1)
}

/// The member acted so near to an end of its item that a skip looks like a natural transition.
fn at_end(trace: &Trace, hand: &Hand, near_ms: f64) -> bool {
    let near = |player: &PlayerTruth| {
        player.playing && player.reported_ms.min(player.duration_ms - player.reported_ms) <= near_ms
    };
    before(trace, hand).is_some_and(|index| near(&trace.samples[index].players[hand.member]))
}

/// It led so near to the end of an item that this was over by itself before it could be followed.
fn is_over_soon(trace: &Trace, hand: &Hand) -> bool {
    let after = before(trace, hand).and_then(|index| trace.samples.get(index + 1));
    let player = after.map(|sample| &sample.players[hand.member]);
    player.is_some_and(|player| player.playing && player.duration_ms - player.reported_ms <= OVER_SOON_MS)
}
