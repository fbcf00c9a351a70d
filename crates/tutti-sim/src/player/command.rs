//! Commands of the Web API: what is accepted, what is refused and in which words.

use std::sync::Arc;

use super::settings::Repeat;
use super::{Product, VirtualPlayer};
use crate::catalogue::{ContextRef, ItemRef, uri_kind};

/// A command as it arrives at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Play {
        target: PlayTarget,
        position_ms: Option<u32>,
        device_id: Option<String>,
    },
    Pause {
        device_id: Option<String>,
    },
    Seek {
        position_ms: u32,
        device_id: Option<String>,
    },
    Next {
        device_id: Option<String>,
    },
    Previous {
        device_id: Option<String>,
    },
    /// `play: false` keeps playing or paused as it is.
    Transfer {
        device_id: String,
        play: bool,
    },
    /// Plays this item once after the current one and what was queued before.
    Queue {
        uri: String,
        device_id: Option<String>,
    },
    Repeat {
        repeat: Repeat,
        device_id: Option<String>,
    },
    Shuffle {
        on: bool,
        device_id: Option<String>,
    },
    Volume {
        /// 0 to 100.
        percent: u8,
        device_id: Option<String>,
    },
}

/// What a play command plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayTarget {
    /// What is loaded, from where it is. A position without anything to play is ignored, as in Spotify.
    Resume,
    Items {
        uris: Vec<String>,
        offset: Option<Offset>,
    },
    Context {
        uri: String,
        offset: Option<Offset>,
    },
}

/// Where in a list to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offset {
    /// From 0.
    Position(usize),
    Uri(String),
}

impl Command {
    /// A short name: play, pause, seek, next, previous, transfer, queue, repeat, shuffle, volume.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Play { .. } => "play",
            Command::Pause { .. } => "pause",
            Command::Seek { .. } => "seek",
            Command::Next { .. } => "next",
            Command::Previous { .. } => "previous",
            Command::Transfer { .. } => "transfer",
            Command::Queue { .. } => "queue",
            Command::Repeat { .. } => "repeat",
            Command::Shuffle { .. } => "shuffle",
            Command::Volume { .. } => "volume",
        }
    }

    fn device_id(&self) -> Option<&str> {
        match self {
            Command::Play { device_id, .. }
            | Command::Pause { device_id }
            | Command::Seek { device_id, .. }
            | Command::Next { device_id }
            | Command::Previous { device_id }
            | Command::Repeat { device_id, .. }
            | Command::Shuffle { device_id, .. }
            | Command::Volume { device_id, .. }
            | Command::Queue { device_id, .. } => device_id.as_deref(),
            Command::Transfer { device_id, .. } => Some(device_id),
        }
    }
}

/// When an accepted command shows. Both instants in µs, of the player's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The device does it.
    pub effect_us: i64,
    /// Answers say it; until then they show the state from before it.
    pub visible_us: i64,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Player command failed: Premium required")]
    PremiumRequired,
    #[error("Player command failed: No active device found")]
    NoActiveDevice,
    #[error("Device not found")]
    DeviceNotFound,
    /// Spotify's catch-all: redundant, or not possible with what is loaded.
    #[error("Player command failed: Restriction violated")]
    Restriction,
    #[error("Player command failed: Device not controllable")]
    NotControllable,
    #[error("Player command failed: Cannot control device volume")]
    NoVolume,
    /// What a redundant command was answered with at times.
    #[error("Server error")]
    ServerError,
    #[error("{0}")]
    BadRequest(String),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::PremiumRequired | Refusal::Restriction | Refusal::NotControllable | Refusal::NoVolume => 403,
            Refusal::NoActiveDevice | Refusal::DeviceNotFound => 404,
            Refusal::BadRequest(_) => 400,
            Refusal::ServerError => 500,
        }
    }

    /// The error's `reason`, where Spotify gives one.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Refusal::PremiumRequired => Some("PREMIUM_REQUIRED"),
            Refusal::NoActiveDevice => Some("NO_ACTIVE_DEVICE"),
            Refusal::Restriction => Some("UNKNOWN"),
            Refusal::NotControllable => Some("DEVICE_NOT_CONTROLLABLE"),
            Refusal::NoVolume => Some("VOLUME_CONTROL_DISALLOW"),
            Refusal::DeviceNotFound | Refusal::ServerError | Refusal::BadRequest(_) => None,
        }
    }
}

/// An accepted command in the player's own terms.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    Load {
        list: Arc<[ItemRef]>,
        context: Option<ContextRef>,
        index: usize,
        position_us: i64,
        device: Option<usize>,
    },
    Resume {
        device: Option<usize>,
    },
    Pause,
    Seek {
        position_us: i64,
    },
    Next,
    Previous,
    Transfer {
        device: usize,
        play: bool,
    },
    Queue {
        item: ItemRef,
    },
    Repeat {
        repeat: Repeat,
    },
    Shuffle {
        on: bool,
    },
    Volume {
        device: usize,
        percent: u8,
    },
    /// Accepted, and nothing comes of it.
    Nothing,
}

impl VirtualPlayer {
    /// Judged by what the device does at this instant, not by what stale answers show.
    pub(super) fn examine(&self, command: Command) -> Result<Effect, Refusal> {
        if self.product == Product::Free || self.faults.premium_is_lost(self.now_us) {
            return Err(Refusal::PremiumRequired);
        }
        let device = match command.device_id() {
            Some(id) => Some(self.device_index(id).ok_or(Refusal::DeviceNotFound)?),
            None if self.active_device().is_none() => return Err(Refusal::NoActiveDevice),
            None => None,
        };
        let target = device.or(self.playback.device).ok_or(Refusal::NoActiveDevice)?;
        if self.device_now(target, self.now_us).restricted {
            return Err(Refusal::NotControllable);
        }
        if self.playback.ad_since_us(self.now_us).is_some() {
            return Err(Refusal::Restriction);
        }
        let loaded = self.playback.current().is_some();
        match command {
            Command::Play { target: PlayTarget::Resume, .. } => {
                let moves = device.is_some() && device != self.active_index();
                let possible = loaded && (!self.playback.playing || moves);
                possible.then_some(Effect::Resume { device }).ok_or_else(|| self.redundant())
            }
            Command::Play { target: PlayTarget::Items { uris, offset }, position_ms, .. } => {
                let list = self.resolve_items(&uris)?;
                let repeats = list.iter().enumerate().any(|(i, item)| list[..i].contains(item));
                if repeats && offset.is_some() {
                    return Err(Refusal::Restriction);
                }
                self.load_effect(list.into(), None, offset, position_ms, device)
            }
            Command::Play { target: PlayTarget::Context { uri, offset }, position_ms, .. } => {
                let context = self.resolve_context(&uri)?;
                if offset.is_some() && matches!(context, ContextRef::Artist(_)) {
                    let words = "Can't have offset for context type: ARTIST";
                    return Err(Refusal::BadRequest(words.to_owned()));
                }
                let list = self.catalogue.context_items(context);
                self.load_effect(list, Some(context), offset, position_ms, device)
            }
            Command::Pause { .. } if !self.playback.playing => Err(self.redundant()),
            Command::Pause { .. } => Ok(Effect::Pause),
            Command::Queue { uri, .. } => Ok(Effect::Queue { item: self.resolve_item(&uri)? }),
            Command::Transfer { play, .. } => {
                Ok(Effect::Transfer { device: device.ok_or(Refusal::DeviceNotFound)?, play })
            }
            Command::Repeat { repeat, .. } => Ok(Effect::Repeat { repeat }),
            Command::Shuffle { on, .. } => Ok(Effect::Shuffle { on }),
            Command::Volume { .. } if !self.devices[target].quirks.has_volume() => Err(Refusal::NoVolume),
            Command::Volume { percent, .. } => Ok(Effect::Volume { device: target, percent: percent.min(100) }),
            Command::Seek { .. } | Command::Next { .. } | Command::Previous { .. } if !loaded => {
                Err(Refusal::Restriction)
            }
            Command::Seek { position_ms, .. } => Ok(Effect::Seek { position_us: i64::from(position_ms) * 1000 }),
            Command::Next { .. } => Ok(Effect::Next),
            Command::Previous { .. } => Ok(Effect::Previous),
        }
    }

    /// What a command is answered with that asks for what is so already.
    fn redundant(&self) -> Refusal {
        if self.faults.redundant_is_500(self.now_us) { Refusal::ServerError } else { Refusal::Restriction }
    }

    fn load_effect(
        &self,
        list: Arc<[ItemRef]>,
        context: Option<ContextRef>,
        offset: Option<Offset>,
        position_ms: Option<u32>,
        device: Option<usize>,
    ) -> Result<Effect, Refusal> {
        let index = match offset {
            None => 0,
            Some(Offset::Position(index)) if index < list.len() => index,
            Some(Offset::Position(_)) => return Err(Refusal::Restriction),
            Some(Offset::Uri(uri)) => {
                let item = self.resolve_item(&uri)?;
                list.iter().position(|&entry| entry == item).ok_or(Refusal::Restriction)?
            }
        };
        if !list[index..].iter().any(|&item| self.playback.is_available(item)) {
            return Err(Refusal::Restriction);
        }
        let duration_us = self.catalogue.duration_us(list[index]);
        let position_us = (i64::from(position_ms.unwrap_or(0)) * 1000).min(duration_us);
        Ok(Effect::Load { list, context, index, position_us, device })
    }

    fn resolve_items(&self, uris: &[String]) -> Result<Vec<ItemRef>, Refusal> {
        if uris.is_empty() {
            return Err(Refusal::BadRequest("No uris given".to_owned()));
        }
        uris.iter().map(|uri| self.resolve_item(uri)).collect()
    }

    fn resolve_item(&self, uri: &str) -> Result<ItemRef, Refusal> {
        match uri_kind(uri) {
            Some("track" | "episode") => self.catalogue.find(uri).ok_or(Refusal::Restriction),
            _ => Err(Refusal::BadRequest(format!("Invalid track uri: {uri}"))),
        }
    }

    fn resolve_context(&self, uri: &str) -> Result<ContextRef, Refusal> {
        match uri_kind(uri) {
            Some("album" | "playlist" | "show" | "artist") => {
                self.catalogue.find_context(uri).ok_or(Refusal::Restriction)
            }
            _ => Err(Refusal::BadRequest(format!("Invalid context uri: {uri}"))),
        }
    }
}
