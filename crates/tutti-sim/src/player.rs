//! One virtual account and its player: what plays where, what Spotify would say, and what is true.

mod command;
mod device;
mod faults;
mod habits;
mod hand;
mod playback;
mod report;
mod settings;

use std::collections::VecDeque;
use std::sync::Arc;

pub use command::{Accepted, Command, Offset, PlayTarget, Refusal};
pub use device::{Device, DeviceKind, DeviceView, Quirks, display_name};
pub use hand::{Hand, HandError};
pub use playback::Heard;
pub use report::{Report, Shown};
pub use settings::{Repeat, Settings};

use crate::catalogue::{Catalogue, ContextRef, ItemRef};
use crate::profile::Profile;
use crate::random::Random;
use command::Effect;
use faults::{Event, Faults};
use playback::Playback;

/// Most items that `GET /me/player/queue` lists after the current one.
pub const QUEUE_SHOWN: usize = 20;
/// Most items that `GET /me/player/recently-played` remembers.
pub const HEARD_KEPT: usize = 50;
/// Earlier states kept for stale snapshots.
const HISTORY: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    Premium,
    Free,
}

impl Product {
    /// `premium` or `free`.
    pub fn name(self) -> &'static str {
        match self {
            Product::Premium => "premium",
            Product::Free => "free",
        }
    }
}

/// What a [`VirtualPlayer`] is made of.
#[derive(Clone, Debug)]
pub struct PlayerConfig {
    /// Also seeds the player's random numbers, so accounts differ under one seed.
    pub user: String,
    pub product: Product,
    /// The first one is active from the start.
    pub devices: Vec<Device>,
    pub profile: Profile,
    pub settings: Settings,
    pub seed: u64,
    /// Unix time of instant 0, ms: the base of every `timestamp`.
    pub wall_ms_at_zero: i64,
}

impl PlayerConfig {
    /// A premium account with a phone and a laptop.
    pub fn new(user: &str, profile: Profile, seed: u64) -> Self {
        Self {
            user: user.to_owned(),
            product: Product::Premium,
            devices: Device::phone_and_laptop(user, profile, seed),
            profile,
            settings: Settings::default(),
            seed,
            wall_ms_at_zero: 0,
        }
    }
}

/// One account, driven by instants in µs that the caller passes in. Instants may repeat; one that lies
/// before the newest seen counts as that newest one.
///
/// Rules where Spotify leaves a choice:
/// - An item's end goes on to the next one without a gap. After the last item of the list playback
///   stops on the list's first item at position 0.
/// - `next` and `previous` start playback when paused, as the apps do. `next` on the last item ends the
///   list as if it had played out. A command's `previous` always goes to the previous item; by hand it
///   restarts the item first when more than 3 s of it have played. Both restart the first item.
/// - A seek past the end goes to the next item; playing stays playing and paused stays paused.
/// - A command for a known device that is not the active one acts on what plays; only `play` moves there.
/// - What is done by hand shows in answers at once; only commands are followed by stale answers.
#[derive(Clone, Debug)]
pub struct VirtualPlayer {
    user: String,
    product: Product,
    devices: Vec<Device>,
    online: bool,
    /// Devices are there and none is active.
    asleep: bool,
    catalogue: Arc<Catalogue>,
    profile: Profile,
    wall_ms_at_zero: i64,
    random: Random,
    now_us: i64,
    playback: Playback,
    /// Accepted commands that have not taken effect, in the order in which they will.
    pending: VecDeque<Pending>,
    /// What answers still show: states from before commands that are not visible yet, oldest first.
    hidden: VecDeque<Hidden>,
    faults: Faults,
    /// What is going to happen by itself, in no order.
    later: Vec<(i64, Event)>,
    /// States until the instants at which they were changed, oldest first.
    history: VecDeque<(i64, Playback)>,
    /// Newest first.
    heard: VecDeque<Heard>,
    /// Last command or hand, µs.
    used_us: i64,
}

#[derive(Clone, Debug)]
struct Pending {
    effect_us: i64,
    visible_us: i64,
    effect: Effect,
    /// Readings answer 204 until it is visible.
    empty: bool,
}

#[derive(Clone, Debug)]
struct Hidden {
    until_us: i64,
    before: Playback,
    empty: bool,
}

/// What is really so at an instant, without stale answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    pub uri: Option<String>,
    pub playing: bool,
    /// Position of what is heard, ms.
    pub audible_ms: f64,
    /// Position that an exact and fresh report would carry, ms.
    pub reported_ms: f64,
    pub device_id: Option<String>,
}

/// Which item plays and where it is; positions as in [`Truth`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub item: Option<ItemRef>,
    pub playing: bool,
    pub audible_ms: f64,
    pub reported_ms: f64,
    /// How fast its item runs when it plays.
    pub speed: f64,
}

impl VirtualPlayer {
    /// An idle account on its first device; nothing is loaded until [`VirtualPlayer::load`].
    pub fn new(config: PlayerConfig, catalogue: Arc<Catalogue>) -> Self {
        let active = (!config.devices.is_empty()).then_some(0);
        let named = |what: &str| Random::named(config.seed, &format!("{what} of {}", config.user));
        let faults = Faults::new(named("faults"), config.profile.trouble());
        let playback = Playback::empty(catalogue.clone(), config.settings, active, named("orders"));
        let mut player = Self {
            random: Random::named(config.seed, &config.user),
            user: config.user,
            product: config.product,
            devices: config.devices,
            online: true,
            asleep: false,
            catalogue,
            profile: config.profile,
            wall_ms_at_zero: config.wall_ms_at_zero,
            now_us: 0,
            playback,
            pending: VecDeque::new(),
            hidden: VecDeque::new(),
            faults,
            later: Vec::new(),
            history: VecDeque::new(),
            heard: VecDeque::new(),
            used_us: 0,
        };
        player.plan_habit(0);
        player
    }

    /// Loads the first item of a context, paused at 0, as left there by an earlier evening.
    pub fn load(&mut self, now_us: i64, context: ContextRef) {
        let now_us = self.settle(now_us);
        let list = self.catalogue.context_items(context);
        self.playback.load(now_us, list, Some(context), 0, 0, false);
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn product(&self) -> Product {
        self.product
    }

    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Fault: every device vanishes (playback stops where it is), or comes back, the last active one
    /// still active and paused.
    pub fn set_online(&mut self, now_us: i64, online: bool) {
        let now_us = self.settle(now_us);
        if !online {
            self.playback.pause(now_us);
        }
        self.online = online;
        self.asleep = false;
    }

    /// A Web API command that reaches the server now. Accepted ones take effect later, in order.
    ///
    /// # Errors
    /// What Spotify would refuse at once: see [`Refusal`].
    pub fn command(&mut self, now_us: i64, command: Command) -> Result<Accepted, Refusal> {
        let now_us = self.settle(now_us);
        let effect = self.examine(command)?;
        let lag_us = self.profile.effect_us(&mut self.random);
        let visible_lag_us = self.profile.visible_us(&mut self.random);
        let (effect, delay_us) = self.twist(now_us, effect);
        let lag_us = lag_us + delay_us;
        let last = self.pending.back();
        let mut effect_us = last.map_or(0, |last| last.effect_us).max(now_us + lag_us);
        let mut not_before_us =
            last.map(|last| last.visible_us).or(self.hidden.back().map(|last| last.until_us)).unwrap_or(0);
        if let Some(overtaken_us) = self.overtaken_us(now_us) {
            effect_us = now_us + lag_us + overtaken_us;
            not_before_us = 0;
        }
        let visible_us = not_before_us.max(now_us + visible_lag_us).max(effect_us);
        let chance = self.faults.trouble.commands.empty_until_visible;
        let empty = chance > 0.0 && self.faults.random.chance(chance);
        let place = self.pending.partition_point(|earlier| earlier.effect_us <= effect_us);
        self.pending.insert(place, Pending { effect_us, visible_us, effect, empty });
        self.used_us = now_us;
        self.settle(now_us);
        Ok(Accepted { effect_us, visible_us })
    }

    /// Judges a command as [`VirtualPlayer::command`] does, and forgets it: what is lost on its way.
    ///
    /// # Errors
    /// What Spotify would refuse at once.
    pub fn lose_command(&mut self, now_us: i64, command: Command) -> Result<Accepted, Refusal> {
        let now_us = self.settle(now_us);
        self.examine(command).map(|_| Accepted { effect_us: now_us, visible_us: now_us })
    }

    /// What the owner has set in their app.
    pub fn settings(&self) -> Settings {
        self.playback.settings
    }

    /// The owner changes settings, now.
    pub fn set(&mut self, now_us: i64, settings: Settings) {
        let now_us = self.settle(now_us);
        self.playback.change_settings(now_us, settings);
    }

    /// Does an advertisement play now?
    pub fn hears_ad(&mut self, now_us: i64) -> bool {
        let now_us = self.settle(now_us);
        self.playback.ad_since_us(now_us).is_some()
    }

    /// What was heard for 30 s or to its end and then left, newest first.
    pub fn recently_played(&mut self, now_us: i64) -> &VecDeque<Heard> {
        self.settle(now_us);
        &self.heard
    }

    /// Repeat, shuffle, smart shuffle, without stale answers.
    pub fn modes(&mut self, now_us: i64) -> (Repeat, bool, bool) {
        self.settle(now_us);
        (self.playback.repeat, self.playback.shuffle, self.playback.smart)
    }

    /// What is true now.
    pub fn truth(&mut self, now_us: i64) -> Truth {
        let Line { item, playing, reported_ms, audible_ms, .. } = self.line(now_us);
        Truth {
            uri: item.map(|item| self.catalogue.item(item).uri.clone()),
            playing,
            audible_ms,
            reported_ms,
            device_id: self.active_device().map(|device| device.id.clone()),
        }
    }

    /// The same without words: for who asks very often.
    pub fn line(&mut self, now_us: i64) -> Line {
        let now_us = self.settle(now_us);
        let offset_us = self.active_device().map_or(0, |device| device.audible_offset_us);
        let speed = self.playback.speed();
        // What the device is late by is time, not a stretch of the item.
        let offset_us = (offset_us as f64 * speed) as i64;
        Line {
            item: self.playback.current(),
            playing: self.playback.playing,
            audible_ms: (self.sounding_us(now_us) - offset_us).max(0) as f64 / 1000.0,
            reported_ms: self.playback.position_us(now_us) as f64 / 1000.0,
            speed,
        }
    }

    /// The item that plays and the list it plays from, without stale answers.
    pub fn now_playing(&mut self, now_us: i64) -> (Option<ItemRef>, Option<ContextRef>) {
        self.settle(now_us);
        (self.playback.current(), self.playback.context)
    }

    /// What `GET /me/player/queue` says: the current item and up to [`QUEUE_SHOWN`] next ones.
    pub fn queue(&mut self, now_us: i64) -> (Option<ItemRef>, Vec<ItemRef>) {
        let now_us = self.settle(now_us);
        if self.active_device().is_none() {
            return (None, Vec::new());
        }
        let shown = self.shown(now_us);
        (shown.current(), shown.upcoming().take(QUEUE_SHOWN).collect())
    }

    /// What `GET /me/player/devices` lists.
    pub fn devices(&mut self, now_us: i64) -> Vec<DeviceView> {
        let now_us = self.settle(now_us);
        if !self.online {
            return Vec::new();
        }
        let active = self.shown(now_us).device;
        let unlisted = self.faults.is(now_us, |fault| matches!(fault, crate::fault::Fault::Unlisted { .. }));
        let devices = self.devices.iter().enumerate();
        devices
            .filter(|&(index, device)| {
                let left_out = unlisted && self.asleep && self.playback.device == Some(index);
                !device.quirks.away && !left_out
            })
            .map(|(index, device)| device.view(self.device_now(index, now_us), active == Some(index)))
            .collect()
    }

    /// Constant difference between reported and heard position of the active device, ms.
    pub fn audible_offset_ms(&self) -> Option<f64> {
        self.active_device().map(|device| device.audible_offset_us as f64 / 1000.0)
    }

    fn active_device(&self) -> Option<&Device> {
        self.devices.get(self.active_index()?)
    }

    fn active_index(&self) -> Option<usize> {
        let present = |&index: &usize| self.devices.get(index).is_some_and(|device| !device.quirks.away);
        self.playback.device.filter(|_| self.online && !self.asleep).filter(present)
    }

    /// A device that can be named in a command.
    fn device_index(&self, id: &str) -> Option<usize> {
        let found = self.devices.iter().position(|device| self.online && device.id == id)?;
        let quirks = self.device_now(found, self.now_us);
        (!quirks.away && !quirks.no_id).then_some(found)
    }

    /// Lets everything happen that is due until now, and says which instant that is.
    fn settle(&mut self, now_us: i64) -> i64 {
        self.now_us = self.now_us.max(now_us);
        loop {
            let command_us = self.pending.front().map(|next| next.effect_us).filter(|&at_us| at_us <= self.now_us);
            let events = self.later.iter().enumerate().map(|(place, (at_us, _))| (*at_us, place));
            let event = events.filter(|&(at_us, _)| at_us <= self.now_us).min();
            match (command_us, event) {
                (None, None) => break,
                (Some(command_us), Some((at_us, place))) if at_us < command_us => self.event(at_us, place),
                (None, Some((at_us, place))) => self.event(at_us, place),
                (Some(_), _) => self.next_command(),
            }
        }
        while self.hidden.pop_front_if(|oldest| oldest.until_us <= self.now_us).is_some() {}
        self.playback.advance(self.now_us);
        for heard in self.playback.left.drain(..) {
            self.heard.push_front(heard);
        }
        self.heard.truncate(HEARD_KEPT);
        self.doze();
        self.now_us
    }

    fn event(&mut self, at_us: i64, place: usize) {
        let (_, event) = self.later.swap_remove(place);
        self.playback.advance(at_us);
        self.happen(at_us, event);
    }

    fn next_command(&mut self) {
        let Some(due) = self.pending.pop_front() else { return };
        self.playback.advance(due.effect_us);
        let hidden = Hidden { until_us: due.visible_us, before: self.playback.clone(), empty: due.empty };
        self.hidden.push_back(hidden);
        self.remember(due.effect_us);
        if !self.online {
            return;
        }
        let before_us = self.playback.position_us(due.effect_us);
        if let Effect::Volume { device, percent } = due.effect {
            self.devices[device].volume_percent = percent;
        }
        let chooses = match &due.effect {
            Effect::Load { device, .. } | Effect::Resume { device } => device.is_some(),
            Effect::Transfer { .. } => true,
            _ => false,
        };
        if chooses {
            self.asleep = false;
        }
        self.playback.apply(due.effect_us, &due.effect);
        self.after_effect(due.effect_us, &due.effect, before_us);
    }

    /// Keeps the state that is about to change.
    fn remember(&mut self, at_us: i64) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((at_us, self.playback.clone()));
    }

    /// Somebody touches a device: it is active again.
    fn wake(&mut self, now_us: i64) {
        self.asleep = false;
        self.used_us = now_us;
    }

    fn fall_asleep(&mut self, now_us: i64) {
        self.playback.pause(now_us);
        self.asleep = true;
    }

    /// After long idling no device is active any more.
    fn doze(&mut self) {
        let Some(after_s) = self.faults.trouble.asleep_after_s else { return };
        let since_us = self.used_us.max(self.playback.changed_us);
        if !self.playback.playing && self.now_us - since_us > after_s * 1_000_000 {
            self.asleep = true;
        }
    }

    /// The place in the item that sounds (or stands in silence), µs.
    fn sounding_us(&self, now_us: i64) -> i64 {
        let silent_us = self.faults.find(now_us, |active| {
            matches!(active.fault, crate::fault::Fault::Silent { .. }).then_some(now_us - active.from_us)
        });
        (self.playback.position_us(now_us) - silent_us.unwrap_or(0)).max(0)
    }

    /// The playback that answers show now, which has a device only while there is one.
    fn shown(&self, now_us: i64) -> Playback {
        let mut shown = match self.hidden.front() {
            Some(oldest) => {
                let mut before = oldest.before.clone();
                before.advance(now_us);
                before
            }
            None => self.playback.clone(),
        };
        let present = self.active_index().is_some();
        shown.device = shown.device.filter(|_| present);
        shown
    }
}

#[cfg(test)]
mod tests;
