//! Two network namespaces with a cable between them, for tests that may pull it. They go when this is dropped.

use std::path::Path;
use std::process::{Command, Output};

/// What the names begin with; then come this process's id and which of the two it is.
const PREFIX: &str = "tutti-cable-";
/// The cable's end in each namespace is called so.
const CABLE: &str = "cable";
/// The house's address on the cable.
pub const HOUSE: &str = "10.77.0.1";
const AWAY: &str = "10.77.0.2";

pub struct Namespaces {
    pub house: String,
    pub away: String,
}

impl Namespaces {
    /// Why not, where this is not allowed or not installed.
    pub fn make(for_what: &str) -> Result<Self, String> {
        sweep();
        let own = std::process::id();
        let made =
            Self { house: format!("{PREFIX}{own}-{for_what}-house"), away: format!("{PREFIX}{own}-{for_what}-away") };
        ip(&["netns", "add", &made.house])?;
        ip(&["netns", "add", &made.away])?;
        let (house, away) = (&*made.house, &*made.away);
        ip(&["-n", house, "link", "add", CABLE, "type", "veth", "peer", "name", CABLE, "netns", away])?;
        for (namespace, address) in [(house, HOUSE), (away, AWAY)] {
            ip(&["-n", namespace, "address", "add", &format!("{address}/24"), "dev", CABLE])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
            ip(&["-n", namespace, "link", "set", CABLE, "up"])?;
        }
        Ok(made)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        clear(&self.house);
        clear(&self.away);
    }
}

/// The cable is in, or out, at the house's end.
pub fn cable(house: &str, is_in: bool) {
    ip(&["-n", house, "link", "set", CABLE, if is_in { "up" } else { "down" }]).unwrap();
}

/// The same command in another namespace; its process is the one that is started.
pub fn inside(namespace: &str, command: &Command) -> Command {
    let mut wrapped = Command::new("ip");
    wrapped.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// Whatever runs in it is ended, and it is no more.
fn clear(namespace: &str) {
    let pids = ip(&["netns", "pids", namespace]).unwrap_or_default();
    for pid in pids.split_whitespace() {
        let _ = Command::new("kill").args(["-KILL", pid]).output();
    }
    let _ = ip(&["netns", "delete", namespace]);
}

/// What a test left that was killed itself.
fn sweep() {
    let all = ip(&["netns", "list"]).unwrap_or_default();
    for name in all.lines().filter_map(|line| line.split_whitespace().next()) {
        let of = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if of.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            clear(name);
        }
    }
}

fn ip(args: &[&str]) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        Command::new("ip").args(args).output().map_err(|error| format!("ip: {error}"))?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        Err(format!("ip {}: {}", args.join(" "), String::from_utf8_lossy(&stderr).trim()))
    }
}
