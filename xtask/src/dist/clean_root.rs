//! The Debian package on a system that has never seen it: installed, started, shown its window, and led by two people from
//! their sign-ins into one room.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::check::Count;
use crate::command::{cargo, command, find, root, run, watch};
use crate::long::report;
use crate::system::is_root;

const TITLE: &str = "The package on a clean system";
/// Installation of the package with all that it needs, and a first start under a virtual screen.
const STARTS: Duration = Duration::from_secs(900);
/// Installation of what drives a window, and the story, which takes a minute where nothing else runs.
const TELLS: Duration = Duration::from_secs(900);
/// Beside the package: a screen, a session bus, and a way to see a window.
const TOOLS: &str = "dbus,xvfb,xauth,x11-utils,procps";
/// The last words of a first start that went well.
const SHOWS: &str = "the installed program shows its window";

/// Installs the package and nothing else, so that what it forgets to ask for is missed.
const INSTALL: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq /tmp/tutti.deb; } >/tmp/apt.log 2>&1 || { tail /tmp/apt.log; exit 1; }
exec dbus-run-session -- xvfb-run -a sh /tmp/start.sh
"#;

/// Starts the program and waits until its window is there and has stayed for a while; the last line says so.
const START: &str = r#"
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

/// Then what drives a window, and the story of two people, each with a profile of the installed program.
const STORY: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 NO_AT_BRIDGE=1
apt-get install -y -qq --no-install-recommends webkit2gtk-driver gnome-keyring >/tmp/apt.log 2>&1 || { tail /tmp/apt.log; exit 1; }
mkdir -p /tmp/shots
xvfb-run -a --server-args='-screen 0 1280x1024x24' dbus-run-session -- /tmp/xtask window --inside --story \
  --binary /usr/bin/tutti-desktop --simulator /tmp/tutti-sim --picture /tmp/shots/window.png 2>/tmp/story.log || {
  cat /tmp/story.log
  exit 1
}
"#;

/// Builds the package and tries it on a system made for that alone; needs root, mmdebstrap and Debian's packages.
pub fn check() -> Result<Count> {
    if !can_be_tried() {
        return Ok(Count::default());
    }
    let packages = super::build(&["deb".to_owned()])?;
    tried(packages.first().context("no package was made")?)
}

/// The same with a package that is there.
pub fn tried(deb: &Path) -> Result<Count> {
    if !can_be_tried() {
        return Ok(Count::default());
    }
    super::is_small(deb, fs::metadata(deb)?.len())?;
    super::look_into(deb)?;
    run(&mut cargo(&["build", "--package", "tutti-sim"]))?;
    let place = std::env::temp_dir().join(format!("tutti-clean-root-{}", std::process::id()));
    let seen = try_in(&place, deb);
    fs::remove_dir_all(&place).ok();
    report::put(TITLE, &page(fs::metadata(deb)?.len(), &seen?))?;
    Ok(Count { passed: 2, ..Count::default() })
}

fn can_be_tried() -> bool {
    let can = cfg!(target_os = "linux") && is_root() && find("mmdebstrap").is_some();
    if !can {
        println!("not tried on a clean system: that needs root and mmdebstrap");
    }
    can
}

/// What was seen of the program on the clean system.
struct Seen {
    /// From the start of the installation until its window had stayed.
    installed: Duration,
    /// What the story said, step by step.
    story: Vec<String>,
}

fn try_in(place: &Path, deb: &Path) -> Result<Seen> {
    let folder = place.to_string_lossy();
    let mut make = command("mmdebstrap", &["--variant=minbase", "--include", TOOLS, &suite()?, &folder]);
    if let Some(sources) = sources() {
        make.arg(sources);
    }
    run(&mut make).context("a clean system could not be made")?;
    let inside = place.join("tmp");
    fs::copy(deb, inside.join("tutti.deb"))?;
    fs::write(inside.join("install.sh"), INSTALL)?;
    fs::write(inside.join("start.sh"), START)?;
    let start = Instant::now();
    let seen = watch(&mut enter(place, "install.sh"), STARTS)?;
    ensure!(seen.success && seen.text.contains(SHOWS), "the installed program did not show its window");
    let installed = start.elapsed();

    fs::copy("/proc/self/exe", inside.join("xtask")).context("this task could not be copied")?;
    fs::copy(super::target().join("debug/tutti-sim"), inside.join("tutti-sim"))?;
    fs::write(inside.join("story.sh"), STORY)?;
    let seen = watch(&mut enter(place, "story.sh"), TELLS)?;
    // The pictures are worth most when something went wrong.
    keep_pictures(&inside.join("shots"))?;
    ensure!(seen.success, "two people with the installed program did not come through their story");
    Ok(Seen { installed, story: told(&seen.text) })
}

/// A script inside, with mounts and processes of its own, which go with the last process in it.
fn enter(place: &Path, script: &str) -> Command {
    let inside = "mount -t proc proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" sh \"/tmp/$1\"";
    let mut start = Command::new("unshare");
    start.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside]).arg(place).arg(script);
    // What this system's programs were started with is none of the other's business.
    start.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
    start
}

fn keep_pictures(from: &Path) -> Result<()> {
    let to = root().join("shots/installed");
    fs::create_dir_all(&to)?;
    for file in fs::read_dir(from).into_iter().flatten().flatten() {
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    println!("what was seen of the installed program is in {}", to.display());
    Ok(())
}

/// The steps of the story, without where its pictures are and what the desktop's services say of themselves.
fn told(text: &str) -> Vec<String> {
    const OTHERS: [&str; 2] = ["the window is in ", "SpiRegistry daemon "];
    let is_step = |line: &&str| !line.is_empty() && OTHERS.iter().all(|other| !line.starts_with(other));
    text.lines().map(str::trim).filter(is_step).map(str::to_owned).collect()
}

fn page(size: u64, seen: &Seen) -> String {
    let mut page = format!(
        "The `.deb` ({:.1} MB; at most {} MB) is installed by `apt` into a Debian that was made for it and has nothing but a screen \
         and a session bus; the installed program opens its window there, {:.0} s after the installation began. Then two people, each \
         with a profile of the *installed* program, a keychain and a simulated account: sign-in by link and by loopback, one hosts, \
         the other joins by the invite and leads, the host ends and comes back, signs out. What the story said:\n\n",
        size as f64 / 1e6,
        super::LARGEST / 1_000_000,
        seen.installed.as_secs_f64(),
    );
    for step in &seen.story {
        writeln!(page, "- {step}").expect("a String takes every line");
    }
    page
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_the_steps_of_the_story_and_not_its_files() {
        let story = told(
            "SpiRegistry daemon is running\nanna is signed in\nthe window is in /tmp/shots/story-anna-lobby.png\n\nthe story took 40 s\n",
        );
        assert_eq!(story, ["anna is signed in", "the story took 40 s"]);
        let page = page(11_000_000, &Seen { installed: Duration::from_secs(61), story });
        assert!(
            page.contains("11.0 MB; at most 12 MB") && page.ends_with("- anna is signed in\n- the story took 40 s\n"),
            "{page}"
        );
    }
}
