//! The report on traces made by hand: every number must be able to be bad.

use tutti_core::command::{CommandId, CommandKind};
use tutti_core::event::{Author, Event, What, Why};
use tutti_core::room::{Act, When};
use tutti_core::time::{RoomTime, Span};
use tutti_sim::report::{Hand, HandKind, Logged, PlayerTruth, Report, RoomChange, Sample, Trace, report};

const S: i64 = 1_000_000;

fn player(playing: bool, reported_ms: f64) -> PlayerTruth {
    let uri = Some("spotify:track:a".into());
    PlayerTruth { uri, playing, reported_ms, audible_ms: reported_ms, duration_ms: 300_000.0, speed: 1.0 }
}

fn room(at_us: i64, leader: usize, actions: u64, takeover: bool) -> RoomChange {
    RoomChange { at_us, epoch: actions, actions, leader: Some(leader), takeover, line: None, speed: 1.0 }
}

fn sought(at_us: i64, member: usize) -> Logged {
    let (what, author) = (What::Act(Act::Sought(Span::ZERO)), Author::User);
    let when = When::exactly(RoomTime::from_micros(at_us));
    Logged { at_us, member, event: Event::Named { what, author, when } }
}

/// Thirty seconds of two members. Both play; the first seeks 60 s forward at 10 s; the second gets there, `behind` ms
/// behind, at `follows_us`, if ever.
fn two(follows_us: Option<i64>, behind: f64) -> Trace {
    let position = |at: i64, jumped: bool| at as f64 / 1e3 + if jumped { 60_000.0 } else { 0.0 };
    let samples = (0..300).map(|n| n * 100_000).map(|at_us| {
        let first = player(true, position(at_us, at_us >= 10 * S));
        let second = player(true, position(at_us, follows_us.is_some_and(|at| at_us >= at)) - behind);
        Sample { at_us, players: vec![first, second] }
    });
    Trace {
        members: vec!["first".into(), "second".into()],
        ended_us: 30 * S,
        samples: samples.collect(),
        hands: vec![Hand { at_us: 10 * S, member: 0, kind: HandKind::Seek }],
        events: vec![sought(11 * S, 0)],
        rooms: vec![room(0, 1, 0, false), room(11 * S, 0, 1, true)],
        ..Trace::default()
    }
}

fn outcome(report: &Report) -> (usize, usize, usize) {
    (report.actions.followed, report.actions.superseded, report.actions.missed)
}

#[test]
fn what_is_followed_is_timed_to_the_sample() {
    let report = report(&two(Some(12 * S), 30.0));
    assert_eq!(outcome(&report), (1, 0, 0));
    assert_eq!((report.detection_s.p50, report.propagation_s.p50), (Some(1.0), Some(2.0)));
    assert_eq!((report.spread_ms.p50, report.spread_ms.max), (Some(30.0), Some(30.0)));
    assert_eq!((report.takeovers.right, report.takeovers.wrong, report.false_moves), (1, 0, 0));
}

#[test]
fn who_hears_an_episode_at_another_speed_is_left_out_of_spread_while_both_play_it() {
    let apart = |speed: f64| {
        let mut trace = two(Some(12 * S), 900.0);
        trace.samples.iter_mut().for_each(|sample| sample.players[1].speed = speed);
        report(&trace)
    };
    assert_eq!(apart(1.005).spread_ms.p50, Some(900.0));
    assert_eq!((apart(1.5).spread_samples, apart(1.5).spread_ms.p50), (0, None));
    let mut elsewhere = two(None, 0.0);
    for player in elsewhere.samples.iter_mut().map(|sample| &mut sample.players[1]) {
        (player.speed, player.uri) = (1.5, Some("spotify:track:b".into()));
    }
    assert_eq!(report(&elsewhere).spread_ms.p50, Some(10_000.0), "not on another item");
}

#[test]
fn what_is_named_and_never_followed_is_missed_and_spreads() {
    let report = report(&two(None, 0.0));
    assert_eq!(outcome(&report), (0, 0, 1));
    assert_eq!(report.propagation_s.p95, Some(30.0));
    assert_eq!(report.spread_ms.p50, Some(60_000.0));
}

#[test]
fn being_half_a_second_off_is_not_followed() {
    assert_eq!(outcome(&report(&two(Some(12 * S), 501.0))), (0, 0, 1));
}

#[test]
fn an_act_that_nobody_named_is_missed_although_its_member_was_put_back() {
    let mut trace = two(Some(12 * S), 0.0);
    trace.events.clear();
    assert_eq!(outcome(&report(&trace)), (0, 0, 1));
}

#[test]
fn an_act_before_the_next_reading_is_superseded() {
    let mut trace = two(None, 0.0);
    trace.events.clear();
    trace.hands.push(Hand { at_us: 11 * S, member: 1, kind: HandKind::Seek });
    trace.events.push(sought(12 * S, 1));
    trace.requests = vec![(9 * S, 0), (12 * S, 0)];
    assert_eq!(report(&trace).actions.superseded, 1);
}

#[test]
fn an_act_whose_commands_are_on_their_way_when_the_next_one_comes_is_superseded() {
    let mut trace = two(None, 0.0);
    let command = |at_us: i64| {
        let (id, kind, why) = (CommandId(0), CommandKind::Pause, Why::Follow);
        Logged { at_us, member: 1, event: Event::Commanded { id, kind, why } }
    };
    trace.requests = vec![(10 * S, 0)];
    trace.hands.push(Hand { at_us: 13 * S, member: 0, kind: HandKind::Seek });
    trace.events.extend([command(12 * S), sought(14 * S, 0)]);
    assert_eq!(report(&trace).actions.superseded, 1);
    trace.events[1] = command(10 * S + S / 4);
    trace.events.swap(0, 1);
    assert_eq!(report(&trace).actions.superseded, 1, "nobody saw it take effect yet");
    let event = Event::NoEffect { id: CommandId(0) };
    trace.events.insert(2, Logged { at_us: 12 * S, member: 1, event });
    assert_eq!(report(&trace).actions.superseded, 0, "it had its time");
}

#[test]
fn what_the_items_own_end_overtakes_is_superseded() {
    let mut trace = two(None, 0.0);
    assert_eq!(outcome(&report(&trace)), (0, 0, 1));
    for sample in &mut trace.samples {
        sample.players[0].duration_ms = 75_000.0;
    }
    assert_eq!(outcome(&report(&trace)), (0, 1, 0));
}

#[test]
fn a_small_step_back_that_is_taken_for_lost_time_is_ambiguous_and_stepping_out_is_counted_apart() {
    let mut trace = two(None, 0.0);
    trace.requests = vec![(10 * S, 0)];
    trace.events.push(Logged { at_us: 12 * S, member: 0, event: Event::SteppedOut });
    assert_eq!((report(&trace).actions.stepped_out, report(&trace).actions.missed), (1, 0));
    let when = When::exactly(RoomTime::from_micros(11 * S));
    let event = Event::Named { what: What::Stalled(Span::from_secs(2)), author: Author::Player, when };
    trace.events = vec![Logged { at_us: 11 * S, member: 0, event }];
    assert_eq!((report(&trace).actions.ambiguous, report(&trace).actions.missed), (1, 0));
}

#[test]
fn a_claim_without_a_hand_is_a_false_takeover_and_a_false_move() {
    let mut trace = two(Some(12 * S), 0.0);
    trace.rooms.push(room(20 * S, 1, 2, true));
    let report = report(&trace);
    assert_eq!((report.takeovers.right, report.takeovers.wrong, report.false_moves), (1, 1, 1));
}

#[test]
fn a_leader_who_is_back_at_once_without_an_act_is_a_flap() {
    let mut trace = two(Some(12 * S), 0.0);
    trace.rooms.push(room(14 * S, 1, 1, false));
    assert_eq!(report(&trace).leader_flaps, 1);
    trace.rooms[2].at_us = 20 * S;
    assert_eq!(report(&trace).leader_flaps, 0, "five seconds later it is a change of its own");
}

#[test]
fn a_room_that_jumps_by_itself_is_a_false_move() {
    let mut trace = two(Some(12 * S), 0.0);
    let line = |at_us: i64, ahead: f64| Some(("spotify:track:a".to_owned(), true, at_us as f64 / 1e3 + ahead));
    trace.rooms.push(RoomChange { line: line(20 * S, 0.0), ..room(20 * S, 0, 1, true) });
    trace.rooms.push(RoomChange { line: line(21 * S, 900.0), ..room(21 * S, 0, 1, true) });
    assert_eq!(report(&trace).false_moves, 0);
    trace.rooms.push(RoomChange { line: line(22 * S, 2_000.0), ..room(22 * S, 0, 1, true) });
    assert_eq!(report(&trace).false_moves, 1);
}

#[test]
fn the_report_is_one_line_with_the_published_names() {
    let json = serde_json::to_value(report(&two(Some(12 * S), 0.0))).unwrap();
    for name in [
        "schema",
        "rules",
        "scenario",
        "profile",
        "seed",
        "members",
        "virtual_s",
        "wall_s",
        "spread_ms",
        "spread_samples",
        "audible_spread_ms",
        "prediction_error_ms",
        "detection_s",
        "propagation_s",
        "actions",
        "takeovers",
        "false_moves",
        "leader_flaps",
        "corrections",
        "requests_member_minute",
        "requests_429",
    ] {
        assert!(!json[name].is_null(), "{name}");
    }
    assert_eq!(json["takeovers"]["true"], 1);
    assert!(json["requests_member_minute"].as_object().unwrap().contains_key("calm"));
}

#[test]
fn a_seek_to_where_sessions_go_by_themselves_and_a_skip_as_early_as_a_fade_are_ambiguous() {
    let player = |what: What| {
        let (author, when) = (Author::Player, When::exactly(RoomTime::from_micros(11 * S)));
        vec![Logged { at_us: 11 * S, member: 0, event: Event::Named { what, author, when } }]
    };
    let mut trace = two(None, 0.0);
    trace.requests = vec![(10 * S, 0)];
    trace.events = player(What::Phantom(Span::from_secs(50)));
    assert_eq!((report(&trace).actions.ambiguous, report(&trace).actions.missed), (1, 0));
    trace.events = player(What::NaturalTransition { title: String::new() });
    trace.hands[0].kind = HandKind::Next;
    assert_eq!(report(&trace).actions.missed, 0, "at 10 s of an item, as near to its beginning as a fade is long");
    for sample in &mut trace.samples {
        sample.players[0].reported_ms += 60_000.0;
    }
    assert_eq!((report(&trace).actions.ambiguous, report(&trace).actions.missed), (0, 1));
}
