//! The sessions of this profile that run on this computer, for `tutti status`: a small file each while they do.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::api::Room;
use crate::settings::{Home, write_atomically};

/// One session, as its program wrote it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub name: String,
    pub members: Vec<String>,
    pub leader: Option<String>,
    /// Title of what plays.
    pub playing: Option<String>,
    /// How the hub is reached, in words; empty in a room of this computer.
    pub connection: String,
}

/// The file of this process's session. It is gone when this is dropped; after a crash nobody holds its lock.
#[derive(Debug)]
pub(crate) struct RunningFile {
    path: PathBuf,
    lock: PathBuf,
    _held: File,
    written: Option<Running>,
}

impl Running {
    fn of(room: &Room) -> Self {
        let leader = room.members.iter().find(|member| member.leads);
        Self {
            name: room.name.clone(),
            members: room.members.iter().map(|member| member.name.clone()).collect(),
            leader: leader.map(|member| member.name.clone()),
            playing: room.now_playing.as_ref().filter(|item| item.playing).map(|item| item.title.clone()),
            connection: room.network.as_ref().map(|network| network.connection.text.clone()).unwrap_or_default(),
        }
    }

    /// All that run now. Files of programs that crashed are passed over and deleted.
    pub fn all(home: &Home) -> Vec<Self> {
        let listed = fs::read_dir(home.folder()).into_iter().flatten().flatten();
        let mut locks: Vec<PathBuf> = listed.map(|entry| entry.path()).filter(|path| is_ours(path)).collect();
        locks.sort();
        locks.iter().filter_map(|lock| read(lock)).collect()
    }
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("running-") && name.ends_with(".lock")
}

fn read(lock: &Path) -> Option<Running> {
    let file = File::open(lock).ok()?;
    let path = lock.with_extension("json");
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => serde_json::from_slice(&fs::read(path).ok()?).ok(),
        Ok(()) => {
            // Its program is gone. Whoever cannot delete finds it again next time.
            let _ = (fs::remove_file(path), fs::remove_file(lock));
            None
        }
        Err(TryLockError::Error(_)) => None,
    }
}

impl RunningFile {
    pub fn open(home: &Home) -> io::Result<Self> {
        fs::create_dir_all(home.folder())?;
        let lock = home.folder().join(format!("running-{}.lock", std::process::id()));
        let held = File::create(&lock)?;
        held.try_lock().map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { path: lock.with_extension("json"), lock, _held: held, written: None })
    }

    /// Writes what changed.
    pub fn show(&mut self, room: &Room) {
        let running = Running::of(room);
        if self.written.as_ref() == Some(&running) {
            return;
        }
        let written = serde_json::to_vec(&running).map_err(io::Error::other);
        if let Err(error) = written.and_then(|text| write_atomically(&self.path, &text)) {
            tracing::debug!(%error, "`tutti status` does not see this session");
        }
        self.written = Some(running);
    }
}

impl Drop for RunningFile {
    fn drop(&mut self) {
        // What cannot be deleted is seen not to be locked.
        let _ = (fs::remove_file(&self.path), fs::remove_file(&self.lock));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_runs_is_listed_and_what_crashed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        assert!(Running::all(&home).is_empty());
        let file = RunningFile::open(&home).unwrap();
        let running =
            Running { name: "A".into(), members: vec![], leader: None, playing: None, connection: String::new() };
        fs::write(&file.path, serde_json::to_vec(&running).unwrap()).unwrap();
        let crashed = home.folder().join("running-1.lock");
        fs::write(&crashed, "").unwrap();
        fs::write(crashed.with_extension("json"), serde_json::to_vec(&running).unwrap()).unwrap();

        assert_eq!(Running::all(&home), [running]);
        assert!(!crashed.exists(), "the crashed one's is cleared away");
        drop(file);
        assert!(Running::all(&home).is_empty());
    }
}
