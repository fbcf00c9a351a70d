//! The key that makes several devices those of one user: made once, kept in the keychain like a sign-in.

use chrono::Utc;
use tutti_core::proof::UserKey;
use tutti_spotify::Secret;

use super::{SecretError, SecretStore, StoredLogin};

/// Its place in the keychain, beside the accounts'.
const PLACE: &str = "own devices";

/// The user's key; a new one if there is none yet. Blocks like the keychain.
///
/// # Errors
/// The keychain does not give it out, or does not keep it.
pub fn user_key(store: &dyn SecretStore) -> Result<UserKey, SecretError> {
    let known = store.load(PLACE)?.and_then(|kept| UserKey::parse(kept.refresh.expose()));
    match known {
        Some(key) => Ok(key),
        None => {
            let key = UserKey::new(rand::random());
            keep_user_key(store, key)?;
            Ok(key)
        }
    }
}

/// Forgets it: the user's other devices are those of somebody else from then on.
///
/// # Errors
/// The keychain does not let it be deleted.
pub fn forget_user_key(store: &dyn SecretStore) -> Result<(), SecretError> {
    store.delete(PLACE)
}

/// Keeps the key of another device's link: from now on this computer is one of the same user.
///
/// # Errors
/// The keychain does not keep it.
pub fn keep_user_key(store: &dyn SecretStore, key: UserKey) -> Result<(), SecretError> {
    let kept = StoredLogin { refresh: Secret::new(key.reveal()), client_id: String::new(), signed_in_at: Utc::now() };
    store.save(PLACE, &kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::secrets::Memory;

    #[test]
    fn a_key_is_made_once_and_a_link_of_another_device_replaces_it() {
        let store = Memory::default();

        let own = user_key(&store).unwrap();
        assert_eq!(user_key(&store).unwrap(), own);

        keep_user_key(&store, UserKey::new([7; 16])).unwrap();
        assert_eq!(user_key(&store).unwrap(), UserKey::new([7; 16]));
        assert_ne!(own, UserKey::new([7; 16]));

        forget_user_key(&store).unwrap();
        assert_ne!(user_key(&store).unwrap(), own, "a forgotten one is not made again");
    }
}
