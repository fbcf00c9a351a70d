//! How late each kind of command takes effect on each device, learned from how earlier ones landed (F1).

use std::collections::{BTreeMap, VecDeque};

use crate::command::CommandKind;
use crate::time::Span;

/// Before the first outcome.
const PRIOR: Span = Span::from_millis(250);
/// Outcomes kept for each kind: enough for a steady median, few enough to follow a change of network.
const KEPT: usize = 15;
/// An outcome beyond this is a failure or a hand, not a latency.
const BELIEVABLE: Span = Span::from_secs(5);

/// What tells latencies apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    device: Option<String>,
    command: u8,
    /// The device had not been heard for 30 s.
    silent: bool,
    /// Another item than the one that is loaded.
    new_item: bool,
}

impl Kind {
    pub fn of(device: Option<&str>, command: &CommandKind, silent: bool, new_item: bool) -> Self {
        let command = match command {
            CommandKind::Play { .. } => 0,
            CommandKind::Pause => 1,
            CommandKind::Seek { .. } => 2,
            CommandKind::Queue { .. } => 3,
        };
        Self { device: device.map(str::to_owned), command, silent, new_item }
    }
}

/// The learned latencies of one account. Holds one short list for each kind of command and device.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    outcomes: BTreeMap<Kind, VecDeque<Span>>,
}

impl Latencies {
    /// How far to aim ahead: the median of the last outcomes; what is known of the same command under other
    /// circumstances where this kind was never seen, else the prior.
    pub fn expect(&self, kind: &Kind) -> Span {
        let known = self.outcomes.get(kind).or_else(|| {
            self.outcomes.iter().find(|(k, _)| k.device == kind.device && k.silent == kind.silent).map(|(_, v)| v)
        });
        known.map_or(PRIOR, median)
    }

    /// A command landed this long after it was sent. `again`: the last outcome of this kind, known better by now.
    pub fn landed(&mut self, kind: Kind, after: Span, again: bool) {
        if after.is_negative() || after > BELIEVABLE {
            return;
        }
        let outcomes = self.outcomes.entry(kind).or_default();
        if again {
            outcomes.pop_back();
        }
        outcomes.push_back(after);
        if outcomes.len() > KEPT {
            outcomes.pop_front();
        }
    }
}

/// The median, with one outcome at the prior so that a single odd first outcome does not rule.
fn median(outcomes: &VecDeque<Span>) -> Span {
    let mut sorted: Vec<Span> = outcomes.iter().copied().chain([PRIOR]).collect();
    sorted.sort_unstable();
    let n = sorted.len();
    (sorted[(n - 1) / 2] + sorted[n / 2]) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_by_the_median_of_what_happened() {
        let mut latencies = Latencies::default();
        let seek = Kind::of(Some("phone"), &CommandKind::Pause, false, false);
        assert_eq!(latencies.expect(&seek), PRIOR);
        for ms in [400, 420, 380, 410, 2_000, 390] {
            latencies.landed(seek.clone(), Span::from_millis(ms), false);
        }
        assert_eq!(latencies.expect(&seek), Span::from_millis(400));
    }

    #[test]
    fn failures_are_never_counted() {
        let mut latencies = Latencies::default();
        let kind = Kind::of(None, &CommandKind::Pause, false, false);
        latencies.landed(kind.clone(), Span::from_secs(6), false);
        latencies.landed(kind.clone(), Span::from_millis(-300), false);
        assert_eq!(latencies.expect(&kind), PRIOR);
    }
}
