//! Draws traces: a machine's clock that drifts, gets warm, is slewed, sleeps and jumps; and a link to the hub.

use std::collections::VecDeque;

use tutti_core::clock::{ClockSync, Exchange};
use tutti_core::time::RoomTime;

use super::link::Link;
use super::machine::Machine;
use super::trace::{Step, Trace};
use crate::random::Random;

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
/// The truth is asked for so often.
const TRUTH_EVERY_US: i64 = SECOND_US;
/// How long the hub takes to answer, at most.
const HUB_US: f64 = 300.0;
/// A crystal's rate changes this often, by this (standard deviation): 1 to 2 ppm in ten minutes, as laptops get warm.
const WARMS_EVERY_US: i64 = 30 * SECOND_US;
const WARMS_BY_PPB: f64 = 300.0;
/// How long a clock is slewed, and how long a machine sleeps; each once in ten minutes.
const SLEWED_US: i64 = 30 * SECOND_US;
const SLEPT_US: i64 = 2 * MINUTE_US;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scene {
    pub name: &'static str,
    pub link: Link,
    pub minutes: i64,
    /// The two clocks drift apart by up to this, either way.
    pub drift_ppm: i64,
    /// Every ten minutes the machine's clock is put right by this, either way, for half a minute.
    pub slew_ppm: i64,
    /// Every ten minutes the machine sleeps for two, and its clock then shows up to so much more or less than it should.
    pub wake_jump_ms: i64,
    /// Whether the program is told that the machine slept.
    pub told: bool,
}

/// What happens to the machine.
struct Story {
    machine: Machine,
    /// From when until when it sleeps, µs.
    sleeps: VecDeque<(i64, i64)>,
}

impl Scene {
    /// An hour at home with the machine.
    pub const fn of(link: Link) -> Self {
        Self { name: "even", link, minutes: 60, drift_ppm: 100, slew_ppm: 0, wake_jump_ms: 0, told: true }
    }

    /// Everything that can befall a machine on this link: an even hour, one with jitter on one way only, one in which the clock
    /// is slewed by 500 ppm, and one with sleeps after which it is up to 300 ms off.
    pub const fn all(link: Link) -> [Self; 4] {
        [
            Self::of(link),
            Self { name: "lopsided", ..Self::of(link.lopsided()) },
            Self { name: "slewed", slew_ppm: 500, ..Self::of(link) },
            Self { name: "waking", wake_jump_ms: 300, ..Self::of(link) },
        ]
    }

    pub fn draw(&self, seed: u64) -> Trace {
        Drawing::new(self, seed).run()
    }

    fn story(&self, seed: u64) -> Story {
        let mut random = Random::named(seed, "machine");
        let mut warmth = Random::named(seed, "warmth");
        let end_us = self.minutes * MINUTE_US;
        let drift_ppm = random.between(-(self.drift_ppm as f64), self.drift_ppm as f64);
        let mut ppb = (drift_ppm * 1e3) as i64;
        let mut rates: Vec<(i64, i64)> = vec![(0, ppb)];
        for at_us in (WARMS_EVERY_US..end_us).step_by(WARMS_EVERY_US as usize) {
            ppb += (warmth.normal() * WARMS_BY_PPB) as i64;
            rates.push((at_us, ppb));
        }
        let (mut slews, mut jumps) = (Vec::new(), Vec::new());
        for begins_us in (0..end_us).step_by(10 * MINUTE_US as usize) {
            let mut within = |from: f64, to: f64| begins_us + (random.between(from, to) * MINUTE_US as f64) as i64;
            let (slewed_at_us, sleeps_at_us) = (within(1.0, 4.0), within(5.0, 7.0));
            let sign = if random.chance(0.5) { 1 } else { -1 };
            if self.slew_ppm > 0 {
                slews.push((slewed_at_us, slewed_at_us + SLEWED_US, sign * self.slew_ppm * 1_000));
            }
            if self.wake_jump_ms > 0 {
                let jump_us = random.between(0.3, 1.0) * self.wake_jump_ms as f64 * 1e3;
                jumps.push((sleeps_at_us, sleeps_at_us + SLEPT_US, sign * jump_us as i64));
            }
        }
        let rate = |at_us: i64| {
            let warm = rates.iter().rfind(|(from_us, _)| *from_us <= at_us).map_or(0, |(_, ppb)| *ppb);
            warm + slews.iter().filter(|slew| (slew.0..slew.1).contains(&at_us)).map(|slew| slew.2).sum::<i64>()
        };
        let mut machine = Machine::new(random.between(0.0, 1e12) as i64, rate(0));
        let mut knots: Vec<(i64, i64)> = rates.iter().skip(1).map(|(at_us, _)| (*at_us, 0)).collect();
        knots.extend(slews.iter().flat_map(|slew| [(slew.0, 0), (slew.1, 0)]));
        knots.extend(jumps.iter().map(|(_, wakes_us, jump_us)| (*wakes_us, *jump_us)));
        knots.sort_unstable();
        knots.into_iter().for_each(|(at_us, jump_us)| machine.then(at_us, jump_us, rate(at_us)));
        Story { machine, sleeps: jumps.into_iter().map(|(falls_us, wakes_us, _)| (falls_us, wakes_us)).collect() }
    }
}

/// A trace in the making: who asks is a [`ClockSync`] at its own pace, bursts included.
struct Drawing<'a> {
    scene: &'a Scene,
    story: Story,
    random: Random,
    sync: ClockSync,
    trace: Trace,
    /// When the answer is back, and the exchange; one connection, so that nothing overtakes.
    under_way: VecDeque<(i64, Exchange)>,
    at_hub_us: i64,
    back_us: i64,
    truth_us: i64,
    /// Since when the machine is awake.
    awake_us: i64,
}

impl<'a> Drawing<'a> {
    fn new(scene: &'a Scene, seed: u64) -> Self {
        let story = scene.story(seed);
        Self {
            scene,
            random: Random::named(seed, scene.link.name),
            sync: ClockSync::new(seed, story.machine.local(0)),
            story,
            trace: Trace::default(),
            under_way: VecDeque::new(),
            at_hub_us: 0,
            back_us: 0,
            truth_us: TRUTH_EVERY_US,
            awake_us: 0,
        }
    }

    fn run(mut self) -> Trace {
        loop {
            // What was due in a sleep is due when it is over.
            let ask_us = self.story.machine.world(self.sync.next_exchange()).max(self.awake_us);
            let answer_us = self.under_way.front().map_or(i64::MAX, |(back_us, _)| *back_us);
            let now_us = ask_us.min(answer_us).min(self.truth_us);
            if now_us >= self.scene.minutes * MINUTE_US {
                return self.trace;
            }
            match self.story.sleeps.front() {
                Some(&(falls_us, wakes_us)) if falls_us <= now_us => self.sleeps_until(wakes_us),
                _ if now_us == answer_us => self.is_answered(),
                _ if now_us == ask_us => self.asks(now_us),
                _ => self.is_told_the_truth(now_us),
            }
        }
    }

    /// What arrives meanwhile is read after it.
    fn sleeps_until(&mut self, wakes_us: i64) {
        self.story.sleeps.pop_front();
        let machine = &self.story.machine;
        for (back_us, exchange) in &mut self.under_way {
            *back_us = (*back_us).max(wakes_us);
            exchange.received = machine.local(*back_us);
        }
        self.awake_us = wakes_us;
        (self.back_us, self.truth_us) = (self.back_us.max(wakes_us), self.truth_us.max(wakes_us));
        if self.scene.told {
            let now = machine.local(wakes_us);
            self.sync.suspended(now);
            self.trace.steps.push(Step::Suspended(now));
        }
    }

    fn is_answered(&mut self) {
        if let Some((_, exchange)) = self.under_way.pop_front()
            && self.sync.exchange(exchange).is_ok()
        {
            // What is refused is kept from the rivals too.
            self.trace.steps.push(Step::Exchange(exchange));
        }
    }

    fn asks(&mut self, now_us: i64) {
        let (link, machine) = (&self.scene.link, &self.story.machine);
        let sent = machine.local(now_us);
        self.sync.begin(sent);
        self.at_hub_us = self.at_hub_us.max(now_us + link.up.draw_us(now_us, &mut self.random));
        let leaves_us = self.at_hub_us + self.random.between(0.0, HUB_US) as i64;
        self.back_us = self.back_us.max(leaves_us + link.down.draw_us(leaves_us, &mut self.random));
        let exchange = Exchange {
            sent,
            hub_received: RoomTime::from_micros(self.at_hub_us),
            hub_sent: RoomTime::from_micros(leaves_us),
            received: machine.local(self.back_us),
        };
        self.under_way.push_back((self.back_us, exchange));
    }

    fn is_told_the_truth(&mut self, now_us: i64) {
        let machine = &self.story.machine;
        self.trace.steps.push(Step::Truth(machine.local(now_us), machine.offset(now_us)));
        self.truth_us += TRUTH_EVERY_US;
    }
}
