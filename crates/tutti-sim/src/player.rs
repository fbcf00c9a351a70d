//! One virtual account and its player: what plays where, what Spotify would say, and what is true.

mod command;
mod device;
mod hand;
mod playback;

use std::collections::VecDeque;
use std::sync::Arc;

pub use command::{Accepted, Command, Offset, PlayTarget, Refusal};
pub use device::{Device, DeviceKind, DeviceView, display_name};
pub use hand::{Hand, HandError};

use crate::catalogue::{Catalogue, ContextRef, ItemRef};
use crate::profile::Profile;
use crate::random::Random;
use command::Effect;
use playback::Playback;

/// Most items that `GET /me/player/queue` lists after the current one.
pub const QUEUE_SHOWN: usize = 20;

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
}

#[derive(Clone, Debug)]
struct Pending {
    effect_us: i64,
    visible_us: i64,
    effect: Effect,
}

#[derive(Clone, Debug)]
struct Hidden {
    until_us: i64,
    before: Playback,
}

/// What `GET /me/player` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub device: DeviceView,
    /// None when nothing was ever played.
    pub item: Option<ItemRef>,
    pub context: Option<ContextRef>,
    pub progress_ms: Option<i64>,
    pub playing: bool,
    /// Unix time of the last play, pause, skip, seek or new item, ms.
    pub timestamp_ms: i64,
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

impl VirtualPlayer {
    /// An idle account on its first device; nothing is loaded until [`VirtualPlayer::load`].
    pub fn new(config: PlayerConfig, catalogue: Arc<Catalogue>) -> Self {
        let active = (!config.devices.is_empty()).then_some(0);
        Self {
            random: Random::named(config.seed, &config.user),
            user: config.user,
            product: config.product,
            devices: config.devices,
            online: true,
            catalogue,
            profile: config.profile,
            wall_ms_at_zero: config.wall_ms_at_zero,
            now_us: 0,
            playback: Playback::empty(active),
            pending: VecDeque::new(),
            hidden: VecDeque::new(),
        }
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
        let last = self.pending.back();
        let effect_us = last.map_or(0, |last| last.effect_us).max(now_us + lag_us);
        let visible_us = last
            .map(|last| last.visible_us)
            .or(self.hidden.back().map(|last| last.until_us))
            .unwrap_or(0)
            .max(now_us + visible_lag_us)
            .max(effect_us);
        self.pending.push_back(Pending { effect_us, visible_us, effect });
        self.settle(now_us);
        Ok(Accepted { effect_us, visible_us })
    }

    /// What `GET /me/player` says when it is evaluated now: None is 204, no active device. Until a
    /// command is visible, the state from before it is answered, running on as it ran.
    pub fn report(&mut self, now_us: i64) -> Option<Report> {
        let now_us = self.settle(now_us);
        let shown = self.shown(now_us);
        let device = self.devices.get(shown.device?)?.view(true);
        Some(Report {
            device,
            item: shown.current(),
            context: shown.context,
            progress_ms: Some(shown.position_us(now_us).div_euclid(1000)),
            playing: shown.playing,
            timestamp_ms: self.wall_ms_at_zero + shown.changed_us.div_euclid(1000),
        })
    }

    /// What is true now.
    pub fn truth(&mut self, now_us: i64) -> Truth {
        let now_us = self.settle(now_us);
        let device = self.active_device();
        let reported_us = self.playback.position_us(now_us);
        let offset_us = device.map_or(0, |device| device.audible_offset_us);
        Truth {
            uri: self.playback.current().map(|item| self.catalogue.item(item).uri.clone()),
            playing: self.playback.playing,
            audible_ms: (reported_us - offset_us).max(0) as f64 / 1000.0,
            reported_ms: reported_us as f64 / 1000.0,
            device_id: device.map(|device| device.id.clone()),
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
        let devices = self.devices.iter().enumerate();
        devices.map(|(index, device)| device.view(active == Some(index))).collect()
    }

    /// Constant difference between reported and heard position of the active device, ms.
    pub fn audible_offset_ms(&self) -> Option<f64> {
        self.active_device().map(|device| device.audible_offset_us as f64 / 1000.0)
    }

    fn active_device(&self) -> Option<&Device> {
        self.devices.get(self.playback.device.filter(|_| self.online)?)
    }

    fn device_index(&self, id: &str) -> Option<usize> {
        self.devices.iter().position(|device| self.online && device.id == id)
    }

    /// Lets everything happen that is due until now, and says which instant that is.
    fn settle(&mut self, now_us: i64) -> i64 {
        self.now_us = self.now_us.max(now_us);
        while let Some(due) = self.pending.pop_front_if(|next| next.effect_us <= self.now_us) {
            self.playback.advance(due.effect_us, &self.catalogue);
            self.hidden.push_back(Hidden { until_us: due.visible_us, before: self.playback.clone() });
            if self.online {
                self.playback.apply(due.effect_us, &due.effect, &self.catalogue);
            }
        }
        while self.hidden.pop_front_if(|oldest| oldest.until_us <= self.now_us).is_some() {}
        self.playback.advance(self.now_us, &self.catalogue);
        self.now_us
    }

    /// The playback that answers show now, which has a device only while there is one.
    fn shown(&self, now_us: i64) -> Playback {
        let mut shown = match self.hidden.front() {
            Some(oldest) => {
                let mut before = oldest.before.clone();
                before.advance(now_us, &self.catalogue);
                before
            }
            None => self.playback.clone(),
        };
        shown.device = shown.device.filter(|_| self.online);
        shown
    }
}

#[cfg(test)]
mod tests;
