//! Whose server is not ours to build: Node's `ws`, installed by its lock file in examples/rivals, where Node is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

/// One package of 150 KB: whoever has no registry has waited long enough by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Node and the server's script, with its package installed; the error says in one line why not.
pub fn ws() -> Result<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rivals");
    let Some(node) = find("node") else { bail!("node is not here") };
    install(&folder)?;
    Ok((node, folder.join("ws.mjs").to_string_lossy().into_owned()))
}

/// `npm ci`, unless what the lock file names is there.
fn install(folder: &Path) -> Result<()> {
    let changed = |file: &str| folder.join(file).metadata().and_then(|file| file.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    let Some(npm) = find("npm") else { bail!("node is here, npm is not") };
    let mut command = Command::new(npm);
    // One try of 20 s, and no word to the user or the registry but for the package.
    command.args(["ci", "--fetch-retries=0", "--fetch-timeout=20000", "--no-audit", "--no-fund", "--ignore-scripts"]);
    command.env("npm_config_update_notifier", "false").current_dir(folder);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let until = Instant::now() + PATIENCE;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            bail!("`npm ci` in examples/rivals did not end within {} s", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    };
    ensure!(
        ended.success(),
        "`npm ci` in examples/rivals failed: npm's registry cannot be reached, or has no such package"
    );
    Ok(())
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
