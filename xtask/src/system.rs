//! What the system must bring: finds what is missing, says it, and installs it on Linux.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::command::{find, output, run, typed};

/// How to see that something is there.
enum Probe {
    /// One of these programs is on the search path.
    Program(&'static [&'static str]),
    /// A library with its headers, by its pkg-config name.
    Library(&'static str),
}

/// Something the system must bring, and the packages that bring it.
struct Need {
    probe: Probe,
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
}

const fn need(probe: Probe, apt: &'static str, dnf: &'static str, pacman: &'static str) -> Need {
    Need { probe, apt, dnf, pacman }
}

/// To compile anything of Tutti.
const BASE: &[Need] = &[
    need(Probe::Program(&["cc"]), "build-essential", "gcc", "base-devel"),
    need(Probe::Program(&["pkg-config"]), "pkg-config", "pkgconf-pkg-config", "pkgconf"),
    need(Probe::Library("dbus-1"), "libdbus-1-dev", "dbus-devel", "dbus"),
];

/// To compile and open the window.
const WINDOW: &[Need] = &[
    need(Probe::Library("webkit2gtk-4.1"), "libwebkit2gtk-4.1-dev", "webkit2gtk4.1-devel", "webkit2gtk-4.1"),
    need(
        Probe::Library("ayatana-appindicator3-0.1"),
        "libayatana-appindicator3-dev",
        "libayatana-appindicator-gtk3-devel",
        "libayatana-appindicator",
    ),
    need(Probe::Library("librsvg-2.0"), "librsvg2-dev", "librsvg2-devel", "librsvg"),
    need(Probe::Program(&["xdg-open"]), "xdg-utils", "xdg-utils", "xdg-utils"),
];

/// To drive the window and the browser without a screen.
const TESTS: &[Need] = &[
    need(Probe::Program(&["xvfb-run"]), "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    need(Probe::Program(&["xauth"]), "xauth", "xorg-x11-xauth", "xorg-xauth"),
    need(Probe::Program(&["dbus-run-session"]), "dbus", "dbus-daemon", "dbus"),
    need(Probe::Program(&["gnome-keyring-daemon"]), "gnome-keyring", "gnome-keyring", "gnome-keyring"),
    need(Probe::Program(&["WebKitWebDriver"]), "webkit2gtk-driver", "/usr/bin/WebKitWebDriver", "webkit2gtk-4.1"),
    need(Probe::Program(&crate::browser::NAMES), "chromium", "chromium", "chromium"),
];

/// What a task is about to do, which decides what the system must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Compile and run without a window.
    Terminal,
    /// Open the window.
    Window,
    /// Run every check.
    Tests,
}

impl Purpose {
    fn needs(self) -> Vec<&'static Need> {
        let lists: &[&[Need]] = match self {
            Self::Terminal => &[BASE],
            Self::Window => &[BASE, WINDOW],
            Self::Tests => &[BASE, WINDOW, TESTS],
        };
        lists.iter().flat_map(|list| list.iter()).collect()
    }
}

/// Installs what is missing; on other systems than Linux nothing is needed beyond Rust and Node.
pub fn prepare(purpose: Purpose) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing: Vec<&Need> = purpose.needs().into_iter().filter(|need| !present(&need.probe)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Some(installer) = Installer::of_this_system() else {
        bail!(
            "Tutti needs packages that this system lacks, and it has none of apt-get, dnf, pacman. By their Debian names: {}",
            names(&missing, |need| need.apt).join(" ")
        );
    };
    let packages = names(&missing, installer.package);
    println!("Tutti needs these packages from your system: {}", packages.join(" "));
    for mut command in installer.commands(&packages, is_root())? {
        println!("> {}", typed(&command));
        run(&mut command)?;
    }
    let still: Vec<&Need> = missing.into_iter().filter(|need| !present(&need.probe)).collect();
    if !still.is_empty() {
        bail!("still missing after the installation: {}", names(&still, installer.package).join(" "));
    }
    Ok(())
}

fn names(needs: &[&Need], package: fn(&Need) -> &'static str) -> Vec<&'static str> {
    let mut names: Vec<&str> = needs.iter().map(|need| package(need)).collect();
    names.dedup();
    names
}

fn present(probe: &Probe) -> bool {
    match probe {
        Probe::Program(names) => names.iter().any(|name| find(name).is_some()),
        Probe::Library(name) => Command::new("pkg-config")
            .args(["--exists", name])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success()),
    }
}

pub fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// A system's own way to install packages.
struct Installer {
    program: &'static str,
    before: &'static [&'static str],
    install: &'static [&'static str],
    package: fn(&Need) -> &'static str,
}

const INSTALLERS: &[Installer] = &[
    Installer {
        program: "apt-get",
        before: &["update"],
        install: &["install", "--yes", "--no-install-recommends"],
        package: |need| need.apt,
    },
    Installer { program: "dnf", before: &[], install: &["install", "--assumeyes"], package: |need| need.dnf },
    Installer {
        program: "pacman",
        before: &[],
        install: &["--sync", "--needed", "--noconfirm"],
        package: |need| need.pacman,
    },
];

impl Installer {
    fn of_this_system() -> Option<&'static Self> {
        INSTALLERS.iter().find(|installer| find(installer.program).is_some())
    }

    /// What to run, in order. Errors when it takes another user and there is no `sudo`.
    fn commands(&self, packages: &[&str], root: bool) -> Result<Vec<Command>> {
        let install: Vec<&str> = self.install.iter().copied().chain(packages.iter().copied()).collect();
        if !root && find("sudo").is_none() {
            bail!("please run this as root, then try again: {} {}", self.program, install.join(" "));
        }
        let commands = [self.before.to_vec(), install].into_iter().filter(|args| !args.is_empty());
        Ok(commands.map(|args| self.command(&args, root)).collect())
    }

    fn command(&self, args: &[&str], root: bool) -> Command {
        let mut command = Command::new(if root { self.program } else { "sudo" });
        if !root {
            command.arg(self.program);
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_need_more_than_the_window_and_the_window_more_than_the_terminal() {
        let count = |purpose: Purpose| purpose.needs().len();
        assert!(count(Purpose::Tests) > count(Purpose::Window));
        assert!(count(Purpose::Window) > count(Purpose::Terminal));
    }

    #[test]
    fn a_missing_program_and_a_missing_library_are_seen() {
        assert!(!present(&Probe::Program(&["no-such-program-here"])));
        assert!(!present(&Probe::Library("no-such-library-here")));
    }

    #[test]
    fn root_installs_itself_after_asking_for_the_newest_lists() {
        let commands = INSTALLERS[0].commands(&["xvfb", "chromium"], true).unwrap();
        let typed: Vec<String> = commands.iter().map(typed).collect();
        assert_eq!(typed, ["apt-get update", "apt-get install --yes --no-install-recommends xvfb chromium"]);
    }
}
