//! A machine that knows the room's clock only through exchanges with the hub over a network.
//!
//! Exchanges are not events of the world: they are made up for, each at its own instant, when the machine does something next.

use std::collections::VecDeque;

use tutti_core::clock::{ClockSync, Exchange, RoomClock};
use tutti_core::time::RoomTime;

use super::clock::MachineClock;
use crate::exchanges::Link;
use crate::random::Random;

/// Whoever joins was connected before for so long: a burst and its answers.
const CONNECTED_US: i64 = 2_000_000;

pub struct HubLink {
    link: Link,
    random: Random,
    sync: ClockSync,
    /// Nothing overtakes on one connection.
    under_way: VecDeque<Exchange>,
    at_hub_us: i64,
    back_us: i64,
}

impl HubLink {
    pub fn connected(link: Link, clock: MachineClock, seed: u64, now_us: i64) -> Self {
        let sync = ClockSync::new(seed, clock.local(now_us - CONNECTED_US));
        let before_us = now_us - CONNECTED_US;
        let random = Random::named(seed, link.name);
        Self { link, random, sync, under_way: VecDeque::new(), at_hub_us: before_us, back_us: before_us }
    }

    /// The machine slept.
    pub fn slept(&mut self, clock: MachineClock, now_us: i64) {
        self.sync.suspended(clock.local(now_us));
        self.under_way.clear();
    }

    /// What is known now; without a network nothing is answered.
    pub fn known(&mut self, clock: MachineClock, now_us: i64, network: bool) -> Option<RoomClock> {
        loop {
            let due_us = clock.world(self.sync.next_exchange());
            let until = clock.local(due_us.min(now_us));
            while let Some(exchange) = self.under_way.pop_front_if(|exchange| exchange.received <= until) {
                // What is refused changes nothing.
                self.sync.exchange(exchange).unwrap_or_default();
            }
            if due_us > now_us {
                return self.sync.clock(clock.local(now_us));
            }
            // An answer may have made another due.
            if clock.world(self.sync.next_exchange()) == due_us {
                self.begin(clock, due_us, network);
            }
        }
    }

    fn begin(&mut self, clock: MachineClock, now_us: i64, network: bool) {
        let sent = clock.local(now_us);
        self.sync.begin(sent);
        self.at_hub_us = self.at_hub_us.max(now_us + self.link.up.draw_us(now_us, &mut self.random));
        self.back_us = self.back_us.max(self.at_hub_us + self.link.down.draw_us(self.at_hub_us, &mut self.random));
        if network {
            let at_hub = RoomTime::from_micros(self.at_hub_us);
            let received = clock.local(self.back_us);
            self.under_way.push_back(Exchange { sent, hub_received: at_hub, hub_sent: at_hub, received });
        }
    }
}
