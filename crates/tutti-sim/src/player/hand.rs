//! What somebody does by hand in their own Spotify app; it acts on the device at once.

use super::VirtualPlayer;
use super::settings::Repeat;
use crate::catalogue::{ContextRef, ItemRef};

/// By hand, `previous` restarts the item once this much of it has played, µs.
const RESTART_AFTER_US: i64 = 3_000_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Without `uri` and `context_uri`: resume what is loaded. A `uri` plays in the context that is
    /// given, else in the one that plays if it is there, else in its own album or show.
    Play {
        uri: Option<String>,
        context_uri: Option<String>,
        position_ms: Option<u32>,
    },
    Pause,
    Seek {
        position_ms: u32,
    },
    Next,
    Previous,
    /// Goes on with the music on another device of the account.
    Transfer {
        device_id: String,
    },
    Repeat {
        repeat: Repeat,
    },
    Shuffle {
        on: bool,
        /// With recommended items in between.
        smart: bool,
    },
    /// Of the active device.
    Volume {
        percent: u8,
    },
}

impl Hand {
    /// Resume what is loaded.
    pub fn resume() -> Self {
        Hand::Play { uri: None, context_uri: None, position_ms: None }
    }

    /// Tap on a song or episode.
    pub fn song(uri: &str) -> Self {
        Hand::Play { uri: Some(uri.to_owned()), context_uri: None, position_ms: None }
    }

    /// Repeat, shuffle and volume: also possible while an advertisement plays.
    fn is_switch(&self) -> bool {
        matches!(self, Hand::Repeat { .. } | Hand::Shuffle { .. } | Hand::Volume { .. })
    }

    /// A short name: play, pause, seek, next, previous, transfer, repeat, shuffle, volume.
    pub fn name(&self) -> &'static str {
        match self {
            Hand::Play { .. } => "play",
            Hand::Pause => "pause",
            Hand::Seek { .. } => "seek",
            Hand::Next => "next",
            Hand::Previous => "previous",
            Hand::Transfer { .. } => "transfer",
            Hand::Repeat { .. } => "repeat",
            Hand::Shuffle { .. } => "shuffle",
            Hand::Volume { .. } => "volume",
        }
    }
}

/// Why the app's button could not be pressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandError {
    #[error("no device is there")]
    NoDevice,
    #[error("there is no device \"{0}\"")]
    UnknownDevice(String),
    #[error("the catalogue has no \"{0}\"")]
    UnknownUri(String),
    #[error("\"{item}\" is not part of \"{context}\"")]
    NotInContext { item: String, context: String },
    #[error("nothing is loaded")]
    NothingLoaded,
    #[error("it is paused already")]
    AlreadyPaused,
    #[error("it is playing already")]
    AlreadyPlaying,
    #[error("an advertisement is playing")]
    AdPlays,
    #[error("\"{0}\" is not available here")]
    Unavailable(String),
}

impl VirtualPlayer {
    /// Does it now.
    ///
    /// # Errors
    /// When the app would not offer it: pausing what is paused, playing what plays, no device, …
    pub fn hand(&mut self, now_us: i64, hand: Hand) -> Result<(), HandError> {
        let now_us = self.settle(now_us);
        self.wake(now_us);
        if let Hand::Transfer { device_id } = &hand
            && let Some(device) = self.device_index(device_id)
        {
            self.remember(now_us);
            self.playback.transfer(now_us, device, false);
            return Ok(());
        }
        if self.active_device().is_none() {
            return Err(HandError::NoDevice);
        }
        if self.playback.ad_since_us(now_us).is_some() && !hand.is_switch() {
            return Err(HandError::AdPlays);
        }
        self.remember(now_us);
        let loaded = self.playback.current().is_some();
        let sought = matches!(hand, Hand::Seek { .. });
        let outcome = match hand {
            Hand::Play { uri: None, context_uri: None, position_ms } => self.hand_resume(now_us, position_ms),
            Hand::Play { uri, context_uri, position_ms } => self.hand_play(now_us, uri, context_uri, position_ms),
            Hand::Repeat { repeat } => {
                self.playback.repeat = repeat;
                Ok(())
            }
            Hand::Shuffle { on, smart } => {
                self.playback.set_shuffle(on, smart);
                Ok(())
            }
            Hand::Volume { percent } => {
                if let Some(device) = self.playback.device {
                    self.devices[device].volume_percent = percent.min(100);
                }
                Ok(())
            }
            Hand::Transfer { device_id } => Err(HandError::UnknownDevice(device_id)),
            _ if !loaded => Err(HandError::NothingLoaded),
            Hand::Pause if !self.playback.playing => Err(HandError::AlreadyPaused),
            Hand::Pause => {
                self.playback.pause(now_us);
                Ok(())
            }
            Hand::Seek { position_ms } => {
                self.playback.seek(now_us, i64::from(position_ms) * 1000);
                Ok(())
            }
            Hand::Next => {
                self.playback.next(now_us);
                Ok(())
            }
            Hand::Previous => {
                if self.playback.position_us(now_us) > RESTART_AFTER_US {
                    self.playback.restart(now_us);
                } else {
                    self.playback.previous(now_us);
                }
                Ok(())
            }
        };
        if sought && outcome.is_ok() {
            self.after_seek(now_us);
        }
        outcome
    }

    fn hand_resume(&mut self, now_us: i64, position_ms: Option<u32>) -> Result<(), HandError> {
        if self.playback.current().is_none() {
            return Err(HandError::NothingLoaded);
        }
        if self.playback.playing {
            return Err(HandError::AlreadyPlaying);
        }
        self.playback.resume(now_us);
        if let Some(position_ms) = position_ms {
            self.playback.seek(now_us, i64::from(position_ms) * 1000);
        }
        Ok(())
    }

    fn hand_play(
        &mut self,
        now_us: i64,
        uri: Option<String>,
        context_uri: Option<String>,
        position_ms: Option<u32>,
    ) -> Result<(), HandError> {
        let item = uri.map(|uri| self.known_item(uri)).transpose()?;
        let context = match (context_uri, item) {
            (Some(uri), _) => self.catalogue.find_context(&uri).ok_or(HandError::UnknownUri(uri))?,
            (None, Some(item)) => self.context_for(item),
            (None, None) => return Err(HandError::NothingLoaded),
        };
        let list = self.catalogue.context_items(context);
        let index = match item {
            None => 0,
            Some(item) => list.iter().position(|&entry| entry == item).ok_or_else(|| HandError::NotInContext {
                item: self.catalogue.item(item).name.clone(),
                context: self.catalogue.context_name(context).to_owned(),
            })?,
        };
        if let Some(item) = item.filter(|&item| !self.playback.is_available(item)) {
            return Err(HandError::Unavailable(self.catalogue.item(item).name.clone()));
        }
        self.playback.load(now_us, list, Some(context), index, 0, true);
        if let Some(position_ms) = position_ms {
            self.playback.seek(now_us, i64::from(position_ms) * 1000);
        }
        Ok(())
    }

    fn known_item(&self, uri: String) -> Result<ItemRef, HandError> {
        self.catalogue.find(&uri).ok_or(HandError::UnknownUri(uri))
    }

    fn context_for(&self, item: ItemRef) -> ContextRef {
        let playing = self.playback.context;
        playing
            .filter(|&context| self.catalogue.context_items(context).contains(&item))
            .unwrap_or(self.catalogue.item(item).home)
    }
}
