//! The Debian package on a system that has never seen it: installed, started, and shown its window.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::check::Count;
use crate::command::{command, find, run, watch};
use crate::system::is_root;

/// Installation of the package with all that it needs, and a first start under a virtual screen.
const STARTS: Duration = Duration::from_secs(900);
/// Beside the package: a screen, a session bus, and a way to see a window.
const TOOLS: &str = "dbus,xvfb,xauth,x11-utils,procps";

/// Starts the program and waits until its window is there and has stayed for a while; the last line says so.
const SCRIPT: &str = r#"
set -eu
export HOME=/root LANG=C.UTF-8 NO_AT_BRIDGE=1
tutti-desktop --demo >/tmp/tutti.log 2>&1 &
program=$!
for _ in $(seq 90); do
  sleep 1
  kill -0 $program || { cat /tmp/tutti.log; echo "the program ended"; exit 1; }
  if xwininfo -root -tree | grep -q '"Tutti"'; then
    sleep 8
    kill -0 $program || { cat /tmp/tutti.log; echo "the program ended behind its window"; exit 1; }
    pgrep -f WebKitWebProcess >/dev/null || { cat /tmp/tutti.log; echo "there is no page"; exit 1; }
    kill $program
    echo "the installed program shows its window"
    exit 0
  fi
done
cat /tmp/tutti.log
echo "no window"
exit 1
"#;

/// Builds the package and tries it on a system made for that alone; needs root, mmdebstrap and Debian's packages.
pub fn check() -> Result<Count> {
    if !cfg!(target_os = "linux") || !is_root() || find("mmdebstrap").is_none() {
        println!("not tried on a clean system: that needs root and mmdebstrap");
        return Ok(Count::default());
    }
    let packages = super::build(&["deb".to_owned()])?;
    let deb = packages.first().context("no package was made")?;
    super::look_into(deb)?;
    let place = std::env::temp_dir().join(format!("tutti-clean-root-{}", std::process::id()));
    let tried = try_in(&place, deb);
    fs::remove_dir_all(&place).ok();
    tried.map(|()| Count::one(true))
}

fn try_in(place: &Path, deb: &Path) -> Result<()> {
    let folder = place.to_string_lossy();
    let mut make = command("mmdebstrap", &["--variant=minbase", "--include", TOOLS, &suite()?, &folder]);
    if let Some(sources) = sources() {
        make.arg(sources);
    }
    run(&mut make).context("a clean system could not be made")?;
    fs::copy(deb, place.join("tmp/tutti.deb"))?;
    fs::write(place.join("tmp/try.sh"), SCRIPT)?;
    // Only what is mounted in a space of its own, which goes with the last process in it.
    let inside = "mount -t proc proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" sh -c \
                  '{ apt-get update -qq && apt-get install -y -qq /tmp/tutti.deb; } >/tmp/apt.log 2>&1 || { tail /tmp/apt.log; exit 1; }; \
                  exec dbus-run-session -- xvfb-run -a sh /tmp/try.sh'";
    let mut start = Command::new("unshare");
    start.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside]).arg(place);
    let seen = watch(&mut start, STARTS)?;
    ensure!(seen.success && seen.text.contains("shows its window"), "the installed program did not show its window");
    Ok(())
}

/// The same release as this system, whose libraries the package was linked with.
fn suite() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release")?;
    let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(name.context("this system does not say which release of Debian it is")?.trim_matches('"').to_owned())
}

/// Where this system takes its packages from.
fn sources() -> Option<PathBuf> {
    let known = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    known.into_iter().map(PathBuf::from).find(|path| path.exists())
}
