//! A process of a room, and the lines that it says.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde::Serialize;
use tokio::sync::mpsc;

use super::Line;

/// A process; its lines go to a channel, under its number.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts it and tells it its first line, if there is one.
    pub fn begin<T: Serialize>(
        command: &mut Command,
        first: Option<&T>,
        number: usize,
        lines: mpsc::UnboundedSender<(usize, Line)>,
    ) -> std::io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().ok_or_else(|| std::io::Error::other("no input"))?;
        if let Some(first) = first {
            writeln!(stdin, "{}", serde_json::to_string(first)?)?;
        }
        let stdout = child.stdout.take().ok_or_else(|| std::io::Error::other("no output"))?;
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Line::Failed { why: line });
                if lines.send((number, line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, stdin: Some(stdin) })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends at once, as a crash would.
    pub fn kill(mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = killed {
            tracing::warn!(%error, "a process was not ended");
        }
    }

    /// Ends by itself, when its input does or after what was done to it before.
    pub fn end(mut self) {
        drop(self.stdin.take());
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "a member's process did not end");
        }
    }
}
