//! What is remembered between runs: one versioned JSON file in the profile's folder, written whole and atomically.
//!
//! No token is ever in here: those are in the keychain.

mod choices;
mod endpoints;
mod file;
mod home;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::api::SignInWay;

pub use choices::Choices;
pub use endpoints::{BadServer, Endpoints};
pub use file::{Loaded, write_atomically};
pub(crate) use home::short_hash;
pub use home::{Home, HomeError};

/// Version of the file's shape.
const VERSION: u32 = 1;

/// The settings of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub version: u32,
    /// The client id that was used last, offered for the next sign-in.
    #[serde(default)]
    pub client_id: Option<String>,
    #[serde(default)]
    pub accounts: Vec<AccountSettings>,
    /// Client ids that belong to one developer account each, and so share one quota at Spotify. Others are taken for
    /// those of different developers until Spotify's answers show otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_developer: Vec<Vec<String>>,
    /// Few requests: followed later, and far from every limit (P1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thrifty: bool,
    /// The redirect that the last sign-in came back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_way: Option<SignInWay>,
    #[serde(default)]
    pub choices: Choices,
}

/// What is remembered of an account; its sign-in is in the keychain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    pub account_id: String,
    pub name: String,
    pub client_id: String,
    /// Chosen for the next room.
    #[serde(default = "yes")]
    pub chosen: bool,
    /// The device that may be started; none = the active one only.
    #[serde(default)]
    pub device: Option<String>,
    /// The user's correction for their speakers: + plays earlier.
    #[serde(default)]
    pub trim_ms: i32,
    /// When its user signed in, to say in time that it ends; none in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<DateTime<Utc>>,
    /// The day on which it was last told outside of the window that the sign-in ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending_told: Option<NaiveDate>,
}

fn yes() -> bool {
    true
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            client_id: None,
            accounts: Vec::new(),
            same_developer: Vec::new(),
            thrifty: false,
            sign_in_way: None,
            choices: Choices::default(),
        }
    }
}

impl Settings {
    /// Reads the profile's settings. A file that cannot be read is put aside and named in the answer.
    pub fn load(home: &Home) -> Loaded {
        file::load(&home.settings_file())
    }

    /// The accounts that the profile's file has at this moment; none where it cannot be read.
    pub fn accounts_of(home: &Home) -> Vec<AccountSettings> {
        let text = std::fs::read(home.settings_file()).ok();
        let settings: Option<Self> = text.and_then(|text| serde_json::from_slice(&text).ok());
        settings.filter(|settings| settings.version == VERSION).map(|settings| settings.accounts).unwrap_or_default()
    }

    /// Writes them whole; a crash in between leaves the old file.
    pub fn save(&self, home: &Home) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        write_atomically(&home.settings_file(), &text)
    }

    pub fn account(&self, id: &str) -> Option<&AccountSettings> {
        self.accounts.iter().find(|account| account.account_id == id)
    }

    pub fn account_mut(&mut self, id: &str) -> Option<&mut AccountSettings> {
        self.accounts.iter_mut().find(|account| account.account_id == id)
    }

    /// Takes an account out, and with the last one of a client id all that names it.
    pub fn sign_out(&mut self, id: &str) -> Option<AccountSettings> {
        let place = self.accounts.iter().position(|account| account.account_id == id)?;
        let account = self.accounts.remove(place);
        let client_id = &account.client_id;
        if self.accounts.iter().all(|left| left.client_id != *client_id) {
            self.client_id.take_if(|last| last == client_id);
            self.same_developer.iter_mut().for_each(|group| group.retain(|id| id != client_id));
            self.same_developer.retain(|group| group.len() > 1);
        }
        Some(account)
    }

    /// By id, else by name (upper and lower case are the same); a name that several accounts have finds none.
    pub fn find(&self, wanted: &str) -> Option<&AccountSettings> {
        let folded = wanted.trim().to_lowercase();
        let mut named = self.accounts.iter().filter(|account| account.name.to_lowercase() == folded);
        self.account(wanted).or_else(|| named.next().filter(|_| named.next().is_none()))
    }
}

/// The longest name that is kept.
const NAME_LIMIT: usize = 64;

/// A name that can be shown: any writing, no control or direction-changing characters, at most 64 of them; `None`
/// when nothing is left.
pub fn tidy_name(given: &str) -> Option<String> {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let name: String = given.chars().filter(|c| !odd(*c)).collect();
    let name: String = name.trim().chars().take(NAME_LIMIT).collect();
    let name = name.trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

/// The client id as typed, tidied: 32 characters, digits and a to f.
pub fn tidy_client_id(given: &str) -> Option<String> {
    let id = given.trim().to_lowercase();
    (id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit())).then_some(id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_saved_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let settings = Settings {
            client_id: Some("c".repeat(32)),
            accounts: vec![account("id1", "Zoë 🎺"), account("id2", "Ben")],
            same_developer: vec![vec!["c".repeat(32), "d".repeat(32)]],
            thrifty: true,
            ..Settings::default()
        };

        settings.save(&home).unwrap();

        assert_eq!(Settings::load(&home), Loaded { settings, put_aside: None });
    }

    #[test]
    fn a_broken_file_is_put_aside_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        std::fs::write(home.settings_file(), "{ not json").unwrap();

        let loaded = Settings::load(&home);

        assert_eq!(loaded.settings, Settings::default());
        let aside = loaded.put_aside.unwrap();
        assert_eq!(std::fs::read_to_string(aside).unwrap(), "{ not json");
        assert!(!home.settings_file().exists());
    }

    #[test]
    fn a_file_of_a_newer_version_is_put_aside_too() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        std::fs::write(home.settings_file(), r#"{"version": 99, "accounts": []}"#).unwrap();

        assert!(Settings::load(&home).put_aside.is_some());
    }

    #[test]
    fn accounts_are_found_by_id_and_by_name_unless_it_is_ambiguous() {
        let settings = Settings {
            accounts: vec![account("id1", "Ana"), account("id2", "Ben"), account("id3", "BEN")],
            ..Settings::default()
        };

        assert_eq!(settings.find("id2").unwrap().account_id, "id2");
        assert_eq!(settings.find("ana").unwrap().account_id, "id1");
        assert_eq!(settings.find("ben"), None);
    }

    #[test]
    fn with_the_last_account_of_a_client_id_the_id_is_forgotten() {
        let [first, second, third] = ["a", "b", "c"].map(|id| id.repeat(32));
        let of = |id: &str, client_id: &str| AccountSettings { client_id: client_id.into(), ..account(id, id) };
        let mut settings = Settings {
            client_id: Some(first.clone()),
            accounts: vec![of("ana", &first), of("ben", &first), of("chiara", &second)],
            same_developer: vec![
                vec![first.clone(), second.clone()],
                vec![second.clone(), third.clone(), first.clone()],
            ],
            ..Settings::default()
        };

        assert_eq!(settings.sign_out("ana").unwrap().account_id, "ana");
        assert_eq!((settings.client_id.as_ref(), settings.same_developer.len()), (Some(&first), 2), "Ben has it too");
        settings.sign_out("ben").unwrap();
        assert_eq!((settings.client_id.as_ref(), &settings.same_developer), (None, &vec![vec![second, third]]));
        assert!(settings.sign_out("nobody").is_none());
        assert_eq!(settings.accounts.len(), 1);
    }

    #[test]
    fn names_of_any_writing_stay_and_what_cannot_be_shown_goes() {
        assert_eq!(tidy_name("  Zoë 🎺 \u{202e}evil\u{7}\n").as_deref(), Some("Zoë 🎺 evil"));
        assert_eq!(tidy_name("王小明").as_deref(), Some("王小明"));
        assert_eq!(tidy_name("\u{0}\u{1b}  "), None);
        assert_eq!(tidy_name(&"x".repeat(500)).unwrap().chars().count(), NAME_LIMIT);
    }

    #[test]
    fn client_ids_are_32_hexadecimal_digits() {
        assert_eq!(tidy_client_id(&format!(" {} ", "A1".repeat(16))), Some("a1".repeat(16)));
        assert_eq!(tidy_client_id("abc"), None);
        assert_eq!(tidy_client_id(&"g".repeat(32)), None);
    }

    fn account(id: &str, name: &str) -> AccountSettings {
        AccountSettings {
            account_id: id.into(),
            name: name.into(),
            client_id: "0".repeat(32),
            chosen: true,
            device: None,
            trim_ms: 0,
            signed_in_at: None,
            ending_told: None,
        }
    }
}
