//! The properties, each read off a run's trace; and for each a trace that breaks it.

use std::collections::BTreeMap;

use tutti_core::command::Outcome;
use tutti_core::event::{Author, Event, What, Why};
use tutti_sim::report::{Hand, HandKind, HappenedTo, RoomChange, Trace, missed, off_ms, report, together_from};

const S: i64 = 1_000_000;
/// Who is no further off than this is in place: what is heard, and what steady corrections begin at, is a little more.
const IN_PLACE_MS: f64 = 200.0;

/// Something that holds in every room.
pub struct Property {
    pub name: &'static str,
    /// Why it does not.
    pub holds: fn(&Trace) -> Result<(), String>,
}

const LEADER: Property = Property { name: "one leader", holds: one_leader };
const RATION: Property = Property { name: "ration", holds: ration };
const RETRY_AFTER: Property = Property { name: "Retry-After", holds: retry_after };

pub const ALL: &[Property] = &[
    LEADER,
    RATION,
    RETRY_AFTER,
    Property { name: "hand actions", holds: hand_actions },
    Property { name: "moved by nobody", holds: moved_by_nobody },
    Property { name: "chains", holds: chains },
    Property { name: "quiet", holds: quiet },
    Property { name: "together", holds: together },
];

/// What holds on the worst network too.
pub const SAFE: &[Property] = &[LEADER, RATION, RETRY_AFTER];

/// Never two leaders in one epoch (there is one hub, so one term).
fn one_leader(trace: &Trace) -> Result<(), String> {
    let mut leaders = BTreeMap::new();
    for room in &trace.rooms {
        let leader = *leaders.entry(room.epoch).or_insert(room.leader);
        if leader != room.leader {
            return Err(format!(
                "{leader:?} and {:?} lead in epoch {} at {} s",
                room.leader,
                room.epoch,
                s(room.at_us)
            ));
        }
    }
    Ok(())
}

/// No more requests of one client id in any 30 s than its ration.
fn ration(trace: &Trace) -> Result<(), String> {
    const IN_30_S: usize = 45;
    let mut clients: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for &(at_us, member) in &trace.requests {
        clients.entry(trace.clients[member]).or_default().push(at_us);
    }
    for (client, times) in clients {
        if let Some(pair) = times.windows(IN_30_S + 1).find(|pair| pair[IN_30_S] - pair[0] < 30 * S) {
            return Err(format!("more than {IN_30_S} requests of client {client} in the 30 s from {} s", s(pair[0])));
        }
    }
    Ok(())
}

/// Nothing goes out under a client id that was asked to wait.
fn retry_after(trace: &Trace) -> Result<(), String> {
    for wait in &trace.waits {
        let within = |&&(at_us, member): &&(i64, usize)| {
            trace.clients[member] == wait.client && wait.from_us < at_us && at_us < wait.until_us
        };
        if let Some((at_us, member)) = trace.requests.iter().find(within) {
            return Err(format!("member {member} asked at {} s, before {} s", s(*at_us), s(wait.until_us)));
        }
    }
    Ok(())
}

/// What a hand did while nothing was wrong anywhere, and nobody did anything else for 12 s, is followed, superseded or
/// ambiguous.
fn hand_actions(trace: &Trace) -> Result<(), String> {
    let fair = |hand: &&&Hand| {
        let alone = trace.hands.iter().all(|next| next.at_us <= hand.at_us || next.at_us - hand.at_us >= 12 * S);
        let end_us = hand.at_us + 30 * S;
        let wrong = trace.incidents.iter().any(|incident| about(incident, hand.at_us, end_us));
        alone && !wrong && end_us < trace.ended_us
    };
    let missed: Vec<&Hand> = missed(trace);
    match missed.iter().find(fair) {
        Some(hand) => Err(format!("{:?} of member {} at {} s", hand.kind, hand.member, s(hand.at_us))),
        None => Ok(()),
    }
}

/// Nobody takes over and nothing moves without a hand.
fn moved_by_nobody(trace: &Trace) -> Result<(), String> {
    let report = report(trace);
    match (report.takeovers.wrong, report.false_moves) {
        (0, 0) => Ok(()),
        (takeovers, moves) => Err(format!("{takeovers} takeovers and {moves} moves that nobody made")),
    }
}

/// No correction is provoked by a correction: between two causes (an action, something that goes wrong or ends, a join,
/// a leave, the room's next item or leader) a member gets at most the first answer, four corrections while it settles, a
/// steady one, and more of those after 30, 90, 210 s; once two for a small jump of the player's own; what was in vain may be
/// tried again.
fn chains(trace: &Trace) -> Result<(), String> {
    let mut causes: Vec<i64> = trace.hands.iter().map(|hand| hand.at_us).collect();
    causes.extend(trace.incidents.iter().flat_map(|incident| [incident.from_us, incident.until_us]));
    let news = trace.rooms.windows(2).filter(|pair| {
        let (before, after) = (&pair[0], &pair[1]);
        before.leader != after.leader || item_began(before, after)
    });
    causes.extend(news.map(|pair| pair[1].at_us));
    causes.push(trace.started_us);
    causes.sort_unstable();
    for member in 0..trace.members.len() {
        let mut since: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let again = in_vain(trace, member);
        for (at_us, why) in commands(trace, member) {
            let cause = causes[..causes.partition_point(|&cause| cause <= at_us)].last().copied();
            let excused = trace.incidents.iter().any(|incident| about(incident, at_us, at_us));
            if !excused && !again.contains(&at_us) && !matches!(why, Why::Boundary | Why::HandOn) {
                since.entry(cause.unwrap_or(trace.started_us)).or_default().push(at_us);
            }
        }
        for (cause, times) in since {
            let lasted_s = times.last().map_or(0, |last| (last - cause) / S);
            let steady = [30, 90, 210].iter().filter(|&&wait_s| wait_s <= lasted_s).count();
            // A small jump of the player's own is settled once: two corrections.
            let jumped = trace.events.iter().any(|logged| {
                let drifted = matches!(logged.event, Event::Named { what: What::Drifted(_), .. });
                drifted
                    && logged.member == member
                    && cause <= logged.at_us
                    && times.iter().any(|&at| logged.at_us <= at)
            });
            if times.len() > 6 + steady + if jumped { 2 } else { 0 } {
                let times: Vec<f64> = times.into_iter().map(s).collect();
                return Err(format!("commands to member {member} at {times:?} s, the last cause at {} s", s(cause)));
            }
        }
    }
    Ok(())
}

/// A room in which nothing has happened for 30 s sends no commands to those who are in place but those for the next item,
/// within 20 s of its start, and to those whose players were seen to jump by themselves.
fn quiet(trace: &Trace) -> Result<(), String> {
    for member in 0..trace.members.len() {
        for (at_us, why) in commands(trace, member) {
            let from_us = at_us - 30 * S;
            let acted = trace.hands.iter().any(|hand| from_us <= hand.at_us && hand.at_us <= at_us);
            let wrong = trace.incidents.iter().any(|incident| about(incident, from_us, at_us));
            let led = trace
                .rooms
                .windows(2)
                .any(|pair| pair[0].leader != pair[1].leader && from_us <= pair[1].at_us && pair[1].at_us <= at_us);
            let begun = from_us <= trace.started_us;
            let next_item = trace.rooms.windows(2).any(|pair| {
                let since_us = at_us - pair[1].at_us;
                item_began(&pair[0], &pair[1]) && (0..20 * S).contains(&since_us)
            });
            let jumped = trace.events.iter().any(|logged| {
                let just_now = (0..15 * S).contains(&(at_us - logged.at_us));
                let by_itself =
                    matches!(&logged.event, Event::Named { author: Author::Player, what: What::Drifted(_), .. });
                just_now && by_itself
            });
            let expected =
                jumped || acted || wrong || led || begun || next_item || matches!(why, Why::Boundary | Why::HandOn);
            if !expected && off_ms(trace, member, at_us).is_some_and(|off_ms| off_ms < IN_PLACE_MS) {
                return Err(format!("{why:?} to member {member} at {} s", s(at_us)));
            }
        }
    }
    Ok(())
}

/// Within a minute after the last thing that happened everybody is in step for 2 s.
fn together(trace: &Trace) -> Result<(), String> {
    const WITHIN: i64 = 60 * S;
    let ended =
        |incident: &HappenedTo| if incident.until_us < trace.ended_us { incident.until_us } else { incident.from_us };
    let hands = trace.hands.iter().filter(|hand| hand.kind != HandKind::Transfer).map(|hand| hand.at_us);
    let last_us = hands.chain(trace.incidents.iter().map(ended)).max().unwrap_or(trace.started_us);
    match together_from(trace, last_us) {
        Some(at_us) if at_us - last_us <= WITHIN => Ok(()),
        Some(at_us) => {
            Err(format!("only {} s after the last thing that happened, at {} s", s(at_us - last_us), s(last_us)))
        }
        None => Err(format!("never after {} s", s(last_us))),
    }
}

/// Something was wrong for somebody in that time, or a moment before; what has no end is over after a minute.
fn about(incident: &HappenedTo, from_us: i64, to_us: i64) -> bool {
    let once = incident.until_us == incident.from_us;
    let until_us = if once { incident.from_us + 60 * S } else { incident.until_us.saturating_add(30 * S) };
    incident.from_us <= to_us && from_us <= until_us
}

/// When commands went out to a member that were refused, failed or had no effect in their time: they are tried again.
fn in_vain(trace: &Trace, member: usize) -> Vec<i64> {
    let mut sent = BTreeMap::new();
    let mut in_vain = Vec::new();
    for logged in trace.events.iter().filter(|logged| logged.member == member) {
        match &logged.event {
            Event::Commanded { id, .. } => drop(sent.insert(*id, logged.at_us)),
            Event::Answered { outcome: Outcome::Accepted, .. } => {}
            Event::Answered { id, .. } | Event::NoEffect { id } => in_vain.extend(sent.get(id)),
            _ => {}
        }
    }
    in_vain
}

fn commands(trace: &Trace, member: usize) -> impl Iterator<Item = (i64, Why)> + '_ {
    trace.events.iter().filter(move |logged| logged.member == member).filter_map(|logged| match logged.event {
        Event::Commanded { why, .. } => Some((logged.at_us, why)),
        _ => None,
    })
}

/// The room went on to another item, or its item began anew.
fn item_began(before: &RoomChange, after: &RoomChange) -> bool {
    match (&before.line, &after.line) {
        (Some((uri, _, position)), Some((new_uri, _, new_position))) => {
            uri != new_uri || (*new_position < 5_000.0 && position - new_position > 15_000.0)
        }
        (before, after) => before.is_some() != after.is_some(),
    }
}

fn s(us: i64) -> f64 {
    us as f64 / S as f64
}

mod can_be_broken {
    use tutti_core::command::{CommandId, CommandKind};
    use tutti_sim::report::{Logged, PlayerTruth, Sample, ToWait};

    use super::*;

    /// Two members who play the same for five minutes; the first started it at 3 s.
    fn flawless() -> Trace {
        let player = |at_us: i64| PlayerTruth {
            uri: Some("spotify:track:a".into()),
            playing: true,
            speed: 1.0,
            reported_ms: at_us as f64 / 1e3,
            audible_ms: at_us as f64 / 1e3,
            duration_ms: 900_000.0,
        };
        let samples = (0..3_000).map(|n| n * 100_000).map(|at_us| Sample { at_us, players: vec![player(at_us); 2] });
        let act = tutti_core::room::Act::Started("a".to_owned());
        let when = tutti_core::room::When::exactly(tutti_core::time::RoomTime::from_micros(3 * S));
        let what = tutti_core::event::What::Act(act);
        let named = Event::Named { what, author: tutti_core::event::Author::User, when };
        Trace {
            members: vec!["first".into(), "second".into()],
            clients: vec![0, 1],
            ended_us: 300 * S,
            samples: samples.collect(),
            hands: vec![Hand { at_us: 3 * S, member: 0, kind: HandKind::Play }],
            events: vec![Logged { at_us: 4 * S, member: 0, event: named }],
            rooms: vec![led(0, 0, None), led(4 * S, 1, Some(0))],
            ..Trace::default()
        }
    }

    fn led(at_us: i64, epoch: u64, leader: Option<usize>) -> RoomChange {
        RoomChange { at_us, epoch, actions: epoch, leader, takeover: false, line: None, speed: 1.0 }
    }

    fn commanded(at_us: i64, why: Why) -> Logged {
        let event = Event::Commanded { id: CommandId(0), kind: CommandKind::Pause, why };
        Logged { at_us, member: 1, event }
    }

    /// The names of the properties that do not hold after a change.
    fn broken(change: impl FnOnce(&mut Trace)) -> Vec<&'static str> {
        let mut trace = flawless();
        change(&mut trace);
        ALL.iter().filter(|property| (property.holds)(&trace).is_err()).map(|property| property.name).collect()
    }

    #[test]
    fn a_run_without_fault_breaks_none() {
        assert_eq!(broken(|_| ()), Vec::<&str>::new());
    }

    #[test]
    fn by_a_second_leader_in_one_epoch() {
        assert!(broken(|trace| trace.rooms.push(led(50 * S, 1, Some(1)))).contains(&"one leader"));
    }

    #[test]
    fn by_one_request_too_many() {
        let requests = |trace: &mut Trace, n: i64| trace.requests = (0..n).map(|at| (at * S / 2, 0)).collect();
        assert_eq!(broken(|trace| requests(trace, 45)), Vec::<&str>::new());
        assert_eq!(broken(|trace| requests(trace, 46)), ["ration"]);
        let of_both = |trace: &mut Trace| trace.requests = (0..90).map(|at| (at * S / 4, at as usize % 2)).collect();
        assert_eq!(broken(of_both), Vec::<&str>::new());
        assert_eq!(broken(|trace| (of_both(trace), trace.clients = vec![0, 0]).1), ["ration"]);
    }

    #[test]
    fn by_a_request_before_retry_after() {
        let wait = |trace: &mut Trace, at_us| {
            trace.waits.push(ToWait { client: 1, from_us: 10 * S, until_us: 20 * S });
            trace.requests = vec![(at_us, 1)];
        };
        assert_eq!(broken(|trace| wait(trace, 19 * S)), ["Retry-After"]);
        assert_eq!(broken(|trace| wait(trace, 20 * S)), Vec::<&str>::new());
    }

    #[test]
    fn by_an_action_that_nobody_named_unless_something_was_wrong_then() {
        assert_eq!(broken(|trace| trace.events.clear()), ["hand actions"]);
        let stalled = HappenedTo { kind: "stall".into(), member: 1, from_us: S, until_us: 4 * S, excused: false };
        assert_eq!(broken(|trace| (trace.events.clear(), trace.incidents.push(stalled)).1), Vec::<&str>::new());
    }

    #[test]
    fn by_a_claim_that_no_hand_is_behind() {
        let takeover = RoomChange { takeover: true, ..led(100 * S, 2, Some(1)) };
        assert_eq!(broken(|trace| trace.rooms.push(takeover)), ["moved by nobody"]);
    }

    #[test]
    fn by_corrections_without_end() {
        let every = |trace: &mut Trace, step: i64| {
            trace.events.extend((1..=7).map(|n| commanded((4 + n * step) * S, Why::Settle)));
        };
        assert_eq!(broken(|trace| every(trace, 4)), ["chains"]);
    }

    #[test]
    fn by_a_steady_correction_in_a_quiet_room_but_not_by_one_for_the_next_item() {
        assert_eq!(broken(|trace| trace.events.push(commanded(200 * S, Why::Steady))), ["quiet"]);
        assert_eq!(broken(|trace| trace.events.push(commanded(200 * S, Why::Boundary))), Vec::<&str>::new());
        let needed = |trace: &mut Trace| {
            trace.samples[1_900..2_010].iter_mut().for_each(|sample| sample.players[1].reported_ms -= 210.0);
            trace.events.push(commanded(200 * S, Why::Steady));
        };
        assert_eq!(broken(needed), Vec::<&str>::new());
    }

    #[test]
    fn by_one_who_stays_behind() {
        let behind = |trace: &mut Trace, until: usize| {
            trace.samples[..until].iter_mut().for_each(|sample| sample.players[1].reported_ms -= 300.0);
        };
        // Everybody is in step 59 s after the action, or 61.
        assert_eq!(broken(|trace| behind(trace, 620)), Vec::<&str>::new());
        assert_eq!(broken(|trace| behind(trace, 640)), ["together"]);
        assert_eq!(broken(|trace| behind(trace, 3_000)), ["together"]);
    }
}
