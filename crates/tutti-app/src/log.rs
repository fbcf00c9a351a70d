//! The program's log: on the terminal, and in files that together never take more than a few megabytes.
//!
//! What it says of accounts and rooms is for whoever looks into a fault: no token, link or address of a sign-in is ever
//! given to it.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// A day of a lively room writes some 100 KiB: with the older files this is about a month.
const LARGEST: u64 = 1024 * 1024;
/// Files beside the newest.
const OLDER: usize = 4;

/// Starts logging: to the terminal as `TUTTI_LOG` says, else what a user would notice; and that into files in `folder`.
/// Lines are written out as long as the answer lives. A folder that cannot be written to costs the files only.
pub fn start(folder: &Path) -> Option<WorkerGuard> {
    let filter = EnvFilter::try_from_env("TUTTI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let opened = Rotating::open(folder, LARGEST, OLDER);
    let (files, failed) = match opened {
        Ok(rotating) => (Some(NonBlocking::new(rotating)), None),
        Err(error) => (None, Some(error)),
    };
    let (writer, guard) = files.unzip();
    let file = writer.map(|writer| {
        tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).with_filter(LevelFilter::INFO)
    });
    tracing_subscriber::registry().with(file).with(terminal.with_filter(filter)).init();
    if let Some(error) = failed {
        tracing::warn!(%error, "the log is not kept in files");
    }
    guard
}

/// `tutti.log`, and before it `tutti.1.log`, `tutti.2.log`, …
#[derive(Debug)]
struct Rotating {
    folder: PathBuf,
    file: File,
    length: u64,
    largest: u64,
    older: usize,
}

impl Rotating {
    fn open(folder: &Path, largest: u64, older: usize) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = append(&path(folder, 0))?;
        let length = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, length, largest, older })
    }

    /// Every file gets the next number; the oldest goes.
    fn turn(&mut self) -> io::Result<()> {
        for number in (0..self.older).rev() {
            match fs::rename(path(&self.folder, number), path(&self.folder, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = append(&path(&self.folder, 0))?;
        self.length = 0;
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.length > 0 && self.length + line.len() as u64 > self.largest {
            self.turn()?;
        }
        let written = self.file.write(line)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn path(folder: &Path, number: usize) -> PathBuf {
    folder.join(if number == 0 { "tutti.log".to_owned() } else { format!("tutti.{number}.log") })
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_full_file_makes_room_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Rotating::open(folder.path(), 10, 2).unwrap();

        for line in ["1: abc\n", "2: abc\n", "3: abc\n", "4: abc\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }

        let kept = |number| fs::read_to_string(path(folder.path(), number)).unwrap();
        assert_eq!([kept(0), kept(1), kept(2)], ["4: abc\n", "3: abc\n", "2: abc\n"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn another_run_goes_on_in_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        for line in ["first\n", "second\n", "third\n"] {
            Rotating::open(folder.path(), 14, 1).unwrap().write_all(line.as_bytes()).unwrap();
        }

        assert_eq!(fs::read_to_string(path(folder.path(), 1)).unwrap(), "first\nsecond\n");
        assert_eq!(fs::read_to_string(path(folder.path(), 0)).unwrap(), "third\n");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();

        assert!(Rotating::open(&folder.path().join("file/logs"), 10, 1).is_err());
    }
}
