//! Reading and writing the profile's files so that a crash or a bad disk never costs more than the last change.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Settings, VERSION};

/// Settings as read, and where an unreadable file went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    pub settings: Settings,
    pub put_aside: Option<PathBuf>,
}

pub(super) fn load(path: &Path) -> Loaded {
    let fresh = |put_aside| Loaded { settings: Settings::default(), put_aside };
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fresh(None),
        Err(error) => {
            tracing::warn!(%error, "settings cannot be read");
            return fresh(put_aside(path));
        }
    };
    match serde_json::from_slice::<Settings>(&text) {
        Ok(settings) if settings.version == VERSION => Loaded { settings, put_aside: None },
        Ok(settings) => {
            tracing::warn!(version = settings.version, "settings are of another version");
            fresh(put_aside(path))
        }
        Err(error) => {
            tracing::warn!(%error, "settings are broken");
            fresh(put_aside(path))
        }
    }
}

/// Moves a file that cannot be used out of the way; where it is now, or where it still is.
fn put_aside(path: &Path) -> Option<PathBuf> {
    let aside = path.with_extension(format!("broken-{}.json", crate::clock::wall_ms()));
    match fs::rename(path, &aside) {
        Ok(()) => Some(aside),
        Err(error) => {
            tracing::warn!(%error, "broken settings could not be put aside");
            Some(path.to_owned())
        }
    }
}

/// Writes beside the file, flushes, and renames over it; only the user may read it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let written = write_new(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The half-written copy is of no use; the error that matters is the first one.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
