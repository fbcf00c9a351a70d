//! An address that lets one browser in once: what the system's opener is given instead of the token.
//!
//! What a program is started with is there for every user of the computer to read, for as long as it runs. The real
//! address would let each of them in; this one is worth nothing as soon as the browser has asked for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Web;
use super::guard::{random, same};
use crate::texts::t;

/// Where one-time addresses are.
pub(super) const FOLDER: &str = "open";
/// A browser that starts on a busy computer needs a minute. Whoever reads the address has no longer than this either.
const GOOD_FOR: Duration = Duration::from_secs(120);

/// Whether a path is that of a one-time address, which asks for its own key instead of the token.
pub(super) fn is_at(path: &str) -> bool {
    let key = path.strip_prefix('/').and_then(|path| path.strip_prefix(FOLDER)?.strip_prefix('/'));
    key.is_some_and(|key| !key.is_empty() && !key.contains('/'))
}

/// The last address that was given out.
#[derive(Debug, Default)]
pub(super) struct Once(Mutex<Option<Given>>);

#[derive(Debug)]
struct Given {
    /// 128 random bits.
    key: String,
    until: Instant,
    used: bool,
}

impl Once {
    /// A new key at `now`; the one before is worth nothing any more.
    pub fn give(&self, now: Instant) -> String {
        let key = random();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Given { key: key.clone(), until: now + GOOD_FOR, used: false });
        key
    }

    /// Uses a key at `now`. If it lets nobody in, the answer is the key of the words; a wrong one uses nothing up.
    fn take(&self, key: &str, now: Instant) -> Result<(), &'static str> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let given = given.as_mut().filter(|given| same(key, &given.key)).ok_or("web.no_token")?;
        if given.used {
            return Err("web.once_used");
        }
        if now > given.until {
            return Err("web.once_late");
        }
        given.used = true;
        Ok(())
    }
}

/// Leads to the window, once.
pub(super) async fn open(State(web): State<Arc<Web>>, Path(key): Path<String>) -> Response {
    match web.once.take(&key, Instant::now()) {
        Ok(()) => (StatusCode::SEE_OTHER, [(header::LOCATION, web.guard.address())]).into_response(),
        Err(words @ "web.no_token") => (StatusCode::FORBIDDEN, t(words, &[])).into_response(),
        Err(words) => (StatusCode::GONE, t(words, &[])).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_secs(1);

    #[test]
    fn an_address_for_the_browser_is_good_once_and_not_for_long() {
        let (once, now) = (Once::default(), Instant::now());

        let key = once.give(now);
        assert_eq!(key.len(), 32);
        assert_eq!(once.take(&key, now + MOMENT), Ok(()));
        assert_eq!(once.take(&key, now + MOMENT), Err("web.once_used"));
        assert_eq!(once.take(&key, now + GOOD_FOR + MOMENT), Err("web.once_used"), "which says more than late");

        let late = once.give(now);
        assert_ne!(late, key);
        assert_eq!(once.take(&late, now + GOOD_FOR + MOMENT), Err("web.once_late"));
        assert_eq!(once.take(&late, now + GOOD_FOR), Ok(()), "to the last moment");
    }

    #[test]
    fn a_wrong_one_time_address_lets_nobody_in_and_uses_nothing_up() {
        let (once, now) = (Once::default(), Instant::now());
        assert_eq!(once.take("", now), Err("web.no_token"), "none was given out");

        let (before, key) = (once.give(now), once.give(now));
        for wrong in ["", "0", &"0".repeat(32), &key[1..], &before] {
            assert_eq!(once.take(wrong, now), Err("web.no_token"), "{wrong}");
        }

        assert_eq!(once.take(&key, now), Ok(()));
    }
}
