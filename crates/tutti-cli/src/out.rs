//! What a command answers goes to stdout; a reader that has gone ends the command and is no fault.

use std::io::{self, Write, stdout};

pub fn print(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

pub fn line(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// The reader of our output has gone: `tutti … | head`.
pub fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
