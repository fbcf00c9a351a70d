//! What plays, as an exact line of position over time, and how it goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use super::command::Effect;
use super::settings::{Repeat, Settings};
use crate::catalogue::{Catalogue, ContextRef, ItemKind, ItemRef};
use crate::random::Random;

/// An item counts as heard from here, µs.
const HEARD_FROM_US: i64 = 30_000_000;
/// How long an advertisement between items is, µs.
const AD_US: i64 = 30_000_000;
/// Items that autoplay puts together at a time.
const SIMILAR: usize = 20;

#[derive(Clone, Debug)]
pub(super) struct Playback {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) settings: Settings,
    /// The order in which it plays.
    list: Arc<[ItemRef]>,
    /// The order that comes back when shuffle ends.
    unshuffled: Arc<[ItemRef]>,
    pub(super) context: Option<ContextRef>,
    index: usize,
    /// The current item when it came from the queue; `index` then is the item it came after.
    queued: Option<ItemRef>,
    queue: VecDeque<ItemRef>,
    pub(super) repeat: Repeat,
    pub(super) shuffle: bool,
    /// Shuffle with recommended items in between.
    pub(super) smart: bool,
    pub(super) playing: bool,
    at_us: i64,
    position_us: i64,
    rate_permille: i64,
    /// Last play, pause, skip, seek or new item.
    pub(super) changed_us: i64,
    /// The same without seeks.
    pub(super) changed_but_sought_us: i64,
    /// The active device's place in the account's list.
    pub(super) device: Option<usize>,
    /// An advertisement, from and until; the music stands meanwhile.
    pub(super) ad: Option<(i64, i64)>,
    /// The item does not end before this instant.
    pub(super) endless_until_us: i64,
    /// Cannot be played by this account, whatever its market says.
    pub(super) unavailable: Vec<ItemRef>,
    /// Items that played to their end.
    ended: u32,
    /// Draws orders and similar music.
    chance: Random,
    /// Items that were heard and left since somebody last asked.
    pub(super) left: Vec<Heard>,
}

/// For `GET /v1/me/player/recently-played`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub item: ItemRef,
    pub context: Option<ContextRef>,
    /// When it was left, µs.
    pub at_us: i64,
}

impl Playback {
    pub(super) fn empty(catalogue: Arc<Catalogue>, settings: Settings, device: Option<usize>, chance: Random) -> Self {
        Self {
            catalogue,
            settings,
            list: Arc::new([]),
            unshuffled: Arc::new([]),
            context: None,
            index: 0,
            queued: None,
            queue: VecDeque::new(),
            repeat: Repeat::Off,
            shuffle: false,
            smart: false,
            playing: false,
            at_us: 0,
            position_us: 0,
            rate_permille: 1000,
            changed_us: 0,
            changed_but_sought_us: 0,
            device,
            ad: None,
            endless_until_us: i64::MIN,
            unavailable: Vec::new(),
            ended: 0,
            chance,
            left: Vec::new(),
        }
    }

    pub(super) fn current(&self) -> Option<ItemRef> {
        self.queued.or_else(|| self.list.get(self.index).copied())
    }

    /// What comes after the current item: the queue, then the rest of the list, and its beginning when it repeats.
    pub(super) fn upcoming(&self) -> impl Iterator<Item = ItemRef> + '_ {
        let again = if self.repeat == Repeat::Context { self.index + 1 } else { 0 };
        let rest = self.list.iter().skip(self.index + 1).chain(self.list.iter().take(again));
        self.queue.iter().chain(rest).copied()
    }

    pub(super) fn position_us(&self, now_us: i64) -> i64 {
        let run_us = if self.playing { (now_us - self.at_us).max(0) } else { 0 };
        self.position_us + if self.rate_permille == 1000 { run_us } else { run_us * self.rate_permille / 1000 }
    }

    /// How fast the item runs when it plays.
    pub(super) fn speed(&self) -> f64 {
        self.rate_permille as f64 / 1_000.0
    }

    /// May this account play it?
    pub(super) fn is_available(&self, item: ItemRef) -> bool {
        self.catalogue.is_available(item, self.settings.market) && !self.unavailable.contains(&item)
    }

    /// The advertisement that plays now, and since when.
    pub(super) fn ad_since_us(&self, now_us: i64) -> Option<i64> {
        self.ad.filter(|&(from_us, until_us)| from_us <= now_us && now_us < until_us).map(|(from_us, _)| from_us)
    }

    /// Plays through as many ends of items as lie before now.
    pub(super) fn advance(&mut self, now_us: i64) {
        while let Some(item) = self.current().filter(|_| self.playing) {
            let left_us = (self.end_us(item) - self.position_us).max(0);
            let end_us = match self.rate_permille {
                1000 => self.at_us + left_us,
                rate => self.at_us + (left_us * 1000 + rate - 1) / rate,
            };
            let end_us = end_us.max(self.endless_until_us);
            if now_us < end_us {
                return;
            }
            self.ended += 1;
            self.go_on(end_us, true, true);
            if self.settings.ads_every > 0 && self.ended.is_multiple_of(self.settings.ads_every) && self.playing {
                self.begin_ad(end_us, AD_US);
            }
        }
    }

    pub(super) fn apply(&mut self, at_us: i64, effect: &Effect) {
        match effect {
            Effect::Load { list, context, index, position_us, device } => {
                self.device = device.or(self.device);
                self.load(at_us, list.clone(), *context, *index, *position_us, true);
                self.advance(at_us);
            }
            Effect::Resume { device } => {
                self.device = device.or(self.device);
                self.resume(at_us);
            }
            Effect::Pause => self.pause(at_us),
            Effect::Seek { position_us } => self.seek(at_us, *position_us),
            Effect::Next => self.next(at_us),
            Effect::Previous => self.previous(at_us),
            Effect::Transfer { device, play } => self.transfer(at_us, *device, *play),
            Effect::Queue { item } => self.queue.push_back(*item),
            Effect::Repeat { repeat } => self.repeat = *repeat,
            Effect::Shuffle { on } => self.set_shuffle(*on, false),
            Effect::Volume { .. } | Effect::Nothing => {}
        }
    }

    /// Replaces the list; what was queued is gone. Starts with the next item that can be played.
    pub(super) fn load(
        &mut self,
        at_us: i64,
        list: Arc<[ItemRef]>,
        context: Option<ContextRef>,
        index: usize,
        position_us: i64,
        playing: bool,
    ) {
        self.leave(at_us);
        self.unshuffled = list.clone();
        self.list = list;
        self.context = context;
        self.index = index;
        self.queued = None;
        self.queue.clear();
        if self.shuffle {
            self.reorder();
        }
        let wanted = self.current();
        self.skip_unavailable();
        self.set_line(at_us, if self.current() == wanted { position_us } else { 0 }, playing);
    }

    pub(super) fn resume(&mut self, at_us: i64) {
        if !self.playing && self.current().is_some() {
            self.set_line(at_us, self.position_us, true);
        }
    }

    pub(super) fn pause(&mut self, at_us: i64) {
        if self.playing {
            self.set_line(at_us, self.position_us(at_us), false);
        }
    }

    pub(super) fn seek(&mut self, at_us: i64, position_us: i64) {
        let Some(item) = self.current() else { return };
        if position_us >= self.catalogue.duration_us(item) {
            self.go_on(at_us, self.playing, false);
        } else {
            let before_us = self.changed_but_sought_us;
            self.set_line(at_us, position_us, self.playing);
            self.changed_but_sought_us = before_us;
        }
    }

    pub(super) fn next(&mut self, at_us: i64) {
        if self.current().is_some() {
            self.go_on(at_us, true, false);
        }
    }

    pub(super) fn previous(&mut self, at_us: i64) {
        self.leave(at_us);
        // From a queued item the way back leads to the item it came after.
        if self.queued.take().is_none() {
            self.index = match self.index {
                0 if self.repeat == Repeat::Context => self.list.len().saturating_sub(1),
                index => index.saturating_sub(1),
            };
        }
        if self.current().is_some() {
            self.set_line(at_us, 0, true);
        }
    }

    pub(super) fn restart(&mut self, at_us: i64) {
        self.set_line(at_us, 0, true);
    }

    pub(super) fn transfer(&mut self, at_us: i64, device: usize, play: bool) {
        if self.device != Some(device) {
            self.device = Some(device);
            self.changed_us = at_us;
        }
        if play {
            self.resume(at_us);
        }
    }

    /// The music stands from now for so long, without any sign of it.
    pub(super) fn stand(&mut self, at_us: i64, for_us: i64) {
        if self.playing {
            self.position_us = self.position_us(at_us);
            self.at_us = at_us.max(self.at_us) + for_us;
        }
    }

    /// An advertisement plays from now, and the music stands.
    pub(super) fn begin_ad(&mut self, at_us: i64, for_us: i64) {
        self.stand(at_us, for_us);
        self.ad = Some((at_us, at_us + for_us));
        self.changed_us = at_us;
    }

    /// The advertisement ends now, if one plays, and the music goes on.
    pub(super) fn end_ad(&mut self, now_us: i64) {
        if self.ad_since_us(now_us).is_some() {
            self.at_us = now_us;
            (self.ad, self.changed_us) = (None, now_us);
        }
    }

    /// On: the current item stays, the others follow in any order. Off: the list's own order comes back.
    pub(super) fn set_shuffle(&mut self, on: bool, smart: bool) {
        let smart = on && smart;
        if (self.shuffle, self.smart) == (on, smart) {
            return;
        }
        let current = self.list.get(self.index).copied();
        self.list = self.unshuffled.clone();
        self.index = current.and_then(|item| self.list.iter().position(|&entry| entry == item)).unwrap_or(0);
        (self.shuffle, self.smart) = (on, smart);
        if on {
            self.reorder();
        }
    }

    pub(super) fn change_settings(&mut self, now_us: i64, settings: Settings) {
        self.settings = settings;
        if self.current().is_some() {
            let (changed_us, sought_us) = (self.changed_us, self.changed_but_sought_us);
            let (position_us, ad) = (self.position_us(now_us), self.ad);
            self.set_line(now_us.max(self.at_us), position_us, self.playing);
            (self.changed_us, self.changed_but_sought_us, self.ad) = (changed_us, sought_us, ad);
        }
    }

    fn reorder(&mut self) {
        let mut rest: Vec<ItemRef> = self.list.to_vec();
        if rest.is_empty() {
            return;
        }
        let first = rest.remove(self.index);
        self.chance.shuffle(&mut rest);
        let mut order = vec![first];
        for (place, item) in rest.into_iter().enumerate() {
            order.push(item);
            if self.smart && place % 3 == 2 {
                order.extend(self.similar(1));
            }
        }
        self.list = order.into();
        self.index = 0;
    }

    /// Music from elsewhere in the catalogue; every account hears another choice.
    fn similar(&mut self, count: usize) -> Vec<ItemRef> {
        let catalogue = self.catalogue.clone();
        let tracks: Vec<ItemRef> =
            catalogue.refs().filter(|&item| catalogue.item(item).kind == ItemKind::Track).collect();
        (0..count).map(|_| tracks[self.chance.below(tracks.len())]).collect()
    }

    /// Where the item ends for the list: earlier by the crossfade when another one follows.
    fn end_us(&self, item: ItemRef) -> i64 {
        let whole_us = self.catalogue.duration_us(item);
        let fade_us = i64::from(self.settings.crossfade_ms) * 1000;
        let early_us = whole_us - fade_us;
        let fades = fade_us > 0
            && self.catalogue.item(item).kind == ItemKind::Track
            && fade_us * 2 < whole_us
            && self.position_us < early_us
            && self.repeat != Repeat::Track
            && (self.settings.autoplay || self.upcoming().next().is_some());
        if fades { early_us } else { whole_us }
    }

    /// To the item after this one, or to the stop on the first item after the last one.
    fn go_on(&mut self, at_us: i64, playing: bool, by_itself: bool) {
        self.leave(at_us);
        if by_itself && self.repeat == Repeat::Track {
            self.set_line(at_us, 0, playing);
            return;
        }
        while let Some(next) = self.queue.pop_front() {
            if self.is_available(next) {
                self.queued = Some(next);
                self.set_line(at_us, 0, playing);
                return;
            }
        }
        self.queued = None;
        if let Some(index) = (self.index + 1..self.list.len()).find(|&index| self.is_available(self.list[index])) {
            self.index = index;
            self.set_line(at_us, 0, playing);
        } else if self.repeat != Repeat::Off {
            self.index = 0;
            self.skip_unavailable();
            self.set_line(at_us, 0, playing);
        } else if self.settings.autoplay && !self.list.is_empty() {
            self.list = self.similar(SIMILAR).into();
            self.unshuffled = self.list.clone();
            (self.context, self.index) = (None, 0);
            self.skip_unavailable();
            self.set_line(at_us, 0, playing);
        } else {
            self.index = 0;
            self.set_line(at_us, 0, false);
        }
    }

    fn skip_unavailable(&mut self) {
        if let Some(index) = (self.index..self.list.len()).find(|&index| self.is_available(self.list[index])) {
            self.index = index;
        }
    }

    fn leave(&mut self, at_us: i64) {
        if let Some(item) = self.current()
            && self.position_us(at_us) >= HEARD_FROM_US.min(self.catalogue.duration_us(item))
        {
            self.left.push(Heard { item, context: self.context, at_us });
        }
    }

    fn set_line(&mut self, at_us: i64, position_us: i64, playing: bool) {
        self.at_us = at_us;
        self.position_us = position_us;
        self.playing = playing;
        self.changed_us = at_us;
        self.changed_but_sought_us = at_us;
        self.ad = None;
        let episode = self.current().is_some_and(|item| self.catalogue.item(item).kind == ItemKind::Episode);
        self.rate_permille = if episode { i64::from(self.settings.speed_permille) } else { 1000 };
    }
}
