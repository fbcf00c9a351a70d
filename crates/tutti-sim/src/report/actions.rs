//! What became of every hand action; whether anything moved that nobody moved; how often followers were put right.

use tutti_core::command::CommandKind;
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::room::Act;

use super::following::{Truth, distance, followers};
use super::{Actions, Corrections, HandKind, PlayerTruth, RoomChange, Takeovers, Trace, incident, seconds, unmet};

/// A follower is there when it is no further off than this, and keeps it for [`KEPT_US`].
const NEAR_MS: f64 = 500.0;
const KEPT_US: i64 = 1_000_000;
/// What was not followed at all.
const NEVER_S: f64 = 30.0;
/// An engine names an action at the latest so long after it.
const NAMED_WITHIN_US: i64 = 30_000_000;
/// A change of leader that is undone within this time is a flap.
const FLAP_US: i64 = 5_000_000;
/// A command so long after a cause, or less, settles it.
const SETTLES_US: i64 = 15_000_000;
/// A jump of the room's line beyond this is a move.
const MOVE_MS: f64 = 1_000.0;

#[derive(Default)]
pub(super) struct Outcome {
    pub actions: Actions,
    pub takeovers: Takeovers,
    pub false_moves: usize,
    pub leader_flaps: usize,
    pub detections: Vec<f64>,
    pub propagations: Vec<f64>,
    /// Indices into the trace's hands.
    pub missed: Vec<usize>,
    /// Indices into the trace's states of the room: what nobody did.
    pub wrong: Vec<usize>,
    /// When hands were named, µs, by index.
    pub named: Vec<(usize, i64)>,
    /// How long hands took to be followed, s, by index; as in `propagations`.
    pub followed: Vec<(usize, f64)>,
}

pub(super) fn judge(trace: &Trace, truth: &Truth) -> Outcome {
    let mut outcome = Outcome::default();
    for index in 0..trace.hands.len() {
        if trace.hands[index].kind != HandKind::Transfer {
            judge_hand(trace, index, &mut outcome);
        }
    }
    judge_rooms(trace, truth, &mut outcome);
    outcome
}

fn judge_hand(trace: &Trace, index: usize, outcome: &mut Outcome) {
    let hand = &trace.hands[index];
    let next_us = trace.hands.get(index + 1).map_or(trace.ended_us, |next| next.at_us);
    let named = named_at(trace, index);
    let reached = propagated_at(trace, hand.member, hand.at_us, next_us);
    outcome.actions.made += 1;
    if let Some(at) = named {
        outcome.detections.push((at - hand.at_us) as f64 / 1e6);
        outcome.named.push((index, at));
    }
    match (named, reached) {
        (Some(_), Some(at)) => {
            // Later than never is no better than never.
            let took_s = ((at - hand.at_us) as f64 / 1e6).min(NEVER_S);
            outcome.actions.followed += 1;
            outcome.propagations.push(took_s);
            outcome.followed.push((index, took_s));
        }
        (Some(_), None) if unmet::stepped_out(trace, hand.member, hand.at_us) => outcome.actions.stepped_out += 1,
        _ if unmet::is_superseded(trace, hand, named, next_us) => outcome.actions.superseded += 1,
        (None, reached) if unmet::is_ambiguous(trace, hand, reached) => outcome.actions.ambiguous += 1,
        _ => {
            outcome.actions.missed += 1;
            outcome.missed.push(index);
            outcome.propagations.push(NEVER_S);
            outcome.followed.push((index, NEVER_S));
        }
    }
}

/// When the engine of the member who acted gave that action to its user.
fn named_at(trace: &Trace, index: usize) -> Option<i64> {
    let hand = &trace.hands[index];
    let next_own = trace.hands[index + 1..].iter().find(|next| next.member == hand.member);
    let until = next_own.map_or(i64::MAX, |next| next.at_us).min(hand.at_us + NAMED_WITHIN_US);
    let first = trace.events.partition_point(|logged| logged.at_us < hand.at_us);
    trace.events[first..]
        .iter()
        .take_while(|logged| logged.at_us < until)
        .filter(|logged| logged.member == hand.member)
        .find(|logged| match &logged.event {
            Event::Named { what: What::Act(act), author: Author::User, .. } => is_kind(act, hand.kind),
            _ => false,
        })
        .map(|logged| logged.at_us)
}

/// Skipping back within an item, or on one that repeats, shows as a seek; a seek beyond an end shows as another item.
fn is_kind(act: &Act, kind: HandKind) -> bool {
    match act {
        Act::Paused => matches!(kind, HandKind::Pause | HandKind::Next),
        Act::Resumed => matches!(kind, HandKind::Resume | HandKind::Next | HandKind::Previous | HandKind::Play),
        Act::Sought(_) => matches!(kind, HandKind::Seek | HandKind::Previous | HandKind::Next | HandKind::Play),
        Act::Started(_) => matches!(kind, HandKind::Play | HandKind::Next | HandKind::Previous | HandKind::Seek),
    }
}

/// From when on every follower is where the acting member is, for a second; before the next hand action.
fn propagated_at(trace: &Trace, member: usize, from_us: i64, until_us: i64) -> Option<i64> {
    let mut since = None;
    let first = trace.samples.partition_point(|sample| sample.at_us < from_us);
    for sample in trace.samples[first..].iter().take_while(|sample| sample.at_us < until_us) {
        let lead = &sample.players[member];
        // No command loads an item without playing it, nor moves a player that springs back: in a room that stands,
        // standing is enough then.
        let stands = |index: usize, player: &PlayerTruth| {
            let unmovable = player.uri != lead.uri || incident::springs_back(trace, index, sample.at_us);
            !lead.playing && !player.playing && unmovable
        };
        let there = followers(trace, sample, member).all(|(index, player)| {
            stands(index, player) || distance(trace, (index, player), (member, lead)) <= NEAR_MS
        });
        if !there {
            since = None;
        } else if sample.at_us - *since.get_or_insert(sample.at_us) >= KEPT_US {
            return since;
        }
    }
    None
}

/// Every accepted claim needs a hand of that member behind it; so does every jump of the room's line, and every change
/// of leader that undoes the one before.
fn judge_rooms(trace: &Trace, truth: &Truth, outcome: &mut Outcome) {
    let mut used = vec![false; trace.hands.len()];
    // Who led before the present leader, and since when that one leads.
    let mut former = (None, trace.started_us);
    for (index, pair) in trace.rooms.windows(2).enumerate() {
        let (before, after) = (&pair[0], &pair[1]);
        let so_far = outcome.takeovers.wrong + outcome.false_moves;
        let claimed = after.actions > before.actions;
        let hand = if claimed { hand_behind(trace, after, &used) } else { None };
        if let Some(index) = hand {
            used[index] = true;
        }
        if claimed {
            // A fade of the leader's player that was taken for a hand's moves the room to where it belongs.
            let faded =
                !after.takeover && item(before) != item(after) && truth.leaders_transition(after.at_us, SETTLES_US);
            outcome.false_moves += usize::from(hand.is_none() && !faded);
            if after.takeover {
                *(if hand.is_some() { &mut outcome.takeovers.right } else { &mut outcome.takeovers.wrong }) += 1;
            }
        } else if jumped(before, after)
            && !truth.transition_about(after.at_us, SETTLES_US)
            && !tells_what_was_slept_through(trace, truth, after)
        {
            outcome.false_moves += 1;
        }
        if outcome.takeovers.wrong + outcome.false_moves > so_far {
            outcome.wrong.push(index + 1);
        }
        if after.leader != before.leader {
            let undone = former.0.is_some() && former.0 == after.leader && after.at_us - former.1 < FLAP_US;
            outcome.leader_flaps += usize::from(undone && hand.is_none());
            former = (before.leader, after.at_us);
        }
    }
}

/// Whose machine slept tells right after it what their player went through meanwhile, by itself or by hand: that is
/// no move of their engine's.
fn tells_what_was_slept_through(trace: &Trace, truth: &Truth, room: &RoomChange) -> bool {
    trace.incidents.iter().any(|incident| {
        let (from_us, until_us) = (incident.from_us, incident.until_us);
        let just_over = until_us <= room.at_us && room.at_us - until_us < SETTLES_US;
        let slept = incident.kind == "sleep" && Some(incident.member) == room.leader && just_over;
        let acted = |hand: &super::Hand| hand.member == incident.member && (from_us..until_us).contains(&hand.at_us);
        let (half_us, middle_us) = ((until_us - from_us) / 2, from_us + (until_us - from_us) / 2);
        slept && (truth.transition_about(middle_us, half_us) || trace.hands.iter().any(acted))
    })
}

fn item(room: &RoomChange) -> Option<&str> {
    room.line.as_ref().map(|(uri, ..)| uri.as_str())
}

/// The newest hand action of the new leader that no earlier claim was made for.
fn hand_behind(trace: &Trace, room: &RoomChange, used: &[bool]) -> Option<usize> {
    trace.hands.iter().enumerate().rposition(|(index, hand)| {
        Some(hand.member) == room.leader
            && hand.at_us <= room.at_us
            && room.at_us - hand.at_us < NAMED_WITHIN_US
            && !used[index]
    })
}

fn jumped(before: &RoomChange, after: &RoomChange) -> bool {
    match (&before.line, &after.line) {
        (Some((uri, playing, position)), Some((new_uri, new_playing, new_position))) => {
            let ran = before.ran_ms(after.at_us);
            uri != new_uri || playing != new_playing || (new_position - position - ran).abs() > MOVE_MS
        }
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Seeks and plays beyond the first that answers an action, join or transition.
pub(super) fn corrections(trace: &Trace, truth: &Truth) -> Corrections {
    let (mut settling, mut steady, mut boundary) = (0, 0, 0);
    let followers = (trace.members.len() - trace.uncontrollable.len()).saturating_sub(1).max(1);
    for member in 0..trace.members.len() {
        let mut answered = i64::MIN;
        for logged in trace.events.iter().filter(|logged| logged.member == member) {
            let Event::Commanded { kind: CommandKind::Play { .. } | CommandKind::Seek { .. }, why, .. } = &logged.event
            else {
                continue;
            };
            let cause = last_cause(trace, truth, logged.at_us);
            if cause > answered && *why != Why::Boundary {
                answered = cause;
                continue;
            }
            match why {
                Why::Boundary => boundary += 1,
                _ if logged.at_us - cause <= SETTLES_US => settling += 1,
                _ => steady += 1,
            }
        }
    }
    let per = |count: usize, by: f64| super::numbers::round(count as f64 / followers as f64 / by.max(1e-9), 2);
    let items = truth.transitions.iter().filter(|(_, leads)| *leads).count().max(1);
    Corrections {
        settling_member_action: per(settling, trace.hands.len().max(1) as f64),
        steady_member_hour: per(steady, seconds(trace) / 3_600.0),
        boundary_member_item: per(boundary, items as f64),
    }
}

/// The last action, join or transition before an instant.
fn last_cause(trace: &Trace, truth: &Truth, at_us: i64) -> i64 {
    let hands = trace.hands.partition_point(|hand| hand.at_us <= at_us);
    let transitions = truth.transitions.partition_point(|&(at, _)| at <= at_us);
    let hand = trace.hands[..hands].last().map(|hand| hand.at_us);
    let transition = truth.transitions[..transitions].last().map(|&(at, _)| at);
    hand.max(transition).unwrap_or(trace.started_us)
}
