//! How late each kind of command takes effect on each device, learned from how earlier ones landed (F1).

use std::collections::{BTreeMap, VecDeque};

use crate::command::CommandKind;
use crate::time::Span;

/// Before the first outcome.
const PRIOR: Span = Span::from_millis(250);
/// Outcomes kept for each kind: enough for a steady median, few enough to follow a change of network.
const KEPT: usize = 15;
/// Kinds of commands and devices kept: all kinds for some five devices of an account.
const KINDS: usize = 64;
/// An outcome beyond this is a failure or a hand, not a latency.
const BELIEVABLE: Span = Span::from_secs(5);

/// Outcomes after which their scatter is known.
const SCATTER_AFTER: usize = 4;

/// Commands take effect within so many medians and this much more: 3 standard deviations on a phone's connection.
const LATEST_TIMES: i64 = 2;
const LATEST_MORE: Span = Span::from_millis(500);

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
        self.nearest(kind).map_or(PRIOR, median)
    }

    /// By when a command of this kind has taken effect after its sending; None before enough outcomes are known.
    pub fn latest(&self, kind: &Kind) -> Option<Span> {
        let outcomes = self.nearest(kind).filter(|outcomes| outcomes.len() >= SCATTER_AFTER)?;
        Some(median(outcomes) * LATEST_TIMES + LATEST_MORE)
    }

    /// What is known of this kind, else of the same device under like circumstances, else of the same device.
    fn nearest(&self, kind: &Kind) -> Option<&VecDeque<Span>> {
        let like = |same: fn(&Kind, &Kind) -> bool| {
            self.outcomes.iter().find(|(known, _)| known.device == kind.device && same(known, kind)).map(|(_, v)| v)
        };
        let exactly = self.outcomes.get(kind);
        exactly.or_else(|| like(|known, kind| known.silent == kind.silent)).or_else(|| like(|_, _| true))
    }

    /// How far outcomes of this kind lie from their median, as a standard deviation; None before there are enough.
    pub fn scatter(&self, kind: &Kind) -> Option<Span> {
        let outcomes = self.outcomes.get(kind).filter(|outcomes| outcomes.len() >= SCATTER_AFTER)?;
        let middle = median(outcomes);
        let mut away: Vec<Span> = outcomes.iter().map(|&outcome| (outcome - middle).abs()).collect();
        away.sort_unstable();
        Some(away[away.len() / 2] * 3 / 2)
    }

    /// A command landed this long after it was sent. `again`: the last outcome of this kind, known better by now.
    pub fn landed(&mut self, kind: Kind, after: Span, again: bool) {
        if after.is_negative() || after > BELIEVABLE {
            return;
        }
        if self.outcomes.len() >= KINDS && !self.outcomes.contains_key(&kind) {
            let other = self.outcomes.keys().find(|known| known.device != kind.device).or(self.outcomes.keys().next());
            if let Some(other) = other.cloned() {
                self.outcomes.remove(&other);
            }
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

/// How long after its answer a command shows in readings (A1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// A seek on the running line is taken to show in readings asked so long after.
    pub visible: Span,
    /// 99 of 100 commands show by then.
    pub window: Span,
    /// Until then the player may be elsewhere than readings have it.
    pub surely: Span,
    /// By when, after its sending, it has taken effect; None where that is not known.
    pub effect: Option<Span>,
}

/// Before anything is learned; a device that was silent takes longer.
const VISIBLE: Span = Span::from_millis(650);
const WINDOW: Span = Span::from_millis(1_500);
const WINDOW_SILENT: Span = Span::from_millis(4_500);
/// The longest that is learned: nobody waits longer to act.
const VISIBLE_MOST: Span = Span::from_secs(4);
const WINDOW_MOST: Span = Span::from_secs(8);
/// The window is so much longer than the slowest of the last commands.
const WINDOW_PERCENT: i64 = 140;

/// Before enough commands were seen, they may show so late; then so much later than the slowest of the last ones.
const SURELY: Span = Span::from_secs(4);
const SURELY_AFTER: usize = 4;

/// How long commands took to show on one account's players.
#[derive(Debug, Clone, Default)]
pub struct Visibility {
    shown: VecDeque<Span>,
}

impl Visibility {
    /// A command showed this long after its answer.
    pub fn saw(&mut self, after: Span) {
        if after.is_negative() {
            return;
        }
        self.shown.push_back(after.min(WINDOW_MOST));
        if self.shown.len() > KEPT {
            self.shown.pop_front();
        }
    }

    /// `silent`: the device had not been heard playing for 30 s; `effect`: by when commands like this take effect.
    pub fn times(&self, silent: bool, effect: Option<Span>) -> Times {
        let slowest = self.shown.iter().copied().max().unwrap_or(Span::ZERO);
        let least = if silent { WINDOW_SILENT } else { WINDOW };
        Times {
            visible: VISIBLE.max(slowest).min(VISIBLE_MOST),
            window: least.max(slowest * WINDOW_PERCENT / 100).min(WINDOW_MOST),
            surely: if self.shown.len() < SURELY_AFTER {
                SURELY.max(slowest * 2)
            } else {
                VISIBLE.max(slowest * 3 / 2)
            },
            effect,
        }
    }
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
    fn a_thousand_devices_are_not_remembered_but_the_one_in_use_is() {
        let mut latencies = Latencies::default();
        let on = |device: &str| Kind::of(Some(device), &CommandKind::Pause, false, false);
        for n in 0..1_000 {
            latencies.landed(on(&n.to_string()), Span::from_millis(900), false);
            latencies.landed(on("in use"), Span::from_millis(900), false);
        }
        assert!(latencies.outcomes.len() <= KINDS, "{}", latencies.outcomes.len());
        assert_eq!(latencies.expect(&on("in use")), Span::from_millis(900));
    }

    #[test]
    fn failures_are_never_counted() {
        let mut latencies = Latencies::default();
        let kind = Kind::of(None, &CommandKind::Pause, false, false);
        latencies.landed(kind.clone(), Span::from_secs(6), false);
        latencies.landed(kind.clone(), Span::from_millis(-300), false);
        assert_eq!(latencies.expect(&kind), PRIOR);
    }

    #[test]
    fn what_is_known_of_a_device_serves_for_its_other_commands() {
        let mut latencies = Latencies::default();
        let play = CommandKind::Play { uris: Vec::new(), position: Span::ZERO };
        let seek = Kind::of(Some("phone"), &CommandKind::Seek { position: Span::ZERO }, false, false);
        (0..4)
            .for_each(|_| latencies.landed(Kind::of(Some("phone"), &play, true, true), Span::from_millis(900), false));
        assert_eq!(latencies.expect(&seek), Span::from_millis(900));
        assert_eq!(latencies.latest(&seek), Some(Span::from_millis(2_300)));
        let elsewhere = Kind::of(Some("laptop"), &CommandKind::Pause, false, false);
        assert_eq!((latencies.expect(&elsewhere), latencies.latest(&elsewhere)), (PRIOR, None));
    }
}
