//! What must hold of rooms whatever happens to them, and what was seen of them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use tutti_core::room::{MemberId, RoomState};

use super::Churn;

/// The order of a state: its term, epoch and number.
pub type Order = (u64, u64, u64);

/// What happened in one room, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub welcomes: u64,
    pub taken_up: u64,
    pub accepted: u64,
    pub refused: u64,
    pub sent_again: u64,
    pub handed_over: u64,
    pub hubs_killed: u64,
    pub hubs_suspended: u64,
    pub hubs_inherited: u64,
    pub hubs_ended: u64,
    pub calms: u64,
    /// Longest text to a hub, and longest of a hub, in bytes.
    pub longest_to_hub: usize,
    pub longest_from_hub: usize,
    /// The largest state of a gate or a device, as text.
    pub most_text: usize,
    /// From the end of each trouble until everybody had met, in µs.
    pub met_after: Vec<i64>,
    /// What all hubs together had stored at the end of each calm: entries.
    pub stored: Vec<usize>,
}

/// A property that did not hold.
#[derive(Debug)]
pub struct Broken {
    pub churn: Churn,
    pub at_us: i64,
    pub what: String,
    /// The last things that happened.
    pub before: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} at {:.3} s: {}", self.churn, self.at_us as f64 / 1e6, self.what)?;
        self.before.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl std::error::Error for Broken {}

/// So many things that happened are told with what broke.
const TOLD: usize = 60;
/// So many leaders and claims are remembered: what is older is no longer in any state.
const REMEMBERED: usize = 4_000;

/// What was learned last: hubs that begin anew may count from below others, so that the least is not the oldest.
struct Remembered<K, V> {
    known: BTreeMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<K: Ord + Copy, V> Remembered<K, V> {
    /// What is known of this; from now on it is `value`.
    fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.known.insert(key, value);
        if before.is_none() {
            self.order.push_back(key);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        before
    }

    fn forget(&mut self, gone: impl Fn(&K) -> bool) {
        self.known.retain(|key, _| !gone(key));
        self.order.retain(|key| !gone(key));
    }

    /// What was learned of this first.
    fn first(&mut self, key: K, value: V) -> &V {
        if !self.known.contains_key(&key) {
            self.insert(key, value);
        }
        &self.known[&key]
    }
}

#[derive(Default)]
pub struct Oracle {
    pub seen: Seen,
    pub broken: Option<String>,
    leaders: Remembered<(u64, u64), Option<MemberId>>,
    /// Answers by device and claim.
    answers: Remembered<((usize, u32), u64), bool>,
    /// Titles of accepted claims by the order in which they were accepted.
    accepted: Remembered<Order, String>,
    /// How many claims were accepted, as it was last told, in each term.
    actions: Remembered<u64, u64>,
    happened: VecDeque<String>,
}

impl Oracle {
    pub fn broke(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    pub fn note(&mut self, now: i64, what: impl FnOnce() -> String) {
        self.happened.push_back(format!("{:10.3} {}", now as f64 / 1e6, what()));
        if self.happened.len() > TOLD {
            self.happened.pop_front();
        }
    }

    pub fn tell(&mut self, churn: Churn, at_us: i64, what: String) -> Broken {
        Broken { churn, at_us, what, before: self.happened.drain(..).collect() }
    }

    /// A state of some hub, or as some device knows it.
    pub fn state(&mut self, state: &RoomState) {
        let at = (state.term, state.epoch);
        let leader = *self.leaders.first(at, state.leader);
        if leader != state.leader {
            self.broke(format!("two leaders in {at:?}: {leader:?} and {:?}", state.leader));
        }
    }

    /// A state that a hub tells everybody.
    pub fn room(&mut self, room: RoomState) {
        self.state(&room);
        let before = self.actions.insert(room.term, room.actions);
        if let (true, Some(playback)) = (before.is_none_or(|before| before < room.actions), &room.playback) {
            self.seen.accepted += 1;
            self.accepted.insert(room.order(), playback.item.title.clone());
        }
    }

    /// A hub begins this term. In a day some hub throws what one of those that were forgotten by everybody had thrown.
    pub fn begins(&mut self, term: u64) {
        self.leaders.forget(|(of, _)| *of == term);
        self.accepted.forget(|(of, ..)| *of == term);
        self.actions.forget(|of| *of == term);
    }

    pub fn sent(&mut self, text: &str) {
        self.seen.longest_from_hub = self.seen.longest_from_hub.max(text.len());
    }

    pub fn answer(&mut self, device: (usize, u32), id: u64, accepted: bool) {
        let known = *self.answers.first((device, id), accepted);
        if known != accepted {
            self.broke(format!("claim {id} of device {device:?} was answered {known}, then {accepted}"));
        }
    }

    pub fn small(&mut self, what: &str, size: usize, most: usize) {
        self.seen.most_text = self.seen.most_text.max(size);
        if size > most {
            self.broke(format!("{what} grew to {size}"));
        }
    }

    /// Everybody knows this state; `known` is the newest claim that somebody here was told to be accepted.
    pub fn converged(&mut self, state: &RoomState, known: Option<Order>) {
        self.seen.calms += 1;
        if known.is_some_and(|known| state.order() < known) {
            return self.broke(format!("{known:?} was accepted, and all agree on {:?}", state.order()));
        }
        let of_this_hub = (state.term, 0, 0)..=(state.term, u64::MAX, u64::MAX);
        let title = state.playback.as_ref().map(|playback| playback.item.title.as_str());
        if let Some((order, last)) = self.accepted.known.range(of_this_hub).next_back()
            && Some(last.as_str()) != title
        {
            let last = format!("{last} of {order:?}");
            return self.broke(format!("{last} was accepted last, and all agree on {title:?}"));
        }
        if title.is_some_and(|title| !self.accepted.known.values().any(|known| known == title)) {
            self.broke(format!("nobody's claim for {title:?} was accepted"));
        }
    }
}
