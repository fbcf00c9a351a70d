//! The keyring of the Linux kernel, for machines without a Secret Service: it keeps until restart, at most three days
//! unused.

use keyring_core::Error as KeyringError;
use keyring_core::api::CredentialApi;
use linux_keyutils_keyring_store::Cred;
use zeroize::Zeroizing;

use super::SecretError;
use super::places::Place;

/// The user's persistent keyring. A kernel without one is no place for a login: all it has left ends with the session.
pub(super) struct Kernel;

impl Place for Kernel {
    fn read(&self, namespace: &str, account_key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        match key(namespace, account_key)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(explain(error)),
        }
    }

    fn write(&self, namespace: &str, account_key: &str, bytes: &[u8]) -> Result<(), SecretError> {
        // Reading first brings a key that another session made into this one: it is then changed in place, and that
        // session does not stay behind with the old login.
        self.read(namespace, account_key)?;
        key(namespace, account_key)?.set_secret(bytes).map_err(explain)
    }

    fn forget(&self, namespace: &str, account_key: &str) -> Result<(), SecretError> {
        match key(namespace, account_key)?.delete_credential() {
            Err(KeyringError::NoEntry) => Ok(()),
            outcome => outcome.map_err(explain),
        }
    }
}

fn key(namespace: &str, account_key: &str) -> Result<Cred, SecretError> {
    let description = format!("{namespace}: {account_key}");
    let delimiters = Default::default();
    let build = || Cred::build_from_specifiers(Some(&description), &delimiters, false, namespace, account_key);
    // A thread without a session keyring (a service, a container) gets one by the first call, after that call has
    // looked which one it is: only the second searches the one that the persistent keyring now hangs from.
    let key = build().and_then(|_| build()).map_err(|error| missing(&error))?;
    if key.persistent.is_none() {
        let detail = "the kernel has no persistent keyring".to_owned();
        return Err(SecretError::NoKeychain { detail });
    }
    Ok(key)
}

fn explain(error: KeyringError) -> SecretError {
    match error {
        // No prompt could help: this is a session that may not use the keyring at all.
        KeyringError::NoStorageAccess(_) => missing(&error),
        KeyringError::BadEncoding(_) | KeyringError::BadDataFormat(..) => {
            SecretError::other("what the kernel keeps is not readable")
        }
        error => SecretError::other(format!("the kernel's keyring: {error}")),
    }
}

fn missing(error: &KeyringError) -> SecretError {
    SecretError::NoKeychain { detail: format!("the kernel's keyring: {error}") }
}
