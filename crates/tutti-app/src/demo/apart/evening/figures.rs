//! The numbers of an evening: of the simulator's truth, of what the programs said, and of what came to the players.

use tutti_core::command::CommandKind;
use tutti_core::event::Event;
use tutti_sim::player::Command;
use tutti_sim::report::{Trace, report};
use tutti_sim::sim::CommandRecord;

use super::faults::Befell;
use super::{Commands, Evening, Figures, Handover};
use crate::demo::apart::said::Said;

/// The same command twice within this is one that two programs sent.
const TWICE_WITHIN_US: i64 = 3_000_000;
/// From an engine sending a command to its arrival: a ration may hold it, and a network.
const ARRIVES_WITHIN_US: i64 = 20_000_000;
/// Clocks are read one after the other.
const CLOCKS_US: i64 = 50_000;
/// What was sent so shortly before its program was killed, or before the end, may not have been said, or may never come.
const LAST_US: i64 = 5_000_000;
/// A player that is elsewhere than it ran on to jumped.
const JUMP_MS: f64 = 1_000.0;
/// So near to an item's end it may go on by itself.
const END_MS: f64 = 15_000.0;

pub(super) fn figures(
    trace: &Trace,
    said: &Said,
    befell: &Befell,
    came: &[(usize, CommandRecord)],
    (programs, faults): (usize, usize),
) -> Evening {
    let seen = report(trace);
    let (heard_us, unheard) = said.heard();
    let ms = |values: &[i64]| Figures::of(values.iter().map(|&us| us as f64 / 1e3));
    Evening {
        schema: 1,
        seconds: (trace.ended_us - trace.started_us) as f64 / 1e6,
        members: trace.members.len(),
        programs,
        faults,
        spread_ms: Figures { p50: seen.spread_ms.p50, p95: seen.spread_ms.p95, most: None },
        detection_s: Figures { p50: seen.detection_s.p50, p95: seen.detection_s.p95, most: None },
        propagation_s: Figures { p50: seen.propagation_s.p50, p95: seen.propagation_s.p95, most: None },
        actions: seen.actions,
        takeovers: seen.takeovers,
        false_moves: seen.false_moves,
        leader_flaps: seen.leader_flaps,
        named_heard_ms: ms(&heard_us),
        unheard,
        clock_off_ms: ms(&said.clock_off_us),
        commands: commands(trace, befell, came),
        jumps: jumps(trace, befell),
        handover_s: Handover {
            closed: Figures::of(befell.closed_s.iter().copied()),
            killed: Figures::of(befell.killed_s.iter().copied()),
        },
        relay_back_s: Figures::of(befell.back_s.iter().copied()),
        recoveries: seen.recoveries,
        requests_429: seen.requests_429,
    }
}

impl Figures {
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (sorted.len().saturating_sub(1)) as f64 * share;
            sorted.get(place.round() as usize).map(|value| (value * 1e3).round() / 1e3)
        };
        Self { p50: at(0.5), p95: at(0.95), most: at(1.0) }
    }
}

/// Every command that an engine sent came once, and no other came.
fn commands(trace: &Trace, befell: &Befell, came: &[(usize, CommandRecord)]) -> Commands {
    let mut sent: Vec<(i64, usize, &CommandKind, bool)> = Vec::new();
    for logged in &trace.events {
        if let Event::Commanded { kind, .. } = &logged.event {
            sent.push((logged.at_us, logged.member, kind, false));
        }
    }
    let near_a_kill = |member: usize, at_us: i64| {
        befell.killed.iter().any(|&(of, when)| of == member && (at_us - when).abs() < LAST_US)
    };
    let mut doubled = 0;
    let mut last: Vec<Option<&CommandRecord>> = vec![None; trace.members.len()];
    for (member, record) in came {
        let (member, at_us) = (*member, record.at_us);
        let mine = sent.iter_mut().find(|(sent_us, of, kind, taken)| {
            let in_time = *sent_us <= at_us + CLOCKS_US && at_us - *sent_us < ARRIVES_WITHIN_US;
            *of == member && !taken && in_time && is_kind(&record.command, kind)
        });
        let twice =
            last[member].is_some_and(|last| last.command == record.command && at_us - last.at_us < TWICE_WITHIN_US);
        match mine {
            Some(mine) => {
                mine.3 = true;
                doubled += usize::from(twice);
            }
            None => doubled += usize::from(!near_a_kill(member, at_us)),
        }
        last[member] = Some(record);
    }
    let lost = sent.iter().filter(|&&(at_us, member, _, taken)| {
        let last = at_us < trace.started_us || at_us + LAST_US > trace.ended_us;
        !taken && !last && !near_a_kill(member, at_us)
    });
    let which = |&(at_us, member, kind, _): &(i64, usize, &CommandKind, bool)| {
        format!("{:.3} s, member {member}: {kind:?}", (at_us - trace.started_us) as f64 / 1e6)
    };
    let which_lost: Vec<String> = lost.map(which).collect();
    Commands { came: came.len(), doubled, lost: which_lost.len(), which_lost }
}

fn is_kind(command: &Command, kind: &CommandKind) -> bool {
    matches!(
        (command, kind),
        (Command::Play { .. }, CommandKind::Play { .. })
            | (Command::Pause { .. }, CommandKind::Pause)
            | (Command::Seek { .. }, CommandKind::Seek { .. })
            | (Command::Queue { .. }, CommandKind::Queue { .. })
    )
}

/// Players that did something else than play on while nothing but a fault happened.
fn jumps(trace: &Trace, befell: &Befell) -> usize {
    let quiet = |at_us: i64| befell.quiet.iter().any(|&(from, until)| from <= at_us && at_us < until);
    let mut jumps = 0;
    for pair in trace.samples.windows(2).filter(|pair| quiet(pair[0].at_us) && quiet(pair[1].at_us)) {
        let passed_ms = (pair[1].at_us - pair[0].at_us) as f64 / 1e3;
        for (before, after) in pair[0].players.iter().zip(&pair[1].players) {
            let ran_ms = if before.playing { passed_ms } else { 0.0 };
            let off_ms = (after.reported_ms - before.reported_ms - ran_ms).abs();
            let by_itself = before.playing && before.duration_ms - before.reported_ms < END_MS;
            let jumped = before.uri != after.uri || before.playing != after.playing || off_ms > JUMP_MS;
            jumps += usize::from(jumped && !by_itself);
        }
    }
    jumps
}
