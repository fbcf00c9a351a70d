//! Logins in the keychain of the operating system, and in memory for the demo: nowhere else may a token be kept.

#[cfg(target_os = "linux")]
mod kernel;
mod keychain;
mod login;
mod memory;
mod places;
mod session;
mod system;
mod turn;
mod user;

use std::fmt;
use std::path::{Path, absolute};

use chrono::{DateTime, Utc};
use thiserror::Error;
use tutti_spotify::Secret;

pub use keychain::Keychain;
pub use memory::Memory;
pub use session::{forget_session, keep_session, take_session};
pub use turn::KEYCHAIN_DEADLINE;
pub use user::{forget_user_key, keep_user_key, user_key};

/// What is kept of a signed-in account.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredLogin {
    pub refresh: Secret,
    /// The client id that the sign-in belongs to; a refresh token is worthless with another one.
    pub client_id: String,
    /// When the user signed in: a sign-in lasts six months.
    pub signed_in_at: DateTime<Utc>,
}

/// Where logins are kept, by account. The calls may block for as long as a keychain's prompt is open: make them on a
/// thread on which blocking does no harm.
pub trait SecretStore: fmt::Debug + Send + Sync {
    /// The account's login, or `None`.
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError>;

    /// Keeps a login in place of any earlier one of the account.
    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError>;

    /// Forgets an account's login; to forget nothing is no error.
    fn delete(&self, account_key: &str) -> Result<(), SecretError>;

    /// Whether a login could be kept now: keeps, reads and forgets something without meaning.
    fn probe(&self) -> Result<(), SecretError>;

    /// How long the login that was saved last is kept.
    fn keeps(&self) -> Keeps {
        Keeps::ForGood
    }
}

/// How long a store keeps a login that nobody deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    ForGood,
    /// Until the computer starts again, or three days after it was last read or written.
    UntilRestart,
}

/// Why a login could not be kept or read. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    #[error(
        "This computer has no keychain that Tutti can use, and Tutti keeps logins nowhere else. On Linux, install GNOME Keyring or KWallet, let it create its default keyring, or let Tutti use the kernel's keyring; then start Tutti again. ({detail})"
    )]
    NoKeychain { detail: String },
    #[error(
        "The keychain is locked, or did not answer in time. Unlock it (a prompt may be hidden behind another window) and try again."
    )]
    Locked,
    #[error("The keychain stayed locked or refused access. Unlock it, allow Tutti to use it, and try again.")]
    Denied,
    #[error("The keychain reported a problem: {detail}")]
    Other { detail: String },
}

impl SecretError {
    /// A word for what happened, for a table of texts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeychain { .. } => "no_keychain",
            Self::Locked => "keychain_locked",
            Self::Denied => "keychain_denied",
            Self::Other { .. } => "keychain_other",
        }
    }

    fn other(detail: impl Into<String>) -> Self {
        Self::Other { detail: detail.into() }
    }
}

/// Eight hexadecimal digits that stand for a profile: the same for every spelling of the same path.
pub fn profile_digits(home: &Path) -> String {
    let path = absolute(home).unwrap_or_else(|_| home.to_owned());
    // FNV-1a: the standard library's hashes may change between its versions, and a name must not.
    let hash = path
        .components()
        .flat_map(|part| {
            let bytes = part.as_os_str().as_encoded_bytes().iter().copied();
            bytes.chain([0]).collect::<Vec<u8>>()
        })
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests;
