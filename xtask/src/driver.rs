//! WebKit's WebDriver as a process of its own, with a profile for the program that it starts; both are gone afterwards.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::command::run;
use crate::webdriver;

/// The driver on a port of its own. The program that it starts inherits its environment, and with it the profile.
pub struct Driver {
    process: Child,
    pub port: u16,
    home: PathBuf,
    surroundings: Vec<(String, OsString)>,
}

impl Driver {
    /// Starts the driver; what it and the program say goes into `log`.
    pub fn start(log: &Path) -> Result<Self> {
        Self::of("", log, Vec::new())
    }

    /// With more in the program's environment.
    pub fn start_with(log: &Path, more: &[(&str, &str)]) -> Result<Self> {
        Self::of("", log, more.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect())
    }

    /// Starts a driver for the profile of this name, with more in its environment.
    pub fn of(name: &str, log: &Path, surroundings: Vec<(String, OsString)>) -> Result<Self> {
        let home = std::env::temp_dir().join(format!("tutti-window-{}{name}", std::process::id()));
        fs::create_dir_all(&home)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = fs::File::create(log).with_context(|| format!("{} could not be written", log.display()))?;
        let mut driver = Command::new("WebKitWebDriver");
        driver.args(["--host=127.0.0.1", &format!("--port={port}")]).env("TAURI_WEBVIEW_AUTOMATION", "true");
        driver.envs(profile(&home)).env("TUTTI_LANG", "en").envs(surroundings.iter().cloned());
        driver.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let process = driver.spawn().context("WebKitWebDriver could not be started")?;
        Ok(Self { process, port, home, surroundings })
    }

    /// Whether the driver answers.
    pub fn is_ready(&self) -> bool {
        webdriver::ready(self.port)
    }

    /// A command of the same profile: what the system does with a link.
    pub fn again(&self, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        command.envs(profile(&self.home)).env("TUTTI_LANG", "en").envs(self.surroundings.iter().cloned());
        command
    }

    /// The folder of the profile, which is also the home of whoever is signed in.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Processes that run in the profile: the program and its web view's.
    pub fn programs(&self) -> Vec<u32> {
        let mark = format!("TUTTI_HOME={}", self.home.display());
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
        processes.filter(|id| *id != self.process.id() && has(*id, &mark)).collect()
    }
}

/// Everything that the program writes is in the profile's folder.
fn profile(home: &Path) -> [(&'static str, &Path); 4] {
    ["TUTTI_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"].map(|name| (name, home))
}

/// Whether a running process has this in its environment; of one that has ended, nothing can be read.
fn has(process: u32, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
}

impl Drop for Driver {
    fn drop(&mut self) {
        for program in self.programs() {
            run(Command::new("kill").arg(program.to_string())).ok();
        }
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.home).ok();
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_environment_until_it_ends() {
        let mark = format!("TUTTI_HOME=/test/{}", std::process::id());
        let mut process =
            Command::new("sleep").arg("60").env("TUTTI_HOME", &mark["TUTTI_HOME=".len()..]).spawn().unwrap();
        // The process exists a moment before its program is in place.
        let start = std::time::Instant::now();
        while !has(process.id(), &mark) {
            assert!(start.elapsed().as_secs() < 10, "the mark is never seen");
            std::thread::yield_now();
        }
        assert!(!has(std::process::id(), &mark));
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(!has(process.id(), &mark));
    }
}
