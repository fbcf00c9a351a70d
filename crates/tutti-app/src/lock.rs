//! One machine-wide lock an account: of all processes of this user only one drives it (F10).

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use crate::problem::Problem;
use crate::settings::short_hash;

/// Held for as long as this process drives the account; the system frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct AccountLock {
    _file: File,
}

impl AccountLock {
    /// Takes the lock of an account at this server, or says that it is taken.
    pub fn take(server: &str, account_id: &str, name: &str) -> Result<Self, Problem> {
        Self::take_at(folder(), &format!("{server} {account_id}"), name)
    }

    fn take_at(folder: PathBuf, account: &str, name: &str) -> Result<Self, Problem> {
        let unusable =
            |error: std::io::Error| Problem::new("no_lock").with("name", name).with("why", error.to_string());
        std::fs::create_dir_all(&folder).map_err(unusable)?;
        let path = folder.join(format!("{}.lock", short_hash(account.as_bytes())));
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Problem::new("account_busy").with("name", name)),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

/// The same for all profiles of the user: they share the accounts' players.
pub(crate) fn folder() -> PathBuf {
    let base = directories::BaseDirs::new();
    let base = base.and_then(|base| base.runtime_dir().or(Some(base.data_local_dir())).map(|path| path.to_owned()));
    base.unwrap_or_else(std::env::temp_dir).join("tutti")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_account_is_driven_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let take = |account| AccountLock::take_at(folder.path().to_owned(), account, "Ana");

        let first = take("a").unwrap();
        assert_eq!(take("a").unwrap_err().code(), "account_busy");
        assert!(take("b").is_ok(), "another account is free");

        drop(first);
        assert!(take("a").is_ok());
    }
}
