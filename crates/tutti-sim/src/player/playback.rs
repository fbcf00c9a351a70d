//! What plays, as an exact line of position over time, and how it goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use super::command::Effect;
use crate::catalogue::{Catalogue, ContextRef, ItemRef};

#[derive(Clone, Debug)]
pub(super) struct Playback {
    list: Arc<[ItemRef]>,
    pub(super) context: Option<ContextRef>,
    index: usize,
    /// The current item when it came from the queue; `index` then is the item it came after.
    queued: Option<ItemRef>,
    queue: VecDeque<ItemRef>,
    pub(super) playing: bool,
    at_us: i64,
    position_us: i64,
    /// Last play, pause, skip, seek or new item.
    pub(super) changed_us: i64,
    /// The active device's place in the account's list.
    pub(super) device: Option<usize>,
}

impl Playback {
    pub(super) fn empty(device: Option<usize>) -> Self {
        Self {
            list: Arc::new([]),
            context: None,
            index: 0,
            queued: None,
            queue: VecDeque::new(),
            playing: false,
            at_us: 0,
            position_us: 0,
            changed_us: 0,
            device,
        }
    }

    pub(super) fn current(&self) -> Option<ItemRef> {
        self.queued.or_else(|| self.list.get(self.index).copied())
    }

    /// What comes after the current item: the queue, then the rest of the list.
    pub(super) fn upcoming(&self) -> impl Iterator<Item = ItemRef> + '_ {
        self.queue.iter().chain(self.list.iter().skip(self.index + 1)).copied()
    }

    pub(super) fn position_us(&self, now_us: i64) -> i64 {
        self.position_us + if self.playing { now_us - self.at_us } else { 0 }
    }

    /// Plays through as many ends of items as lie before now.
    pub(super) fn advance(&mut self, now_us: i64, catalogue: &Catalogue) {
        while let Some(item) = self.current().filter(|_| self.playing) {
            let end_us = self.at_us + catalogue.duration_us(item) - self.position_us;
            if now_us < end_us {
                return;
            }
            self.go_on(end_us, true);
        }
    }

    pub(super) fn apply(&mut self, at_us: i64, effect: &Effect, catalogue: &Catalogue) {
        match effect {
            Effect::Load { list, context, index, position_us, device } => {
                self.device = device.or(self.device);
                self.load(at_us, list.clone(), *context, *index, *position_us, true);
                self.advance(at_us, catalogue);
            }
            Effect::Resume { device } => {
                self.device = device.or(self.device);
                self.resume(at_us);
            }
            Effect::Pause => self.pause(at_us),
            Effect::Seek { position_us } => self.seek(at_us, *position_us, catalogue),
            Effect::Next => self.next(at_us),
            Effect::Previous => self.previous(at_us),
            Effect::Transfer { device, play } => self.transfer(at_us, *device, *play),
            Effect::Queue { item } => self.queue.push_back(*item),
        }
    }

    /// Replaces the list; what was queued is gone.
    pub(super) fn load(
        &mut self,
        at_us: i64,
        list: Arc<[ItemRef]>,
        context: Option<ContextRef>,
        index: usize,
        position_us: i64,
        playing: bool,
    ) {
        self.list = list;
        self.context = context;
        self.index = index;
        self.queued = None;
        self.queue.clear();
        self.set_line(at_us, position_us, playing);
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

    pub(super) fn seek(&mut self, at_us: i64, position_us: i64, catalogue: &Catalogue) {
        let Some(item) = self.current() else { return };
        if position_us >= catalogue.duration_us(item) {
            self.go_on(at_us, self.playing);
        } else {
            self.set_line(at_us, position_us, self.playing);
        }
    }

    pub(super) fn next(&mut self, at_us: i64) {
        if self.current().is_some() {
            self.go_on(at_us, true);
        }
    }

    pub(super) fn previous(&mut self, at_us: i64) {
        // From a queued item the way back leads to the item it came after.
        if self.queued.take().is_none() {
            self.index = self.index.saturating_sub(1);
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

    /// To the item after this one, or to the stop on the first item after the last one.
    fn go_on(&mut self, at_us: i64, playing: bool) {
        self.queued = self.queue.pop_front();
        if self.queued.is_some() {
            self.set_line(at_us, 0, playing);
        } else if self.index + 1 < self.list.len() {
            self.index += 1;
            self.set_line(at_us, 0, playing);
        } else {
            self.index = 0;
            self.set_line(at_us, 0, false);
        }
    }

    fn set_line(&mut self, at_us: i64, position_us: i64, playing: bool) {
        self.at_us = at_us;
        self.position_us = position_us;
        self.playing = playing;
        self.changed_us = at_us;
    }
}
