//! What goes wrong: cuts, half-open connections, sleep, members that go and come, hubs that stand still or are gone.

use tutti_core::wire::{ToHub, write};

use super::*;

impl World {
    /// One thing goes wrong, and the next one follows soon.
    pub(super) fn fault(&mut self) {
        let next = self.random.between(0.5, 12.0);
        self.at(self.now + (next * 1e6) as i64, Event::Fault);
        if self.is_calm() {
            return;
        }
        let now = self.now;
        // Nothing lasts into the calm.
        let left = (TROUBLE - now % ROUND).max(0);
        let for_so_long = (self.random.between(0.2, 25.0) * 1e6) as i64;
        let until = now + for_so_long.min(left);
        let device = self.random.below(self.devices.len());
        let place = self.random.below(self.places.len());
        match self.random.below(12) {
            0..=2 => self.cut(device, until),
            3 => self.half_open(device),
            4 => self.reset(device),
            5 | 6 => self.sleeps(device, until),
            7 => self.goes(device, until),
            8 => self.restarts(device),
            _ if self.places[place].suspended_until > now || !self.places[place].up => {}
            9 => self.suspend(place, until),
            10 => self.kill(place, until),
            _ => self.places[place].stops_at_claim = Some((until, self.random.chance(0.5))),
        }
        if self.devices.iter().all(|device| !device.on) {
            self.devices[device].on = true;
        }
    }

    fn cut(&mut self, device: usize, until: i64) {
        self.oracle.note(self.now, || format!("device {device} is cut off until {:.3}", until as f64 / 1e6));
        for place in 0..self.places.len() {
            // Whoever holds the hub on its own machine reaches it.
            if self.devices[device].heir != Some(place) {
                self.cuts.insert((device, place), until);
            }
        }
    }

    fn half_open(&mut self, device: usize) {
        self.oracle.note(self.now, || format!("the connection of device {device} goes half-open"));
        if let Some(line) = self.devices[device].line.and_then(|line| self.lines.get_mut(&line)) {
            line.half_open = true;
        }
    }

    /// Both sides are told, each after its way.
    fn reset(&mut self, device: usize) {
        let Some(line) = self.devices[device].line else { return };
        self.oracle.note(self.now, || format!("the connection of device {device} is reset"));
        self.say(line, Event::Ended(line));
        self.tell(line, Event::Closed(line));
    }

    fn sleeps(&mut self, device: usize, until: i64) {
        self.oracle.note(self.now, || format!("device {device} sleeps until {:.3}", until as f64 / 1e6));
        self.devices[device].sleeps_until = until;
        if let Some(place) = self.devices[device].heir.filter(|&place| self.places[place].up) {
            self.suspend(place, until);
        }
    }

    /// By a word or without one; or it comes back.
    fn goes(&mut self, number: usize, until: i64) {
        let device = &mut self.devices[number];
        device.on = !device.on;
        if device.on {
            return;
        }
        self.oracle.note(self.now, || format!("device {number} goes"));
        if let Some(line) = self.devices[number].line {
            let clean = self.random.chance(0.7);
            if clean {
                self.say(line, Event::Said(line, write(&ToHub::Bye)));
            }
            self.say(line, Event::Ended(line));
        }
        self.devices[number].begins_anew();
        if let Some(place) = self.devices[number].heir.filter(|&place| self.places[place].up) {
            if self.random.chance(0.5) { self.hub_ends(place, false) } else { self.kill(place, until) }
        }
    }

    /// Its process ends without a word and is begun anew.
    fn restarts(&mut self, number: usize) {
        self.oracle.note(self.now, || format!("device {number} is begun anew"));
        if let Some(line) = self.devices[number].line {
            self.say(line, Event::Ended(line));
        }
        self.devices[number].begins_anew();
        let now = self.now;
        if let Some(place) = self.devices[number].heir.filter(|&place| self.places[place].up) {
            self.kill(place, now);
        }
    }
}
