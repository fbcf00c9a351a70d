//! Secrets that leave no trace, and the tokens of one signed-in account.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Months, Utc};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How long before its end an access token is renewed: longer than any request takes, so that none is under way
/// with a token that ends meanwhile.
pub const RENEW_BEFORE_END: Duration = Duration::from_secs(60);

/// A sign-in ends this many months after the user gave it, whatever is done with it in between
/// (Spotify's rule since June 2026).
const SIGN_IN_MONTHS: u32 = 6;

/// A string that `Debug` does not show and that is overwritten when it is dropped.
///
/// It has no `Display` and cannot be serialised: whoever needs the text asks for it with [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: for a header of a request, for the keychain, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a sign-in brought. It cannot be serialised: of all this only the refresh token may be kept, in the keychain.
#[derive(Debug, Clone)]
pub struct Token {
    /// Authorises requests until `expires_at`, normally one hour.
    pub access: Secret,
    /// Obtains further access tokens for six months. Spotify always gives one for this kind of sign-in.
    pub refresh: Option<Secret>,
    /// The end of the access token, on this computer's monotonic clock.
    pub expires_at: Instant,
    /// What the user allowed.
    pub scopes: Vec<String>,
    /// When the user signed in, by the wall clock; see [`sign_in_needed_by`].
    pub signed_in_at: DateTime<Utc>,
}

/// When a sign-in of that instant ends and the user has to sign in again.
pub fn sign_in_needed_by(signed_in_at: DateTime<Utc>) -> DateTime<Utc> {
    signed_in_at.checked_add_months(Months::new(SIGN_IN_MONTHS)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let token = Token {
            access: Secret::new("access-text"),
            refresh: Some(Secret::new("refresh-text")),
            expires_at: Instant::now(),
            scopes: vec!["user-read-playback-state".into()],
            signed_in_at: Utc::now(),
        };

        let shown = format!("{token:?} {token:#?}");

        assert!(!shown.contains("access-text"), "{shown}");
        assert!(!shown.contains("refresh-text"), "{shown}");
        assert!(shown.contains("Secret(…)"));
    }

    #[test]
    fn a_sign_in_lasts_six_months() {
        let day = |text: &str| text.parse::<DateTime<Utc>>().unwrap();

        assert_eq!(sign_in_needed_by(day("2026-08-31T10:00:00Z")), day("2027-02-28T10:00:00Z"));
    }
}
