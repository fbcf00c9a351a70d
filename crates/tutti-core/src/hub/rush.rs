//! The lead that changes hands again and again: the newest leader stays for a while, claims of others wait (L6).

use std::collections::VecDeque;

use crate::room::{Claim, MemberId};
use crate::time::{RoomTime, Span};

/// More changes of leader than so many within so long are a rush.
const CHANGES: usize = 4;
const WITHIN: Span = Span::from_secs(30);
/// In a rush claims of others wait so long, from the last change on.
const WAIT: Span = Span::from_secs(10);

/// A claim that waits, of whom, and when it came in.
pub(super) type Waiting = (MemberId, Claim, RoomTime);

/// The last changes of leader, and what waits.
#[derive(Debug, Default)]
pub(super) struct Rush {
    changes: VecDeque<RoomTime>,
    until: Option<RoomTime>,
    /// One claim a member: its newest.
    waiting: Vec<Waiting>,
}

impl Rush {
    /// Somebody took over.
    pub fn changed(&mut self, now: RoomTime) {
        self.changes.push_back(now);
        while self.changes.len() > CHANGES + 1 {
            self.changes.pop_front();
        }
        let quick = self.changes.len() > CHANGES && self.changes.front().is_some_and(|&at| now - at <= WITHIN);
        self.until = quick.then_some(now + WAIT);
    }

    /// Claims of others have to wait.
    pub fn holds(&self, now: RoomTime) -> bool {
        self.until.is_some_and(|until| now < until && until - now <= WAIT)
    }

    /// This claim waits; answers the one of the same member that it replaces.
    pub fn wait(&mut self, from: MemberId, claim: Claim, now: RoomTime) -> Option<Claim> {
        match self.waiting.iter_mut().find(|(member, ..)| *member == from) {
            // The same claim once more says nothing new.
            Some((_, known, _)) if known.id == claim.id => None,
            Some((_, known, at)) => {
                *at = now;
                Some(std::mem::replace(known, claim))
            }
            None => {
                self.waiting.push((from, claim, now));
                None
            }
        }
    }

    /// The claim of this member, if one waits: it waits no longer.
    pub fn take(&mut self, member: MemberId) -> Option<Claim> {
        let place = self.waiting.iter().position(|(waiting, ..)| *waiting == member)?;
        Some(self.waiting.remove(place).1)
    }

    /// How many things it remembers.
    pub fn stored(&self) -> usize {
        self.changes.len() + self.waiting.len()
    }

    /// When what waits is judged.
    pub fn deadline(&self) -> Option<RoomTime> {
        self.until.filter(|_| !self.waiting.is_empty())
    }

    /// What has waited long enough, the latest act first: only that one can win.
    pub fn over(&mut self, now: RoomTime) -> Vec<Waiting> {
        if self.waiting.is_empty() || self.holds(now) {
            return Vec::new();
        }
        let mut over = std::mem::take(&mut self.waiting);
        over.sort_by_key(|(_, claim, _)| std::cmp::Reverse(claim.when.midpoint()));
        over
    }
}
