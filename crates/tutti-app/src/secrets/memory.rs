//! Logins in memory, for the demo and for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{SecretError, SecretStore, StoredLogin};

/// In memory, for the demo and for tests: gone when the program ends.
#[derive(Debug, Default)]
pub struct Memory {
    logins: Mutex<BTreeMap<String, StoredLogin>>,
}

impl SecretStore for Memory {
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError> {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(logins.get(account_key).cloned())
    }

    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.insert(account_key.to_owned(), login.clone());
        Ok(())
    }

    fn delete(&self, account_key: &str) -> Result<(), SecretError> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.remove(account_key);
        Ok(())
    }

    fn probe(&self) -> Result<(), SecretError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::keeps_logins;
    use super::*;

    #[test]
    fn memory_keeps_logins_as_a_keychain_does() {
        keeps_logins(&Memory::default());
    }
}
