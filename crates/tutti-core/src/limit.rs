//! Whether a request may go out now: the ration of one client id, asked before each request (P2).
//!
//! Spotify's limits are not published; the defaults are what is known to be lived with, and can be changed. Which
//! requests were made and until when Spotify asked us to wait outlive the process: [`Ledger::entries`],
//! [`Ledger::waiting`], [`Ledger::restore`].

use std::collections::VecDeque;

use crate::time::{LocalTime, Span};

/// How many requests may go out in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In 30 s, the window of Spotify's rate limit.
    pub in_30_s: u32,
    pub in_hour: u32,
    /// In 24 h, the window of Spotify's quota.
    pub in_day: u32,
    /// Percent of each window that only commands may use: a reading can wait, a command is heard.
    pub reserve_percent: u32,
}

impl Default for Limits {
    /// 45 in 30 s: reports of blocks begin at 2 to 3 a second; 3,000 an hour: below the 1 Hz that is in the field;
    /// 20,000 a day: about seven hours of a lively room.
    fn default() -> Self {
        Self { in_30_s: 45, in_hour: 3_000, in_day: 20_000, reserve_percent: 25 }
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Read,
    Command,
}

/// May it go out?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes, and it is written down as made.
    Now,
    /// Ask again then.
    At(LocalTime),
}

/// What was asked of us with a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub since: LocalTime,
    pub until: LocalTime,
    /// The daily quota, not the rate.
    pub quota: bool,
}

/// What may still be read in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub in_30_s: u32,
    pub in_hour: u32,
    pub in_day: u32,
}

const RATE: Span = Span::from_secs(30);
const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(24 * 3_600);

/// The requests of one client id over the last day. Holds at most [`Limits::in_day`] instants.
#[derive(Debug, Clone)]
pub struct Ledger {
    limits: Limits,
    made: VecDeque<LocalTime>,
    /// Those of them that were readings.
    reads: VecDeque<LocalTime>,
    wait: Option<Wait>,
}

impl Ledger {
    pub fn new(limits: Limits) -> Self {
        Self { limits, made: VecDeque::new(), reads: VecDeque::new(), wait: None }
    }

    /// A ledger with what an earlier process wrote down; all of it counts as readings.
    pub fn restore(limits: Limits, mut made: Vec<LocalTime>, wait: Option<Wait>) -> Self {
        made.sort_unstable();
        Self { limits, reads: made.clone().into(), made: made.into(), wait }
    }

    /// May a request go out? [`Answer::Now`] counts as made.
    pub fn ask(&mut self, class: Class, now: LocalTime) -> Answer {
        while self.made.front().is_some_and(|&at| now - at >= DAY) {
            self.made.pop_front();
        }
        while self.reads.front().is_some_and(|&at| now - at >= DAY) {
            self.reads.pop_front();
        }
        if let Some(wait) = self.wait
            && now < wait.until
        {
            return Answer::At(wait.until);
        }
        match self.earliest(class, now) {
            at if at > now => Answer::At(at),
            _ => {
                self.made.push_back(now);
                if class == Class::Read {
                    self.reads.push_back(now);
                }
                Answer::Now
            }
        }
    }

    /// Spotify answered 429: nothing goes out before `until`, and more slowly for an hour after.
    pub fn wait(&mut self, now: LocalTime, until: LocalTime, quota: bool) {
        let until = self.wait.map_or(until, |wait| wait.until.max(until));
        self.wait = Some(Wait { since: now, until, quota });
    }

    /// The wait that is still in force.
    pub fn waiting(&self, now: LocalTime) -> Option<Wait> {
        self.wait.filter(|wait| now < wait.until)
    }

    /// What readings may still use.
    pub fn left(&self, now: LocalTime) -> Left {
        let left = |window, limit| {
            let reads = self.allowed(Class::Read, limit, now).saturating_sub(count(&self.reads, window, now) as u32);
            let all = self.allowed(Class::Command, limit, now).saturating_sub(count(&self.made, window, now) as u32);
            reads.min(all)
        };
        Left {
            in_30_s: left(RATE, self.limits.in_30_s),
            in_hour: left(HOUR, self.limits.in_hour),
            in_day: left(DAY, self.limits.in_day),
        }
    }

    /// Requests in the last `window`.
    pub fn count(&self, window: Span, now: LocalTime) -> usize {
        count(&self.made, window, now)
    }

    /// The instants of all requests of the last day, oldest first, and the last wait: to be kept across restarts.
    pub fn entries(&self) -> (impl Iterator<Item = LocalTime> + '_, Option<Wait>) {
        (self.made.iter().copied(), self.wait)
    }

    /// When every window has room: for a reading among the readings and among all requests.
    fn earliest(&self, class: Class, now: LocalTime) -> LocalTime {
        let windows = [(RATE, self.limits.in_30_s), (HOUR, self.limits.in_hour), (DAY, self.limits.in_day)];
        let room = |made: &VecDeque<LocalTime>, class, (window, limit): (Span, u32)| {
            let allowed = self.allowed(class, limit, now).max(1) as usize;
            let used = count(made, window, now);
            if used < allowed { now } else { made[made.len() - allowed] + window }
        };
        windows
            .into_iter()
            .map(|window| match class {
                Class::Read => room(&self.reads, class, window).max(room(&self.made, Class::Command, window)),
                Class::Command => room(&self.made, class, window),
            })
            .max()
            .unwrap_or(now)
    }

    /// The part of a limit that this class may use now: readings leave the reserve; after a 429 everything is halved
    /// and creeps back over an hour.
    fn allowed(&self, class: Class, limit: u32, now: LocalTime) -> u32 {
        let share = match class {
            Class::Read => 100 - self.limits.reserve_percent.min(100),
            Class::Command => 100,
        };
        let permille = match self.wait {
            Some(wait) if now < wait.until + HOUR => {
                let since = (now - wait.until).as_micros().max(0);
                500 + 500 * since / HOUR.as_micros()
            }
            _ => 1_000,
        };
        (u64::from(limit) * u64::from(share) * permille as u64 / 100_000) as u32
    }
}

/// Instants in the last `window`.
fn count(made: &VecDeque<LocalTime>, window: Span, now: LocalTime) -> usize {
    made.len() - made.partition_point(|&at| now - at >= window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> LocalTime {
        LocalTime::from_micros(s * 1_000_000)
    }

    fn spend(ledger: &mut Ledger, class: Class, now: LocalTime) -> usize {
        (0..1_000).take_while(|_| ledger.ask(class, now) == Answer::Now).count()
    }

    #[test]
    fn readings_leave_a_quarter_for_commands() {
        let mut ledger = Ledger::new(Limits::default());
        assert_eq!(spend(&mut ledger, Class::Read, at(0)), 33);
        assert_eq!(spend(&mut ledger, Class::Command, at(0)), 12);
        assert_eq!(ledger.ask(Class::Command, at(1)), Answer::At(at(30)));
    }

    #[test]
    fn a_window_slides() {
        let mut ledger = Ledger::new(Limits { in_30_s: 4, ..Limits::default() });
        for s in [0, 10, 20] {
            assert_eq!(ledger.ask(Class::Read, at(s)), Answer::Now);
        }
        assert_eq!(ledger.ask(Class::Read, at(25)), Answer::At(at(30)));
        assert_eq!(ledger.ask(Class::Read, at(30)), Answer::Now);
        assert_eq!(ledger.ask(Class::Read, at(31)), Answer::At(at(40)));
    }

    #[test]
    fn nothing_goes_out_before_retry_after_and_half_as_much_afterwards() {
        let mut ledger = Ledger::new(Limits::default());
        ledger.wait(at(0), at(12), false);
        assert_eq!(ledger.ask(Class::Command, at(11)), Answer::At(at(12)));
        assert_eq!(spend(&mut ledger, Class::Read, at(12)), 16);
        assert_eq!(spend(&mut ledger, Class::Read, at(12 + 3_600)), 33);
    }

    #[test]
    fn a_wait_outlives_the_process() {
        let mut ledger = Ledger::new(Limits::default());
        assert_eq!(ledger.ask(Class::Read, at(0)), Answer::Now);
        ledger.wait(at(0), at(100), true);
        let (made, wait) = ledger.entries();
        let mut again = Ledger::restore(Limits::default(), made.collect(), wait);
        assert_eq!(again.ask(Class::Command, at(99)), Answer::At(at(100)));
        assert_eq!(again.count(DAY, at(99)), 1);
    }

    #[test]
    fn the_hour_and_the_day_are_kept_too() {
        let limits = Limits { in_30_s: 1_000, in_hour: 8, in_day: 12, reserve_percent: 25 };
        let mut ledger = Ledger::new(limits);
        assert_eq!(spend(&mut ledger, Class::Read, at(0)), 6);
        assert_eq!(spend(&mut ledger, Class::Read, at(3_600)), 3);
        assert_eq!(ledger.ask(Class::Read, at(7_200)), Answer::At(at(86_400)));
    }
}
