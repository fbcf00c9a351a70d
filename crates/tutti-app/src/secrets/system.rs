//! The operating system's own keychain: the Secret Service, macOS's Keychain or Windows' Credential Manager.

use keyring::v1::{Entry, Error as KeyringError};
use zeroize::Zeroizing;

use super::SecretError;
use super::places::Place;

/// Whether a Secret Service is there is found out once, at the first call; after [`SecretError::NoKeychain`] for want of
/// one the program has to be started again.
pub(super) struct System;

impl Place for System {
    fn read(&self, namespace: &str, account_key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        match entry(namespace, account_key)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(explain(error)),
        }
    }

    fn write(&self, namespace: &str, account_key: &str, bytes: &[u8]) -> Result<(), SecretError> {
        let entry = entry(namespace, account_key)?;
        let outcome = match entry.set_secret(bytes) {
            Err(KeyringError::Ambiguous(_)) => delete_all(&entry).and_then(|()| entry.set_secret(bytes)),
            outcome => outcome,
        };
        outcome.map_err(explain)
    }

    fn forget(&self, namespace: &str, account_key: &str) -> Result<(), SecretError> {
        delete_all(&entry(namespace, account_key)?).map_err(explain)
    }
}

fn entry(namespace: &str, account_key: &str) -> Result<Entry, SecretError> {
    Entry::new(namespace, account_key).map_err(explain)
}

/// Forgets an entry, and its twins should some other program have made any.
fn delete_all(entry: &Entry) -> Result<(), KeyringError> {
    match entry.delete_credential() {
        Err(KeyringError::NoEntry) => Ok(()),
        Err(KeyringError::Ambiguous(twins)) => twins.iter().try_for_each(|twin| twin.delete_credential()),
        outcome => outcome,
    }
}

fn explain(error: KeyringError) -> SecretError {
    match error {
        KeyringError::NoDefaultStore => {
            let detail = match Entry::store_status() {
                Ok(()) => "no store".to_owned(),
                Err(error) => describe(error),
            };
            SecretError::NoKeychain { detail }
        }
        KeyringError::NoStorageAccess(cause) => {
            // The stores tell these apart only in words.
            let words = cause.to_string().to_lowercase();
            if words.contains("locked") {
                SecretError::Locked
            } else if words.contains("not returned") {
                let detail = "it has no default collection".to_owned();
                SecretError::NoKeychain { detail }
            } else {
                SecretError::Denied
            }
        }
        error => SecretError::other(describe(&error)),
    }
}

/// The error in words, without the data that some of them carry.
fn describe(error: &KeyringError) -> String {
    match error {
        KeyringError::BadEncoding(_) | KeyringError::BadDataFormat(..) => "what it keeps is not readable".to_owned(),
        KeyringError::Ambiguous(twins) => format!("{} entries for one account", twins.len()),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_its_word_and_its_way_out() {
        let wrapped = |words: &str| KeyringError::NoStorageAccess(words.into());
        for (error, code, way_out) in [
            (KeyringError::NoDefaultStore, "no_keychain", "install GNOME Keyring"),
            (wrapped("object locked"), "keychain_locked", "Unlock it"),
            (wrapped("prompt dismissed"), "keychain_denied", "allow Tutti"),
            (wrapped("result not returned"), "no_keychain", "default collection"),
            (KeyringError::PlatformFailure("gone".into()), "keychain_other", "gone"),
            (KeyringError::BadEncoding(b"secret-text".to_vec()), "keychain_other", "not readable"),
        ] {
            let error = explain(error);

            assert_eq!(error.code(), code);
            assert!(error.to_string().contains(way_out), "{error}");
        }
    }
}
