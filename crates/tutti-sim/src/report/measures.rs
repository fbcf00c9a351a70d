//! Everything that bounds of scenarios may speak of: the report, what was named and commanded, where everybody ended.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tutti_core::event::{Author, Event, What};

use super::actions::judge;
use super::following::{Truth, distance, followers, last_calm};
use super::{HandKind, PlayerTruth, Report, Sample, Times, Trace};

/// What a listener notices as a jump.
const MOVED_MS: f64 = 1_000.0;
const IN_STEP_MS: f64 = 250.0;
const WINDOW_US: i64 = 30_000_000;
/// What happened is found within this, or not at all.
const FOUND_US: i64 = 15_000_000;

/// The report's own numbers, and:
/// - `named.<what>_by_<author>`, `left_out.<reason>`, `commands.<kind>`, `commands.<why>`, `commands.all`: counts;
/// - `in_step.share` of all moments and followers, `in_step.end` of the followers at the last moment at which they had
///   time to be there (5 s after the last act, join or transition): right item, right state, no further off than 250 ms
///   while it plays;
/// - `leader.last`: who led in the end; `room.changes` of the leader;
/// - `recovery.<fault>.p50_s`, `.max_s`;
/// - `moves.<member>`: how often their music moved in truth, by whatever: stopped, went on, jumped by a second or more, another
///   item; what went on by itself at its end is not counted;
/// - `requests_30_s_most`: of one member;
/// - `follow.<kind>.p50_s`, `.p95_s`: propagation of one kind of hand action (play, pause, resume, seek, next, previous);
/// - `after_look_s.p50`, `.p95`: from the first request of the acting member after its action to the action's name;
/// - `found.all`, `found.share`: hand actions, and the part of them at which the engine found that something happened,
///   whatever it called it: also those that are too small for a hand's.
pub fn measures(trace: &Trace, report: &Report) -> Value {
    let mut all = serde_json::to_value(report).unwrap_or_default();
    let truth = Truth::of(trace);
    let recovery: BTreeMap<&str, Value> = report
        .recoveries
        .iter()
        .map(|recovery| (recovery.fault.as_str(), json!({ "p50_s": recovery.p50_s, "max_s": recovery.max_s })))
        .collect();
    let shares: Vec<f64> = trace.samples.iter().filter_map(|sample| in_step(trace, &truth, sample)).collect();
    let share = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let end = last_calm(trace, &truth).and_then(|sample| in_step(trace, &truth, sample));
    let outcome = judge(trace, &truth);
    let changes = trace.rooms.windows(2).filter(|pair| pair[0].leader != pair[1].leader).count();
    let more = json!({
        "named": named(trace),
        "left_out": left_out(trace),
        "commands": commands(trace),
        "recovery": recovery,
        "in_step": { "share": super::numbers::round(share, 4), "end": end },
        "leader": { "last": trace.rooms.last().and_then(|room| room.leader) },
        "room": { "changes": changes, "playing": trace.rooms.last().and_then(|room| Some(room.line.as_ref()?.1)) },
        "moves": moves(trace),
        "requests_30_s_most": most_requests(trace),
        "follow": follow(trace, &outcome.followed),
        "after_look_s": Times::of(outcome.named.iter().filter_map(|&(index, at)| after_look_s(trace, index, at)).collect()),
        "found": found(trace),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// The share of followers that are where the leader is; None while nobody leads or has followers.
fn in_step(trace: &Trace, truth: &Truth, sample: &Sample) -> Option<f64> {
    let lead = truth.leader(trace, sample.at_us)?;
    let leading = &sample.players[lead];
    let (mut there, mut all) = (0, 0);
    for (index, player) in followers(trace, sample, lead) {
        let stands = !leading.playing && !player.playing;
        let near = distance(trace, (index, player), (lead, leading)) <= IN_STEP_MS;
        there += usize::from(stands || near);
        all += 1;
    }
    (all > 0).then(|| there as f64 / all as f64)
}

type Counts = BTreeMap<String, u64>;

fn count(counts: &mut Counts, name: String) {
    *counts.entry(name).or_default() += 1;
}

fn named(trace: &Trace) -> Counts {
    let mut counts = Counts::new();
    for logged in &trace.events {
        let Event::Named { what, author, .. } = &logged.event else { continue };
        let what = match what {
            What::Act(act) => variant(act),
            what => variant(what),
        };
        let author = match author {
            Author::Ours => "us".to_owned(),
            Author::Unknown => "nobody".to_owned(),
            author => variant(author),
        };
        count(&mut counts, format!("{what}_by_{author}"));
    }
    counts
}

fn left_out(trace: &Trace) -> Counts {
    let mut counts = Counts::new();
    for logged in &trace.events {
        if let Event::LeftOut(why) = &logged.event {
            count(&mut counts, why.replace(' ', "_"));
        }
    }
    counts
}

fn commands(trace: &Trace) -> Counts {
    let mut counts = Counts::new();
    for logged in &trace.events {
        let Event::Commanded { kind, why, .. } = &logged.event else { continue };
        for name in [variant(kind), variant(why), "all".to_owned(), format!("to_{}", logged.member)] {
            count(&mut counts, name);
        }
    }
    counts
}

/// How soon each kind of action was followed.
fn follow(trace: &Trace, followed: &[(usize, f64)]) -> BTreeMap<String, Value> {
    let mut by_kind: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for &(index, took_s) in followed {
        by_kind.entry(variant(&trace.hands[index].kind)).or_default().push(took_s);
    }
    let times = |times: Vec<f64>| {
        let Times { p50, p95 } = Times::of(times);
        json!({ "p50_s": p50, "p95_s": p95 })
    };
    by_kind.into_iter().map(|(kind, all)| (kind, times(all))).collect()
}

/// From the first request after an action to its name; None if it was named by a look that was under way.
fn after_look_s(trace: &Trace, index: usize, named_us: i64) -> Option<f64> {
    let hand = &trace.hands[index];
    let first = trace.requests.partition_point(|&(at, _)| at < hand.at_us);
    let (asked_us, _) = trace.requests[first..].iter().find(|&&(_, of)| of == hand.member)?;
    (*asked_us <= named_us).then(|| (named_us - asked_us) as f64 / 1e6)
}

fn found(trace: &Trace) -> Value {
    let acts = || trace.hands.iter().filter(|hand| hand.kind != HandKind::Transfer);
    let is_found = |hand: &&super::Hand| {
        let next = acts().find(|next| next.member == hand.member && next.at_us > hand.at_us);
        let until = next.map_or(i64::MAX, |next| next.at_us).min(hand.at_us + FOUND_US);
        let first = trace.events.partition_point(|logged| logged.at_us < hand.at_us);
        let mut meanwhile = trace.events[first..].iter().take_while(|logged| logged.at_us < until);
        let others = |author: &Author| !matches!(author, Author::Ours | Author::Unknown);
        meanwhile.any(|logged| {
            let named = matches!(&logged.event, Event::Named { author, .. } if others(author));
            logged.member == hand.member && named
        })
    };
    let (all, found) = (acts().count(), acts().filter(is_found).count());
    json!({ "all": all, "share": super::numbers::round(found as f64 / all.max(1) as f64, 5) })
}

/// The name of an enum's variant, as bounds write it: `HandOn` is `hand_on`.
fn variant(of: &impl std::fmt::Debug) -> String {
    let debug = format!("{of:?}");
    let mut name = String::new();
    for letter in debug.chars().take_while(|letter| letter.is_alphanumeric()) {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// How often each member's music moved but by itself at an item's end.
fn moves(trace: &Trace) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = (0..trace.members.len()).map(|member| (member.to_string(), 0)).collect();
    for pair in trace.samples.windows(2) {
        let passed_ms = (pair[1].at_us - pair[0].at_us) as f64 / 1e3;
        for (member, (before, after)) in pair[0].players.iter().zip(&pair[1].players).enumerate() {
            if has_moved(before, after, passed_ms) {
                count(&mut counts, member.to_string());
            }
        }
    }
    counts
}

fn has_moved(before: &PlayerTruth, after: &PlayerTruth, passed_ms: f64) -> bool {
    let ran_ms = if before.playing { passed_ms * before.speed } else { 0.0 };
    let at_end = before.playing && before.duration_ms - before.reported_ms <= ran_ms + MOVED_MS;
    let jumped = (after.reported_ms - before.reported_ms - ran_ms).abs() >= MOVED_MS;
    !at_end && (jumped || before.uri != after.uri || before.playing != after.playing)
}

/// Most requests of one member in any 30 s.
fn most_requests(trace: &Trace) -> usize {
    let most = |member: usize| {
        let times: Vec<i64> = trace.requests.iter().filter(|&&(_, of)| of == member).map(|&(at, _)| at).collect();
        let within = |(index, at): (usize, &i64)| index + 1 - times.partition_point(|&first| first <= at - WINDOW_US);
        times.iter().enumerate().map(within).max().unwrap_or(0)
    };
    (0..trace.members.len()).map(most).max().unwrap_or(0)
}
