//! A login as bytes, the way a keychain keeps it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tutti_spotify::Secret;
use zeroize::Zeroizing;

use super::{SecretError, StoredLogin};

/// Room for one login as JSON, so that writing it never moves it and leaves a copy behind.
const LOGIN_BYTES: usize = 4096;

/// The login as it is written into the keychain.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    refresh_token: &'a str,
    client_id: &'a str,
    signed_in_at: DateTime<Utc>,
}

/// The login as it is read: strings that were escaped cannot be borrowed, so they are moved into [`Secret`] at once.
#[derive(Deserialize)]
struct Read {
    refresh_token: String,
    client_id: String,
    signed_in_at: DateTime<Utc>,
}

impl StoredLogin {
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LOGIN_BYTES));
        let written = Written {
            version: 1,
            refresh_token: self.refresh.expose(),
            client_id: &self.client_id,
            signed_in_at: self.signed_in_at,
        };
        serde_json::to_writer(&mut *bytes, &written)
            .map_err(|_| SecretError::other("the login could not be written"))?;
        Ok(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        // The parser's own message could repeat what it read.
        let read: Read = serde_json::from_slice(bytes)
            .map_err(|_| SecretError::other("what it keeps for this account is no login"))?;
        Ok(Self {
            refresh: Secret::new(read.refresh_token),
            client_id: read.client_id,
            signed_in_at: read.signed_in_at,
        })
    }
}

impl fmt::Debug for StoredLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLogin")
            .field("refresh", &self.refresh)
            .field("client_id", &self.client_id)
            .field("signed_in_at", &self.signed_in_at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::login;
    use super::super::{Memory, SecretStore};
    use super::*;

    #[test]
    fn a_login_survives_being_written_and_read() {
        let login = login("r\"\\\u{e9}");

        assert_eq!(StoredLogin::from_bytes(&login.to_bytes().unwrap()), Ok(login));
    }

    #[test]
    fn what_is_not_a_login_is_an_error_that_repeats_nothing_of_it() {
        for text in ["", "probe", "{}", r#"{"refresh_token":"secret-text","client_id":3}"#] {
            let error = StoredLogin::from_bytes(text.as_bytes()).unwrap_err();

            assert_eq!(error.code(), "keychain_other");
            assert!(!error.to_string().contains("secret-text"));
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let memory = Memory::default();
        memory.save("anna", &login("secret-text")).unwrap();

        let shown = format!("{:?} {memory:?}", login("secret-text"));

        assert!(!shown.contains("secret-text"), "{shown}");
    }
}
