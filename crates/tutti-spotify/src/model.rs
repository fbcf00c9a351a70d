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
    #[serde(default, deserialize_with = "object")]
    pub device: Option<Device>,
    #[serde(default, deserialize_with = "object")]
    pub context: Option<Context>,
    /// When the state last changed, or when it was fetched: Unix milliseconds of Spotify's clock. A hint.
    #[serde(default, deserialize_with = "lenient")]
    pub timestamp: Option<i64>,
    /// Milliseconds from the item's start, as reported; null also happens while playing.
    #[serde(default, deserialize_with = "milliseconds")]
    pub progress_ms: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub is_playing: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    pub item: Option<Item>,
    #[serde(default, deserialize_with = "lenient")]
    pub currently_playing_type: Option<PlayingType>,
    #[serde(default, deserialize_with = "lenient")]
    pub shuffle_state: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub smart_shuffle: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub repeat_state: Option<Repeat>,
    #[serde(default, deserialize_with = "actions")]
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
    #[serde(default, deserialize_with = "object")]
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
        [&self.account_id, &self.id].into_iter().flatten().map(String::as_str).find(|key| !key.is_empty())
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
    #[serde(default, deserialize_with = "object")]
    album: Option<Album>,
    #[serde(default, deserialize_with = "object")]
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
        let text = |map: &BTreeMap<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
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

/// The value if it is an object: a list would be read as an object's fields in their order.
fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(from)?;
    let object = value.is_object().then_some(value);
    Ok(object.and_then(|value| serde_json::from_value(value).ok()))
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

fn actions<'de, D: Deserializer<'de>>(from: D) -> Result<Actions, D::Error> {
    Ok(object(from)?.unwrap_or_default())
}

/// A length or a position: not negative, perhaps with a fraction.
fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(from)?;
    let rounded = || {
        let number = value.as_f64()?;
        (0.0..=1e15).contains(&number).then(|| number.round() as u64)
    };
    Ok(value.as_u64().or_else(rounded))
}

/// The objects of a list.
fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let elements: Option<Vec<Value>> = lenient(from)?;
    Ok(elements
        .unwrap_or_default()
        .into_iter()
        .filter(Value::is_object)
        .filter_map(|element| serde_json::from_value(element).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_track_is_read_with_all_that_is_needed_to_show_and_compare_it() {
        let player = player(json!({
            "device": {"id": "d1", "is_active": true, "is_private_session": false, "is_restricted": false,
                       "name": "Laptop", "type": "Computer", "volume_percent": 59, "supports_volume": true},
            "repeat_state": "context", "shuffle_state": true, "smart_shuffle": false,
            "context": {"type": "album", "uri": "spotify:album:a", "href": "…", "external_urls": {}},
            "timestamp": 1_790_000_000_000_i64, "progress_ms": 44_272, "is_playing": true,
            "currently_playing_type": "track",
            "actions": {"disallows": {"resuming": true, "seeking": false}},
            "item": {"type": "track", "uri": "spotify:track:t", "id": "t", "name": "Song",
                     "artists": [{"name": "A", "uri": "spotify:artist:a"}, {"name": "B"}],
                     "album": {"name": "Album", "images": [{"url": "https://i/1", "width": 640, "height": 640}]},
                     "duration_ms": 180_000, "external_ids": {"isrc": "XX1"},
                     "external_urls": {"spotify": "https://open/track/t"}, "is_local": false,
                     "linked_from": {"uri": "spotify:track:other"}, "restrictions": {"reason": "market"}}
        }));

        let item = player.item.as_ref().unwrap();
        assert_eq!(player.progress_ms, Some(44_272));
        assert_eq!(player.timestamp, Some(1_790_000_000_000));
        assert_eq!(player.repeat_state, Some(Repeat::Context));
        assert_eq!(player.currently_playing_type, Some(PlayingType::Track));
        assert!(player.disallows("resuming") && !player.disallows("seeking"));
        assert!(!player.disallows("pausing"));
        assert_eq!(player.device.unwrap().kind.as_deref(), Some("Computer"));
        assert_eq!(player.context.unwrap().kind.as_deref(), Some("album"));
        assert_eq!(item.kind, ItemKind::Track);
        assert_eq!(item.artists[1].name.as_deref(), Some("B"));
        assert_eq!(item.covers()[0].width, Some(640));
        assert_eq!(item.isrc.as_deref(), Some("XX1"));
        assert_eq!(item.link.as_deref(), Some("https://open/track/t"));
        assert_eq!(item.linked_from.as_deref(), Some("spotify:track:other"));
        assert_eq!(item.restriction.as_deref(), Some("market"));
    }

    #[test]
    fn an_episode_shows_its_own_pictures_or_those_of_its_show() {
        let episode = |images: Value| {
            item(json!({"type": "episode", "name": "E", "images": images,
                        "show": {"name": "S", "images": [{"url": "show"}]}}))
        };

        let (with, without) = (episode(json!([{"url": "own"}])), episode(json!([])));

        assert_eq!(with.kind, ItemKind::Episode);
        assert_eq!(with.covers()[0].url.as_deref(), Some("own"));
        assert_eq!(without.covers()[0].url.as_deref(), Some("show"));
        assert_eq!(without.show.unwrap().name.as_deref(), Some("S"));
    }

    #[test]
    fn what_an_item_is_follows_from_its_words_or_its_uri() {
        for (value, kind) in [
            (json!({"type": "track", "is_local": true, "uri": "spotify:local:::x:1"}), ItemKind::Local),
            (json!({"type": "track", "uri": "spotify:local:::x:1"}), ItemKind::Local),
            (json!({"uri": "spotify:episode:e"}), ItemKind::Episode),
            (json!({"type": null, "uri": "spotify:track:t"}), ItemKind::Track),
            (json!({"type": "hologram"}), ItemKind::Other("hologram".into())),
            (json!({}), ItemKind::Other(String::new())),
        ] {
            assert_eq!(item(value.clone()).kind, kind, "{value}");
        }
    }

    #[test]
    fn words_that_came_later_are_kept_and_cost_nothing_else() {
        let player = player(json!({
            "currently_playing_type": "hologram", "repeat_state": "forever",
            "context": {"type": "constellation", "uri": "spotify:x:y"},
            "device": {"type": "Toaster", "id": null, "is_active": true},
            "is_playing": true, "progress_ms": 5, "something_new": {"a": [1]}
        }));

        assert_eq!(player.currently_playing_type, Some(PlayingType::Other("hologram".into())));
        assert_eq!(player.repeat_state, Some(Repeat::Other("forever".into())));
        assert_eq!(player.context.unwrap().kind.as_deref(), Some("constellation"));
        let device = player.device.unwrap();
        assert!(device.id.is_none() && device.is_active);
        assert_eq!(player.progress_ms, Some(5));
    }

    #[test]
    fn fields_of_another_kind_than_expected_are_missing_and_the_rest_is_read() {
        let player = player(json!({
            "device": "none", "context": 3, "timestamp": "now", "progress_ms": -4, "is_playing": "yes",
            "item": [], "actions": [{"seeking": true}], "currently_playing_type": 7, "shuffle_state": null,
            "repeat_state": {}
        }));

        assert_eq!(player, Player::default());
        assert_eq!(super::tests::player(json!({"progress_ms": 1234.6})).progress_ms, Some(1235));
        assert_eq!(super::tests::player(json!({"progress_ms": null})).progress_ms, None);
    }

    #[test]
    fn lists_keep_the_elements_that_can_be_read() {
        let queue: Queue = serde_json::from_value(json!({
            "currently_playing": null,
            "queue": [{"type": "track", "uri": "a"}, null, 7, ["track"], {"type": "episode", "uri": "b"}]
        }))
        .unwrap();
        let devices: Devices = serde_json::from_value(json!({"devices": [null, {"name": "Laptop"}]})).unwrap();

        assert_eq!(queue.queue.len(), 2);
        assert_eq!(devices.devices[0].name.as_deref(), Some("Laptop"));
        assert_eq!(devices.devices.len(), 1);
    }

    #[test]
    fn an_account_is_known_by_its_account_id_or_else_its_id() {
        let key = |value: Value| {
            let me: Me = serde_json::from_value(value).unwrap();
            me.key().map(str::to_owned)
        };

        assert_eq!(key(json!({"account_id": "acc", "id": "i"})).as_deref(), Some("acc"));
        assert_eq!(key(json!({"account_id": null, "id": "i"})).as_deref(), Some("i"));
        assert_eq!(key(json!({"account_id": "", "id": "i"})).as_deref(), Some("i"));
        assert_eq!(key(json!({"display_name": "Anna"})), None);
    }

    fn player(value: Value) -> Player {
        serde_json::from_value(value).unwrap()
    }

    fn item(value: Value) -> Item {
        serde_json::from_value(value).unwrap()
    }
}
