//! A ledger's file, which all processes of a profile share: read on and added to under a short lock, rarely rewritten.
//!
//! Its first line carries a number that changes when the file is rewritten, so that every process notices. Beside it
//! stands an empty file that is locked: the ledger's own is replaced by a rewriting.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::file;
use super::line::Line;
use crate::settings::write_atomically;

/// How long a request waits for the file before it does without.
pub(super) const DISK_WITHIN: Duration = Duration::from_millis(250);
/// A holder needs a fraction of a millisecond: look again at once for a while, then rest in between.
const LOOKS_AT_ONCE: u32 = 20;
const REST: Duration = Duration::from_micros(200);

const TITLE: &str = "tutti-ledger 2 ";
/// Lines that count no longer are tolerated up to this many, and as many again as those that count.
const SPARE_LINES: usize = 2_000;

/// A client id's ledger on disk, and how far this process has read it.
#[derive(Debug)]
pub(super) struct Shelf {
    path: PathBuf,
    lock: PathBuf,
    /// The ledger as it was kept before; taken over once.
    old: PathBuf,
    seen: Option<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    title: String,
    bytes: u64,
    lines: usize,
    /// The last line has its end.
    ended: bool,
}

/// The file with the lock held.
pub(super) struct Opened<'a> {
    shelf: &'a mut Shelf,
    file: File,
    /// What was added since the last time, by others.
    pub news: Vec<Line>,
    /// The news are the whole file: what was known before is in it.
    pub afresh: bool,
    /// Freed when it is dropped, after everything is written.
    _lock: File,
}

impl Shelf {
    pub fn new(path: PathBuf) -> Self {
        Self { lock: path.with_extension("lock"), old: path.with_extension("json"), path, seen: None }
    }

    /// Takes the lock and reads on.
    pub fn open(&mut self) -> io::Result<Opened<'_>> {
        let lock = locked(&self.lock, DISK_WITHIN)?;
        let mut file = match File::options().read(true).append(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let lines = file::load(&self.old).unwrap_or_default();
                self.write_all(&lines)?;
                // What stays behind is not read again, since there is a new one.
                let _ = std::fs::remove_file(&self.old);
                File::options().read(true).append(true).open(&self.path)?
            }
            Err(error) => return Err(error),
        };
        let title = title(&mut file)?;
        let length = file.metadata()?.len();
        let known = self.seen.as_ref().filter(|seen| seen.title == title && seen.bytes <= length);
        let afresh = known.is_none();
        let mut seen = match known {
            Some(known) => Seen { title, ..*known },
            None => Seen { bytes: 0, lines: 0, ended: true, title },
        };
        let mut news = Vec::new();
        if seen.bytes < length {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(seen.bytes))?;
            file.read_to_end(&mut bytes)?;
            seen.bytes += bytes.len() as u64;
            seen.ended = bytes.ends_with(b"\n");
            let text = String::from_utf8_lossy(&bytes);
            seen.lines += text.lines().count();
            news.extend(text.lines().filter_map(Line::read));
        }
        self.seen = Some(seen);
        Ok(Opened { shelf: self, file, news, afresh, _lock: lock })
    }

    /// The file anew, with these lines.
    fn write_all(&mut self, lines: &[Line]) -> io::Result<()> {
        let number: u64 = rand::random();
        let mut text = format!("{TITLE}{number:016x}\n");
        lines.iter().for_each(|line| line.write(&mut text));
        write_atomically(&self.path, text.as_bytes())
    }
}

impl Opened<'_> {
    /// Adds lines; `at_once` gets them through to the disk, so that they outlive the computer's end too.
    pub fn add(&mut self, lines: &[Line], at_once: bool) -> io::Result<()> {
        let Some(seen) = &mut self.shelf.seen else { return Ok(()) };
        let mut text = String::new();
        if !seen.ended {
            // Whoever wrote last was interrupted.
            text.push('\n');
        }
        lines.iter().for_each(|line| line.write(&mut text));
        seen.ended = false;
        self.file.write_all(text.as_bytes())?;
        seen.ended = true;
        seen.bytes += text.len() as u64;
        seen.lines += lines.len();
        if at_once {
            self.file.sync_data()?;
        }
        Ok(())
    }

    /// Whether most of the file counts no longer, when so many lines do.
    pub fn is_long(&self, counting: usize) -> bool {
        self.shelf.seen.as_ref().is_some_and(|seen| seen.lines > 2 * counting + SPARE_LINES)
    }

    /// Puts these lines in place of all.
    pub fn rewrite(&mut self, lines: &[Line]) -> io::Result<()> {
        self.shelf.write_all(lines)?;
        let mut file = File::open(&self.shelf.path)?;
        let title = title(&mut file)?;
        let bytes = file.metadata()?.len();
        self.shelf.seen = Some(Seen { title, bytes, lines: lines.len() + 1, ended: true });
        Ok(())
    }
}

/// The first line; of a file that something else has written, what stands there.
fn title(file: &mut File) -> io::Result<String> {
    let mut first = [0; TITLE.len() + 17];
    let mut read = 0;
    file.rewind()?;
    while read < first.len() {
        match file.read(&mut first[read..])? {
            0 => break,
            some => read += some,
        }
    }
    Ok(String::from_utf8_lossy(&first[..read]).into_owned())
}

/// A file with nothing in it, locked until the answer is dropped; waits for at most `patience`.
pub(super) fn locked(path: &Path, patience: Duration) -> io::Result<File> {
    let open = || File::options().create(true).truncate(false).write(true).open(path);
    let file = match (open(), path.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder)?;
            open()?
        }
        (opened, _) => opened?,
    };
    let begun = Instant::now();
    for look in 0_u32.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process does not let go of it"));
            }
            Err(TryLockError::WouldBlock) if look < LOOKS_AT_ONCE => std::thread::yield_now(),
            Err(TryLockError::WouldBlock) => std::thread::sleep(REST),
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
