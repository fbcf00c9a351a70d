//! The GETs of the Web API about the catalogue: single objects, their lists, and the search.

use url::form_urlencoded;

use super::json::Page;
use super::v1::Endpoint;
use super::{Answer, Web};
use crate::catalogue::{ContextRef, ItemKind, Market};

/// Kinds that a search knows; audiobooks are accepted and never found.
const KINDS: [&str; 7] = ["track", "album", "artist", "playlist", "show", "episode", "audiobook"];
/// Development-mode apps get at most so many results a page, and so many unless they ask.
const SEARCH: (usize, usize) = (5, 10);

/// As the account at this place in the list sees it.
pub(super) fn look_up(web: &Web, endpoint: Endpoint, user: usize, path: &str, query: &str) -> Answer {
    let market = web.sim.accounts()[user].player().settings().market;
    if endpoint == Endpoint::Search {
        return search(web, market, query);
    }
    let mut parts = path.trim_start_matches("/v1/").split('/');
    let (kind, id) = (parts.next().unwrap_or_default().trim_end_matches('s'), parts.next().unwrap_or_default());
    if id.len() != 22 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Answer::error(400, "Invalid base62 id");
    }
    let uri = format!("spotify:{kind}:{id}");
    match endpoint {
        Endpoint::Track | Endpoint::Episode => {
            let wanted = if endpoint == Endpoint::Track { ItemKind::Track } else { ItemKind::Episode };
            let found = web.sim.catalogue().find(&uri).filter(|&item| web.sim.catalogue().item(item).kind == wanted);
            found.map_or_else(not_found, |item| Answer::json(web.fragments.item(item, market).to_owned()))
        }
        _ => match web.sim.catalogue().find_context(&uri) {
            Some(context) => list(web, endpoint, context, market, query),
            None => not_found(),
        },
    }
}

fn list(web: &Web, endpoint: Endpoint, context: ContextRef, market: Market, query: &str) -> Answer {
    let page = |default, most| Page::of(query, default, most);
    let fragments = &web.fragments;
    let found = match (endpoint, context) {
        (Endpoint::Album, ContextRef::Album(index)) => Ok(fragments.full_album(index, market)),
        (Endpoint::AlbumTracks, ContextRef::Album(index)) => {
            page(20, 50).map(|page| fragments.album_tracks(index, market, page))
        }
        (Endpoint::Artist, ContextRef::Artist(index)) => Ok(fragments.full_artist(index)),
        (Endpoint::Playlist, ContextRef::Playlist(index)) => Ok(fragments.full_playlist(index, market)),
        (Endpoint::PlaylistItems, ContextRef::Playlist(index)) => {
            page(20, 100).map(|page| fragments.playlist_items(index, market, page))
        }
        (Endpoint::Show, ContextRef::Show(index)) => Ok(fragments.full_show(index, market)),
        (Endpoint::ShowEpisodes, ContextRef::Show(index)) => {
            page(20, 50).map(|page| fragments.show_episodes(index, market, page))
        }
        _ => return not_found(),
    };
    match found {
        Ok(body) => Answer::json(body.to_string()),
        Err(words) => Answer::error(400, words),
    }
}

fn search(web: &Web, market: Market, query: &str) -> Answer {
    let Some(wanted) = parameter(query, "q").filter(|wanted| !wanted.is_empty()) else {
        return Answer::error(400, "No search query");
    };
    let kinds = parameter(query, "type").unwrap_or_default();
    let kinds: Vec<&str> = kinds.split(',').map(str::trim).filter(|kind| !kind.is_empty()).collect();
    if kinds.is_empty() {
        return Answer::error(400, "Missing parameter type");
    }
    if kinds.iter().any(|kind| !KINDS.contains(kind)) {
        return Answer::error(400, "Bad search type field");
    }
    match Page::of(query, SEARCH.0, SEARCH.1) {
        Ok(page) => Answer::json(web.fragments.search(&wanted, &kinds, market, page).to_string()),
        Err(words) => Answer::error(400, words),
    }
}

pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn not_found() -> Answer {
    Answer::error(404, "Resource not found")
}
