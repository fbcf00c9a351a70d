//! The objects of the Web API: tracks, albums, artists, episodes, shows, playlists.

use serde_json::{Value, json};

use crate::catalogue::cover::SIZES;
use crate::catalogue::{Artist, Catalogue, ContextRef, Item, ItemKind, ItemRef, Market};

/// Where a cover is served.
pub(in crate::web_api) fn cover_url(base_url: &str, id: &str, size: u32) -> String {
    format!("{base_url}/covers/{id}.png?size={size}")
}

/// Writes objects as an account of this market sees them.
pub(super) struct Writer<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) base_url: &'a str,
    pub(super) market: Market,
}

impl Writer<'_> {
    pub(super) fn item(&self, item: ItemRef) -> Value {
        match self.catalogue.item(item).kind {
            ItemKind::Track => self.track(item),
            ItemKind::Episode => self.episode(self.catalogue.item(item)),
            ItemKind::Local => self.local(self.catalogue.item(item)),
        }
    }

    /// Without its album and codes, as lists inside an album have it.
    pub(super) fn simplified_track(&self, item: ItemRef) -> Value {
        let mut track = self.track(item);
        if let Some(fields) = track.as_object_mut() {
            fields.remove("album");
            fields.remove("external_ids");
        }
        track
    }

    /// Without its show.
    pub(super) fn simplified_episode(&self, item: ItemRef) -> Value {
        let mut episode = self.episode(self.catalogue.item(item));
        if let Some(fields) = episode.as_object_mut() {
            fields.remove("show");
        }
        episode
    }

    fn track(&self, item_ref: ItemRef) -> Value {
        let item = self.catalogue.item(item_ref);
        let ContextRef::Album(album) = item.home else {
            return Value::Null;
        };
        let artist = &self.catalogue.artists()[self.catalogue.albums()[album].artist];
        let id = self.catalogue.relinked_id(item_ref, self.market).unwrap_or_else(|| item.id.clone());
        let available = self.catalogue.is_available(item_ref, self.market);
        let mut track = json!({
            "album": self.album(album),
            "artists": [self.artist(artist)],
            "disc_number": 1,
            "duration_ms": item.duration_ms,
            "explicit": false,
            "external_ids": { "isrc": item.isrc },
            "external_urls": external_urls("track", &id),
            "href": self.href("tracks", &id),
            "id": id,
            "is_local": false,
            "is_playable": available,
            "name": item.name,
            "track_number": item.number,
            "type": "track",
            "uri": format!("spotify:track:{id}"),
        });
        if !available {
            track["restrictions"] = json!({ "reason": "market" });
        }
        track
    }

    /// A local file has names and no ids.
    fn local(&self, item: &Item) -> Value {
        let nobody = json!({
            "external_urls": {},
            "href": null,
            "id": null,
            "name": self.catalogue.performer_of(item),
            "type": "artist",
            "uri": null,
        });
        json!({
            "album": {
                "album_type": null,
                "artists": [],
                "external_urls": {},
                "href": null,
                "id": null,
                "images": [],
                "name": "",
                "release_date": null,
                "release_date_precision": null,
                "total_tracks": 0,
                "type": "album",
                "uri": null,
            },
            "artists": [nobody],
            "disc_number": 0,
            "duration_ms": item.duration_ms,
            "explicit": false,
            "external_ids": {},
            "external_urls": {},
            "href": null,
            "id": null,
            "is_local": true,
            "is_playable": true,
            "name": item.name,
            "track_number": 0,
            "type": "track",
            "uri": item.uri,
        })
    }

    pub(super) fn album(&self, index: usize) -> Value {
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

    pub(super) fn artist(&self, artist: &Artist) -> Value {
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
        // Deprecated and still sent: the language (clients insist on it) and the preview, which is empty.
        json!({
            "audio_preview_url": null,
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
            "language": "en",
            "languages": ["en"],
            "name": item.name,
            "release_date": item.release_date,
            "release_date_precision": "day",
            "show": self.show(show),
            "type": "episode",
            "uri": item.uri,
        })
    }

    pub(super) fn show(&self, index: usize) -> Value {
        let show = &self.catalogue.shows()[index];
        json!({
            "copyrights": [{ "text": format!("2025 {}", show.publisher), "type": "C" }],
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

    pub(super) fn context(&self, context: ContextRef) -> Value {
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

    pub(super) fn images(&self, id: &str) -> Value {
        let images = SIZES
            .iter()
            .map(|&size| json!({ "url": cover_url(self.base_url, id, size), "height": size, "width": size }));
        images.collect()
    }

    pub(super) fn href(&self, path: &str, id: &str) -> String {
        format!("{}/v1/{path}/{id}", self.base_url)
    }
}

pub(super) fn external_urls(kind: &str, id: &str) -> Value {
    json!({ "spotify": format!("https://open.spotify.com/{kind}/{id}") })
}
