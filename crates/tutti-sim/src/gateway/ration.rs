//! How much a client may ask: a window of 30 s by client id, a day by developer. The numbers are the simulator's own.

use std::collections::{BTreeMap, VecDeque};

use crate::profile::Ration;

const SECOND_US: i64 = 1_000_000;
const WINDOW_US: i64 = 30 * SECOND_US;
const DAY_US: i64 = 24 * 3600 * SECOND_US;
/// Requests of a day are counted in pieces of 10 min.
const PIECE_US: i64 = 600 * SECOND_US;
/// Asking before the time makes the wait longer by so much.
const PUNISHED_US: (i64, i64) = (SECOND_US, 60 * SECOND_US);
/// A used-up quota comes back after 6 h at the earliest and 24 h at the latest.
const QUOTA_US: (i64, i64) = (6 * 3600 * SECOND_US, DAY_US);

/// What was exceeded, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Rate { retry_after_s: i64, header: bool, plain: bool },
    Quota { retry_after_s: i64 },
}

#[derive(Debug)]
pub(super) struct Rations {
    pub(super) limits: Ration,
    clients: BTreeMap<String, Window>,
    developers: BTreeMap<String, Day>,
}

#[derive(Debug, Default)]
struct Window {
    asked_us: VecDeque<i64>,
    closed_until_us: i64,
    without_header: bool,
    plain: bool,
}

#[derive(Debug, Default)]
struct Day {
    /// Requests by the number of the piece.
    pieces: VecDeque<(i64, u32)>,
    closed_until_us: i64,
}

impl Rations {
    pub(super) fn new(limits: Ration) -> Self {
        Self { limits, clients: BTreeMap::new(), developers: BTreeMap::new() }
    }

    /// Counts one request; says what it exceeds.
    pub(super) fn count(&mut self, now_us: i64, client_id: &str, developer: &str) -> Option<Exceeded> {
        let nothing_to_count = self.limits == Ration::default();
        if nothing_to_count && self.clients.is_empty() && self.developers.is_empty() {
            return None;
        }
        let day = entry(&mut self.developers, developer);
        if now_us < day.closed_until_us {
            day.closed_until_us += PUNISHED_US.1;
            return Some(Exceeded::Quota { retry_after_s: wait_s(now_us, day.closed_until_us) });
        }
        let window = entry(&mut self.clients, client_id);
        if now_us < window.closed_until_us {
            window.closed_until_us += PUNISHED_US.0;
            return Some(window.exceeded(now_us));
        }
        if let Some(limit) = self.limits.in_24_h
            && day.add(now_us) > limit
        {
            let span_us = QUOTA_US.1 - QUOTA_US.0;
            day.closed_until_us = now_us + QUOTA_US.0 + now_us.rem_euclid(span_us);
            return Some(Exceeded::Quota { retry_after_s: wait_s(now_us, day.closed_until_us) });
        }
        let limit = self.limits.in_30_s?;
        while window.asked_us.pop_front_if(|asked_us| *asked_us <= now_us - WINDOW_US).is_some() {}
        window.asked_us.push_back(now_us);
        if window.asked_us.len() as u64 <= u64::from(limit) {
            return None;
        }
        let oldest_us = window.asked_us.front().copied().unwrap_or(now_us);
        (window.without_header, window.plain) = (false, false);
        window.closed_until_us = (oldest_us + WINDOW_US).max(now_us + SECOND_US);
        Some(window.exceeded(now_us))
    }

    pub(super) fn close_client(&mut self, now_us: i64, client_id: &str, for_s: i64, header: bool, plain: bool) {
        let window = entry(&mut self.clients, client_id);
        window.closed_until_us = now_us + for_s * SECOND_US;
        (window.without_header, window.plain) = (!header, plain);
        // The request that finds it closed must not make it longer.
        window.closed_until_us -= PUNISHED_US.0;
    }

    pub(super) fn close_developer(&mut self, now_us: i64, developer: &str, for_s: i64) {
        let day = entry(&mut self.developers, developer);
        day.closed_until_us = now_us + for_s * SECOND_US - PUNISHED_US.1.min(for_s * SECOND_US - 1);
    }

    /// Opens everything that is closed.
    pub(super) fn forgive(&mut self) {
        self.clients.values_mut().for_each(|window| window.closed_until_us = 0);
        self.developers.values_mut().for_each(|day| day.closed_until_us = 0);
    }
}

impl Window {
    fn exceeded(&self, now_us: i64) -> Exceeded {
        let retry_after_s = wait_s(now_us, self.closed_until_us);
        Exceeded::Rate { retry_after_s, header: !self.without_header, plain: self.plain }
    }
}

impl Day {
    /// How many requests there were in the last 24 h, with this one.
    fn add(&mut self, now_us: i64) -> u32 {
        let piece = now_us.div_euclid(PIECE_US);
        let oldest = (now_us - DAY_US).div_euclid(PIECE_US);
        while self.pieces.pop_front_if(|(of, _)| *of <= oldest).is_some() {}
        match self.pieces.back_mut() {
            Some((of, count)) if *of == piece => *count += 1,
            _ => self.pieces.push_back((piece, 1)),
        }
        self.pieces.iter().map(|(_, count)| count).sum()
    }
}

fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("the entry was inserted above")
}

/// Whole seconds, never fewer than really remain.
fn wait_s(now_us: i64, until_us: i64) -> i64 {
    ((until_us - now_us) as u64).div_ceil(SECOND_US as u64) as i64
}
