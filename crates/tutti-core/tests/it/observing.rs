//! What happened and who did it: E4 to E6 and the table's rows with A1 to A4 and A6.

use std::sync::Arc;

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::event::{Author, What};
use tutti_core::issued::Issued;
use tutti_core::latency::{Kind, Visibility};
use tutti_core::name::Named;
use tutti_core::observe::{Finding, Observer};
use tutti_core::playback::Item;
use tutti_core::reading::{Reading, Seen};
use tutti_core::room::Act;
use tutti_core::time::Span;

use crate::player::{Script, TRIP, at, ms, song};

/// An observer that has read `script` every 2 s, for the last time at `until`.
fn watching(script: &Script, until: i64) -> Observer {
    let mut observer = Observer::default();
    for asked in (until - 8_000..=until).step_by(2_000) {
        see(&mut observer, script.read(asked));
    }
    observer
}

fn see(observer: &mut Observer, reading: Reading) -> Finding {
    let now = reading.answered;
    observer.observe(&reading, now)
}

fn named(finding: Finding) -> Named {
    match finding {
        Finding::Named(named) => named,
        other => panic!("not named: {other:?}"),
    }
}

fn issue(observer: &mut Observer, kind: CommandKind, item: &str, sent: i64) {
    let command = Command { id: CommandId(1), kind, device: None };
    let latency = Kind::of(None, &command.kind, false, false);
    observer.issue(Issued::new(&command, song(item), latency, Visibility::default().times(false, None), at(sent)));
    observer.answered(CommandId(1), at(sent), at(sent + TRIP));
}

#[test]
fn a_player_that_runs_on_is_steady() {
    let script = Script::playing("a", 0, 0);
    let mut observer = watching(&script, 10_000);
    for asked in (12_000..60_000).step_by(1_700) {
        assert_eq!(see(&mut observer, script.read(asked)), Finding::Steady);
    }
}

#[test]
fn a_seek_is_the_users_after_two_readings_on_one_line() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let sought = Script::playing("a", 11_000, 60_000);
    assert!(matches!(see(&mut observer, sought.read(12_000)), Finding::LookAgain(_)));
    let named = named(see(&mut observer, sought.read(12_100)));
    assert!(matches!(named.what, What::Act(Act::Sought(to)) if (to - ms(61_080)).abs() < ms(50)), "{named:?}");
    assert_eq!(named.author, Author::User);
    assert!(named.earliest <= at(11_000) && at(11_000) <= named.latest);
}

#[test]
fn one_wrong_reading_moves_nobody() {
    let script = Script::playing("a", 0, 0);
    let mut observer = watching(&script, 10_000);
    let wrong = Script::playing("a", 11_000, 60_000);
    assert!(matches!(see(&mut observer, wrong.read(12_000)), Finding::LookAgain(_)));
    assert_eq!(see(&mut observer, script.read(12_100)), Finding::Steady);
    assert_eq!(see(&mut observer, script.read(14_000)), Finding::Steady);
}

#[test]
fn a_jump_below_a_second_is_the_players() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let jumped = Script::playing("a", 0, 600);
    see(&mut observer, jumped.read(12_000));
    let named = named(see(&mut observer, jumped.read(12_100)));
    assert!(matches!(named.what, What::Drifted(by) if (by - ms(600)).abs() < ms(50)), "{named:?}");
    assert_eq!(named.author, Author::Player);
}

#[test]
fn lost_time_is_a_stall_unless_the_service_stamped_a_change() {
    let running = Script { stamp: Some(1_000), ..Script::playing("a", 0, 0) };
    for (stamp, author) in [(1_000, Author::Player), (11_000, Author::User)] {
        let mut observer = watching(&running, 10_000);
        let behind = Script { stamp: Some(stamp), ..Script::playing("a", 0, -1_500) };
        see(&mut observer, behind.read(12_000));
        assert_eq!(named(see(&mut observer, behind.read(12_100))).author, author);
    }
}

#[test]
fn a_pause_is_clear_when_flag_and_position_agree_and_is_dated_by_where_it_stands() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let paused = Script::paused("a", 11_200);
    let named = named(see(&mut observer, paused.read(12_000)));
    assert_eq!((named.what, named.author), (What::Act(Act::Paused), Author::User));
    assert_eq!(named.earliest, named.latest);
    assert!((named.earliest - at(11_200)).abs() < ms(30), "{:?}", named.earliest);
}

#[test]
fn a_wrong_flag_alone_needs_a_second_reading() {
    let script = Script::playing("a", 0, 0);
    let mut observer = watching(&script, 10_000);
    let flipped = script.read_with(12_000, |seen| seen.playing = false);
    assert!(matches!(see(&mut observer, flipped), Finding::LookAgain(_)));
    assert_eq!(see(&mut observer, script.read(12_100)), Finding::Steady);
}

#[test]
fn a_resume_is_dated_by_where_it_went_on() {
    let mut observer = watching(&Script::paused("a", 50_000), 10_000);
    let resumed = Script::playing("a", 11_000, 50_000);
    let named = named(see(&mut observer, resumed.read(12_000)));
    assert_eq!((&named.what, named.author), (&What::Act(Act::Resumed), Author::User));
    assert!((named.earliest - at(11_000)).abs() < ms(60) && named.earliest == named.latest, "{named:?}");
}

#[test]
fn a_wrong_flag_on_a_player_that_stands_needs_a_second_reading() {
    let script = Script::paused("a", 50_000);
    let mut observer = watching(&script, 10_000);
    let flipped = script.read_with(12_000, |seen| seen.playing = true);
    assert!(matches!(see(&mut observer, flipped), Finding::LookAgain(_)));
    assert_eq!(see(&mut observer, script.read(12_100)), Finding::Steady);
}

#[test]
fn the_next_item_at_the_end_is_a_natural_transition_and_before_it_a_hands() {
    for (position_at_change, author) in [(199_500, Author::Player), (150_000, Author::User)] {
        let old = Script::playing("a", 0, position_at_change - 11_000);
        let mut observer = watching(&old, 10_000);
        let new = Script::playing("b", 11_000, 0);
        let named = named(see(&mut observer, new.read(11_500)));
        assert_eq!(named.author, author, "{named:?}");
        assert!((named.earliest - at(11_000)).abs() < ms(60), "{named:?}");
    }
}

#[test]
fn an_item_in_its_middle_needs_a_second_reading() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let other = Script::playing("b", 11_000, 90_000);
    assert!(matches!(see(&mut observer, other.read(12_000)), Finding::LookAgain(_)));
    assert_eq!(named(see(&mut observer, other.read(12_100))).what, What::Act(Act::Started("b".to_owned())));
}

#[test]
fn a_list_that_is_over_ends_and_pauses_nobody() {
    let mut observer = watching(&Script::playing("c", 0, 189_000), 10_000);
    let stopped = Script::paused("a", 0);
    assert!(matches!(see(&mut observer, stopped.read(11_500)), Finding::LookAgain(_)), "a flag may be wrong once");
    let named = named(see(&mut observer, stopped.read(11_700)));
    assert_eq!((named.what, named.author), (What::Ended, Author::Player));
}

#[test]
fn the_same_item_from_its_start_at_its_end_is_a_repeat() {
    let mut observer = watching(&Script::playing("a", 0, 189_000), 10_000);
    let again = Script::playing("a", 11_000, 0);
    see(&mut observer, again.read(12_000));
    assert_eq!(named(see(&mut observer, again.read(12_100))).what, What::Repeat);
}

#[test]
fn our_own_command_is_nobodys_act_and_stale_answers_are_none_either() {
    let before = Script::playing("a", 0, 0);
    let mut observer = watching(&before, 10_000);
    let play = CommandKind::Play { uris: vec!["spotify:track:b".to_owned()], position: ms(30_000) };
    issue(&mut observer, play, "b", 11_000);
    assert_eq!(see(&mut observer, before.read(11_200)), Finding::Steady, "the state from before");
    let after = Script::playing("b", 11_250, 30_000);
    let finding = see(&mut observer, after.read(11_800));
    let Finding::Landed { after: Some(late), .. } = finding else { panic!("{finding:?}") };
    assert!((late - ms(250)).abs() < ms(60), "{late:?}");
    assert_eq!(see(&mut observer, after.read(12_500)), Finding::Steady);
    assert!(matches!(see(&mut observer, before.read(13_000)), Finding::LookAgain(_)), "a front end that lags");
    assert_eq!(see(&mut observer, after.read(14_000)), Finding::Steady);
}

#[test]
fn a_hand_after_our_command_had_its_time_is_a_hand() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    issue(&mut observer, CommandKind::Seek { position: ms(60_000) }, "a", 11_000);
    let after = Script::playing("a", 11_250, 60_000);
    assert!(matches!(see(&mut observer, after.read(12_000)), Finding::Landed { .. }));
    assert_eq!(see(&mut observer, after.read(13_000)), Finding::Steady);
    // Back to a place that the command would have explained, had it not landed.
    let back = Script::playing("a", 20_000, 60_300);
    see(&mut observer, back.read(20_500));
    assert_eq!(named(see(&mut observer, back.read(20_600))).author, Author::User);
}

#[test]
fn a_small_seek_of_ours_counts_from_when_it_must_be_visible() {
    let before = Script::playing("a", 0, 0);
    let mut observer = watching(&before, 10_000);
    issue(&mut observer, CommandKind::Seek { position: ms(11_330) }, "a", 11_000);
    assert_eq!(see(&mut observer, before.read(11_300)), Finding::LeftOut("before or after a seek"));
    let after = Script::playing("a", 11_250, 11_330);
    assert!(matches!(see(&mut observer, after.read(11_900)), Finding::Landed { .. }));
    let error = observer.line().unwrap().estimate.position(at(12_000)) - ms(12_080);
    assert!(error.abs() < ms(50), "{error:?}");
}

#[test]
fn an_old_snapshot_is_left_out_by_its_stamp_and_by_its_line() {
    let old = Script { stamp: Some(5_000), ..Script::playing("a", 0, 0) };
    let mut observer = watching(&old, 10_000);
    let new = Script { stamp: Some(20_000), ..Script::playing("b", 11_000, 0) };
    named(see(&mut observer, new.read(11_500)));
    assert!(matches!(see(&mut observer, old.read(12_000)), Finding::LookAgain(_)));
    let unstamped = Script { stamp: None, ..old.clone() };
    assert!(matches!(see(&mut observer, unstamped.read(12_200)), Finding::LookAgain(_)));
    assert_eq!(see(&mut observer, new.read(13_000)), Finding::Steady);
}

#[test]
fn a_line_that_was_left_and_is_kept_for_five_seconds_is_the_truth_after_all() {
    let old = Script::playing("a", 0, 0);
    let mut observer = watching(&old, 10_000);
    named(see(&mut observer, Script::playing("b", 11_000, 0).read(11_500)));
    let findings: Vec<Finding> =
        (13_000..21_000).step_by(1_500).map(|asked| see(&mut observer, old.read(asked))).collect();
    assert!(matches!(findings[0], Finding::LookAgain(_)), "{findings:?}");
    assert!(findings.iter().any(|finding| matches!(finding, Finding::Named(_))), "{findings:?}");
}

#[test]
fn a_hand_that_goes_back_to_a_line_is_seen_by_its_stamp() {
    let line = |stamp| Script { stamp: Some(stamp), ..Script::playing("a", 0, 0) };
    let mut observer = watching(&line(0), 10_000);
    let away = Script { stamp: Some(11_000), ..Script::playing("a", 11_000, 26_000) };
    see(&mut observer, away.read(11_500));
    named(see(&mut observer, away.read(11_600)));
    // 15 s forward, then 15 s back: the very line from before, but stamped anew.
    let back = line(14_000);
    assert!(matches!(see(&mut observer, back.read(14_500)), Finding::LookAgain(_)));
    assert!(matches!(named(see(&mut observer, back.read(14_600))).what, What::Act(Act::Sought(_))));
}

#[test]
fn readings_without_a_position_and_late_ones_say_nothing() {
    let script = Script::playing("a", 0, 0);
    let mut observer = watching(&script, 10_000);
    let null = script.read_with(12_000, |seen| seen.progress = None);
    assert_eq!(see(&mut observer, null), Finding::LeftOut("no position"));
    assert_eq!(see(&mut observer, script.read(9_000)), Finding::LeftOut("late answer"));
    let reading = script.read(14_000);
    assert_eq!(observer.observe(&reading, at(30_000)), Finding::LeftOut("late answer"));
}

#[test]
fn another_device_sets_a_baseline() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let moved = Script { device: "laptop", ..Script::playing("a", 11_000, 9_000) };
    assert_eq!(named(see(&mut observer, moved.read(12_000))).what, What::DeviceChanged);
    let jumped = Script { device: "laptop", ..Script::playing("a", 13_000, 70_000) };
    assert_eq!(see(&mut observer, jumped.read(14_000)), Finding::Baseline);
    assert_eq!(see(&mut observer, jumped.read(15_000)), Finding::Steady);
}

#[test]
fn after_a_long_silence_nothing_is_anybodys() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let other = Script::playing("b", 25_000, 0);
    assert_eq!(see(&mut observer, other.read(31_000)), Finding::Baseline);
}

#[test]
fn no_device_is_unknown_and_never_a_stop() {
    let script = Script::playing("a", 0, 0);
    let mut observer = watching(&script, 10_000);
    let nothing = Reading { asked: at(12_000), answered: at(12_080), seen: Seen::Nothing };
    assert_eq!(see(&mut observer, nothing), Finding::Gone);
    assert_eq!(see(&mut observer, script.read(14_000)), Finding::Steady);
}

#[test]
fn an_item_that_ends_on_a_line_of_ours_that_nobody_read_is_a_natural_transition() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    issue(&mut observer, CommandKind::Seek { position: ms(195_000) }, "a", 11_000);
    // The seek took effect at 11.25 s, the item ended 5 s later; the next look is at 17 s.
    let next = Script::playing("b", 16_250, 0);
    assert_eq!(named(see(&mut observer, next.read(17_000))).author, Author::Player);
}

#[test]
fn a_seek_of_ours_that_lands_late_or_in_another_item_is_ours() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    issue(&mut observer, CommandKind::Seek { position: ms(60_000) }, "a", 11_000);
    // By hand another song, at once; then our seek takes effect in it.
    let song = Script::playing("b", 11_200, 0);
    see(&mut observer, song.read(11_400));
    see(&mut observer, song.read(13_000));
    let dragged = Script::playing("b", 13_300, 61_900);
    let findings = [see(&mut observer, dragged.read(14_000)), see(&mut observer, dragged.read(14_200))];
    assert!(findings.iter().all(|finding| !matches!(finding, Finding::Named(_))), "{findings:?}");
}

#[test]
fn who_resumes_or_pauses_while_a_seek_of_ours_is_on_its_way_did_that_by_hand() {
    let mut observer = watching(&Script::paused("a", 50_000), 10_000);
    issue(&mut observer, CommandKind::Seek { position: ms(52_000) }, "a", 11_000);
    let resumed = Script::playing("a", 12_500, 52_000);
    let findings = [see(&mut observer, resumed.read(13_200)), see(&mut observer, resumed.read(14_000))];
    let resumes = |finding: &Finding| matches!(finding, Finding::Named(named) if named.what == What::Act(Act::Resumed));
    assert_eq!(findings.iter().filter(|finding| resumes(finding)).count(), 1, "{findings:?}");

    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    issue(&mut observer, CommandKind::Seek { position: ms(11_800) }, "a", 11_000);
    let paused = Script::paused("a", 12_300);
    see(&mut observer, paused.read(12_400));
    let findings = [see(&mut observer, paused.read(13_000)), see(&mut observer, paused.read(13_400))];
    let acts: Vec<_> = findings.iter().filter(|finding| matches!(finding, Finding::Named(_))).collect();
    assert!(matches!(acts[..], [Finding::Named(named)] if named.what == What::Act(Act::Paused)), "{findings:?}");
}

#[test]
fn a_step_back_right_after_a_landing_that_was_seen_twice_is_a_hands() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let play = CommandKind::Play { uris: vec!["spotify:track:b".to_owned()], position: ms(2_000) };
    issue(&mut observer, play, "b", 11_000);
    let landed = Script { stamp: Some(11_250), ..Script::playing("b", 11_250, 2_000) };
    assert!(matches!(see(&mut observer, landed.read(11_700)), Finding::Landed { .. }));
    assert_eq!(see(&mut observer, landed.read(12_000)), Finding::Steady);
    // Back to the beginning: 1 s away from where the command aimed, but it has landed.
    let back = Script { stamp: Some(12_100), ..Script::playing("b", 12_100, 0) };
    see(&mut observer, back.read(12_900));
    assert!(matches!(named(see(&mut observer, back.read(13_000))).what, What::Act(Act::Sought(_))));
}

#[test]
fn a_later_item_of_our_list_is_a_skip_by_hand_once_commands_have_had_their_usual_time() {
    for (skipped_at, passed_over) in [(11_700, true), (13_000, false)] {
        let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
        let uris = ["spotify:track:b", "spotify:track:c"].map(str::to_owned).to_vec();
        let command = Command { id: CommandId(1), kind: CommandKind::Play { uris, position: ms(3_000) }, device: None };
        let latency = Kind::of(None, &command.kind, false, true);
        let times = Visibility::default().times(false, Some(ms(1_000)));
        observer.issue(Issued::new(&command, song("b"), latency, times, at(11_000)));
        observer.answered(CommandId(1), at(11_000), at(11_000 + TRIP));
        let skipped = Script::playing("c", skipped_at, 0);
        let finding = see(&mut observer, skipped.read(skipped_at + 500));
        assert_eq!(matches!(finding, Finding::PassedOver(_)), passed_over, "{skipped_at}: {finding:?}");
    }
}

#[test]
fn commands_without_end_are_not_remembered_without_end() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let mut after_hundred = 0;
    for n in 0..1_000 {
        issue(&mut observer, CommandKind::Seek { position: ms(60_000) }, "a", 11_000);
        if n == 100 {
            after_hundred = format!("{observer:?}").len();
        }
    }
    assert_eq!(format!("{observer:?}").len(), after_hundred);
}

#[test]
fn no_length_of_an_item_and_no_stamp_is_too_odd() {
    let script = Script { stamp: Some(i64::MIN), ..Script::playing("a", 0, 0) };
    let mut observer = watching(&script, 10_000);
    let mut asked = 12_000;
    for duration in [Span::from_micros(i64::MIN), ms(-1), Span::ZERO, Span::MAX] {
        let odd = |asked| {
            script.read_with(asked, |seen| {
                seen.item = Some(Arc::new(Item { duration, ..(*song("odd")).clone() }));
                seen.timestamp = Some(i64::MAX);
            })
        };
        see(&mut observer, odd(asked));
        see(&mut observer, odd(asked + 200));
        see(&mut observer, script.read(asked + 400));
        asked += 2_000;
    }
}

#[test]
fn a_pause_of_ours_that_stops_the_next_item_is_ours() {
    let mut observer = watching(&Script::playing("a", 0, 188_500), 10_000);
    issue(&mut observer, CommandKind::Pause, "a", 11_000);
    see(&mut observer, Script::playing("b", 11_500, 0).read(11_900));
    let stopped = Script::paused("b", 700);
    let findings: Vec<Finding> =
        (12_600..18_000).step_by(900).map(|asked| see(&mut observer, stopped.read(asked))).collect();
    let by_hand = |finding: &Finding| matches!(finding, Finding::Named(named) if named.author == Author::User);
    assert!(!findings.iter().any(by_hand), "{findings:?}");
    assert!(matches!(findings[0], Finding::Landed { .. }), "{findings:?}");
}

#[test]
fn a_player_that_hung_beyond_an_end_and_goes_on_with_what_comes_next_does_so_by_itself() {
    for (next, author) in [("b", Author::Player), ("c", Author::User)] {
        let mut observer = watching(&Script::playing("a", 0, 205_000), 10_000);
        observer.expects(vec![song(next)]);
        let late = Script::playing("b", 11_000, 0);
        assert_eq!(named(see(&mut observer, late.read(11_500))).author, author, "next is {next}");
    }
}

#[test]
fn long_before_the_end_only_what_comes_next_can_fade_in() {
    for (next, author) in [("b", Author::Player), ("c", Author::User)] {
        let mut observer = watching(&Script::playing("a", 0, 181_000), 10_000);
        observer.expects(vec![song(next)]);
        // 8 s before the end: a crossfade that nobody has seen yet, or a song that somebody chose.
        let started = Script::playing("b", 11_000, 0);
        let named = named(see(&mut observer, started.read(11_500)));
        assert_eq!(named.author, author, "{named:?}");
    }
}
