//! Which of a computer's places a login goes to: the lasting one, or where there is none, the fleeting one.

use zeroize::Zeroizing;

use super::{Keeps, SecretError};

/// A place that keeps bytes by namespace and account. [`SecretError::NoKeychain`] means that it is not there.
pub(super) trait Place: Sync {
    fn read(&self, namespace: &str, account_key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError>;

    /// In place of any earlier bytes.
    fn write(&self, namespace: &str, account_key: &str, bytes: &[u8]) -> Result<(), SecretError>;

    /// To forget nothing is no error.
    fn forget(&self, namespace: &str, account_key: &str) -> Result<(), SecretError>;
}

/// The part of a computer's places for one account.
pub(super) struct Places<'a> {
    pub lasting: &'a dyn Place,
    pub fleeting: Option<&'a dyn Place>,
    pub namespace: &'a str,
    pub account_key: &'a str,
}

impl<'a> Places<'a> {
    pub fn of_this_computer(namespace: &'a str, account_key: &'a str) -> Self {
        #[cfg(target_os = "linux")]
        let fleeting: Option<&dyn Place> = Some(&super::kernel::Kernel);
        #[cfg(not(target_os = "linux"))]
        let fleeting = None;
        Self { lasting: &super::system::System, fleeting, namespace, account_key }
    }

    /// What the lasting place keeps; else what was kept while it was not there.
    pub fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        let lasting = self.lasting.read(self.namespace, self.account_key);
        match (lasting, self.fleeting) {
            (Ok(None), Some(fleeting)) => match fleeting.read(self.namespace, self.account_key) {
                Err(SecretError::NoKeychain { .. }) => Ok(None),
                outcome => outcome,
            },
            (Err(SecretError::NoKeychain { detail }), Some(fleeting)) => {
                fleeting.read(self.namespace, self.account_key).map_err(|error| neither(detail, error))
            }
            (outcome, _) => outcome,
        }
    }

    /// Into one place only, and forgotten in the other.
    pub fn write(&self, bytes: &[u8]) -> Result<Keeps, SecretError> {
        match (self.lasting.write(self.namespace, self.account_key, bytes), self.fleeting) {
            (Err(SecretError::NoKeychain { detail }), Some(fleeting)) => {
                let written = fleeting.write(self.namespace, self.account_key, bytes);
                written.map(|()| Keeps::UntilRestart).map_err(|error| neither(detail, error))
            }
            (Ok(()), Some(fleeting)) => {
                // What stays behind there is read by nobody as long as the lasting place has something.
                let _ = fleeting.forget(self.namespace, self.account_key);
                Ok(Keeps::ForGood)
            }
            (outcome, _) => outcome.map(|()| Keeps::ForGood),
        }
    }

    /// In both places: a login that was deleted is nowhere.
    pub fn forget(&self) -> Result<(), SecretError> {
        let lasting = self.lasting.forget(self.namespace, self.account_key);
        let Some(fleeting) = self.fleeting else { return lasting };
        match (lasting, fleeting.forget(self.namespace, self.account_key)) {
            (Err(SecretError::NoKeychain { detail }), outcome) => outcome.map_err(|error| neither(detail, error)),
            (Ok(()), Err(SecretError::NoKeychain { .. })) => Ok(()),
            (Ok(()), outcome) => outcome,
            (refused, _) => refused,
        }
    }
}

/// The fleeting place's error, with why it was asked at all.
fn neither(lasting: String, fleeting: SecretError) -> SecretError {
    match fleeting {
        SecretError::NoKeychain { detail } => SecretError::NoKeychain { detail: format!("{lasting}; {detail}") },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_lasting_place_is_preferred_and_the_fleeting_one_is_cleared() {
        let (lasting, fleeting) = (Shelf::there(), Shelf::there());
        fleeting.write("Tutti", "anna", b"old").unwrap();
        let places = places(&lasting, Some(&fleeting));

        assert_eq!(places.read().unwrap().unwrap().as_slice(), b"old", "kept while the lasting place was not there");
        assert_eq!(places.write(b"new"), Ok(Keeps::ForGood));

        assert_eq!(places.read().unwrap().unwrap().as_slice(), b"new");
        assert!(fleeting.is_empty());
    }

    #[test]
    fn without_the_lasting_place_the_fleeting_one_keeps() {
        let (lasting, fleeting) = (Shelf::missing("no bus"), Shelf::there());
        let places = places(&lasting, Some(&fleeting));

        assert_eq!(places.write(b"new"), Ok(Keeps::UntilRestart));
        assert_eq!(places.read().unwrap().unwrap().as_slice(), b"new");
        assert_eq!(places.forget(), Ok(()));
        assert_eq!(places.read(), Ok(None));
    }

    #[test]
    fn where_neither_is_there_both_reasons_are_said() {
        let (lasting, fleeting) = (Shelf::missing("no bus"), Shelf::missing("no kernel keyring"));
        let places = places(&lasting, Some(&fleeting));
        for error in [places.read().map(drop), places.write(b"new").map(drop), places.forget()] {
            let error = error.unwrap_err();

            assert_eq!(error.code(), "no_keychain");
            assert!(error.to_string().contains("no keychain that Tutti can use"), "{error}");
            assert!(error.to_string().contains("(no bus; no kernel keyring)"), "{error}");
        }
    }

    #[test]
    fn a_locked_lasting_place_is_not_passed_over() {
        let (lasting, fleeting) = (Shelf::refusing(SecretError::Locked), Shelf::there());
        let places = places(&lasting, Some(&fleeting));

        assert_eq!(places.write(b"new"), Err(SecretError::Locked));
        assert_eq!(places.read(), Err(SecretError::Locked));
        assert_eq!(places.forget(), Err(SecretError::Locked));
        assert!(fleeting.is_empty());
    }

    #[test]
    fn a_forgotten_login_is_in_neither_place() {
        let (lasting, fleeting) = (Shelf::there(), Shelf::there());
        lasting.write("Tutti", "anna", b"one").unwrap();
        fleeting.write("Tutti", "anna", b"other").unwrap();

        places(&lasting, Some(&fleeting)).forget().unwrap();

        assert!(lasting.is_empty() && fleeting.is_empty());
    }

    #[test]
    fn a_computer_with_a_lasting_place_needs_no_other() {
        let lasting = Shelf::there();
        for fleeting in [None, Some(&Shelf::missing("no kernel keyring"))] {
            let places = places(&lasting, fleeting);

            assert_eq!(places.write(b"new"), Ok(Keeps::ForGood));
            assert_eq!(places.forget(), Ok(()));
            assert_eq!(places.read(), Ok(None));
        }
    }

    fn places<'a>(lasting: &'a Shelf, fleeting: Option<&'a Shelf>) -> Places<'a> {
        let fleeting = fleeting.map(|shelf| shelf as &dyn Place);
        Places { lasting, fleeting, namespace: "Tutti", account_key: "anna" }
    }

    /// A place in memory, or the error that it answers with.
    struct Shelf {
        kept: Mutex<BTreeMap<String, Vec<u8>>>,
        error: Option<SecretError>,
    }

    impl Shelf {
        fn there() -> Self {
            Self { kept: Mutex::default(), error: None }
        }

        fn refusing(error: SecretError) -> Self {
            Self { kept: Mutex::default(), error: Some(error) }
        }

        fn missing(detail: &str) -> Self {
            Self::refusing(SecretError::NoKeychain { detail: detail.into() })
        }

        fn is_empty(&self) -> bool {
            self.kept.lock().unwrap().is_empty()
        }

        fn ask<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> Result<T, SecretError> {
            self.error.clone().map_or_else(|| Ok(work(&mut self.kept.lock().unwrap())), Err)
        }
    }

    impl Place for Shelf {
        fn read(&self, namespace: &str, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
            self.ask(|kept| kept.get(&format!("{namespace} {key}")).cloned().map(Zeroizing::new))
        }

        fn write(&self, namespace: &str, key: &str, bytes: &[u8]) -> Result<(), SecretError> {
            self.ask(|kept| drop(kept.insert(format!("{namespace} {key}"), bytes.to_vec())))
        }

        fn forget(&self, namespace: &str, key: &str) -> Result<(), SecretError> {
            self.ask(|kept| drop(kept.remove(&format!("{namespace} {key}"))))
        }
    }
}
