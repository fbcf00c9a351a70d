//! Players that misbehave: what nobody did is nobody's (A4, A5, A6, E6, F6), and what a command did not do is noticed.

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::event::{Author, What};
use tutti_core::issued::Issued;
use tutti_core::latency::{Kind, Visibility};
use tutti_core::observe::{Finding, Observer};
use tutti_core::reading::{Reading, Seen, SeenKind};

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

fn nothing(asked: i64) -> Reading {
    Reading { asked: at(asked), answered: at(asked + TRIP), seen: Seen::Nothing }
}

fn seek(observer: &mut Observer, to: i64, sent: i64) {
    let command = Command { id: CommandId(1), kind: CommandKind::Seek { position: ms(to) }, device: None };
    let latency = Kind::of(None, &command.kind, false, false);
    observer.issue(Issued::new(&command, song("a"), latency, Visibility::default().times(false, None), at(sent)));
    observer.answered(CommandId(1), at(sent), at(sent + TRIP));
}

/// The first name that is given among these findings.
fn name(findings: impl IntoIterator<Item = Finding>) -> Option<(What, Author)> {
    findings.into_iter().find_map(|finding| match finding {
        Finding::Named(named) => Some((named.what, named.author)),
        _ => None,
    })
}

#[test]
fn a_stall_that_is_looked_at_while_it_lasts_is_no_hands() {
    // It stands from 11 to 14 s, says that it plays, and goes on from there.
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let stands = |asked: i64| Script::playing("a", asked + TRIP / 2, 11_000).read(asked);
    for asked in [12_000, 12_100, 12_500, 13_200] {
        let finding = see(&mut observer, stands(asked));
        assert!(!matches!(finding, Finding::Named(_)), "{finding:?}");
    }
    let on = Script::playing("a", 14_000, 11_000);
    let named = name([14_500, 14_700, 15_000].map(|asked| see(&mut observer, on.read(asked))));
    let Some((What::Stalled(lost), Author::Player)) = named else { panic!("{named:?}") };
    assert!((lost - ms(3_000)).abs() < ms(60), "{lost:?}");
}

#[test]
fn a_picture_that_stands_still_is_looked_at_like_music_that_stalls_and_then_left_alone() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let picture = |asked: i64| Script::playing("a", asked + TRIP / 2, 3_000).read(asked);
    let findings: Vec<Finding> =
        (12_000..24_000).step_by(500).map(|asked| see(&mut observer, picture(asked))).collect();
    let looks = findings.iter().filter(|finding| matches!(finding, Finding::LookAgain(_))).count();
    assert_eq!(looks, 9, "one for the difference, eight for standing: {findings:?}");
    assert_eq!(name(findings), None);
}

#[test]
fn time_taken_back_is_loading_where_stamps_do_not_say_that_somebody_moved_it() {
    for (stamps, author) in [((5, 5), Author::Player), ((5, 12_000), Author::User)] {
        let line = Script { stamp: Some(stamps.0), ..Script::playing("a", 0, 0) };
        let mut observer = watching(&line, 60_000);
        let back = Script { stamp: Some(stamps.1), ..Script::playing("a", 0, -4_000) };
        let named = name([61_000, 61_100].map(|asked| see(&mut observer, back.read(asked))));
        assert_eq!(named.map(|(_, author)| author), Some(author));
    }
}

#[test]
fn the_phantom_after_a_seek_is_the_players_and_the_same_place_at_another_time_is_a_hands() {
    let line = Script::playing("a", 0, 0);
    for (asked_by_us, author) in [(true, Author::Player), (false, Author::User)] {
        let mut observer = watching(&line, 40_000);
        if asked_by_us {
            seek(&mut observer, 100_000, 41_000);
            see(&mut observer, Script::playing("a", 41_250, 100_000).read(42_000));
        }
        let phantom = Script::playing("a", 42_300, 62_047);
        let named = name([43_000, 43_100].map(|asked| see(&mut observer, phantom.read(asked))));
        assert_eq!(named.map(|(_, author)| author), Some(author), "after a seek of ours: {asked_by_us}");
    }
}

#[test]
fn where_stamps_tell_when_the_player_was_moved_the_place_decides_at_any_time() {
    // The service's clock is 7 s ahead of ours. Both lines pass 62 047 ms between the two looks; one began there.
    for (landed, position, author) in [(43_000, 62_047, Author::Player), (43_000, 61_000, Author::User)] {
        let mut observer = watching(&Script { stamp: Some(7_000), ..Script::playing("a", 0, 0) }, 40_000);
        seek(&mut observer, 45_000, 40_500);
        let ours = Script { stamp: Some(47_750), ..Script::playing("a", 40_750, 45_000) };
        assert!(matches!(see(&mut observer, ours.read(41_500)), Finding::Landed { .. }));
        let jumped = Script { stamp: Some(landed + 7_000), ..Script::playing("a", landed, position) };
        let named = name([45_000, 45_100].map(|asked| see(&mut observer, jumped.read(asked))));
        assert_eq!(named.map(|(_, author)| author), Some(author), "went to {position}");
    }
}

#[test]
fn a_place_to_which_a_session_went_twice_at_unrelated_times_is_known_the_third_time() {
    let mut observer = watching(&Script { stamp: Some(0), ..Script::playing("a", 0, 0) }, 10_000);
    let mut authors = Vec::new();
    for (n, from) in [(1, 20_000), (2, 70_000), (3, 130_000)] {
        seek(&mut observer, 100_000 + n * 10_000, from);
        let effect = from + 250;
        let ours = Script { stamp: Some(effect), ..Script::playing("a", effect, 100_000 + n * 10_000) };
        see(&mut observer, ours.read(from + 800));
        let jumped = Script { stamp: Some(effect + 1_000), ..Script::playing("a", effect + 1_000, 45_000) };
        let looks = [from + 2_500, from + 2_600, from + 5_000, from + 10_000];
        authors.extend(name(looks.map(|asked| see(&mut observer, jumped.read(asked)))).map(|(_, author)| author));
    }
    assert_eq!(authors, [Author::User, Author::User, Author::Player]);
}

#[test]
fn a_seek_that_starts_the_item_anew_is_misplaced_and_not_a_hands() {
    let mut observer = watching(&Script::playing("a", 0, 0), 40_000);
    seek(&mut observer, 100_000, 41_000);
    let anew = Script::playing("a", 41_250, 0);
    assert_eq!(see(&mut observer, anew.read(41_900)), Finding::Misplaced(CommandId(1)));
    assert_eq!(see(&mut observer, anew.read(43_000)), Finding::Steady);
}

#[test]
fn a_seek_while_paused_that_springs_back_moves_nobody() {
    let mut observer = watching(&Script::paused("a", 50_000), 10_000);
    seek(&mut observer, 80_000, 11_000);
    let there = see(&mut observer, Script::paused("a", 80_000).read(11_600));
    assert!(matches!(there, Finding::Landed { .. }), "{there:?}");
    let back = Script::paused("a", 50_000);
    assert_eq!(see(&mut observer, back.read(13_000)), Finding::LeftOut("a seek that sprang back"));
    assert_eq!(see(&mut observer, back.read(15_000)), Finding::Steady);
}

#[test]
fn an_accepted_seek_without_effect_is_told_once_when_its_time_is_over() {
    let line = Script::playing("a", 0, 0);
    let mut observer = watching(&line, 40_000);
    seek(&mut observer, 100_000, 41_000);
    see(&mut observer, line.read(41_500));
    assert_eq!(observer.take_lost(at(41_580)), None, "it may still come");
    see(&mut observer, line.read(42_700));
    assert_eq!(observer.take_lost(at(42_780)), Some(CommandId(1)));
    assert_eq!(observer.take_lost(at(44_000)), None);
}

#[test]
fn the_line_before_an_ignored_seek_passes_its_target_and_has_not_landed() {
    let line = Script::playing("a", 0, 0);
    let mut observer = watching(&line, 40_000);
    seek(&mut observer, 60_000, 41_000);
    for asked in (42_000..70_000).step_by(2_000) {
        assert_eq!(see(&mut observer, line.read(asked)), Finding::Steady, "at {asked}");
    }
}

#[test]
fn a_device_that_comes_back_sets_a_baseline() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    assert_eq!(see(&mut observer, nothing(12_000)), Finding::Gone);
    assert_eq!(see(&mut observer, nothing(13_000)), Finding::Gone);
    assert_eq!(see(&mut observer, Script::paused("a", 11_500).read(15_000)), Finding::Baseline);
}

#[test]
fn after_an_advertisement_nothing_is_anybodys() {
    let mut observer = watching(&Script::playing("a", 0, 0), 10_000);
    let ad = Script::playing("a", 11_000, 0).read_with(12_000, |seen| {
        seen.kind = SeenKind::Ad;
        seen.item = None;
    });
    assert_eq!(see(&mut observer, ad), Finding::Ad);
    assert_eq!(see(&mut observer, Script::playing("a", 14_000, 11_000).read(15_000)), Finding::Baseline);
}
