//! Who keeps a sign-in's refresh token, and lets one renewal happen at a time.

use std::sync::Arc;

use crate::error::AuthError;
use crate::token::Secret;

/// Keeps the refresh token of one sign-in, which other processes may use as well. The calls may block; they are made on
/// threads for that.
pub trait Keeper: Send + Sync {
    /// Waits until nobody else renews this sign-in. Nobody else may until the answer is dropped. `ours` is the refresh
    /// token that this client knows.
    ///
    /// # Errors
    /// [`AuthError::RenewalBusy`] after the keeper's own deadline, [`AuthError::KeychainSilent`] if only the keychain
    /// knows the token by now and does not give it out, [`AuthError::Ended`] if it is kept no more.
    fn turn(&self, ours: &Secret) -> Result<Box<dyn Turn>, AuthError>;
}

/// The right to renew a sign-in; dropping it ends it.
pub trait Turn: Send {
    /// The refresh token to use: another process may have replaced the one that this client knew.
    fn refresh(&self) -> &Secret;

    /// Keeps a new refresh token, before anything relies on it.
    fn keep(&mut self, new: &Secret);
}

/// For a sign-in that nobody else uses: calls a function with every new refresh token.
pub(crate) struct Alone<K>(pub Arc<K>);

struct AlonesTurn<K> {
    keep: Arc<K>,
    refresh: Secret,
}

impl<K: Fn(&Secret) + Send + Sync + 'static> Keeper for Alone<K> {
    fn turn(&self, ours: &Secret) -> Result<Box<dyn Turn>, AuthError> {
        Ok(Box::new(AlonesTurn { keep: self.0.clone(), refresh: ours.clone() }))
    }
}

impl<K: Fn(&Secret) + Send + Sync> Turn for AlonesTurn<K> {
    fn refresh(&self) -> &Secret {
        &self.refresh
    }

    fn keep(&mut self, new: &Secret) {
        (self.keep)(new);
    }
}
