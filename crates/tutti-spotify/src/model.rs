//! What Spotify says about an account's player, read tolerantly.
//!
//! A field that is missing, null or of another kind than expected is `None` (or empty); a word that is not known is
//! kept as it came. So a new kind of item, context or device never costs a reading.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `GET /me`: the account.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Me {
    /// Stable for linking (since May 2026).
    #[serde(default, deserialize_with = "lenient")]
    pub account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub display_name: Option<String>,
    /// `premium` or `free`; no longer sent to development-mode apps.
    #[serde(default, deserialize_with = "lenient")]
    pub product: Option<String>,
}

/// `GET /me/player` and `GET /me/player/currently-playing`: what plays, as reported.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Player {
    /// Absent from currently-playing.
    #[serde(default, deserialize_with = "lenient")]
    pub device: Option<Device>,
    #[serde(default, deserialize_with = "lenient")]
    pub context: Option<Context>,
    /// When the state last changed, or when it was fetched: Unix milliseconds of Spotify's clock. A hint.
    #[serde(default, deserialize_with = "lenient")]
    pub timestamp: Option<i64>,
    /// Milliseconds from the item's start, as reported; null also happens while playing.
    #[serde(default, deserialize_with = "milliseconds")]
    pub progress_ms: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_playing: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub item: Option<Item>,
    #[serde(default, deserialize_with = "lenient")]
    pub currently_playing_type: Option<PlayingType>,
    #[serde(default, deserialize_with = "lenient")]
    pub shuffle_state: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub smart_shuffle: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub repeat_state: Option<Repeat>,
    #[serde(default, deserialize_with = "or_default")]
    pub actions: Actions,
}

/// Where sound comes from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Device {
    /// Null for a device that cannot be addressed. Not to be kept for long.
    #[serde(default, deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Free text: "Computer", "Smartphone", "Speaker", …
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub is_active: bool,
    /// Accepts no command of the Web API.
    #[serde(default, deserialize_with = "flag")]
    pub is_restricted: bool,
    #[serde(default, deserialize_with = "flag")]
    pub is_private_session: bool,
}

/// What the item is part of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Context {
    /// album, artist, playlist, show, collection, …
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub uri: Option<String>,
}

/// What the player may not be asked to do now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Actions {
    #[serde(default, deserialize_with = "or_default")]
    disallows: BTreeMap<String, Value>,
}

/// What may play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    Track,
    Episode,
    /// A file of the user's own: nobody else can play it.
    Local,
    /// A kind that came after this program, in Spotify's word.
    Other(String),
}

/// A track, an episode, or whatever else plays.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "RawItem")]
pub struct Item {
    pub kind: ItemKind,
    pub uri: Option<String>,
    pub id: Option<String>,
    pub name: Option<String>,
    pub artists: Vec<Artist>,
    /// For tracks.
    pub album: Option<Album>,
    /// For episodes.
    pub show: Option<Show>,
    pub duration_ms: Option<u64>,
    /// The recording's international number: the same for its twins in other markets.
    pub isrc: Option<String>,
    /// The item's page at Spotify.
    pub link: Option<String>,
    pub is_playable: Option<bool>,
    /// Why the account cannot play it: market, product, explicit, …
    pub restriction: Option<String>,
    /// The uri that was asked for, if Spotify plays this one in its place and says so.
    pub linked_from: Option<String>,
    /// An episode's own pictures; see [`Item::covers`].
    pub images: Vec<Image>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Artist {
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub uri: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Album {
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub uri: Option<String>,
    #[serde(default, deserialize_with = "each")]
    pub images: Vec<Image>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Show {
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub uri: Option<String>,
    #[serde(default, deserialize_with = "each")]
    pub images: Vec<Image>,
}

/// A cover in one size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Image {
    #[serde(default, deserialize_with = "lenient")]
    pub url: Option<String>,
    /// Pixels.
    #[serde(default, deserialize_with = "lenient")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default, deserialize_with = "lenient")]
    pub height: Option<u32>,
}

/// `GET /me/player/queue`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Queue {
    #[serde(default, deserialize_with = "lenient")]
    pub currently_playing: Option<Item>,
    /// What comes next, in order.
    #[serde(default, deserialize_with = "each")]
    pub queue: Vec<Item>,
}

/// `GET /me/player/devices`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Devices {
    #[serde(default, deserialize_with = "each")]
    pub devices: Vec<Device>,
}

/// A word of Spotify's: the known ones have a name, any other is kept.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(from = "String")]
        pub enum $name {
            $($variant,)+
            /// A word that came after this program.
            Other(String),
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }
    };
}

words! {
    /// What kind of thing plays.
    PlayingType { Track = "track", Episode = "episode", Ad = "ad", Unknown = "unknown" }
}

words! {
    /// What is repeated.
    Repeat { Off = "off", Track = "track", Context = "context" }
}

impl Me {
    /// What an account is known by: `account_id`, or `id` where that is not sent.
    pub fn key(&self) -> Option<&str> {
        [&self.account_id, &self.id]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .find(|key| !key.is_empty())
    }
}

impl Player {
    /// Whether the player says that it cannot do this now: `seeking`, `pausing`, `resuming`, `skipping_next`, …
    pub fn disallows(&self, action: &str) -> bool {
        self.actions.disallows.get(action) == Some(&Value::Bool(true))
    }
}

impl Item {
    /// The pictures to show: the item's own, its album's or its show's.
    pub fn covers(&self) -> &[Image] {
        let album = self.album.as_ref().map(|album| &album.images);
        let show = self.show.as_ref().map(|show| &show.images);
        [Some(&self.images), album, show]
            .into_iter()
            .flatten()
            .find(|images| !images.is_empty())
            .map_or(&[], Vec::as_slice)
    }
}

#[derive(Deserialize)]
struct RawItem {
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    uri: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, deserialize_with = "each")]
    artists: Vec<Artist>,
    #[serde(default, deserialize_with = "lenient")]
    album: Option<Album>,
    #[serde(default, deserialize_with = "lenient")]
    show: Option<Show>,
    #[serde(default, deserialize_with = "milliseconds")]
    duration_ms: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    external_ids: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "or_default")]
    external_urls: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "flag")]
    is_local: bool,
    #[serde(default, deserialize_with = "lenient")]
    is_playable: Option<bool>,
    #[serde(default, deserialize_with = "or_default")]
    restrictions: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "or_default")]
    linked_from: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "each")]
    images: Vec<Image>,
}

impl From<RawItem> for Item {
    fn from(raw: RawItem) -> Self {
        let text = |map: &BTreeMap<String, Value>, key: &str| {
            map.get(key).and_then(Value::as_str).map(str::to_owned)
        };
        Self {
            kind: raw.item_kind(),
            isrc: text(&raw.external_ids, "isrc"),
            link: text(&raw.external_urls, "spotify"),
            restriction: text(&raw.restrictions, "reason"),
            linked_from: text(&raw.linked_from, "uri"),
            uri: raw.uri,
            id: raw.id,
            name: raw.name,
            artists: raw.artists,
            album: raw.album,
            show: raw.show,
            duration_ms: raw.duration_ms,
            is_playable: raw.is_playable,
            images: raw.images,
        }
    }
}

impl RawItem {
    /// By the item's own words first, by its uri where they are missing.
    fn item_kind(&self) -> ItemKind {
        let by_uri = || self.uri.as_deref()?.split(':').nth(1).map(str::to_owned);
        let local = self.is_local || by_uri().as_deref() == Some("local");
        match self.kind.clone().or_else(by_uri).as_deref() {
            _ if local => ItemKind::Local,
            Some("track") => ItemKind::Track,
            Some("episode") => ItemKind::Episode,
            Some(other) => ItemKind::Other(other.to_owned()),
            None => ItemKind::Other(String::new()),
        }
    }
}

/// The value if it is of the expected kind.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(lenient(from)?.unwrap_or_default())
}

fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    or_default(from)
}

/// A length or a position: not negative, perhaps with a fraction.
fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(from)?;
    let rounded = || {
        let number = value.as_f64()?;
        (0.0..=1e15)
            .contains(&number)
            .then(|| number.round() as u64)
    };
    Ok(value.as_u64().or_else(rounded))
}

/// The elements that are of the expected kind.
fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let elements: Option<Vec<Value>> = lenient(from)?;
    Ok(elements
        .unwrap_or_default()
        .into_iter()
        .filter_map(|element| serde_json::from_value(element).ok())
        .collect())
}
