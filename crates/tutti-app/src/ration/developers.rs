//! Which client ids share a developer's quota, kept for all processes of the profile.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tutti_core::limit::Developers;
use tutti_core::time::LocalTime;

use super::line::{Clocks, LONGEST_WAIT_MS};
use super::shelf::{DISK_WITHIN, locked};
use crate::settings::{Home, write_atomically};

const VERSION: u32 = 1;

/// What is known of developer accounts. Client ids are hashes here.
#[derive(Debug, Default)]
pub(super) struct Family {
    known: Mutex<Known>,
    /// None = nowhere.
    file: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Known {
    /// What Spotify's answers showed; the file has it too.
    learned: Developers,
    /// What the user said in the settings; not in the file, so that it can be taken back there.
    told: Vec<Vec<String>>,
}

/// The file; small, and written only when a quota was used up.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    version: u32,
    /// Client ids of one developer each.
    groups: Vec<Vec<String>>,
    /// Until when Spotify's own answer shut out each client id, ms since 1970.
    shut: BTreeMap<String, i64>,
}

impl Family {
    pub fn kept(home: &Home) -> Self {
        Self { known: Mutex::default(), file: Some(home.developers_file()) }
    }

    /// What the user says: each group belongs to one developer. In place of what was said before.
    pub fn tell(&self, groups: Vec<Vec<String>>) {
        self.known().told = groups;
    }

    /// Nothing is known any more.
    pub fn forget(&self) {
        *self.known() = Known::default();
    }

    /// Spotify answered that this client id's quota is used up. The answer is who has to wait as well. Blocks for the
    /// disk.
    pub fn shut(&self, client_id: &str, until: LocalTime) -> Vec<String> {
        let clocks = Clocks::read();
        let lock = self.file.as_ref().map(|path| locked(&path.with_extension("lock"), DISK_WITHIN)).transpose();
        let mut known = self.known();
        let file = match &lock {
            Ok(_) => self.file.as_deref(),
            Err(error) => {
                tracing::warn!(%error, "what is learned of developers' quotas stays in this process");
                None
            }
        };
        if let Some(learned) = file.and_then(|path| read(path, clocks)) {
            known.learned = learned;
        }
        known.learned.shut(client_id, clocks.now, until);
        if let Some(path) = file
            && let Err(error) = write(path, &known.learned, clocks)
        {
            tracing::warn!(%error, "what was learned of developers' quotas could not be written");
        }
        known.beside(client_id)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn beside(&self, client_id: &str) -> Vec<String> {
        let mut all = self.learned.clone();
        for group in &self.told {
            all.same(group.iter().map(String::as_str));
        }
        all.beside(client_id).map(str::to_owned).collect()
    }
}

fn read(path: &Path, clocks: Clocks) -> Option<Developers> {
    let text = std::fs::read(path).ok()?;
    match serde_json::from_slice::<Written>(&text) {
        Ok(written) if written.version == VERSION => Some(written.learned(clocks)),
        _ => {
            tracing::warn!("what was learned of developers' quotas is broken and begins anew");
            None
        }
    }
}

fn write(path: &Path, learned: &Developers, clocks: Clocks) -> io::Result<()> {
    let text = serde_json::to_vec(&Written::of(learned, clocks)).map_err(io::Error::other)?;
    write_atomically(path, &text)
}

impl Written {
    fn of(known: &Developers, clocks: Clocks) -> Self {
        Self {
            version: VERSION,
            groups: known.groups().map(|group| group.iter().cloned().collect()).collect(),
            shut: known.ends().map(|(id, end)| (id.to_owned(), clocks.ms(end))).collect(),
        }
    }

    fn learned(&self, clocks: Clocks) -> Developers {
        let mut learned = Developers::default();
        for group in &self.groups {
            learned.same(group.iter().map(String::as_str));
        }
        for (id, end_ms) in &self.shut {
            if end_ms - clocks.wall_ms <= LONGEST_WAIT_MS {
                learned.was_shut(id, clocks.local(*end_ms));
            }
        }
        learned
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tutti_core::time::Span;

    use super::*;
    use crate::clock;

    #[test]
    fn what_one_process_learns_the_others_know_at_the_next_quota() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let (first, second, third) = (Family::kept(&home), Family::kept(&home), Family::kept(&home));
        let until = clock::now() + Span::from_secs(30_000);

        assert!(first.shut("a", until).is_empty());
        assert_eq!(second.shut("b", until + Span::from_secs(60)), ["a"]);
        assert_eq!(third.shut("a", until + Span::from_secs(90_000)), ["b"]);
    }

    #[test]
    fn a_broken_file_and_a_missing_folder_cost_only_what_was_learned() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        std::fs::write(home.developers_file(), "{").unwrap();
        let until = clock::now() + Span::from_secs(30_000);
        assert!(Family::kept(&home).shut("a", until).is_empty());

        std::fs::write(folder.path().join("file"), "").unwrap();
        let nowhere = Family::kept(&Home::at(folder.path().join("file")));
        nowhere.tell(vec![vec!["a".into(), "b".into()]]);
        assert_eq!(nowhere.shut("a", until), ["b"]);
    }

    #[test]
    fn what_the_user_said_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let family = Family::kept(&Home::at(folder.path()));
        let until = clock::now() + Span::from_secs(30_000);
        family.tell(vec![vec!["a".into(), "b".into()]]);
        assert_eq!(family.shut("a", until), ["b"]);

        family.tell(Vec::new());

        assert!(family.shut("a", until).is_empty());
    }
}
