//! Faults of a player: which ones act now, how they begin and end, and what they do to commands.

use super::VirtualPlayer;
use super::command::Effect;
use super::device::Quirks;
use super::report::Report;
use crate::catalogue::ItemRef;
use crate::fault::Fault;
use crate::profile::Trouble;
use crate::random::Random;

/// When the session seeks by itself after a seek, µs.
const PHANTOM_AFTER_US: (f64, f64) = (700_000.0, 1_400_000.0);
/// The place to which it does.
const PHANTOM_MS: u64 = 62_047;
/// After so long a seek while paused springs back, µs.
const REVERTS_AFTER_US: i64 = 1_000_000;
/// How long a command waits for the next one to overtake it, µs.
const OVERTAKEN_WITHIN_US: i64 = 1_500_000;

/// What acts on one player now.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    active: Vec<Active>,
    pub(super) random: Random,
    pub(super) trouble: Trouble,
    /// This account's timestamps never change on seeks.
    pub(super) timestamp_stands: bool,
    /// Until when the last report is repeated.
    pub(super) held: Option<(i64, Option<Report>)>,
    /// Progress counts from this instant while this item plays.
    pub(super) zero_since: Option<(i64, ItemRef)>,
}

/// A fault that lasts.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) fault: Fault,
    pub(super) from_us: i64,
    until_us: i64,
    /// What a stale snapshot shows.
    pub(super) picture: Option<Report>,
}

/// Something that is going to happen by itself.
#[derive(Clone, Debug)]
pub(super) enum Event {
    BackOnline,
    DeviceBack(usize),
    Available(ItemRef),
    Jump {
        position_us: i64,
    },
    /// A seek while paused springs back.
    Revert {
        position_us: i64,
    },
    /// One of a nasty player's habits begins.
    Habit,
}

impl Faults {
    pub(super) fn new(random: Random, trouble: Trouble) -> Self {
        let mut random = random;
        let timestamp_stands = trouble.timestamps_differ && random.chance(0.5);
        Self { active: Vec::new(), random, trouble, timestamp_stands, held: None, zero_since: None }
    }

    /// The first active fault for which this is something.
    pub(super) fn find<T>(&self, now_us: i64, look: impl Fn(&Active) -> Option<T>) -> Option<T> {
        self.active.iter().filter(|active| active.from_us <= now_us && now_us < active.until_us).find_map(look)
    }

    pub(super) fn is(&self, now_us: i64, wanted: impl Fn(&Fault) -> bool) -> bool {
        self.find(now_us, |active| wanted(&active.fault).then_some(())).is_some()
    }

    pub(super) fn premium_is_lost(&self, now_us: i64) -> bool {
        self.is(now_us, |fault| matches!(fault, Fault::PremiumLost { .. }))
    }

    pub(super) fn redundant_is_500(&self, now_us: i64) -> bool {
        // Drawn from the instant: a command that is refused leaves everything else as it was.
        let by_chance = Random::new(now_us.unsigned_abs()).chance(self.trouble.commands.redundant_500);
        by_chance || self.is(now_us, |fault| matches!(fault, Fault::Redundant500 { .. }))
    }

    /// One reading fewer is wrong; was this one?
    pub(super) fn takes_wrong_flag(&mut self) -> bool {
        for active in &mut self.active {
            if let Fault::WrongFlag { polls } = &mut active.fault
                && *polls > 0
            {
                *polls -= 1;
                return true;
            }
        }
        false
    }

    fn begin(&mut self, now_us: i64, fault: Fault, picture: Option<Report>) {
        // Faults that count readings end by counting.
        let for_us = if matches!(fault, Fault::WrongFlag { .. }) { i64::MAX / 4 } else { fault.for_us() };
        self.active.retain(|active| now_us < active.until_us && !matches!(active.fault, Fault::WrongFlag { polls: 0 }));
        self.active.push(Active { fault, from_us: now_us, until_us: now_us + for_us, picture });
    }
}

impl VirtualPlayer {
    /// Something goes wrong from now on. Faults of the gateway are not the player's and do nothing here.
    pub fn fault(&mut self, now_us: i64, fault: Fault) {
        let now_us = self.settle(now_us);
        self.begin_fault(now_us, fault);
        self.settle(now_us);
    }

    pub(super) fn begin_fault(&mut self, now_us: i64, fault: Fault) {
        let until_us = now_us + fault.for_us();
        match fault {
            Fault::Stall { .. } => self.playback.stand(now_us, fault.for_us()),
            Fault::Buffering { .. } => {
                if self.playback.playing {
                    self.playback.stand(now_us, fault.for_us());
                    self.faults.begin(now_us, fault, None);
                }
            }
            Fault::Offline { .. } => {
                self.playback.pause(now_us);
                self.online = false;
                self.later.push((until_us, Event::BackOnline));
            }
            Fault::Gone { .. } => {
                self.playback.pause(now_us);
                self.asleep = true;
                if let Some(index) = self.playback.device {
                    self.devices[index].quirks.away = true;
                    self.later.push((until_us, Event::DeviceBack(index)));
                }
            }
            Fault::Asleep {} => self.fall_asleep(now_us),
            Fault::Unlisted { .. } => {
                self.fall_asleep(now_us);
                self.faults.begin(now_us, fault, None);
            }
            Fault::Ad { .. } => {
                if self.playback.playing {
                    self.playback.begin_ad(now_us, fault.for_us());
                }
            }
            Fault::Unavailable { uri, .. } => {
                let named = uri.and_then(|uri| self.catalogue.find(&uri));
                if let Some(item) = named.or(self.playback.current()) {
                    self.playback.unavailable.push(item);
                    self.later.push((until_us, Event::Available(item)));
                }
            }
            Fault::PastEnd { .. } => self.playback.endless_until_us = until_us,
            Fault::PhantomJump { position_ms, after_ms } => {
                let at_us = now_us + us(after_ms);
                self.later.push((at_us, Event::Jump { position_us: us(position_ms) }));
            }
            Fault::StaleSnapshot { age_ms, .. } => {
                let picture = self.picture_of(now_us - us(age_ms));
                self.faults.begin(now_us, fault, picture);
            }
            Fault::Clear {} => self.clear_faults(now_us),
            lasting => self.faults.begin(now_us, lasting, None),
        }
    }

    /// The habits of a device at this moment.
    pub(super) fn device_now(&self, index: usize, now_us: i64) -> Quirks {
        let mut quirks = self.devices[index].quirks;
        if self.playback.device == Some(index) {
            let is = |wanted: fn(&Fault) -> bool| self.faults.is(now_us, wanted);
            quirks.restricted |= is(|fault| matches!(fault, Fault::Restricted { .. }));
            quirks.private |= is(|fault| matches!(fault, Fault::PrivateSession { .. }));
            quirks.no_id |= is(|fault| matches!(fault, Fault::NullId { .. }));
            quirks.jam |= is(|fault| matches!(fault, Fault::Jam { .. }));
        }
        quirks
    }

    /// What becomes of an accepted command: its effect, and how much later, µs.
    pub(super) fn twist(&mut self, now_us: i64, effect: Effect) -> (Effect, i64) {
        if self.faults.active.is_empty() && !matches!(effect, Effect::Seek { .. }) {
            return (effect, 0);
        }
        let is = |wanted: fn(&Fault) -> bool| self.faults.is(now_us, wanted);
        let delay_us = self.faults.find(now_us, |active| match active.fault {
            Fault::SlowCommands { delay_ms, .. } => Some(us(delay_ms)),
            _ => None,
        });
        let ignores_seeks = self.playback.device.is_some_and(|index| self.devices[index].quirks.ignores_seeks);
        let effect = match effect {
            _ if is(|fault| matches!(fault, Fault::LostCommands { .. })) => Effect::Nothing,
            Effect::Seek { .. } if ignores_seeks || is(|fault| matches!(fault, Fault::SeekIgnored { .. })) => {
                Effect::Nothing
            }
            Effect::Seek { .. } if is(|fault| matches!(fault, Fault::SeekRestarts { .. })) => {
                Effect::Seek { position_us: 0 }
            }
            effect => effect,
        };
        (effect, delay_us.unwrap_or(0))
    }

    /// How long this command lets another one overtake it, µs; None when commands keep their order.
    pub(super) fn overtaken_us(&self, now_us: i64) -> Option<i64> {
        let reordered = self.faults.is(now_us, |fault| matches!(fault, Fault::Reordered { .. }));
        reordered.then_some(if self.pending.is_empty() { OVERTAKEN_WITHIN_US } else { 0 })
    }

    /// What follows by itself from a command that has just taken effect.
    pub(super) fn after_effect(&mut self, at_us: i64, effect: &Effect, before_us: i64) {
        match effect {
            Effect::Seek { .. } if !self.playback.playing => {
                let chance = self.faults.trouble.commands.seek_reverts;
                let reverts = self.faults.is(at_us, |fault| matches!(fault, Fault::SeekReverts { .. }))
                    || (chance > 0.0 && self.faults.random.chance(chance));
                if reverts {
                    self.later.push((at_us + REVERTS_AFTER_US, Event::Revert { position_us: before_us }));
                }
            }
            Effect::Seek { .. } => self.after_seek(at_us),
            Effect::Load { .. } => {
                // What is begun anew counts from its own beginning.
                self.faults.zero_since = None;
                self.after_seek(at_us);
            }
            Effect::Resume { .. } => {
                let wrong = self.faults.is(at_us, |fault| matches!(fault, Fault::ZeroAfterResume { .. }));
                self.faults.zero_since = self.playback.current().filter(|_| wrong).map(|item| (at_us, item));
            }
            _ => {}
        }
    }

    /// A seek, by hand or by a command, may call up the phantom.
    pub(super) fn after_seek(&mut self, at_us: i64) {
        let asked = self.faults.find(at_us, |active| match active.fault {
            Fault::PhantomAfterSeek { position_ms, .. } => Some(position_ms),
            _ => None,
        });
        let chance = self.faults.trouble.commands.phantom;
        let by_chance = chance > 0.0 && self.faults.random.chance(chance);
        if let Some(position_ms) = asked.or(by_chance.then_some(PHANTOM_MS)) {
            let after_us = self.faults.random.between(PHANTOM_AFTER_US.0, PHANTOM_AFTER_US.1) as i64;
            self.later.push((at_us + after_us, Event::Jump { position_us: us(position_ms) }));
        }
    }

    pub(super) fn happen(&mut self, at_us: i64, event: Event) {
        match event {
            Event::BackOnline => self.online = true,
            Event::DeviceBack(index) => {
                self.devices[index].quirks.away = false;
                if self.playback.device == Some(index) {
                    self.asleep = false;
                }
            }
            Event::Available(item) => self.playback.unavailable.retain(|&gone| gone != item),
            Event::Jump { position_us } => {
                if self.playback.playing {
                    self.playback.seek(at_us, position_us);
                }
            }
            Event::Revert { position_us } => {
                if !self.playback.playing {
                    self.playback.seek(at_us, position_us);
                }
            }
            Event::Habit => self.begin_habit(at_us),
        }
    }

    fn clear_faults(&mut self, now_us: i64) {
        self.faults.active.clear();
        (self.faults.held, self.faults.zero_since) = (None, None);
        self.later.retain(|(_, event)| matches!(event, Event::Habit));
        for device in &mut self.devices {
            device.quirks.away = false;
        }
        self.playback.unavailable.clear();
        self.playback.endless_until_us = i64::MIN;
        self.playback.end_ad(now_us);
        (self.online, self.asleep) = (true, false);
    }
}

pub(super) fn us(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX).min(10_i64.pow(12)) * 1000
}
