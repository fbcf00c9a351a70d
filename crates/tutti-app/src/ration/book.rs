//! One client id's ledger in memory: what may go out, whose turn it is, and what is not written down yet.

use tutti_core::limit::{Answer, Class, Ledger, Limits, Wait};
use tutti_core::time::{LocalTime, Span};

use super::line::{Clocks, Line};
use super::shelf::Opened;
use crate::clock;

/// The part of a window's readings that planned ones may use: the rest is there for those that are urgent. Several
/// accounts of one client id have more that is urgent, since what one does concerns all.
const PLANNED_PERCENT_ALONE: i64 = 75;
const PLANNED_PERCENT_SHARED: i64 = 50;
/// While what is urgent has used so much that a smaller part than this is left, planned ones step back further.
const URGENT_NEED_PERCENT: u32 = 36;
const PLANNED_PERCENT_SCARCE: i64 = 33;
/// So many planned readings may follow each other at once before they are spaced.
const BURST_ALONE: i64 = 12;
const BURST_SHARED: i64 = 8;
/// After a wait that Spotify asked for the ledger allows half as much, and more again over this time.
const HALVED_FOR: Span = Span::from_secs(3_600);
/// The long windows count only when less than this share of them is left.
const SCARCE_PERCENT: u32 = 25;
/// Another process that asked within this time is still there.
const STILL_THERE: Span = Span::from_secs(60);

#[derive(Debug)]
pub(super) struct Book {
    pub ledger: Ledger,
    limits: Limits,
    /// The next turn of a planned reading; behind the clock while a burst is allowed.
    pub next_turn: LocalTime,
    /// Accounts of this process that use it now.
    pub sharers: usize,
    /// When another process last asked.
    others: Option<LocalTime>,
    /// What the file does not have yet.
    unwritten: Vec<Unwritten>,
    /// The file could not be used the last time.
    pub without_file: bool,
}

#[derive(Debug, Clone, Copy)]
enum Unwritten {
    Made(Class, LocalTime),
    Wait(Wait),
}

impl Book {
    pub fn new() -> Self {
        Self {
            ledger: Ledger::new(Limits::default()),
            limits: Limits::default(),
            next_turn: LocalTime::default(),
            sharers: 0,
            others: None,
            unwritten: Vec::new(),
            without_file: false,
        }
    }

    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
        self.ledger.limit(limits);
    }

    pub fn is_thrifty(&self) -> bool {
        self.limits == Limits::THRIFTY
    }

    pub fn ask(&mut self, class: Class, now: LocalTime) -> Answer {
        let answer = self.ledger.ask(class, now);
        if answer == Answer::Now {
            self.unwritten.push(Unwritten::Made(class, now));
        }
        answer
    }

    /// Notes a wait; false if it is none, or known already.
    pub fn wait(&mut self, wait: Wait, now: LocalTime) -> bool {
        let news = wait.until > now && self.ledger.waiting(now).is_none_or(|known| known.until < wait.until);
        if news {
            self.ledger.wait(wait.since, wait.until, wait.quota);
            self.unwritten.push(Unwritten::Wait(wait));
        }
        news
    }

    /// Takes in what the file has and this process did not know.
    pub fn read(&mut self, opened: &Opened<'_>, clocks: Clocks) {
        if opened.afresh {
            let mut ledger = Ledger::new(self.limits);
            for unwritten in &self.unwritten {
                match *unwritten {
                    Unwritten::Made(class, at) => ledger.note(class, at),
                    Unwritten::Wait(wait) => ledger.wait(wait.since, wait.until, wait.quota),
                }
            }
            self.ledger = ledger;
        }
        for line in opened.news.iter().filter(|line| line.counts(clocks.wall_ms)) {
            match *line {
                Line::Made { class, at_ms } => {
                    let at = clocks.local(at_ms);
                    self.ledger.note(class, at);
                    self.others = self.others.max(Some(at).filter(|_| !opened.afresh));
                }
                Line::Wait { since_ms, until_ms, quota } => {
                    self.ledger.wait(clocks.local(since_ms), clocks.local(until_ms), quota);
                }
            }
        }
    }

    /// What is to be written now; with it, whether it must outlive the computer's end.
    pub fn take_unwritten(&mut self, clocks: Clocks) -> (Vec<Line>, bool) {
        let waits = self.unwritten.iter().any(|unwritten| matches!(unwritten, Unwritten::Wait(_)));
        let line = |unwritten| match unwritten {
            Unwritten::Made(class, at) => Line::made(class, at, clocks),
            Unwritten::Wait(wait) => Line::wait(wait, clocks),
        };
        (self.unwritten.drain(..).map(line).collect(), waits)
    }

    /// Takes back what could not be written.
    pub fn not_written(&mut self, lines: &[Line], clocks: Clocks) {
        self.unwritten.extend(lines.iter().map(|line| match *line {
            Line::Made { class, at_ms } => Unwritten::Made(class, clocks.local(at_ms)),
            Line::Wait { since_ms, until_ms, quota } => {
                Unwritten::Wait(Wait { since: clocks.local(since_ms), until: clocks.local(until_ms), quota })
            }
        }));
        // A day's requests at most, whatever becomes of the file.
        let most = self.limits.in_day as usize;
        self.unwritten.drain(..self.unwritten.len().saturating_sub(most));
    }

    /// Everything that counts, as the file is to have it.
    pub fn lines(&self, clocks: Clocks) -> Vec<Line> {
        let made = self.ledger.requests().map(|(at, class)| Line::made(class, at, clocks));
        let wait = self.ledger.last_wait().map(|wait| Line::wait(wait, clocks));
        made.chain(wait).filter(|line| line.counts(clocks.wall_ms)).collect()
    }

    /// Gives a planned reading its turn: one after the other, evenly spaced behind a short burst.
    pub fn turn(&mut self, now: LocalTime) -> LocalTime {
        let burst = if self.is_shared(now) { BURST_SHARED } else { BURST_ALONE };
        let spacing = self.spacing(now);
        let turn = self.next_turn.max(now - spacing * burst);
        self.next_turn = turn + spacing;
        turn.max(now)
    }

    /// A reading did not wait for its turn: the ones behind it move up.
    pub fn give_back(&mut self) {
        self.next_turn = self.next_turn - self.spacing(clock::now());
    }

    /// Other accounts, here or in another process, use it too.
    fn is_shared(&self, now: LocalTime) -> bool {
        self.sharers > 1 || self.others.is_some_and(|at| now - at < STILL_THERE)
    }

    /// So far apart planned readings use their part of each window and no more.
    fn spacing(&self, now: LocalTime) -> Span {
        let limits = self.limits;
        let left = self.ledger.left(now);
        let readings = |limit: u32| i64::from(limit * (100 - limits.reserve_percent) / 100).max(1);
        let enough = i64::from(left.in_30_s) * 100 >= readings(limits.in_30_s) * i64::from(URGENT_NEED_PERCENT);
        let part = match self.is_shared(now) {
            false => PLANNED_PERCENT_ALONE,
            true if enough => PLANNED_PERCENT_SHARED,
            true => PLANNED_PERCENT_SCARCE,
        };
        let apart = |window: Span, limit| window * 100 / (readings(limit) * part);
        let scarce = |left: u32, limit: u32| u64::from(left) * 100 < u64::from(limit) * u64::from(SCARCE_PERCENT);
        let mut spacing = apart(Span::from_secs(30), limits.in_30_s);
        if self.ledger.last_wait().is_some_and(|wait| now < wait.until + HALVED_FOR) {
            spacing = spacing * 2;
        }
        if scarce(left.in_hour, limits.in_hour) {
            spacing = spacing.max(apart(Span::from_secs(3_600), limits.in_hour));
        }
        if scarce(left.in_day, limits.in_day) {
            spacing = spacing.max(apart(Span::from_secs(24 * 3_600), limits.in_day));
        }
        spacing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_accounts_take_turns_and_leave_room_for_what_is_urgent() {
        let start = LocalTime::from_micros(1_000_000_000);
        let mut book = Book { sharers: 3, ..Book::new() };
        let mut waits = Vec::new();
        let mut members = [start; 3];

        while let Some(next) = members.iter_mut().min().filter(|at| **at < start + Span::from_secs(120)) {
            let turn = book.turn(*next);
            waits.push(turn - *next);
            assert_eq!(book.ask(Class::Read, turn), Answer::Now);
            *next = turn + Span::from_secs(1);
        }

        let longest = waits.iter().max().copied().unwrap_or_default();
        assert!(longest < Span::from_secs(9), "nobody waits for a whole window: {longest:?}");
        let now = start + Span::from_secs(120);
        for urgent in 0..12 {
            assert_eq!(book.ask(Class::Read, now), Answer::Now, "urgent reading {urgent} finds room");
        }
    }

    #[test]
    fn one_account_alone_is_not_held_back() {
        let mut book = Book { sharers: 1, ..Book::new() };
        let start = LocalTime::from_micros(1_000_000_000);
        for second in 0..60 {
            let now = start + Span::from_millis(second * 1_300);
            assert_eq!(book.turn(now), now, "after {second} readings");
        }
    }

    #[test]
    fn an_account_of_another_process_is_shared_with() {
        let now = LocalTime::from_micros(1_000_000_000);
        let mut book = Book { sharers: 1, ..Book::new() };
        assert!(!book.is_shared(now));

        book.others = Some(now - Span::from_secs(10));

        assert!(book.is_shared(now) && !book.is_shared(now + Span::from_secs(60)));
    }
}
