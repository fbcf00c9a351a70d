//! Which of our commands a reading shows, and which a hand: by stamps, by ends of items, by when a command can have taken
//! effect (A1 to A3).

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::event::{Author, What};
use tutti_core::issued::Issued;
use tutti_core::latency::{Kind, Visibility};
use tutti_core::observe::{Finding, Observer};
use tutti_core::reading::Reading;
use tutti_core::room::Act;

use crate::player::{Script, TRIP, at, ms, song};

fn see(observer: &mut Observer, reading: Reading) -> Finding {
    let now = reading.answered;
    observer.observe(&reading, now)
}

/// An observer that has read `script` every 2 s, for the last time at `until`.
fn watching(script: &Script, until: i64) -> Observer {
    let mut observer = Observer::default();
    for asked in (until - 8_000..=until).step_by(2_000) {
        see(&mut observer, script.read(asked));
    }
    observer
}

fn issue(observer: &mut Observer, id: u64, kind: CommandKind, item: &str, sent: i64) {
    let command = Command { id: CommandId(id), kind, device: None };
    let latency = Kind::of(None, &command.kind, false, false);
    let times = Visibility::default().times(false, None);
    observer.issue(Issued::new(&command, song(item), latency, times, at(sent)));
    observer.answered(CommandId(id), at(sent), at(sent + TRIP));
}

fn play(uris: &[&str], position: i64) -> CommandKind {
    let uris = uris.iter().map(|uri| format!("spotify:track:{uri}")).collect();
    CommandKind::Play { uris, position: ms(position) }
}

fn seek(position: i64) -> CommandKind {
    CommandKind::Seek { position: ms(position) }
}

fn stamped(script: Script) -> Script {
    Script { stamp: Some(script.since), ..script }
}

/// Plays "b" from 11 s on, by a command whose landing tells what the service's stamps mean.
fn landed_by_stamp() -> Observer {
    let mut observer = watching(&stamped(Script::playing("a", 0, 0)), 10_000);
    issue(&mut observer, 1, play(&["b"], 2_000), "b", 11_000);
    let landed = stamped(Script::playing("b", 11_300, 2_000));
    assert!(matches!(see(&mut observer, landed.read(12_000)), Finding::Landed { .. }));
    assert_eq!(see(&mut observer, landed.read(13_000)), Finding::Steady);
    assert_eq!(see(&mut observer, landed.read(15_400)), Finding::Steady);
    observer
}

#[test]
fn of_two_seeks_on_their_way_the_stamp_tells_which_one_shows() {
    let mut observer = landed_by_stamp();
    issue(&mut observer, 2, seek(5_900), "b", 16_000);
    issue(&mut observer, 3, seek(7_600), "b", 17_600);
    // The first one is slow: it takes effect when the other is on its way already.
    let first = stamped(Script::playing("b", 17_400, 5_900));
    let second = stamped(Script::playing("b", 18_000, 7_600));
    let landed = |finding: Finding| match finding {
        Finding::Landed { id, .. } => id.0,
        other => panic!("not landed: {other:?}"),
    };
    assert_eq!(landed(see(&mut observer, first.read(18_300))), 2);
    assert_eq!(landed(see(&mut observer, second.read(19_800))), 3);
    assert_eq!(see(&mut observer, second.read(20_800)), Finding::Steady);
}

#[test]
fn going_back_to_where_a_play_began_is_a_hands_if_the_stamp_is_that_of_another_instant() {
    let mut observer = landed_by_stamp();
    let back = stamped(Script::playing("b", 16_500, 0));
    see(&mut observer, back.read(17_000));
    let Finding::Named(named) = see(&mut observer, back.read(17_100)) else { panic!("not named") };
    assert!(matches!(named.what, What::Act(Act::Sought(_))), "{named:?}");
}

#[test]
fn the_end_of_the_item_before_is_nothing_passed_over_while_a_play_is_hidden() {
    // "a" is over at 12 s, and answers go on to "c" while the play of "b" is hidden.
    let mut observer = watching(&Script::playing("a", -188_000, 0), 10_000);
    issue(&mut observer, 1, play(&["b", "c"], 3_000), "b", 11_000);
    let hidden = Script::playing("c", 12_000, 0);
    let finding = see(&mut observer, hidden.read(12_300));
    assert!(matches!(finding, Finding::LookAgain(_)), "{finding:?}");
    let landed = Script::playing("b", 11_400, 3_000);
    assert!(matches!(see(&mut observer, landed.read(14_000)), Finding::Landed { .. }));
}

#[test]
fn a_resume_long_after_a_command_that_never_showed_is_a_hands() {
    let mut observer = watching(&Script::paused("a", 50_000), 10_000);
    issue(&mut observer, 1, play(&["a"], 50_500), "a", 11_000);
    for asked in (13_000..=41_000).step_by(2_000) {
        see(&mut observer, Script::paused("a", 50_000).read(asked));
    }
    let resumed = Script::playing("a", 42_000, 50_000);
    let Finding::Named(named) = see(&mut observer, resumed.read(43_000)) else { panic!("not named") };
    assert_eq!((named.what, named.author), (What::Act(Act::Resumed), Author::User));
}

#[test]
fn of_two_readings_that_contradict_each_other_neither_is_named() {
    let mut observer = watching(&Script::playing("a", 0, 100_000), 10_000);
    let back = Script::playing("a", 11_000, 50_000);
    assert!(matches!(see(&mut observer, back.read(12_000)), Finding::LookAgain(_)));
    let flipped = back.read_with(12_100, |seen| seen.playing = false);
    assert!(matches!(see(&mut observer, flipped), Finding::LookAgain(_)));
    see(&mut observer, back.read(12_200));
    let Finding::Named(named) = see(&mut observer, back.read(12_300)) else { panic!("not named") };
    assert!(matches!(named.what, What::Act(Act::Sought(_))), "{named:?}");
}

#[test]
fn a_wrong_flag_with_a_seek_by_hand_is_no_pause() {
    let mut observer = watching(&Script::playing("a", 0, 100_000), 10_000);
    let back = Script::playing("a", 11_000, 50_000);
    let flipped = back.read_with(12_000, |seen| seen.playing = false);
    assert!(matches!(see(&mut observer, flipped), Finding::LookAgain(_)));
}

#[test]
fn a_list_that_ended_behind_a_wrong_flag_was_not_paused() {
    let mut observer = watching(&Script::playing("a", -188_000, 0), 10_000);
    let ended = Script::paused("b", 0);
    let flipped = ended.read_with(12_200, |seen| seen.playing = true);
    assert!(matches!(see(&mut observer, flipped), Finding::Named(named) if named.author == Author::Player));
    see(&mut observer, ended.read(12_300));
    let finding = see(&mut observer, ended.read(12_400));
    let by_hand = matches!(&finding, Finding::Named(named) if named.author == Author::User);
    assert!(!by_hand, "{finding:?}");
}
