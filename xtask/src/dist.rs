//! `cargo xtask dist`: the packages of the desktop app for this system, and a look at what is in them.

pub mod clean_root;
pub mod latest;
mod updates;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::command::{command, find, output, root, run, typed};
use crate::system::{Purpose, prepare};
use crate::ui;

/// What is made where nothing else is asked for: what needs no tools from elsewhere.
const USUAL: &[&str] = if cfg!(target_os = "macos") {
    &["app", "dmg"]
} else if cfg!(windows) {
    &["nsis"]
} else {
    &["deb", "rpm"]
};

/// What signing takes. Where a secret is not set, a workflow hands over an empty one, which Tauri would take for a broken one.
const SECRETS: &[&str] = &[
    "APPLE_CERTIFICATE",
    "APPLE_CERTIFICATE_PASSWORD",
    "APPLE_SIGNING_IDENTITY",
    "APPLE_ID",
    "APPLE_PASSWORD",
    "APPLE_TEAM_ID",
    updates::SIGNING_KEY,
];

/// The largest package that a Linux system's own tools install, in bytes.
const LARGEST: u64 = 12_000_000;

/// Where the menu, and links, find the program.
const ENTRY: &str = "usr/share/applications/Tutti.desktop";

/// What a Debian package must hold.
const IN_DEB: &[&str] = &[
    "usr/bin/tutti-desktop",
    "usr/bin/tutti",
    ENTRY,
    "usr/share/metainfo/app.tutti.desktop.metainfo.xml",
    "usr/share/icons/hicolor/128x128/apps/tutti-desktop.png",
    "usr/share/doc/tutti/privacy.md",
    "usr/share/doc/tutti/privacy.de.md",
];

/// Builds the packages and says where they are and how large.
pub fn dist(bundles: &[String]) -> Result<bool> {
    let packages = build(bundles)?;
    for package in &packages {
        println!("{:>9.1} MB  {}", fs::metadata(package)?.len() as f64 / 1e6, package.display());
    }
    for package in &packages {
        is_small(package, fs::metadata(package)?.len())?;
    }
    for deb in packages.iter().filter(|package| package.extension().is_some_and(|kind| kind == "deb")) {
        look_into(deb)?;
    }
    Ok(true)
}

/// The packages, freshly built.
pub fn build(bundles: &[String]) -> Result<Vec<PathBuf>> {
    let updates = updates::are_on()?;
    ui::require_node()?;
    prepare(Purpose::Window)?;
    ui::install()?;
    ui::build()?;
    let usual: Vec<String> = USUAL.iter().map(|kind| (*kind).to_owned()).collect();
    let bundles = if bundles.is_empty() { &usual } else { bundles };
    let target = target();
    let made = target.join("release/bundle");
    // What an earlier version left there is none of this one's packages.
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    let tauri =
        root().join(if cfg!(windows) { "ui/node_modules/.bin/tauri.cmd" } else { "ui/node_modules/.bin/tauri" });
    let cli = tauri.to_string_lossy().into_owned();
    let mut tauri = command(&cli, &["build", "--ci", "--bundles", &bundles.join(",")]);
    let is_given = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    for secret in SECRETS.iter().filter(|name| !is_given(name)) {
        tauri.env_remove(secret);
    }
    if updates {
        tauri.args(["--features", "updates", "--config", updates::OVERLAY]);
    }
    match (updates, is_given(&updates::SIGNING_KEY)) {
        (true, true) => drop(tauri.args(["--config", updates::SIGNED])),
        (true, false) => println!("the packages are not signed: {} is not set", updates::SIGNING_KEY),
        (false, _) => println!("the packages look for no newer versions: {} is not filled in", updates::OVERLAY),
    }
    tauri.args(["--", "--package", "tutti-desktop", "--locked"]);
    println!("> {}", typed(&tauri));
    run(&mut tauri)?;
    let mut packages = Vec::new();
    collect(&made, &mut packages)?;
    ensure!(!packages.is_empty(), "no package was made in {}", made.display());
    for deb in packages.iter().filter(|package| package.extension().is_some_and(|kind| kind == "deb")) {
        pack_tightly(deb)?;
        if updates && is_given(&updates::SIGNING_KEY) {
            // What Tauri signed was the package as it was before.
            run(&mut command(&cli, &["signer", "sign", &deb.to_string_lossy()]))?;
        }
    }
    Ok(packages)
}

/// Tauri packs with gzip only. Debian's own way makes two thirds of it.
fn pack_tightly(deb: &Path) -> Result<()> {
    if find("dpkg-deb").is_none() {
        println!("{} stays as it is: dpkg-deb is not here", deb.display());
        return Ok(());
    }
    let unpacked = std::env::temp_dir().join(format!("tutti-pack-{}", std::process::id()));
    let (deb, folder) = (deb.to_string_lossy(), unpacked.to_string_lossy().into_owned());
    let packed = run(&mut command("dpkg-deb", &["--raw-extract", &deb, &folder]))
        .and_then(|()| run(&mut command("dpkg-deb", &["--root-owner-group", "-Zxz", "--build", &folder, &deb])));
    fs::remove_dir_all(&unpacked).ok();
    packed
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `bundle/KIND/FILE`: the files of each kind that are packages.
fn collect(made: &Path, packages: &mut Vec<PathBuf>) -> Result<()> {
    const KINDS: &[&str] = &["deb", "rpm", "AppImage", "dmg", "msi", "exe"];
    for kind in fs::read_dir(made)? {
        for file in fs::read_dir(kind?.path())? {
            let path = file?.path();
            if path.is_file() && path.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)) {
                packages.push(path);
            }
        }
    }
    packages.sort();
    Ok(())
}

/// Refuses a `.deb` or `.rpm` that grew too large.
fn is_small(package: &Path, bytes: u64) -> Result<()> {
    let is_held = package.extension().is_some_and(|kind| kind == "deb" || kind == "rpm");
    let most = LARGEST / 1_000_000;
    ensure!(!is_held || bytes <= LARGEST, "{} has {bytes} bytes: larger than {most} MB", package.display());
    Ok(())
}

/// A package that lacks a file, or whose desktop entry takes no links, is none to give away.
fn look_into(deb: &Path) -> Result<()> {
    if find("dpkg-deb").is_none() {
        println!("what is in it was not looked at: dpkg-deb is not here");
        return Ok(());
    }
    let deb = deb.to_string_lossy();
    let listed = output(&mut command("dpkg-deb", &["--contents", &deb]))?;
    if let Some(missing) = IN_DEB.iter().find(|file| !listed.lines().any(|line| line.ends_with(*file))) {
        bail!("{deb} has no {missing}");
    }
    let unpacked = std::env::temp_dir().join(format!("tutti-deb-{}", std::process::id()));
    run(&mut command("dpkg-deb", &["--extract", &deb, &unpacked.to_string_lossy()]))?;
    let entry = fs::read_to_string(unpacked.join(ENTRY)).context("the desktop entry cannot be read");
    fs::remove_dir_all(&unpacked)?;
    ensure!(takes_links(&entry?), "the desktop entry does not hand links over");
    println!("{} files, {} looked for and found; links open it", listed.lines().count(), IN_DEB.len());
    Ok(())
}

fn takes_links(entry: &str) -> bool {
    let has = |start: &str, end: &str| entry.lines().any(|line| line.starts_with(start) && line.ends_with(end));
    has("Exec=", " %u") && has("MimeType=", "x-scheme-handler/tutti;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_either_kind_that_grew_too_large_is_refused() {
        for package in ["deb/Tutti_0.1.0_amd64.deb", "rpm/Tutti-0.1.0-1.x86_64.rpm"] {
            assert!(is_small(Path::new(package), 12_000_000).is_ok());
            let error = is_small(Path::new(package), 12_000_001).err().map(|error| error.to_string());
            assert!(error.is_some_and(|error| error.contains(package) && error.contains("12 MB")), "{package}");
        }
        assert!(
            is_small(Path::new("appimage/Tutti_0.1.0_amd64.AppImage"), 90_000_000).is_ok(),
            "it brings WebKit along"
        );
    }

    #[test]
    fn a_desktop_entry_without_its_argument_takes_no_links() {
        assert!(takes_links("[Desktop Entry]\nExec=tutti-desktop %u\nMimeType=x-scheme-handler/tutti;\n"));
        assert!(!takes_links("[Desktop Entry]\nExec=tutti-desktop\nMimeType=x-scheme-handler/tutti;\n"));
        assert!(!takes_links("[Desktop Entry]\nExec=tutti-desktop %u\n"));
    }

    #[test]
    fn the_entry_that_is_packed_takes_links() {
        let entry = fs::read_to_string(root().join("packaging/desktop/tutti.desktop.hbs")).unwrap_or_default();
        assert!(takes_links(&entry.replace("{{exec}}", "tutti-desktop")));
    }
}
