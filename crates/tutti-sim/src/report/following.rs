//! Who really leads at an instant, what disturbs, and how far everybody is from the leader.

use tutti_core::command::CommandKind;
use tutti_core::event::Event;

use super::{PlayerTruth, SAMPLE_US, Sample, Trace};

/// Spread counts from so long after anything happened.
const CALM_US: i64 = 5_000_000;
/// Another item or a wrong playing state counts as so many ms.
const WRONG_MS: f64 = 10_000.0;
/// An item that changes this near to its end went on by itself.
const AT_END_MS: f64 = 1_500.0;

/// An item that changes so near to its end, without a hand or a command, faded into the next.
const FADED_MS: f64 = 13_500.0;
/// Speeds that differ by more than this part of the slower one are different ones.
const SPEEDS_DIFFER: f64 = 0.01;
/// A command takes effect within this.
const EFFECT_US: i64 = 12_000_000;

/// What can be derived from the truth alone.
pub(super) struct Truth {
    /// Natural transitions of any member, µs, in order; `true` for the leader's.
    pub transitions: Vec<(i64, bool)>,
    /// Who acted by hand last, from when on.
    led: Vec<(i64, usize)>,
}

impl Truth {
    pub fn of(trace: &Trace) -> Self {
        let acts = trace.hands.iter().filter(|hand| hand.kind != super::HandKind::Transfer);
        let mut truth = Self { transitions: Vec::new(), led: acts.map(|hand| (hand.at_us, hand.member)).collect() };
        let mut transitions = Vec::new();
        for pair in trace.samples.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let passed = (after.at_us - before.at_us) as f64 / 1e3;
            for (member, (a, b)) in before.players.iter().zip(&after.players).enumerate() {
                let left = (a.duration_ms - a.reported_ms) / a.speed - passed;
                let faded = left <= FADED_MS && a.uri != b.uri && b.playing && !commanded(trace, member, after.at_us);
                let ended = a.playing && (left <= AT_END_MS || faded);
                if !ended || (a.uri == b.uri && b.reported_ms >= a.reported_ms) {
                    continue;
                }
                let first = trace.hands.partition_point(|hand| hand.at_us <= before.at_us);
                let during = trace.hands[first..].iter().take_while(|hand| hand.at_us <= after.at_us);
                if during.into_iter().all(|hand| hand.member != member) {
                    transitions.push((after.at_us, truth.leader(trace, after.at_us) == Some(member)));
                }
            }
        }
        truth.transitions = transitions;
        truth
    }

    /// Did anybody's item go on by itself within this time of an instant?
    pub fn transition_about(&self, at_us: i64, within_us: i64) -> bool {
        let first = self.transitions.partition_point(|&(at, _)| at <= at_us - within_us);
        self.transitions.get(first).is_some_and(|&(at, _)| at < at_us + within_us)
    }

    /// Did the leader's item go on by itself within this time before an instant?
    pub fn leaders_transition(&self, at_us: i64, within_us: i64) -> bool {
        let first = self.transitions.partition_point(|&(at, _)| at <= at_us - within_us);
        self.transitions[first..].iter().take_while(|&&(at, _)| at <= at_us).any(|&(_, leads)| leads)
    }

    /// Who leads in truth: whoever acted by hand last. While something keeps that member away, whom the room chose.
    pub fn leader(&self, trace: &Trace, at_us: i64) -> Option<usize> {
        let (_, by_hand) = self.led[..self.led.partition_point(|&(at, _)| at <= at_us)].last().copied()?;
        let is_away = |member| trace.incidents.iter().any(|incident| incident.takes_away(member, at_us));
        if !is_away(by_hand) {
            return Some(by_hand);
        }
        let room = trace.rooms[..trace.rooms.partition_point(|room| room.at_us <= at_us)].last()?;
        room.leader.filter(|&leader| !is_away(leader))
    }
}

/// Was this member told to play something, shortly before this instant?
fn commanded(trace: &Trace, member: usize, at_us: i64) -> bool {
    let first = trace.events.partition_point(|logged| logged.at_us <= at_us - EFFECT_US);
    trace.events[first..].iter().take_while(|logged| logged.at_us <= at_us).any(|logged| {
        logged.member == member && matches!(logged.event, Event::Commanded { kind: CommandKind::Play { .. }, .. })
    })
}

pub(super) struct Distances {
    pub reported: Vec<f64>,
    pub audible: Vec<f64>,
}

/// |follower − leader| for every controllable follower at every sample while the leader plays, from 5 s after the last
/// hand action, join or transition until the next. Audible: of what is heard, which trims are for.
pub(super) fn spread(trace: &Trace, truth: &Truth) -> Distances {
    let disturbances = disturbances(trace, truth);
    let mut distances = Distances { reported: Vec::new(), audible: Vec::new() };
    for sample in &trace.samples {
        let Some(lead) = truth.leader(trace, sample.at_us) else {
            continue;
        };
        if !sample.players[lead].playing || !is_calm(&disturbances, sample.at_us) {
            continue;
        }
        for (member, player) in followers(trace, sample, lead) {
            let leading = &sample.players[lead];
            let reported = distance(trace, (member, player), (lead, leading));
            distances.reported.push(reported);
            let heard = (player.audible_ms - leading.audible_ms).abs();
            distances.audible.push(if reported >= WRONG_MS { WRONG_MS } else { heard });
        }
    }
    distances
}

/// The last sample at which everybody has had time to be in step: nothing happened for 5 s, and nothing befell the leader.
pub(super) fn last_calm<'a>(trace: &'a Trace, truth: &Truth) -> Option<&'a Sample> {
    let disturbances = disturbances(trace, truth);
    trace.samples.iter().rfind(|sample| {
        let lead = truth.leader(trace, sample.at_us);
        let led = lead.is_some_and(|lead| !super::incident::is_excused(trace, lead, sample.at_us));
        led && is_calm(&disturbances, sample.at_us)
    })
}

/// Item, flag and position of a follower against the leader's, ms; positions by Spotify's report, trims taken off.
pub(super) fn distance(
    trace: &Trace,
    (member, player): (usize, &PlayerTruth),
    (lead, leader): (usize, &PlayerTruth),
) -> f64 {
    if player.uri != leader.uri || player.playing != leader.playing {
        return WRONG_MS;
    }
    let trim = |member: usize| trace.trims_ms.get(member).copied().unwrap_or(0.0) * leader.speed;
    // Nothing plays before an item's beginning: in a room that stands there, a trim cannot be had.
    let place = (leader.reported_ms - trim(lead) + trim(member)).max(0.0);
    (player.reported_ms - place).abs()
}

/// Those who can be compared with the leader.
pub(super) fn followers<'a>(
    trace: &'a Trace,
    sample: &'a Sample,
    leader: usize,
) -> impl Iterator<Item = (usize, &'a PlayerTruth)> {
    sample
        .players
        .iter()
        .enumerate()
        .filter(move |(member, _)| *member != leader && !trace.uncontrollable.contains(member))
        .filter(move |(member, _)| !super::incident::is_excused(trace, *member, sample.at_us))
        .filter(move |(_, player)| !at_own_speed(player, &sample.players[leader]))
}

/// Both hear the same episode at speeds that differ: nothing keeps them together (E7).
fn at_own_speed(player: &PlayerTruth, leader: &PlayerTruth) -> bool {
    let together = player.uri == leader.uri && player.playing && leader.playing;
    together && (player.speed - leader.speed).abs() > SPEEDS_DIFFER * player.speed.min(leader.speed)
}

fn disturbances(trace: &Trace, truth: &Truth) -> Vec<i64> {
    let hands = trace.hands.iter().map(|hand| hand.at_us);
    let mut all: Vec<i64> =
        hands.chain(truth.transitions.iter().map(|&(at, _)| at)).chain([trace.started_us]).collect();
    all.sort_unstable();
    all
}

/// At least 5 s after the last disturbance, and not in the sample in which the next one happens.
fn is_calm(disturbances: &[i64], at_us: i64) -> bool {
    let next = disturbances.partition_point(|&at| at <= at_us);
    let last = next.checked_sub(1).map(|index| disturbances[index]);
    let soon = disturbances.get(next).is_some_and(|&at| at - at_us < SAMPLE_US);
    last.is_some_and(|last| at_us - last >= CALM_US) && !soon
}
