//! Where the window stands, what closing it means, and how often its page may break: decided here, done by the desktop.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use crate::api::Snapshot;

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

/// The notice that says it.
pub const SAYS: &str = "closing_ends";

/// What closing the window does now. A window never closes to where nobody finds it.
pub fn closing(snapshot: &Snapshot) -> Closing {
    let tray = snapshot.settings.desktop.as_ref().is_some_and(|desktop| desktop.tray && desktop.close_to_tray);
    let session = snapshot.room.as_ref().is_some_and(|room| room.demo.is_none());
    let said = snapshot.notices.iter().any(|notice| notice.code == SAYS);
    match (tray, session && !said) {
        (true, _) => Closing::ToTray,
        (false, true) => Closing::Says,
        (false, false) => Closing::Ends,
    }
}

/// The window never leaves the program's own pages.
pub fn is_own(url: &Url) -> bool {
    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost") || url.as_str() == "about:blank"
}

/// A page that broke is loaded again, but not for ever: whatever breaks it every time would keep the computer busy.
#[derive(Debug, Default)]
pub struct Breaks(Vec<Instant>);

const MOST: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);

impl Breaks {
    /// It broke: whether to load it again.
    pub fn again(&mut self, now: Instant) -> bool {
        self.0.retain(|at| now.duration_since(*at) < WITHIN);
        self.0.push(now);
        self.0.len() <= MOST
    }
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
        let mut breaks = Breaks::default();
        let again: Vec<bool> = (0..4).map(|_| breaks.again(Instant::now())).collect();
        assert_eq!(again, [true, true, true, false]);

        tokio::time::advance(WITHIN).await;
        assert!(breaks.again(Instant::now()));
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
