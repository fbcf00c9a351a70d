//! The session that a program was in when it ended: its invite lets others in, so it is kept like a sign-in.

use chrono::{TimeDelta, Utc};
use tutti_spotify::Secret;

use super::{SecretError, SecretStore, StoredLogin};
use crate::invite::Invite;

/// Its place in the keychain, beside the accounts'.
const PLACE: &str = "session";

/// After this, nobody is there any more.
const LASTS: TimeDelta = TimeDelta::hours(24);

/// Keeps the way back into a session, in place of any earlier one. Blocks like the keychain.
///
/// # Errors
/// The keychain does not keep it.
pub fn keep_session(store: &dyn SecretStore, invite: &Invite) -> Result<(), SecretError> {
    let kept = StoredLogin { refresh: Secret::new(invite.link()), client_id: String::new(), signed_in_at: Utc::now() };
    store.save(PLACE, &kept)
}

/// The session that was kept, if it may still be there; it is kept no longer.
///
/// # Errors
/// The keychain does not give it out, or does not let it be deleted.
pub fn take_session(store: &dyn SecretStore) -> Result<Option<Invite>, SecretError> {
    let Some(kept) = store.load(PLACE)? else { return Ok(None) };
    store.delete(PLACE)?;
    let lasts = Utc::now() - kept.signed_in_at < LASTS;
    Ok(Invite::parse(kept.refresh.expose()).ok().filter(|_| lasts))
}

/// Nothing is kept any more.
///
/// # Errors
/// The keychain does not let it be deleted.
pub fn forget_session(store: &dyn SecretStore) -> Result<(), SecretError> {
    store.delete(PLACE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::secrets::Memory;

    #[test]
    fn a_session_is_offered_once_and_not_after_a_day() {
        let store = Memory::default();
        let link = "tutti://join/1f6c0a8e52b94d07a3c5e1907b2d4f68?hub=ws%3A%2F%2F192.168.1.7%3A7450&host=Anna";
        let invite = Invite::parse(link).unwrap();

        keep_session(&store, &invite).unwrap();
        assert_eq!(take_session(&store).unwrap().map(|invite| invite.link()), Some(link.to_owned()));
        assert!(take_session(&store).unwrap().is_none());

        keep_session(&store, &invite).unwrap();
        let old =
            StoredLogin { signed_in_at: Utc::now() - TimeDelta::hours(25), ..store.load(PLACE).unwrap().unwrap() };
        store.save(PLACE, &old).unwrap();
        assert!(take_session(&store).unwrap().is_none());
    }
}
