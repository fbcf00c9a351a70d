//! The folder of a profile: the platform's own, or the one that `TUTTI_HOME` names.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

/// A profile's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
    /// Named by the user, so that its secrets are apart from those of the usual profile.
    named: bool,
}

#[derive(Debug, Error)]
pub enum HomeError {
    #[error("this system names no folder for settings; set TUTTI_HOME to one")]
    NoFolder,
    #[error("the folder {path} cannot be used: {source}")]
    Unusable { path: String, source: std::io::Error },
}

impl Home {
    /// `TUTTI_HOME`, else the platform's folder for settings. The folder is there afterwards.
    pub fn from_env() -> Result<Self, HomeError> {
        let home = match std::env::var_os("TUTTI_HOME").filter(|path| !path.is_empty()) {
            Some(path) => Self::at(std::path::absolute(&path).unwrap_or_else(|_| path.into())),
            None => {
                let folders = directories::ProjectDirs::from("", "", "tutti").ok_or(HomeError::NoFolder)?;
                Self { folder: folders.config_dir().to_owned(), named: false }
            }
        };
        home.create()?;
        Ok(home)
    }

    /// A profile of its own in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), named: true }
    }

    fn create(&self) -> Result<(), HomeError> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|source| HomeError::Unusable { path: self.folder.display().to_string(), source })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What keeps this profile's secrets in the keychain apart from those of the usual profile; `None` is the usual one.
    pub fn own_keychain(&self) -> Option<&Path> {
        self.named.then_some(self.folder.as_path())
    }

    pub fn settings_file(&self) -> PathBuf {
        self.folder.join("settings.json")
    }

    /// The request ledger of a client id, by its hash.
    pub(crate) fn ledger_file(&self, client_id_hash: &str) -> PathBuf {
        self.folder.join(format!("ledger-{client_id_hash}.log"))
    }

    /// Which client ids share a developer's quota.
    pub(crate) fn developers_file(&self) -> PathBuf {
        self.folder.join("developers.json")
    }
}

/// 16 hexadecimal digits of SHA-256: names for files and caches that say nothing about what they stand for.
pub(crate) fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_shows_nothing_of_the_client_id() {
        let hash = short_hash(b"0123456789abcdef0123456789abcdef");

        assert_eq!(hash.len(), 16);
        assert!(!hash.contains("0123456789"));
    }
}
