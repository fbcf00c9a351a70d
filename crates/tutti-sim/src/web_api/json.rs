//! The JSON of items, contexts, devices and players, written from Spotify's published description.
//!
//! Items and contexts never change, so their JSON is written once; an answer puts the pieces together.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::catalogue::cover::SIZES;
use crate::catalogue::{Artist, Catalogue, ContextRef, Item, ItemKind, ItemRef};
use crate::player::{DeviceView, Report};

/// JSON of everything in the catalogue.
pub(super) struct Fragments {
    items: Vec<String>,
    kinds: Vec<ItemKind>,
    contexts: BTreeMap<ContextRef, String>,
}

impl Fragments {
    pub(super) fn new(catalogue: &Catalogue, base_url: &str) -> Self {
        let writer = Writer { catalogue, base_url };
        let contexts = catalogue.albums().iter().enumerate().map(|(i, _)| ContextRef::Album(i));
        let contexts = contexts
            .chain((0..catalogue.playlists().len()).map(ContextRef::Playlist))
            .chain((0..catalogue.shows().len()).map(ContextRef::Show))
            .chain((0..catalogue.artists().len()).map(ContextRef::Artist));
        Self {
            items: catalogue.items().iter().map(|item| writer.item(item).to_string()).collect(),
            kinds: catalogue.items().iter().map(|item| item.kind).collect(),
            contexts: contexts.map(|context| (context, writer.context(context).to_string())).collect(),
        }
    }

    /// The body of GET /me/player. Episodes are null unless they were asked for.
    pub(super) fn player(&self, report: &Report, episodes: bool) -> String {
        let device = device(&report.device);
        let rest = self.playing(report, episodes);
        format!(r#"{{"device":{device},"repeat_state":"off","shuffle_state":false,"smart_shuffle":false,{rest}}}"#)
    }

    /// The body of GET /me/player/currently-playing.
    pub(super) fn currently_playing(&self, report: &Report, episodes: bool) -> String {
        format!("{{{}}}", self.playing(report, episodes))
    }

    /// The body of GET /me/player/queue.
    pub(super) fn queue(&self, current: Option<ItemRef>, next: &[ItemRef]) -> String {
        let next: Vec<&str> = next.iter().map(|&item| self.item(item)).collect();
        let current = current.map_or("null", |item| self.item(item));
        format!(r#"{{"currently_playing":{current},"queue":[{}]}}"#, next.join(","))
    }

    pub(super) fn item(&self, item: ItemRef) -> &str {
        &self.items[item.index()]
    }

    fn playing(&self, report: &Report, episodes: bool) -> String {
        let kind = report.item.map(|item| self.kinds[item.index()]);
        let shown = report.item.filter(|_| episodes || kind == Some(ItemKind::Track));
        let item = shown.map_or("null", |item| self.item(item));
        let context = report.context.and_then(|context| self.contexts.get(&context));
        let context = context.map_or("null", String::as_str);
        let kind = match kind {
            Some(ItemKind::Track) => "track",
            Some(ItemKind::Episode) => "episode",
            None => "unknown",
        };
        let disallowed = if report.playing { "resuming" } else { "pausing" };
        let mut body = String::with_capacity(item.len() + context.len() + 256);
        // Writing to a String cannot fail.
        let _ = write!(body, r#""context":{context},"timestamp":{},"#, report.timestamp_ms);
        let _ = match report.progress_ms {
            Some(progress_ms) => write!(body, r#""progress_ms":{progress_ms},"#),
            None => write!(body, r#""progress_ms":null,"#),
        };
        let _ = write!(
            body,
            r#""item":{item},"currently_playing_type":"{kind}","actions":{{"disallows":{{"{disallowed}":true}}}},"is_playing":{}"#,
            report.playing,
        );
        body
    }
}

/// A Device object.
pub(super) fn device(device: &DeviceView) -> String {
    json!({
        "id": device.id,
        "is_active": device.active,
        "is_private_session": false,
        "is_restricted": false,
        "name": device.name,
        "type": device.kind.name(),
        "volume_percent": device.volume_percent,
        "supports_volume": true,
    })
    .to_string()
}

/// Where a cover is served.
pub(super) fn cover_url(base_url: &str, id: &str, size: u32) -> String {
    format!("{base_url}/covers/{id}.png?size={size}")
}

struct Writer<'a> {
    catalogue: &'a Catalogue,
    base_url: &'a str,
}

impl Writer<'_> {
    fn item(&self, item: &Item) -> Value {
        match item.kind {
            ItemKind::Track => self.track(item),
            ItemKind::Episode => self.episode(item),
        }
    }

    fn track(&self, item: &Item) -> Value {
        let ContextRef::Album(album) = item.home else {
            return Value::Null;
        };
        let artist = &self.catalogue.artists()[self.catalogue.albums()[album].artist];
        json!({
            "album": self.album(album),
            "artists": [self.artist(artist)],
            "disc_number": 1,
            "duration_ms": item.duration_ms,
            "explicit": false,
            "external_ids": { "isrc": item.isrc },
            "external_urls": external_urls("track", &item.id),
            "href": self.href("tracks", &item.id),
            "id": item.id,
            "is_local": false,
            "is_playable": true,
            "name": item.name,
            "track_number": item.number,
            "type": "track",
            "uri": item.uri,
        })
    }

    fn album(&self, index: usize) -> Value {
        let album = &self.catalogue.albums()[index];
        json!({
            "album_type": "album",
            "artists": [self.artist(&self.catalogue.artists()[album.artist])],
            "external_urls": external_urls("album", &album.id),
            "href": self.href("albums", &album.id),
            "id": album.id,
            "images": self.images(&album.id),
            "name": album.name,
            "release_date": album.release_date,
            "release_date_precision": "day",
            "total_tracks": album.items.len(),
            "type": "album",
            "uri": album.uri,
        })
    }

    fn artist(&self, artist: &Artist) -> Value {
        json!({
            "external_urls": external_urls("artist", &artist.id),
            "href": self.href("artists", &artist.id),
            "id": artist.id,
            "name": artist.name,
            "type": "artist",
            "uri": artist.uri,
        })
    }

    fn episode(&self, item: &Item) -> Value {
        let ContextRef::Show(show) = item.home else {
            return Value::Null;
        };
        let images = self.images(&self.catalogue.shows()[show].id);
        json!({
            "description": item.description,
            "duration_ms": item.duration_ms,
            "explicit": false,
            "external_urls": external_urls("episode", &item.id),
            "href": self.href("episodes", &item.id),
            "html_description": format!("<p>{}</p>", item.description),
            "id": item.id,
            "images": images,
            "is_externally_hosted": false,
            "is_playable": true,
            "languages": ["en"],
            "name": item.name,
            "release_date": item.release_date,
            "release_date_precision": "day",
            "show": self.show(show),
            "type": "episode",
            "uri": item.uri,
        })
    }

    fn show(&self, index: usize) -> Value {
        let show = &self.catalogue.shows()[index];
        json!({
            "copyrights": [],
            "description": show.description,
            "explicit": false,
            "external_urls": external_urls("show", &show.id),
            "href": self.href("shows", &show.id),
            "html_description": format!("<p>{}</p>", show.description),
            "id": show.id,
            "images": self.images(&show.id),
            "is_externally_hosted": false,
            "languages": ["en"],
            "media_type": "audio",
            "name": show.name,
            "publisher": show.publisher,
            "total_episodes": show.items.len(),
            "type": "show",
            "uri": show.uri,
        })
    }

    fn context(&self, context: ContextRef) -> Value {
        let kind = match context {
            ContextRef::Album(_) => "album",
            ContextRef::Playlist(_) => "playlist",
            ContextRef::Show(_) => "show",
            ContextRef::Artist(_) => "artist",
        };
        let uri = self.catalogue.context_uri(context);
        let id = uri.rsplit(':').next().unwrap_or_default();
        json!({
            "external_urls": external_urls(kind, id),
            "href": self.href(&format!("{kind}s"), id),
            "type": kind,
            "uri": uri,
        })
    }

    fn images(&self, id: &str) -> Value {
        let images = SIZES
            .iter()
            .map(|&size| json!({ "url": cover_url(self.base_url, id, size), "height": size, "width": size }));
        images.collect()
    }

    fn href(&self, path: &str, id: &str) -> String {
        format!("{}/v1/{path}/{id}", self.base_url)
    }
}

fn external_urls(kind: &str, id: &str) -> Value {
    json!({ "spotify": format!("https://open.spotify.com/{kind}/{id}") })
}
