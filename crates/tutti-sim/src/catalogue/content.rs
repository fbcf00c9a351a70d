//! What is in the catalogue: titles, lengths and order, all invented.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Album, Artist, Catalogue, ContextRef, Item, ItemKind, ItemRef, Market, Playlist, Show, id_of};
use crate::random::Random;

struct AlbumText {
    artist: &'static str,
    name: &'static str,
    released: &'static str,
    /// Titles; one that starts with `~` is a short piece of 25 to 45 s.
    tracks: &'static [&'static str],
}

const ALBUMS: &[AlbumText] = &[
    AlbumText {
        artist: "The Lantern Postmen",
        name: "Maps of the Weather",
        released: "2019-03-22",
        tracks: &[
            "Barometer Hill",
            "A Kinder Kind of Rain",
            "Seven Umbrellas",
            "~Dew Point",
            "The Cartographer's Daughter",
            "Lightning, Counted",
            "Fog on the Ferry Line",
            "Where the Wind Keeps Its Coat",
        ],
    },
    AlbumText {
        artist: "Oda Fjellvik",
        name: "Small Hours, Large Rooms",
        released: "2021-10-08",
        tracks: &[
            "Nobody on the Stairs",
            "Chandelier Practice",
            "Ten Past Four",
            "The Piano in the Swimming Pool",
            "Slow Elevator",
            "Linen and Echo",
            "The Last Guest Is the Moon",
        ],
    },
    AlbumText {
        artist: "Marzipan Railway",
        name: "Timetables for Dreamers",
        released: "2016-06-17",
        tracks: &[
            "Platform Nine O'Clock",
            "Sugar Signal Box",
            "~Mind the Cake",
            "The Night Train Hums in D",
            "Window Seat to Anywhere",
            "Conductor's Waltz",
            "Sleeper Car Disco",
            "Luggage Full of Lemons",
            "Branch Line Lullaby",
        ],
    },
    AlbumText {
        artist: "Tide & Tangent",
        name: "Postcards from the Pier",
        released: "2023-08-04",
        tracks: &[
            "~Wish You Were Near",
            "~Deckchair Geometry",
            "~Gull Number Five",
            "~Penny in the Telescope",
            "~Candyfloss Forecast",
            "~The Helter Skelter, Closed",
            "~Salt on the Stamp",
            "~Return to Sender, Gently",
        ],
    },
    AlbumText {
        artist: "Kofi Brightwater",
        name: "Copper Garden",
        released: "2020-02-28",
        tracks: &[
            "Watering the Wires",
            "Verdigris Hour",
            "Tomatoes Under Neon",
            "Root Chord",
            "Bees in the Fuse Box",
            "Harvest at 120 Volts",
            "Patina Song",
        ],
    },
    AlbumText {
        artist: "Velvet Abacus",
        name: "Counting to Indigo",
        released: "2018-11-16",
        tracks: &[
            "One Is a Lighthouse",
            "Carry the Blue",
            "Fractions of a Kiss",
            "Long Division Street",
            "Remainders of June",
            "The Square Root of Sunday",
            "Prime Time for Owls",
            "Sum of Small Lamps",
            "To Infinity, by Bicycle",
        ],
    },
    AlbumText {
        artist: "Ines Calloway",
        name: "A House with Many Kettles",
        released: "2022-04-29",
        tracks: &[
            "First Whistle",
            "Cardamom on the Sill",
            "The Neighbour's Trombone",
            "Steam, Signed",
            "Two Spoons",
            "Biscuit Economics",
            "Cold Tea, Warm Letter",
        ],
    },
    AlbumText {
        artist: "Northbound Otters",
        name: "River Radio",
        released: "2024-01-19",
        tracks: &[
            "Reeds and Frequencies",
            "Current Affairs",
            "Skipping Stone Code",
            "Weir Do You Go",
            "~Static in the Willows",
            "Moonlit Transmission",
            "Downstream, Up All Night",
            "Sign-off at the Estuary",
        ],
    },
];

/// A recording that somebody has on their computer, at the end of the last playlist.
const LOCAL_NAME: &str = "Rehearsal in the Kitchen";
pub(super) const LOCAL_BY: &str = "The Lantern Postmen";

const SHOW_NAME: &str = "Unhurried Objects";
const SHOW_PUBLISHER: &str = "Quiet Cellar Audio";
const SHOW_TEXT: &str = "Two friends explain one ordinary thing at a time, without hurry.";
const EPISODES: &[(&str, &str)] = &[
    ("Why Doors Have Two Opinions", "Push, pull, and the people who design the difference."),
    ("The Secret Life of Car Parks", "What happens on level minus three after closing time."),
    ("Soup, a Love Story", "Every cuisine has one; we ask what it says about us."),
    ("How Bridges Hum", "An engineer lets us listen to steel in the wind."),
    ("The Postbox at the End of the World", "Letters from places with more penguins than people."),
];

const PLAYLISTS: &[&str] = &["Long Table Evening", "Kitchen, Window Open"];

pub(super) fn build() -> Catalogue {
    let mut catalogue = Catalogue {
        items: Vec::new(),
        artists: Vec::new(),
        albums: Vec::new(),
        playlists: Vec::new(),
        shows: Vec::new(),
        by_uri: BTreeMap::new(),
        contexts: BTreeMap::new(),
    };
    let mut lengths = Random::named(0, "lengths of the catalogue's items");
    for text in ALBUMS {
        add_album(&mut catalogue, text, &mut lengths);
    }
    add_show(&mut catalogue, &mut lengths);
    for name in PLAYLISTS {
        add_playlist(&mut catalogue, name);
    }
    add_local_file(&mut catalogue);
    index(&mut catalogue);
    catalogue
}

fn add_album(catalogue: &mut Catalogue, text: &AlbumText, lengths: &mut Random) {
    let index = catalogue.albums.len();
    let items: Arc<[ItemRef]> = text
        .tracks
        .iter()
        .enumerate()
        .map(|(place, title)| {
            let id = id_of(&format!("track/{index}/{place}"));
            let (name, duration_ms) = match title.strip_prefix('~') {
                Some(name) => (name, lengths.between(25_000.0, 45_000.0) as u32),
                None => (*title, lengths.between(150_000.0, 300_000.0) as u32),
            };
            push_item(
                catalogue,
                Item {
                    kind: ItemKind::Track,
                    uri: format!("spotify:track:{id}"),
                    id,
                    name: name.to_owned(),
                    duration_ms,
                    home: ContextRef::Album(index),
                    number: place as u32 + 1,
                    // ZZ is a country code that will never be given to a country.
                    isrc: Some(format!("ZZTUT{}{:05}", &text.released[2..4], index * 100 + place + 1)),
                    release_date: text.released.to_owned(),
                    description: String::new(),
                },
            )
        })
        .collect();
    let artist_id = id_of(&format!("artist/{index}"));
    catalogue.artists.push(Artist {
        uri: format!("spotify:artist:{artist_id}"),
        id: artist_id,
        name: text.artist.to_owned(),
        items: items.clone(),
    });
    let id = id_of(&format!("album/{index}"));
    catalogue.albums.push(Album {
        uri: format!("spotify:album:{id}"),
        id,
        name: text.name.to_owned(),
        artist: index,
        release_date: text.released.to_owned(),
        items,
    });
}

fn add_show(catalogue: &mut Catalogue, lengths: &mut Random) {
    let items: Arc<[ItemRef]> = EPISODES
        .iter()
        .enumerate()
        .map(|(place, (name, description))| {
            let id = id_of(&format!("episode/{place}"));
            push_item(
                catalogue,
                Item {
                    kind: ItemKind::Episode,
                    uri: format!("spotify:episode:{id}"),
                    id,
                    name: (*name).to_owned(),
                    duration_ms: lengths.between(20.0 * 60_000.0, 50.0 * 60_000.0) as u32,
                    home: ContextRef::Show(0),
                    number: place as u32 + 1,
                    isrc: None,
                    release_date: format!("2025-{:02}-07", place + 2),
                    description: (*description).to_owned(),
                },
            )
        })
        .collect();
    let id = id_of("show/0");
    catalogue.shows.push(Show {
        uri: format!("spotify:show:{id}"),
        id,
        name: SHOW_NAME.to_owned(),
        publisher: SHOW_PUBLISHER.to_owned(),
        description: SHOW_TEXT.to_owned(),
        items,
    });
}

/// Every playlist takes two tracks from each album, from different places.
fn add_playlist(catalogue: &mut Catalogue, name: &str) {
    let index = catalogue.playlists.len();
    let items: Arc<[ItemRef]> = [0, 1]
        .iter()
        .flat_map(|round| {
            catalogue
                .albums
                .iter()
                .enumerate()
                .map(move |(place, album)| album.items[(place + 2 * index + 3 * round) % album.items.len()])
        })
        .collect();
    let id = id_of(&format!("playlist/{index}"));
    catalogue.playlists.push(Playlist { uri: format!("spotify:playlist:{id}"), id, name: name.to_owned(), items });
}

fn add_local_file(catalogue: &mut Catalogue) {
    let last = catalogue.playlists.len() - 1;
    let item = push_item(
        catalogue,
        Item {
            kind: ItemKind::Local,
            id: String::new(),
            uri: "spotify:local:The+Lantern+Postmen::Rehearsal+in+the+Kitchen:191".to_owned(),
            name: LOCAL_NAME.to_owned(),
            duration_ms: 191_000,
            home: ContextRef::Playlist(last),
            number: 0,
            isrc: None,
            release_date: String::new(),
            description: String::new(),
        },
    );
    let playlist = &mut catalogue.playlists[last];
    playlist.items = playlist.items.iter().copied().chain([item]).collect();
}

fn push_item(catalogue: &mut Catalogue, item: Item) -> ItemRef {
    catalogue.items.push(item);
    ItemRef(catalogue.items.len() as u32 - 1)
}

fn index(catalogue: &mut Catalogue) {
    catalogue.by_uri = Market::ALL
        .into_iter()
        .flat_map(|market| catalogue.refs().map(move |item| (item, market)))
        .map(|(item, market)| (catalogue.uri_in(item, market), item))
        .collect();
    let albums = (0..catalogue.albums.len()).map(ContextRef::Album);
    let playlists = (0..catalogue.playlists.len()).map(ContextRef::Playlist);
    let shows = (0..catalogue.shows.len()).map(ContextRef::Show);
    let artists = (0..catalogue.artists.len()).map(ContextRef::Artist);
    catalogue.contexts = albums
        .chain(playlists)
        .chain(shows)
        .chain(artists)
        .map(|context| (catalogue.context_uri(context).to_owned(), context))
        .collect();
}
