//! Where the window stands, what closing it means, and how often its page may break: decided here, done by the desktop.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use crate::api::Snapshot;
use crate::texts::t;

/// Place and size of the window, in pixels of the screens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
    #[serde(default)]
    pub maximized: bool,
}

/// So much of the window's upper edge must be on a screen, that it can be seen and moved.
const GRASP: i32 = 80;

/// Where a window that stood at `place` goes on these screens: there, if it can be seen and moved; else in the middle of
/// the first. Never larger than its screen. None = wherever the desktop puts it.
pub fn fit(place: Place, screens: &[Place]) -> Option<Place> {
    let overlap = |from: i32, length: u32, start: i32, size: u32| {
        let end = from.saturating_add_unsigned(length).min(start.saturating_add_unsigned(size));
        end.saturating_sub(from.max(start))
    };
    let seen = |screen: &&Place| {
        overlap(place.x, place.width, screen.x, screen.width) >= GRASP
            && place.y >= screen.y
            && place.y <= screen.y.saturating_add_unsigned(screen.height) - GRASP
    };
    let stays = screens.iter().find(seen);
    let screen = stays.or(screens.first())?;
    let (width, height) = (place.width.min(screen.width), place.height.min(screen.height));
    let middle = |start: i32, room: u32, size: u32| start.saturating_add_unsigned((room - size) / 2);
    Some(match stays {
        Some(_) => Place { width, height, ..place },
        None => Place {
            x: middle(screen.x, screen.width, width),
            y: middle(screen.y, screen.height, height),
            width,
            height,
            ..place
        },
    })
}

/// What closing the window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The program goes on in the tray, without a web view.
    ToTray,
    /// It would end a session: the window says so first, and closes when it is asked again.
    Says,
    Ends,
}

/// The notices that say it: nothing else could bring the window back, or the user wants closing to end the program.
pub const SAYS: [&str; 2] = ["closing_ends", "closing_ends_as_set"];

/// What closing the window does now. A window never closes to where nobody finds it.
pub fn closing(snapshot: &Snapshot) -> Closing {
    let tray = snapshot.settings.desktop.as_ref().is_some_and(|desktop| desktop.tray && desktop.close_to_tray);
    let session = snapshot.room.as_ref().is_some_and(|room| room.demo.is_none());
    let said = snapshot.notices.iter().any(|notice| SAYS.contains(&notice.code.as_str()));
    match (tray, session && !said) {
        (true, _) => Closing::ToTray,
        (false, true) => Closing::Says,
        (false, false) => Closing::Ends,
    }
}

/// The window never leaves the program's own pages.
pub fn is_own(url: &Url) -> bool {
    let words = url.scheme() == "data" && words().as_ref() == Some(url);
    words || url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost") || url.as_str() == "about:blank"
}

/// The window never stays blank: what comes after a page whose process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is loaded again, and asks for the newest snapshot.
    Again,
    /// The page at this address stands in its place, and says why.
    Words(Url),
    /// Not even those can be shown: the window is closed, and that is told outside of it.
    Close,
}

/// A page that broke is loaded again, but not for ever: whatever breaks it every time would keep the computer busy.
#[derive(Debug, Default)]
pub struct Breaks(Mutex<Vec<Instant>>);

const MOST: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);

impl Breaks {
    /// The page at this address broke.
    pub fn next(&self, at: Option<&Url>) -> Next {
        let (mut breaks, now) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        breaks.retain(|at| now.duration_since(*at) < WITHIN);
        breaks.push(now);
        let next = match breaks.len() {
            _ if at.is_some_and(|at| at.scheme() == "data") => Next::Close,
            ..=MOST => Next::Again,
            _ => words().map_or(Next::Close, Next::Words),
        };
        tracing::warn!(breaks = breaks.len(), last = next != Next::Again, "the window's page ended");
        next
    }
}

/// The window's own page.
const PAGE: &str = if cfg!(windows) { "http://tauri.localhost/" } else { "tauri://localhost/" };

/// A page that says why the window's own is not shown, and has a button that loads it once more. All that it needs is in its
/// address.
fn words() -> Option<Url> {
    let [title, why, again] = ["window.broke", "window.broke.why", "window.broke.again"].map(|key| t(key, &[]));
    let page = format!(
        "<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'><title>{title}</title>\
         <body style='font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 24px'>\
         <h1 style='font-size:24px'>{title}</h1><p>{why}</p><p><a href='{PAGE}' autofocus style='display:inline-block;\
         padding:8px 16px;border:1px solid;border-radius:8px;color:inherit;text-decoration:none'>{again}</a></p>"
    );
    Url::parse(&format!("data:text/html;charset=utf-8,{}", escaped(&page))).ok()
}

/// As no address is written differently by anybody: every byte but letters and digits by its number.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SCREEN: Place = Place { x: 0, y: 0, width: 1920, height: 1080, maximized: false };
    const RIGHT: Place = Place { x: 1920, ..SCREEN };

    fn at(x: i32, y: i32) -> Place {
        Place { x, y, width: 1000, height: 800, maximized: false }
    }

    #[test]
    fn a_window_that_can_be_seen_stays_where_it_was() {
        for place in [at(0, 0), at(100, 50), at(-900, 0), at(1800, 900)] {
            assert_eq!(fit(place, &[SCREEN]), Some(place), "{place:?}");
        }
        assert_eq!(fit(at(2500, 100), &[SCREEN, RIGHT]), Some(at(2500, 100)));
    }

    #[test]
    fn a_window_of_a_screen_that_is_gone_comes_into_the_middle() {
        for place in [at(2500, 100), at(-990, 0), at(0, -20), at(0, 1079), at(i32::MAX, i32::MIN)] {
            assert_eq!(fit(place, &[SCREEN]), Some(at(460, 140)), "{place:?}");
        }
    }

    #[test]
    fn a_window_is_never_larger_than_its_screen_and_without_one_the_desktop_decides() {
        let small = Place { width: 800, height: 600, ..SCREEN };
        assert_eq!(fit(at(10, 10), &[small]), Some(Place { x: 10, y: 10, ..small }));
        assert_eq!(fit(at(10, 10), &[]), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_breaks_again_and_again_is_let_be_until_a_minute_is_over() {
        let breaks = Breaks::default();
        let own = Url::parse(PAGE).unwrap();
        let next: Vec<Next> = (0..5).map(|_| breaks.next(Some(&own))).collect();
        let words = || Next::Words(super::words().unwrap());
        assert_eq!(next, [Next::Again, Next::Again, Next::Again, words(), words()]);
        assert_eq!(breaks.next(super::words().as_ref()), Next::Close, "words that break are not shown again");

        tokio::time::advance(WITHIN).await;
        assert_eq!(breaks.next(Some(&own)), Next::Again);
        assert_eq!(breaks.next(None), Next::Again);
    }

    #[test]
    fn the_page_with_words_is_one_of_the_window_s_own_says_what_happened_and_leads_back() {
        let page = words().unwrap();
        assert!(is_own(&page));
        let html = page.as_str();
        for said in ["window broke down", "session goes on", PAGE, "Load it again"] {
            assert!(html.contains(&escaped(said)), "{said}: {html}");
        }
        assert!(!html.contains(&escaped("{")), "{html}");
        assert!(!is_own(&"data:text/html,something else".parse().unwrap()));
    }

    #[test]
    fn the_window_stays_on_the_program_s_own_pages() {
        let own = |url: &str| is_own(&url.parse().unwrap());
        assert!(own("tauri://localhost/index.html"));
        assert!(own("http://tauri.localhost/"));
        assert!(!own("https://open.spotify.com/track/1"));
        assert!(!own("https://tauri.localhost.example.org/"));
        assert!(!own("file:///etc/passwd"));
    }
}
