//! The web UI from outside: Node, its packages, and when it must be built again.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::command::{command, find, output, root, run};

/// The oldest Node that builds the UI.
const NODE: (u32, u32) = (20, 19);
/// Where to get one.
const NODE_HOME: &str = "https://nodejs.org/en/download";

/// `npm` in `ui/`, not asking its registry for anything but packages.
pub fn npm(args: &[&str]) -> Command {
    let mut npm = command(if cfg!(windows) { "npm.cmd" } else { "npm" }, args);
    npm.current_dir(root().join("ui"));
    npm.envs([("npm_config_fund", "false"), ("npm_config_audit", "false"), ("npm_config_update_notifier", "false")]);
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    if let Some(chromium) = crate::browser::chromium() {
        npm.env("CHROMIUM", chromium);
    }
    npm
}

/// Says what to do when Node is missing or too old.
pub fn require_node() -> Result<()> {
    let wanted = format!("Node {}.{} or newer", NODE.0, NODE.1);
    if find("node").is_none() || find("npm").is_none() {
        bail!("Tutti's window is built with {wanted}, which is not installed. Get it from {NODE_HOME} and try again.");
    }
    let version = output(&mut command("node", &["--version"]))?;
    if !new_enough(&version) {
        bail!(
            "Tutti's window is built with {wanted}; this is {}. Get a newer one from {NODE_HOME} and try again.",
            version.trim()
        );
    }
    Ok(())
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    (major, minor) >= NODE
}

/// Installs the UI's packages if they are missing or older than their lock file.
pub fn install() -> Result<()> {
    let ui = root().join("ui");
    let installed = changed(&ui.join("node_modules/.package-lock.json"));
    if installed.is_some_and(|installed| Some(installed) >= changed(&ui.join("package-lock.json"))) {
        return Ok(());
    }
    println!("> npm ci");
    run(&mut npm(&["ci"])).context("the UI's packages could not be installed")
}

/// Builds the UI if a source is newer than the last build.
pub fn build() -> Result<()> {
    let ui = root().join("ui");
    let built = changed(&ui.join("dist/index.html"));
    if built.is_some() && built >= newest(&ui) {
        return Ok(());
    }
    println!("> npm run build");
    run(&mut npm(&["run", "build"])).context("the UI could not be built")
}

/// Pictures of every screen of the built UI, on a scripted program.
pub fn shots(folder: &Path) -> Result<()> {
    require_node()?;
    install()?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    run(npm(&["run", "shots"]).env("SHOTS", folder.canonicalize()?)).context("not every picture could be taken")?;
    println!("The pictures are in {}", folder.display());
    Ok(())
}

/// The newest change below a folder, without what is installed or built there.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let skipped = ["node_modules", "dist", "test-results"];
    let paths = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| !skipped.iter().any(|skip| name == *skip)));
    paths.filter_map(|path| if path.is_dir() { newest(&path) } else { changed(&path) }).max()
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        assert!(new_enough("v20.19.0\n"));
        assert!(new_enough("v24.1.0"));
        assert!(!new_enough("v20.18.3"));
        assert!(!new_enough("v18.20.1"));
        assert!(!new_enough("what"));
    }

    #[test]
    fn what_is_installed_or_built_does_not_make_the_ui_newer() {
        let folder = std::env::temp_dir().join(format!("tutti-xtask-newest-{}", std::process::id()));
        fs::create_dir_all(folder.join("node_modules")).unwrap();
        fs::write(folder.join("node_modules/package.js"), "").unwrap();
        assert_eq!(newest(&folder), None);
        fs::write(folder.join("main.ts"), "").unwrap();
        assert!(newest(&folder).is_some());
        fs::remove_dir_all(&folder).unwrap();
    }
}
