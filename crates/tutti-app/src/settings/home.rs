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
}

impl Home {
    /// `TUTTI_HOME`, else the platform's folder for settings. Where it cannot be made, the program goes on without.
    pub fn from_env() -> Result<Self, HomeError> {
        let home = match std::env::var_os("TUTTI_HOME").filter(|path| !path.is_empty()) {
            Some(path) => Self::at(std::path::absolute(&path).unwrap_or_else(|_| path.into())),
            None => {
                let folders = directories::ProjectDirs::from("", "", "tutti").ok_or(HomeError::NoFolder)?;
                Self { folder: folders.config_dir().to_owned(), named: false }
            }
        };
        if let Err(error) = std::fs::create_dir_all(&home.folder) {
            tracing::warn!(%error, "the profile's folder cannot be made");
        }
        Ok(home)
    }

    /// A profile of its own in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), named: true }
    }

    /// Makes the folder and a file in it, and takes the file away again.
    ///
    /// # Errors
    /// What is in the way of writing there.
    pub fn try_writing(&self) -> std::io::Result<()> {
        let probe = self.folder.join(format!("probe-{}", std::process::id()));
        super::write_atomically(&probe, b"Tutti can write here.")?;
        std::fs::remove_file(probe)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What keeps this profile's secrets in the keychain apart from those of the usual profile; `None` is the usual one.
    pub fn own_keychain(&self) -> Option<&Path> {
        self.named.then_some(self.folder.as_path())
    }

    /// A profile of its own is a program of its own, also beside the usual one: the name, with a hash for its folder.
    pub fn program_name(&self, name: &str) -> String {
        match self.own_keychain() {
            Some(folder) => format!("{name}.p{}", short_hash(folder.as_os_str().as_encoded_bytes())),
            None => name.to_owned(),
        }
    }

    /// What the system starts the program with when the user signs in: in the tray, in this profile.
    pub fn login_arguments(&self) -> Vec<String> {
        let hidden = "--hidden".to_owned();
        match self.own_keychain() {
            Some(folder) => vec![hidden, "--profile".into(), folder.display().to_string()],
            None => vec![hidden],
        }
    }

    pub fn settings_file(&self) -> PathBuf {
        self.folder.join("settings.json")
    }

    /// The folder of the log.
    pub fn log_folder(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Folders that the window system fills while the program runs: the web view's own files, and the tray's pictures.
    pub fn of_the_window(&self) -> [PathBuf; 2] {
        ["webview", "tray"].map(|name| self.folder.join(name))
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
    fn two_profiles_are_two_programs() {
        let name = |folder: &str| Home::at(folder).program_name("app.tutti.desktop");

        assert_ne!(name("/home/a"), name("/home/b"));
        assert!(name("/home/a").starts_with("app.tutti.desktop.p"));
        let on_the_bus = |char: char| char.is_ascii_alphanumeric() || char == '.';
        assert!(name("/home/a").chars().all(on_the_bus), "{} is a name on the session bus", name("/home/a"));
    }

    #[test]
    fn at_login_a_profile_of_its_own_is_started_again_and_the_usual_one_without_a_word() {
        let usual = Home { folder: "/home/a".into(), named: false };

        assert_eq!(usual.login_arguments(), ["--hidden"]);
        assert_eq!(Home::at("/home/a b").login_arguments(), ["--hidden", "--profile", "/home/a b"]);
    }

    #[test]
    fn a_hash_shows_nothing_of_the_client_id() {
        let hash = short_hash(b"0123456789abcdef0123456789abcdef");

        assert_eq!(hash.len(), 16);
        assert!(!hash.contains("0123456789"));
    }
}
