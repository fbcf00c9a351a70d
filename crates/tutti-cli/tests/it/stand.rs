//! The program under test, on a profile of its own.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

pub struct Tutti {
    pub home: tempfile::TempDir,
    env: Vec<(&'static str, String)>,
}

/// What a command ended with.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Tutti {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// At another server than Spotify.
    pub fn at(self, base: &str) -> Self {
        self.env("TUTTI_SPOTIFY_API", format!("{base}/v1")).env("TUTTI_SPOTIFY_ACCOUNTS", base)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutti"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["TUTTI_SPOTIFY_API", "TUTTI_SPOTIFY_ACCOUNTS", "TUTTI_DEMO_SIMULATOR", "TUTTI_LOG"] {
            command.env_remove(name);
        }
        command.env("TUTTI_HOME", self.home.path());
        // Whatever language the computer speaks.
        command.env("TUTTI_LANG", "en");
        // No Secret Service, unless the test brings one: nobody's own is touched.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        self.command(args).output().unwrap().into()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// The exit code, and words on stderr without gaps.
    #[track_caller]
    pub fn says(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(words), "{self:?}");
        assert!(!self.err.contains(['{', '}']) && !self.err.contains("panicked"), "{self:?}");
    }
}

/// Looks again and again until it is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
