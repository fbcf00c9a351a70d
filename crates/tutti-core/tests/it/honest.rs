//! A service that is not honest: what is stated of a player stays true (E2, A1).

use tutti_core::command::{Command, CommandId, CommandKind};
use tutti_core::estimate::{Estimate, Mark, Quality};
use tutti_core::issued::Issued;
use tutti_core::latency::{Kind, Visibility};
use tutti_core::observe::{Finding, Observer};
use tutti_core::time::Span;

use crate::player::{Script, TRIP, at, ms, song};

/// Ways there and back of the readings of one line, ms: spread as networks spread them, the same in every run.
fn trips(n: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..n).map(|i| ((i * 37 + 11) % 71 + 3, (i * 53 + 29) % 67 + 3))
}

/// Takes readings of lines that pass 0 at 0 from front ends whose clocks are off by ± `skew`, and counts bounds that
/// did not hold.
fn untrue(skew: i64, lines: i64, readings: i64) -> (usize, Quality) {
    let mut quality = Quality::default();
    let mut untrue = 0;
    for line in 0..lines {
        let mut estimate: Option<Estimate> = None;
        for (i, (way, back)) in
            trips(lines * readings).skip((line * readings) as usize).take(readings as usize).enumerate()
        {
            let asked = i as i64 * 2_300;
            let side = if (line + i as i64 * 7 + way) % 2 == 0 { skew } else { -skew };
            let mark = Mark::of(at(asked), at(asked + way + back), ms(asked + way + side));
            match &mut estimate {
                Some(estimate) => estimate.add(mark, &mut quality),
                none => *none = Some(Estimate::new(true, mark, &quality)),
            }
            let (now, Some(estimate)) = (asked + way + back, &estimate) else { continue };
            let error = (estimate.position(at(now)) - ms(now)).abs();
            untrue += usize::from(error > estimate.bound(at(now)));
        }
    }
    (untrue, quality)
}

#[test]
fn front_ends_that_differ_do_not_make_a_bound_untrue_from_the_first_reading_on() {
    let (untrue, quality) = untrue(15, 30, 20);
    assert_eq!(untrue, 0, "of 600, slack {:?}", quality.slack());
    assert!(quality.slack() >= ms(15) && quality.slack() <= ms(40), "{:?}", quality.slack());
}

#[test]
fn where_readings_never_contradict_each_other_the_slack_gets_small() {
    let (untrue, quality) = untrue(0, 30, 20);
    assert_eq!(untrue, 0);
    assert!(quality.slack() <= ms(4), "{:?}", quality.slack());
}

#[test]
fn a_report_given_twice_word_for_word_does_not_move_the_line() {
    let line = Script::playing("a", 0, 0);
    let mut observer = Observer::default();
    let mut see = |reading: tutti_core::reading::Reading| {
        let now = reading.answered;
        observer.observe(&reading, now);
        let known = observer.line().unwrap();
        ((known.estimate.position(now) - (now - at(0))).abs(), known.bound(now))
    };
    for n in 0..20 {
        let asked = n * 3_000;
        see(line.read(asked));
        // The same report once more, 400 ms later: within the slack of nobody.
        let (error, bound) = see(line.read_with(asked + 400, |seen| seen.progress = Some(ms(asked + TRIP / 2))));
        assert!(error <= bound && error <= ms(2), "{error:?} of {bound:?}");
    }
}

#[test]
fn another_item_under_a_counter_that_stands_is_not_named_from_its_position() {
    let mut observer = Observer::default();
    for asked in [0, 2_000] {
        let reading = Script::playing("a", 0, 0).read(asked);
        observer.observe(&reading, at(asked + TRIP));
    }
    for (name, asked) in [("a", 4_000), ("a", 5_000), ("a", 6_000), ("a", 9_000), ("b", 30_000), ("b", 33_000)] {
        let reading = Script::playing(name, 0, 0).read_with(asked, |seen| seen.progress = Some(Span::ZERO));
        let finding = observer.observe(&reading, at(asked + TRIP));
        assert!(!matches!(finding, Finding::Named(_)), "{finding:?}");
    }
}

#[test]
fn until_a_small_seek_shows_for_sure_the_bound_covers_where_it_may_have_put_the_player() {
    let mut observer = Observer::default();
    for asked in [0, 2_000, 4_000, 6_000] {
        let reading = Script::playing("a", 0, 0).read(asked);
        observer.observe(&reading, at(asked + TRIP));
    }
    // A seek by 120 ms takes effect at 7.3 s; readings show the line before it until 8.8 s.
    let command = Command { id: CommandId(1), kind: CommandKind::Seek { position: ms(7_420) }, device: None };
    let latency = Kind::of(None, &command.kind, false, false);
    let times = Visibility::default().times(false, None);
    observer.issue(Issued::new(&command, song("a"), latency, times, at(7_000)));
    observer.answered(CommandId(1), at(7_000), at(7_100));
    let (before, after) = (Script::playing("a", 0, 0), Script::playing("a", 7_300, 7_420));
    for asked in [7_800, 8_200, 8_900, 10_000, 12_000, 14_000] {
        let shown = if asked < 8_800 { &before } else { &after };
        let now = at(asked + TRIP);
        observer.observe(&shown.read(asked), now);
        let line = observer.line().unwrap();
        let error = (line.estimate.position(now) - ms(after.position(asked + TRIP))).abs();
        assert!(error <= line.bound(now), "{error:?} of {:?} at {asked}", line.bound(now));
    }
    assert!(observer.line().unwrap().bound(at(14_100)) < ms(100), "and later it is as close as ever");
}
