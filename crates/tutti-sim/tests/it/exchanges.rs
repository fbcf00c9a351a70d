//! The room's clock over a network against the truth and against others' ways, on drawn and recorded traces (C2).

use tutti_core::clock::ClockSync;
use tutti_core::time::LocalTime;
use tutti_sim::exchanges::{Kalman, LeastRoundTrip, Link, Method, Quality, Recording, Scene, Step, Trace, measure};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

fn ours() -> ClockSync {
    ClockSync::new(1, LocalTime::from_micros(0))
}

/// All scenes with some seeds.
fn over<M: Method>(scenes: &[Scene], new: fn() -> M) -> Quality {
    let traces = scenes.iter().flat_map(|scene| SEEDS.map(|seed| scene.draw(seed)));
    let mut quality = Quality::default();
    traces.for_each(|trace| quality.join(measure(&trace, &mut new())));
    quality
}

#[test]
fn the_clock_is_known_twice_as_well_as_by_sendspins_filter_and_far_better_than_by_the_least_round_trip() {
    for link in [Link::LAN, Link::HOME, Link::BAD_MOBILE] {
        let scenes = Scene::all(link);
        let [ours, kalman, least] =
            [over(&scenes, ours), over(&scenes, Kalman::default), over(&scenes, LeastRoundTrip::default)]
                .map(|quality| quality.error_ms(95));
        assert!(ours <= 0.5 * kalman, "{}: {ours} against {kalman} ms", link.name);
        assert!(ours <= least, "{}: {ours} against {least} ms", link.name);
    }
}

#[test]
fn the_bound_is_true_also_while_clocks_are_slewed_and_after_sleeps() {
    for link in Link::ALL {
        let quality = over(&Scene::all(link), ours);
        assert!(quality.bound_true_percent() >= 99.9, "{}: {} %", link.name, quality.bound_true_percent());
    }
}

#[test]
fn a_jitter_of_30_ms_leaves_less_than_5_ms() {
    let quality = over(&[Scene::of(Link::JITTER_30_MS)], ours);
    assert!(quality.error_ms(95) < 5.0, "{} ms", quality.error_ms(95));
}

#[test]
fn a_sleep_that_nobody_told_is_made_up_for_within_a_second() {
    let scene = Scene { wake_jump_ms: 300, told: false, minutes: 20, ..Scene::of(Link::HOME) };
    let trace = scene.draw(3);
    let (mut sync, mut last, mut wrong, mut woken) = (ours(), 0, 0, 0);
    for step in &trace.steps {
        match *step {
            Step::Truth(at, truth) => {
                woken += i32::from(at.as_micros() - last > 60_000_000 && last > 0);
                last = at.as_micros();
                let off = sync.clock(at).map_or(0, |clock| (clock.offset() - truth).abs().as_micros());
                wrong += i32::from(off > 20_000);
            }
            Step::Exchange(exchange) => Method::take(&mut sync, exchange),
            Step::Suspended(_) => panic!("nobody is told"),
        }
    }
    assert_eq!(woken, 2);
    assert!(wrong <= woken, "wrong in {wrong} of the seconds");
}

#[test]
fn the_filter_beside_is_no_scarecrow() {
    // What it was made for: both ways alike, and a rate that hardly changes. On three hours of each link and scene its authors'
    // own filter was never more than 1.2 µs away from it.
    let quality = over(&[Scene { minutes: 10, ..Scene::of(Link::LAN) }], Kalman::default);
    assert!(quality.error_ms(95) < 0.3, "{} ms", quality.error_ms(95));
}

#[test]
fn the_same_seed_is_the_same_trace_and_another_is_not() {
    let scene = Scene { minutes: 10, ..Scene::all(Link::BAD_MOBILE)[3] };
    assert_eq!(scene.draw(5), scene.draw(5));
    assert_ne!(scene.draw(5), scene.draw(6));
}

#[test]
fn a_recorded_trace_is_read_and_measured_before_and_after_each_exchange() {
    let text = "# t1,t2,t3,t4,truth\n\n0,10000,10000,20000,0\n5000000,5010000,5010100,5021000,0\nsuspended,9000000\n\
                9000000,9910000,9910000,9020000,900000\n";
    let quality = measure(&Trace::recorded(text).unwrap(), &mut ours());
    // Before the first exchange, and after the suspend, nothing is known.
    assert_eq!((quality.unknown, quality.errors_ms.len(), quality.true_bounds), (2, 4, 4));
    assert!(quality.error_ms(100) < 1.0, "{:?}", quality.errors_ms);
}

#[test]
fn on_recorded_exchanges_the_bound_is_true_and_the_clock_known_far_better_than_by_the_least_round_trip() {
    // Off by at most this, and this share of what the filter is off by (p50, p95). Near, where it is a tenth of a ms, both are as
    // good: that the two ways differ by that much is nothing which an exchange can find out. At home it is 0.55 of it: while the
    // way is longer, nothing new is as narrow as what was learned before.
    let promised =
        [("recorded near", 0.5, [1.5, 1.5]), ("recorded home", 1.5, [0.5, 0.75]), ("recorded mobile", 4.0, [0.5; 2])];
    for (recording, (name, most_ms, shares)) in Recording::ALL.into_iter().zip(promised) {
        let trace = recording.trace().unwrap();
        let [ours, kalman, least] = [
            measure(&trace, &mut ours()),
            measure(&trace, &mut Kalman::default()),
            measure(&trace, &mut LeastRoundTrip::default()),
        ];
        assert_eq!(recording.name, name);
        assert!(ours.errors_ms.len() > 600 && ours.unknown < 5, "{name}: {} {}", ours.errors_ms.len(), ours.unknown);
        assert!(ours.bound_true_percent() >= 99.9, "{name}: {} %", ours.bound_true_percent());
        assert!(
            ours.error_ms(95) <= most_ms && ours.error_ms(95) <= 0.5 * least.error_ms(95),
            "{name}: {}",
            ours.error_ms(95)
        );
        for (percent, share) in [50, 95].into_iter().zip(shares) {
            let [ours, kalman] = [&ours, &kalman].map(|quality| quality.error_ms(percent));
            assert!(ours <= share * kalman, "{name}, p{percent}: {ours} against {kalman} ms");
        }
    }
}

#[test]
fn a_line_of_a_recorded_trace_that_is_none_is_named() {
    for (text, line) in [("0,1,2,3\n", 1), ("# a trace\n0,1,2,3,4\n0,1,2,3,x\n", 3), ("asleep,5\n", 1)] {
        let bad = Trace::recorded(text).unwrap_err();
        assert_eq!(bad.line, line, "{bad}");
    }
}
