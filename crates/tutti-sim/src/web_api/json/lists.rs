//! Whole objects with their lists in pages: albums, shows, playlists, search results, what was played.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::Fragments;
use super::objects::external_urls;
use crate::catalogue::{Artist, ContextRef, ItemKind, ItemRef, Market};
use crate::player::Heard;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web_api) struct Page {
    pub(in crate::web_api) limit: usize,
    pub(in crate::web_api) offset: usize,
}

impl Page {
    /// From `limit` and `offset`.
    ///
    /// # Errors
    /// Spotify's words for a number that is none, or that lies outside of 1 … most.
    pub(in crate::web_api) fn of(query: &str, default: usize, most: usize) -> Result<Self, &'static str> {
        let number =
            |name: &str, default: usize| match form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name) {
                Some((_, value)) => value.parse().ok(),
                None => Some(default),
            };
        let limit = number("limit", default).filter(|limit| (1..=most).contains(limit)).ok_or("Invalid limit")?;
        let offset = number("offset", 0).filter(|&offset| offset <= 100_000).ok_or("Invalid offset")?;
        Ok(Self { limit, offset })
    }

    fn cut<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let from = self.offset.min(all.len());
        &all[from..(from + self.limit).min(all.len())]
    }
}

impl Fragments {
    pub(in crate::web_api) fn full_album(&self, index: usize, market: Market) -> Value {
        let album = &self.catalogue.albums()[index];
        let mut full = self.writer(market).album(index);
        full["tracks"] = self.album_tracks(index, market, Page { limit: 50, offset: 0 });
        full["copyrights"] =
            json!([{ "text": format!("{} Imaginary Records", &album.release_date[..4]), "type": "P" }]);
        full["external_ids"] = json!({ "upc": format!("000000{:06}", index + 1) });
        full["genres"] = json!([]);
        full
    }

    pub(in crate::web_api) fn album_tracks(&self, index: usize, market: Market, page: Page) -> Value {
        let album = &self.catalogue.albums()[index];
        let writer = self.writer(market);
        let tracks = page.cut(&album.items).iter().map(|&item| writer.simplified_track(item)).collect();
        self.paging(&format!("albums/{}/tracks", album.id), "", page, album.items.len(), tracks)
    }

    pub(in crate::web_api) fn full_show(&self, index: usize, market: Market) -> Value {
        let mut full = self.writer(market).show(index);
        full["episodes"] = self.show_episodes(index, market, Page { limit: 50, offset: 0 });
        full
    }

    pub(in crate::web_api) fn show_episodes(&self, index: usize, market: Market, page: Page) -> Value {
        let show = &self.catalogue.shows()[index];
        let writer = self.writer(market);
        let episodes = page.cut(&show.items).iter().map(|&item| writer.simplified_episode(item)).collect();
        self.paging(&format!("shows/{}/episodes", show.id), "", page, show.items.len(), episodes)
    }

    pub(in crate::web_api) fn full_artist(&self, index: usize) -> Value {
        self.artist_with_images(&self.catalogue.artists()[index])
    }

    /// `items` are for owners and collaborators: the simulated accounts all collaborate.
    pub(in crate::web_api) fn full_playlist(&self, index: usize, market: Market) -> Value {
        let mut full = self.playlist(index, market);
        full["items"] = self.playlist_items(index, market, Page { limit: 100, offset: 0 });
        full["followers"] = json!({ "href": null, "total": 0 });
        full
    }

    pub(in crate::web_api) fn playlist_items(&self, index: usize, market: Market, page: Page) -> Value {
        let playlist = &self.catalogue.playlists()[index];
        let items = page.cut(&playlist.items).iter().map(|&item| {
            let local = self.catalogue.item(item).kind == ItemKind::Local;
            json!({
                "added_at": "2025-05-04T10:00:00Z",
                "added_by": self.owner(),
                "is_local": local,
                "item": self.writer(market).item(item),
            })
        });
        let items = items.collect();
        self.paging(&format!("playlists/{}/items", playlist.id), "", page, playlist.items.len(), items)
    }

    /// One page of each kind that is wanted.
    pub(in crate::web_api) fn search(&self, wanted: &str, kinds: &[&str], market: Market, page: Page) -> Value {
        let mut found = serde_json::Map::new();
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", wanted).finish();
        for &kind in kinds {
            let all = self.found(wanted, kind, market);
            let query = format!("{query}&type={kind}");
            let total = all.len();
            let cut = page.cut(&all).to_vec();
            found.insert(format!("{kind}s"), self.paging("search", &query, page, total, cut));
        }
        Value::Object(found)
    }

    /// The body of GET /me/player/recently-played: `heard` newest first, its instants as Unix ms.
    pub(in crate::web_api) fn recently_played(&self, heard: &[(i64, Heard)], market: Market, limit: usize) -> Value {
        let tracks = heard.iter().filter(|(_, heard)| self.catalogue.item(heard.item).kind != ItemKind::Episode);
        let cut: Vec<_> = tracks.take(limit).collect();
        let items: Vec<Value> = cut
            .iter()
            .map(|(at_ms, heard)| {
                let context: Value = serde_json::from_str(self.context(heard.context)).unwrap_or(Value::Null);
                json!({ "track": self.writer(market).item(heard.item), "played_at": iso(*at_ms), "context": context })
            })
            .collect();
        let cursor = |at: Option<&&(i64, Heard)>| at.map(|(at_ms, _)| at_ms.to_string());
        let (after, before) = (cursor(cut.first()), cursor(cut.last()));
        let href = format!("{}/v1/me/player/recently-played", self.base_url);
        let next = before.as_ref().map(|before| format!("{href}?before={before}&limit={limit}"));
        json!({
            "href": format!("{href}?limit={limit}"),
            "limit": limit,
            "next": next,
            "cursors": { "after": after, "before": before },
            "total": heard.len(),
            "items": items,
        })
    }

    fn found(&self, wanted: &str, kind: &str, market: Market) -> Vec<Value> {
        let writer = self.writer(market);
        let catalogue = &self.catalogue;
        let wanted = &Wanted::of(wanted);
        let items = |of: ItemKind| {
            let named = move |&item: &ItemRef| {
                let found = catalogue.item(item);
                found.kind == of
                    && wanted.matches(
                        &found.name,
                        catalogue.performer(item),
                        self.album_name(item),
                        found.isrc.as_deref(),
                    )
            };
            catalogue.refs().filter(named)
        };
        match kind {
            "track" => items(ItemKind::Track).map(|item| writer.item(item)).collect(),
            "episode" => items(ItemKind::Episode).map(|item| writer.simplified_episode(item)).collect(),
            "album" => places(catalogue.albums(), |album| {
                wanted.matches(&album.name, &catalogue.artists()[album.artist].name, &album.name, None)
            })
            .map(|index| writer.album(index))
            .collect(),
            "artist" => catalogue
                .artists()
                .iter()
                .filter(|artist| wanted.matches(&artist.name, &artist.name, "", None))
                .map(|artist| self.artist_with_images(artist))
                .collect(),
            "playlist" => places(catalogue.playlists(), |playlist| wanted.matches(&playlist.name, "", "", None))
                .map(|index| self.playlist(index, market))
                .collect(),
            "show" => places(catalogue.shows(), |show| wanted.matches(&show.name, &show.publisher, "", None))
                .map(|index| writer.show(index))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn album_name(&self, item: ItemRef) -> &str {
        match self.catalogue.item(item).home {
            ContextRef::Album(index) => &self.catalogue.albums()[index].name,
            _ => "",
        }
    }

    fn artist_with_images(&self, artist: &Artist) -> Value {
        let writer = self.writer(Market::De);
        let mut full = writer.artist(artist);
        let album = self.catalogue.albums().iter().find(|album| album.items == artist.items);
        full["images"] = album.map_or(json!([]), |album| writer.images(&album.id));
        full["genres"] = json!([]);
        full
    }

    fn playlist(&self, index: usize, market: Market) -> Value {
        let playlist = &self.catalogue.playlists()[index];
        let writer = self.writer(market);
        let href = writer.href("playlists", &playlist.id);
        json!({
            "collaborative": true,
            "description": "",
            "external_urls": external_urls("playlist", &playlist.id),
            "href": href,
            "id": playlist.id,
            "images": writer.images(&playlist.id),
            "items": { "href": format!("{href}/items"), "total": playlist.items.len() },
            "name": playlist.name,
            "owner": self.owner(),
            "public": false,
            "snapshot_id": "AAAAAQ",
            "type": "playlist",
            "uri": playlist.uri,
        })
    }

    fn owner(&self) -> Value {
        json!({
            "display_name": "The house",
            "external_urls": external_urls("user", "house"),
            "href": format!("{}/v1/users/house", self.base_url),
            "id": "house",
            "type": "user",
            "uri": "spotify:user:house",
        })
    }

    fn paging(&self, path: &str, query: &str, page: Page, total: usize, items: Vec<Value>) -> Value {
        let query = if query.is_empty() { String::new() } else { format!("{query}&") };
        let at = |offset: usize| format!("{}/v1/{path}?{query}offset={offset}&limit={}", self.base_url, page.limit);
        let next = page.offset + page.limit;
        json!({
            "href": at(page.offset),
            "items": items,
            "limit": page.limit,
            "next": (next < total).then(|| at(next)),
            "offset": page.offset,
            "previous": (page.offset > 0).then(|| at(page.offset.saturating_sub(page.limit))),
            "total": total,
        })
    }
}

/// What a search asks for: words, and fields with a name of their own.
struct Wanted {
    words: Vec<String>,
    fields: Vec<(String, String)>,
}

impl Wanted {
    fn of(query: &str) -> Self {
        let (mut words, mut fields) = (Vec::new(), Vec::new());
        for part in parts(query) {
            match part.split_once(':') {
                Some((name @ ("isrc" | "artist" | "album" | "track"), value)) => {
                    fields.push((name.to_owned(), value.trim_matches('"').to_lowercase()));
                }
                _ => words.push(part.trim_matches('"').to_lowercase()),
            }
        }
        Self { words, fields }
    }

    fn matches(&self, name: &str, by: &str, album: &str, isrc: Option<&str>) -> bool {
        let all = format!("{name} {by} {album}").to_lowercase();
        let has = |text: &str, value: &str| text.to_lowercase().contains(value);
        self.words.iter().all(|word| all.contains(word.as_str()))
            && self.fields.iter().all(|(field, value)| match field.as_str() {
                "isrc" => isrc.is_some_and(|isrc| isrc.eq_ignore_ascii_case(value)),
                "artist" => has(by, value),
                "album" => has(album, value),
                _ => has(name, value),
            })
    }
}

/// Splits at spaces that stand outside of quotation marks.
fn parts(query: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for letter in query.chars() {
        quoted ^= letter == '"';
        match parts.last_mut() {
            Some(part) if letter != ' ' || quoted => part.push(letter),
            _ => parts.push(String::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn places<'a, T>(all: &'a [T], is: impl Fn(&T) -> bool + 'a) -> impl Iterator<Item = usize> + 'a {
    all.iter().enumerate().filter(move |(_, one)| is(one)).map(|(place, _)| place)
}

/// Unix ms as `YYYY-MM-DDTHH:MM:SS.mmmZ`.
fn iso(unix_ms: i64) -> String {
    let (days, ms) = (unix_ms.div_euclid(86_400_000), unix_ms.rem_euclid(86_400_000));
    // Days since 0000-03-01, so that the leap day is the last one of a year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_dates() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(1_795_301_999_123), "2026-11-21T22:59:59.123Z");
    }

    #[test]
    fn a_search_has_words_and_fields() {
        let wanted = Wanted::of("track:\"Dew Point\" artist:lantern maps");
        assert!(wanted.matches("Dew Point", "The Lantern Postmen", "Maps of the Weather", None));
        assert!(!wanted.matches("Dew Drop", "The Lantern Postmen", "Maps of the Weather", None));
        assert!(Wanted::of("isrc:zztut1900001").matches("x", "", "", Some("ZZTUT1900001")));
        assert!(!Wanted::of("isrc:ZZTUT1900001").matches("x", "", "", None));
    }

    #[test]
    fn pages_have_limits() {
        assert_eq!(Page::of("", 5, 10), Ok(Page { limit: 5, offset: 0 }));
        assert_eq!(Page::of("limit=10&offset=3", 5, 10), Ok(Page { limit: 10, offset: 3 }));
        assert_eq!(Page::of("limit=11", 5, 10), Err("Invalid limit"));
        assert_eq!(Page::of("limit=0", 5, 10), Err("Invalid limit"));
        assert_eq!(Page::of("offset=-1", 5, 10), Err("Invalid offset"));
        assert_eq!(Page { limit: 3, offset: 9 }.cut(&[1, 2]), [0_i32; 0]);
    }
}
