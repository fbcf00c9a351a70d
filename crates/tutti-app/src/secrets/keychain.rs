//! The keychain of this computer as the program sees it, whichever of its places keeps the logins.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::places::Places;
use super::turn::{KEYCHAIN_DEADLINE, in_turn};
use super::{Keeps, SecretError, SecretStore, StoredLogin, profile_digits};

/// The operating system's keychain, or on Linux without a Secret Service the kernel's keyring.
///
/// Whether a Secret Service is there is found out once, at the first call; to use one that came later the program has to
/// be started again.
#[derive(Debug, Clone)]
pub struct Keychain {
    /// The name under which the keychain shows the entries.
    namespace: String,
    deadline: Duration,
    /// Whether what was saved last is gone after a restart.
    fleeting: Arc<AtomicBool>,
}

impl Keychain {
    /// The keychain's part for this profile: `TUTTI_HOME`, or `None` for the usual one.
    pub fn new(home: Option<&Path>) -> Self {
        Self { namespace: namespace(home), deadline: KEYCHAIN_DEADLINE, fleeting: Arc::default() }
    }

    /// With another deadline than [`KEYCHAIN_DEADLINE`].
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The name under which the keychain shows the entries: "Tutti", or "Tutti (…)" for another profile.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Makes a call on a thread of its own: a locked keychain blocks until its prompt is answered.
    fn call<T: Send + 'static>(
        &self,
        account_key: &str,
        work: impl FnOnce(&Places<'_>) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let (namespace, account_key) = (self.namespace.clone(), account_key.to_owned());
        in_turn(self.deadline, move || work(&Places::of_this_computer(&namespace, &account_key)))
    }
}

impl SecretStore for Keychain {
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError> {
        let bytes = self.call(account_key, |places| places.read())?;
        bytes.map(|bytes| StoredLogin::from_bytes(&bytes)).transpose()
    }

    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        let bytes = login.to_bytes()?;
        let keeps = self.call(account_key, move |places| places.write(&bytes))?;
        self.fleeting.store(keeps == Keeps::UntilRestart, Ordering::Release);
        Ok(())
    }

    fn delete(&self, account_key: &str) -> Result<(), SecretError> {
        self.call(account_key, |places| places.forget())
    }

    fn probe(&self) -> Result<(), SecretError> {
        // The process number keeps two programs from reading each other's.
        let key = format!("probe {}", std::process::id());
        self.call(&key, |places| {
            places.write(b"probe")?;
            let read = places.read();
            places.forget()?;
            read.map(drop)
        })
    }

    fn keeps(&self) -> Keeps {
        if self.fleeting.load(Ordering::Acquire) { Keeps::UntilRestart } else { Keeps::ForGood }
    }
}

fn namespace(home: Option<&Path>) -> String {
    match home {
        Some(home) => format!("Tutti ({})", profile_digits(home)),
        None => "Tutti".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_has_a_namespace_of_its_own() {
        let name = |home: &str| Keychain::new(Some(Path::new(home))).namespace().to_owned();

        assert_eq!(Keychain::new(None).namespace(), "Tutti");
        assert_eq!(name("/tmp/one"), "Tutti (dc26d5b5)");
        assert_eq!(name("/tmp/one/"), name("/tmp/one"));
        assert_eq!(name("/tmp//one/."), name("/tmp/one"));
        assert_ne!(name("/tmp/two"), name("/tmp/one"));
        assert_ne!(name("/tm/pone"), name("/tmp/one"));
    }
}
