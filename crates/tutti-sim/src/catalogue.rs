//! The invented music and talk that virtual accounts listen to.

mod content;
pub mod cover;
mod market;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use market::{Market, UnknownMarket};

/// An item of a [`Catalogue`]: look it up with [`Catalogue::item`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemRef(u32);

impl ItemRef {
    /// Its place in [`Catalogue::items`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something that holds a list of items; the number is its place in the catalogue's own list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextRef {
    Album(usize),
    Playlist(usize),
    Show(usize),
    Artist(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    Track,
    Episode,
    /// A file on its owner's computer: Spotify knows its name, the Web API cannot start it.
    Local,
}

/// A track or an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: ItemKind,
    /// 22 characters of base62; empty for a local file.
    pub id: String,
    /// `spotify:track:…`, `spotify:episode:…` or `spotify:local:…`.
    pub uri: String,
    pub name: String,
    pub duration_ms: u32,
    /// The album of a track, the show of an episode, the playlist of a local file.
    pub home: ContextRef,
    /// Place in its album or show, from 1.
    pub number: u32,
    /// International Standard Recording Code; tracks only.
    pub isrc: Option<String>,
    /// `YYYY-MM-DD`.
    pub release_date: String,
    /// What an episode is about; empty for tracks.
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artist {
    pub id: String,
    pub uri: String,
    pub name: String,
    pub items: Arc<[ItemRef]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Album {
    pub id: String,
    pub uri: String,
    pub name: String,
    /// Place in [`Catalogue::artists`].
    pub artist: usize,
    /// `YYYY-MM-DD`.
    pub release_date: String,
    pub items: Arc<[ItemRef]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playlist {
    pub id: String,
    pub uri: String,
    pub name: String,
    pub items: Arc<[ItemRef]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    pub id: String,
    pub uri: String,
    pub name: String,
    pub publisher: String,
    pub description: String,
    pub items: Arc<[ItemRef]>,
}

/// Albums, playlists and a show; always the same, whatever the seed.
#[derive(Clone, Debug)]
pub struct Catalogue {
    items: Vec<Item>,
    artists: Vec<Artist>,
    albums: Vec<Album>,
    playlists: Vec<Playlist>,
    shows: Vec<Show>,
    by_uri: BTreeMap<String, ItemRef>,
    contexts: BTreeMap<String, ContextRef>,
}

impl Catalogue {
    /// The whole catalogue.
    pub fn new() -> Self {
        content::build()
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub fn artists(&self) -> &[Artist] {
        &self.artists
    }

    pub fn albums(&self) -> &[Album] {
        &self.albums
    }

    pub fn playlists(&self) -> &[Playlist] {
        &self.playlists
    }

    pub fn shows(&self) -> &[Show] {
        &self.shows
    }

    /// All references, in the order of [`Catalogue::items`].
    pub fn refs(&self) -> impl Iterator<Item = ItemRef> + use<> {
        (0..self.items.len() as u32).map(ItemRef)
    }

    pub fn item(&self, item: ItemRef) -> &Item {
        &self.items[item.index()]
    }

    pub fn duration_us(&self, item: ItemRef) -> i64 {
        i64::from(self.item(item).duration_ms) * 1000
    }

    /// The item with this URI, in whichever market.
    pub fn find(&self, uri: &str) -> Option<ItemRef> {
        self.by_uri.get(uri).copied()
    }

    /// The album, playlist, show or artist with this URI.
    pub fn find_context(&self, uri: &str) -> Option<ContextRef> {
        self.contexts.get(uri).copied()
    }

    /// What plays, in order, when this context is played.
    pub fn context_items(&self, context: ContextRef) -> Arc<[ItemRef]> {
        match context {
            ContextRef::Album(index) => self.albums[index].items.clone(),
            ContextRef::Playlist(index) => self.playlists[index].items.clone(),
            ContextRef::Show(index) => self.shows[index].items.clone(),
            ContextRef::Artist(index) => self.artists[index].items.clone(),
        }
    }

    pub fn context_uri(&self, context: ContextRef) -> &str {
        match context {
            ContextRef::Album(index) => &self.albums[index].uri,
            ContextRef::Playlist(index) => &self.playlists[index].uri,
            ContextRef::Show(index) => &self.shows[index].uri,
            ContextRef::Artist(index) => &self.artists[index].uri,
        }
    }

    pub fn context_name(&self, context: ContextRef) -> &str {
        match context {
            ContextRef::Album(index) => &self.albums[index].name,
            ContextRef::Playlist(index) => &self.playlists[index].name,
            ContextRef::Show(index) => &self.shows[index].name,
            ContextRef::Artist(index) => &self.artists[index].name,
        }
    }

    /// Who is heard: the artist of a track, the publisher of an episode.
    pub fn performer(&self, item: ItemRef) -> &str {
        self.performer_of(self.item(item))
    }

    /// The same for an item that was looked up already.
    pub fn performer_of(&self, item: &Item) -> &str {
        match item.home {
            ContextRef::Album(index) => &self.artists[self.albums[index].artist].name,
            ContextRef::Show(index) => &self.shows[index].publisher,
            ContextRef::Playlist(_) | ContextRef::Artist(_) => content::LOCAL_BY,
        }
    }

    /// Is there a cover with this id (of an album, a playlist or a show)?
    pub fn has_cover(&self, id: &str) -> bool {
        self.albums.iter().any(|album| album.id == id)
            || self.playlists.iter().any(|playlist| playlist.id == id)
            || self.shows.iter().any(|show| show.id == id)
    }

    /// The cover shown for an item: that of its album or show.
    pub fn cover_id(&self, item: ItemRef) -> &str {
        match self.item(item).home {
            ContextRef::Album(index) => &self.albums[index].id,
            ContextRef::Show(index) => &self.shows[index].id,
            ContextRef::Playlist(index) => &self.playlists[index].id,
            ContextRef::Artist(_) => "",
        }
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

/// An id in Spotify's form (22 characters of base62, 128 bits), always the same for the same name.
pub fn id_of(name: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digest = Sha256::digest(name.as_bytes());
    let mut number = digest[..16].iter().fold(0_u128, |number, &byte| number << 8 | u128::from(byte));
    let mut id = [b'0'; 22];
    for place in id.iter_mut().rev() {
        *place = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    id.iter().map(|&digit| char::from(digit)).collect()
}

/// Does this look like `spotify:<kind>:<22 characters of base62>`? Says which kind.
pub fn uri_kind(uri: &str) -> Option<&str> {
    let (kind, id) = uri.strip_prefix("spotify:")?.split_once(':')?;
    let well_formed = id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then_some(kind)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_spotifys_form_and_never_change() {
        assert_eq!(id_of("album/0").len(), 22);
        assert_eq!(id_of("album/0"), id_of("album/0"));
        assert_ne!(id_of("album/0"), id_of("album/1"));
        assert_eq!(uri_kind("spotify:track:0000000000000000000000"), Some("track"));
        assert_eq!(uri_kind("spotify:track:0000000000000000000000#0:38"), None);
        assert_eq!(uri_kind("track:abc"), None);
    }

    #[test]
    fn the_catalogue_is_large_enough_for_demos_and_has_short_items() {
        let catalogue = Catalogue::new();
        assert!(catalogue.albums().len() >= 6);
        assert!(catalogue.albums().iter().all(|album| (6..=10).contains(&album.items.len())));
        assert_eq!(catalogue.playlists().len(), 2);
        let episodes = &catalogue.shows()[0].items;
        assert!(episodes.len() >= 4);
        assert!(
            episodes
                .iter()
                .all(|&episode| { (20 * 60_000..=50 * 60_000).contains(&catalogue.item(episode).duration_ms) })
        );
        let tracks = catalogue.items().iter().filter(|item| item.kind == ItemKind::Track);
        let (short, long): (Vec<_>, Vec<_>) = tracks.partition(|track| track.duration_ms < 60_000);
        assert!(short.iter().all(|track| (25_000..=45_000).contains(&track.duration_ms)));
        assert!(long.iter().all(|track| (150_000..=300_000).contains(&track.duration_ms)));
        assert!(short.len() >= 6 && long.len() >= 40);
    }

    #[test]
    fn every_uri_leads_back_to_its_item_and_every_context_to_its_list() {
        let catalogue = Catalogue::new();
        for item in catalogue.refs() {
            assert_eq!(catalogue.find(&catalogue.item(item).uri), Some(item));
            let home = catalogue.item(item).home;
            assert_eq!(catalogue.find_context(catalogue.context_uri(home)), Some(home));
            assert!(catalogue.context_items(home).contains(&item));
            assert!(catalogue.has_cover(catalogue.cover_id(item)));
        }
        let mut codes: Vec<_> = catalogue.items().iter().filter_map(|item| item.isrc.clone()).collect();
        assert!(codes.iter().all(|code| code.len() == 12));
        let count = codes.len();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
