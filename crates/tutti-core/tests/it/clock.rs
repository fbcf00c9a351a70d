//! The room's clock over a network (C1, C2): exchanges with a hub that is honest, late, wrong, or hostile.

use proptest::prelude::*;
use tutti_core::clock::{ClockSync, Exchange, Refused, RoomClock};
use tutti_core::time::{LocalTime, RoomTime, Span};

/// The member's clock shows this much less than the hub's, µs.
const OFFSET: i64 = 5_000_000_000;

/// A machine whose clock drifts, and its link.
struct Machine {
    sync: ClockSync,
    drift_ppm: i64,
    /// What its clock jumped by, µs.
    jumped: i64,
    /// The hub's time, µs.
    world: i64,
}

impl Machine {
    fn new(drift_ppm: i64) -> Self {
        let mut machine = Self { sync: ClockSync::new(7, at(0)), drift_ppm, jumped: 0, world: OFFSET };
        machine.sync = ClockSync::new(7, machine.local(OFFSET));
        machine
    }

    fn local(&self, world: i64) -> LocalTime {
        let run = world - OFFSET;
        at(run + run * self.drift_ppm / 1_000_000 + self.jumped)
    }

    /// What went there for `up` and back for `down` µs, now.
    fn exchanged(&self, up: i64, down: i64) -> Exchange {
        let room = |after: i64| RoomTime::from_micros(self.world + after);
        Exchange {
            sent: self.local(self.world),
            hub_received: room(up),
            hub_sent: room(up),
            received: self.local(self.world + up + down),
        }
    }

    fn exchange(&mut self, up: i64, down: i64) {
        self.sync.begin(self.local(self.world));
        assert_eq!(self.sync.exchange(self.exchanged(up, down)), Ok(()));
        self.world += up + down;
    }

    /// One every 5 s with these ways, again and again.
    fn exchanges(&mut self, count: usize, ways: &[(i64, i64)]) {
        for &(up, down) in ways.iter().cycle().take(count) {
            self.world += 5_000_000;
            self.exchange(up, down);
        }
    }

    /// How far off the answer is now, and its bound, µs.
    fn error(&self) -> (i64, i64) {
        let now = self.local(self.world);
        let clock = self.sync.clock(now).unwrap();
        ((clock.to_room(now).as_micros() - self.world).abs(), clock.bound().as_micros())
    }
}

fn at(us: i64) -> LocalTime {
    LocalTime::from_micros(us)
}

fn numbers(sent: i64, hub_received: i64, hub_sent: i64, received: i64) -> Exchange {
    let [hub_received, hub_sent] = [hub_received, hub_sent].map(RoomTime::from_micros);
    Exchange { sent: at(sent), hub_received, hub_sent, received: at(received) }
}

/// Ways in µs: the least is 10 ms, few are near it, and some are very late.
const HOME: &[(i64, i64)] =
    &[(12_000, 31_000), (10_000, 18_000), (55_000, 11_000), (14_000, 10_000), (90_000, 90_000), (11_000, 13_000)];

#[test]
fn before_the_first_exchange_nothing_is_known_and_a_ping_is_due() {
    let sync = ClockSync::new(7, at(1_000));
    assert_eq!(sync.clock(at(5_000)), None);
    assert_eq!(sync.next_exchange(), at(1_000));
}

#[test]
fn one_exchange_gives_the_middle_and_half_the_round_trip() {
    let mut machine = Machine::new(0);
    machine.exchange(30_000, 10_000);
    let (error, bound) = machine.error();
    assert!((9_950..10_050).contains(&error), "{error}");
    assert!((20_000..20_100).contains(&bound), "{bound}");
}

#[test]
fn what_the_two_clocks_drift_apart_is_learned() {
    let mut machine = Machine::new(87);
    machine.exchanges(60, HOME);
    // Five minutes without an answer: a clock taken to be right would be 26 ms off.
    machine.world += 300_000_000;
    let (error, bound) = machine.error();
    assert!(error < 1_000, "{error}");
    assert!(bound > 300_000_000 * 600 / 1_000_000, "{bound}: what may happen meanwhile is not known");
}

#[test]
fn late_messages_on_one_way_do_not_move_the_answer() {
    let mut machine = Machine::new(-30);
    machine.exchanges(30, &[(10_000, 10_000), (200_000, 10_500), (80_000, 11_000), (140_000, 10_000)]);
    let (error, bound) = machine.error();
    assert!(error < 300, "{error}");
    assert!((10_000..12_000).contains(&bound), "{bound}");
}

#[test]
fn a_way_there_that_is_longer_for_good_does_not_move_it_while_the_old_one_is_remembered() {
    let mut machine = Machine::new(40);
    machine.exchanges(60, HOME);
    machine.exchanges(20, &[(61_000, 12_000), (70_000, 10_000)]);
    let (error, bound) = machine.error();
    assert!(error < 1_500 && error <= bound, "{error} {bound}");
}

#[test]
fn a_clock_that_is_slewed_is_followed_and_the_bound_stays_true() {
    let mut machine = Machine::new(20);
    machine.exchanges(60, HOME);
    let (mut worst, before) = (0, machine.world);
    // 500 ppm more, as system clocks are put right, for a minute.
    for _ in 0..12 {
        machine.jumped += 5_000 / 2;
        machine.exchanges(1, HOME);
        let (error, bound) = machine.error();
        assert!(error <= bound, "{error} {bound} after {} s", (machine.world - before) / 1_000_000);
        worst = worst.max(error);
    }
    machine.exchanges(12, HOME);
    let (error, bound) = machine.error();
    assert!(worst < 12_000, "{worst}");
    assert!(error < 2_000 && error <= bound, "{error} {bound}");
}

#[test]
fn a_clock_that_jumped_contradicts_what_was_known_and_is_asked_about_in_a_burst() {
    let mut machine = Machine::new(20);
    machine.exchanges(60, HOME);
    machine.jumped = 300_000;
    machine.exchanges(1, &[(10_000, 12_000)]);
    let (error, bound) = machine.error();
    assert!(error <= bound && bound < 12_000, "{error} {bound}");
    assert!(machine.sync.next_exchange() <= machine.local(machine.world));
}

#[test]
fn after_a_suspend_nothing_is_known_and_what_was_under_way_is_refused() {
    let mut machine = Machine::new(20);
    machine.exchanges(20, HOME);
    let under_way = machine.exchanged(1_000_000, 500_000);
    machine.world += 1_000_000;
    let now = machine.local(machine.world);
    machine.sync.suspended(now);
    assert_eq!(machine.sync.clock(now), None);
    assert_eq!(machine.sync.next_exchange(), now);
    assert_eq!(machine.sync.exchange(under_way), Err(Refused::Stale));
    machine.world += 500_000;
    machine.exchange(10_000, 10_000);
    assert!(machine.error().0 < 100);
}

#[test]
fn a_silence_is_a_suspend_that_nobody_told() {
    let mut machine = Machine::new(20);
    machine.exchanges(20, HOME);
    machine.world += 120_000_000;
    machine.jumped = -300_000;
    let now = machine.local(machine.world);
    machine.sync.begin(now);
    assert_eq!(machine.sync.clock(now), None);
    assert!(machine.sync.next_exchange() - now <= Span::from_millis(100));
}

#[test]
fn an_answer_that_comes_before_its_question_or_too_fast_or_too_late_is_refused_and_changes_nothing() {
    let mut machine = Machine::new(0);
    machine.exchanges(20, HOME);
    let before = machine.sync.clock(machine.local(machine.world));
    let (start, room) = (machine.local(machine.world).as_micros(), machine.world);
    let most = i64::MAX;
    for (exchange, refused) in [
        (numbers(start + 10, room, room, start), Refused::BackInTime),
        (numbers(start, room + 10, room, start + 10), Refused::BackInTime),
        (numbers(start, room, room + 50_000, start + 10_000), Refused::Impossible),
        (numbers(start, room, room, start + 11_000_000), Refused::TooLong),
        (numbers(start, most, most, start + 10), Refused::TooFar),
        (numbers(start, -most, most, start + 10), Refused::TooFar),
        (numbers(-most, room, room, most), Refused::TooLong),
        (numbers(start - 60_000_000, room, room, start - 59_990_000), Refused::Stale),
    ] {
        assert_eq!(machine.sync.exchange(exchange), Err(refused), "{exchange:?}");
    }
    assert_eq!(machine.sync.clock(machine.local(machine.world)), before);
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut machine = Machine::new(0);
    let exchange = machine.exchanged(1_000, 1_000);
    assert_eq!(machine.sync.exchange(exchange), Ok(()));
    assert_eq!(machine.sync.exchange(exchange), Err(Refused::Stale));
}

#[test]
fn a_hub_whose_answers_never_agree_is_not_asked_in_bursts_without_end() {
    let mut sync = ClockSync::new(7, at(0));
    let (mut asked, mut now) = (0, 0);
    while now < 600_000_000 {
        now = sync.next_exchange().as_micros();
        sync.begin(at(now));
        asked += 1;
        let lie = asked * 1_000_000_007 % 10_000_000_000;
        assert_eq!(sync.exchange(numbers(now, lie, lie, now + 10_000)), Ok(()));
    }
    // 120 in ten minutes, and eight more every half minute.
    assert!((100..320).contains(&asked), "{asked}");
}

#[test]
fn a_correction_moves_the_room_by_less_than_both_bounds() {
    let mut machine = Machine::new(60);
    let mut known: Option<RoomClock> = None;
    for _ in 0..200 {
        machine.exchanges(1, HOME);
        let now = machine.local(machine.world);
        let clock = machine.sync.clock(now).unwrap();
        if let Some(before) = known {
            let moved = (clock.to_room(now) - before.to_room(now)).abs();
            // The one before is five seconds old.
            assert!(moved <= clock.bound() + before.bound() + Span::from_millis(1), "{moved:?}");
        }
        known = Some(clock);
    }
}

#[test]
fn the_same_seed_asks_at_the_same_instants_and_another_at_others() {
    let dues = |seed| {
        let mut sync = ClockSync::new(seed, at(0));
        let mut due = || {
            sync.begin(sync.next_exchange());
            sync.next_exchange()
        };
        (0..20).map(|_| due()).collect::<Vec<_>>()
    };
    assert_eq!(dues(5), dues(5));
    assert_ne!(dues(5), dues(99));
}

proptest! {
    /// Any numbers at all: refused or taken, but never a panic, and never a clock that cannot be reckoned with.
    #[test]
    fn any_numbers_are_refused_or_taken(
        steps in prop::collection::vec((any::<[i64; 4]>(), any::<[u32; 4]>(), 0_u8..6), 1..60),
    ) {
        let mut sync = ClockSync::new(1, at(0));
        let mut now = 0_i64;
        for (wild, near, kind) in steps {
            let [a, b, c, d] = near.map(i64::from);
            let answered = match kind {
                0 => sync.exchange(numbers(wild[0], wild[1], wild[2], wild[3])),
                1 => sync.exchange(numbers(now, wild[1], wild[1].saturating_add(a), now + b)),
                2 => { sync.suspended(at(wild[0])); Ok(()) }
                3 => { sync.begin(at(wild[0])); Ok(()) }
                _ => sync.exchange(numbers(now, b / 1_000, b / 1_000 + c / 1_000_000, now + d / 1_000)),
            };
            let taken = answered.is_ok() && !matches!(kind, 2 | 3);
            now += a / 100;
            for at_us in [now, wild[1], i64::MAX, i64::MIN] {
                let clock = sync.clock(at(at_us));
                prop_assert!(clock.is_some() || !taken);
                prop_assert!(clock.is_none_or(|clock| !clock.bound().is_negative()));
            }
            let _ = sync.next_exchange();
        }
    }

    /// An honest hub on any network, clocks that drift evenly: the truth is within the bound, always.
    #[test]
    fn the_bound_is_true_on_any_network(
        drift_ppm in -100_i64..=100,
        ways in prop::collection::vec((1_u32..=3_000_000, 1_u32..=3_000_000, 0_u32..20_000_000), 1..100),
    ) {
        let mut machine = Machine::new(drift_ppm);
        for (up, down, wait) in ways {
            machine.world += i64::from(wait);
            machine.exchange(i64::from(up), i64::from(down));
            let (error, bound) = machine.error();
            prop_assert!(error <= bound, "{} {}", error, bound);
        }
    }
}
