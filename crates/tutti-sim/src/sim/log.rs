//! What happened: hand actions, commands and requests with their instants, and how many.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::player::{Accepted, Command, Hand, Refusal, Truth};

/// Records kept of each kind; the oldest leave first. Enough for hours of a demo, and under 50 MB.
const HANDS: usize = 20_000;
const COMMANDS: usize = 50_000;
const REQUESTS: usize = 200_000;

/// Somebody acted by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct HandRecord {
    pub at_us: i64,
    pub user: Arc<str>,
    pub hand: Hand,
    /// What was true right after it.
    pub after: Truth,
}

/// A command arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandRecord {
    pub at_us: i64,
    pub user: Arc<str>,
    pub command: Command,
    pub outcome: Result<Accepted, Refusal>,
}

/// A request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// When it was evaluated, between its way there and its way back.
    pub at_us: i64,
    /// `-` when nobody was signed in.
    pub user: Arc<str>,
    /// `GET /v1/me/player`
    pub endpoint: &'static str,
    pub status: u16,
}

#[derive(Debug, Default)]
pub struct Log {
    hands: VecDeque<HandRecord>,
    commands: VecDeque<CommandRecord>,
    requests: VecDeque<RequestRecord>,
    counts: BTreeMap<Arc<str>, BTreeMap<&'static str, u64>>,
    responses_429: u64,
}

impl Log {
    /// Oldest first.
    pub fn hands(&self) -> impl Iterator<Item = &HandRecord> {
        self.hands.iter()
    }

    /// Oldest first.
    pub fn commands(&self) -> impl Iterator<Item = &CommandRecord> {
        self.commands.iter()
    }

    /// Oldest first.
    pub fn requests(&self) -> impl Iterator<Item = &RequestRecord> {
        self.requests.iter()
    }

    /// All requests ever, by user and endpoint.
    pub fn counts(&self) -> &BTreeMap<Arc<str>, BTreeMap<&'static str, u64>> {
        &self.counts
    }

    pub fn responses_429(&self) -> u64 {
        self.responses_429
    }

    pub(super) fn note_hand(&mut self, record: HandRecord) {
        keep(&mut self.hands, HANDS, record);
    }

    pub(super) fn note_command(&mut self, record: CommandRecord) {
        keep(&mut self.commands, COMMANDS, record);
    }

    pub(crate) fn note_request(&mut self, record: RequestRecord) {
        if record.status == 429 {
            self.responses_429 += 1;
        }
        match self.counts.get_mut(&record.user) {
            Some(counts) => *counts.entry(record.endpoint).or_default() += 1,
            None => {
                self.counts.insert(record.user.clone(), BTreeMap::from([(record.endpoint, 1)]));
            }
        }
        keep(&mut self.requests, REQUESTS, record);
    }
}

fn keep<T>(records: &mut VecDeque<T>, most: usize, record: T) {
    if records.len() >= most {
        records.pop_front();
    }
    records.push_back(record);
}
