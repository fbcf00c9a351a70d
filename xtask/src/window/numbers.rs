//! What the window costs beside a bare WebKitGTK window with the very same page: time to content, memory, processor time.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::bus::Desktop;
use super::desk::{close, one_window, pages, pss};
use super::painted::{self, percentile};
use super::screen::Screen;
use super::{ANSWERS, OPENS, SETTLES, lanes, link, living, until};
use crate::driver::Driver;
use crate::webdriver::Session;

/// WebKitGTK's own window around a page, which comes with its WebDriver.
const BARE: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/webkit2gtk-4.1/MiniBrowser",
    "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
];
/// Starts of each, alternating: the least of them is what the program needs, the rest is what else the machine does.
const STARTS: usize = 4;
/// Memory is looked at when the page has lived for so long.
const LIVED: Duration = Duration::from_secs(12);
/// Processor time is counted over this long.
const IDLE: Duration = Duration::from_secs(60);
/// Drawn without the graphics card, as our window is.
const DRAWN_ALIKE: &[(&str, &str)] = &[("WEBKIT_DISABLE_COMPOSITING_MODE", "1")];
/// Links that are opened while the program runs; the slowest counts.
const LINKS: usize = 5;
/// Presses of next while snapshots are followed to the screen.
const ACTED: usize = 6;
/// Something of the page is there; lanes come with the room.
const CONTENT: &str = "return document.querySelector('main') !== null";

/// What a window needed.
#[derive(Clone, Copy)]
struct Seen {
    content: Duration,
    pss: u64,
}

/// Prints the figures as one line of JSON. `tutti` and `simulator` are programs of the same build.
pub fn numbers(binary: &Path, tutti: &Path, simulator: &Path) -> Result<()> {
    let bare = BARE.iter().map(PathBuf::from).find(|path| path.exists());
    let bare = bare.context("MiniBrowser, the bare window to compare with, comes with WebKitGTK and is not here")?;
    let log = std::env::temp_dir().join(format!("tutti-numbers-{}.log", std::process::id()));
    let (desktop, screen) = (Desktop::start()?, Screen::open()?);
    let (mut ours, mut theirs, mut alike) = (Vec::new(), Vec::new(), Vec::new());
    let mut after = None;
    for start in 0..STARTS {
        theirs.push(bare_window(&log, &bare, tutti, simulator, &[])?);
        alike.push(bare_window(&log, &bare, tutti, simulator, DRAWN_ALIKE)?);
        let last = start + 1 == STARTS;
        let (seen, later) = our_window(&log, binary, simulator, (&desktop, &screen), last)?;
        ours.push(seen);
        after = later.or(after);
    }
    let hidden = hidden(&log, binary, simulator, &desktop)?;
    fs::remove_file(&log).ok();
    let later = after.context("the last start is measured longer")?;
    let least = |of: &[Seen]| of.iter().map(|seen| seen.content.as_secs_f64()).fold(f64::INFINITY, f64::min);
    let pss_of = |of: &[Seen]| of.iter().map(|seen| seen.pss).min().unwrap_or(1) as f64;
    let (bare_s, bare_mb) = (least(&theirs), pss_of(&theirs));
    let figures = [
        figure(
            "first content",
            least(&ours) / bare_s,
            "×",
            Some(1.3),
            json!({ "ours, s": least(&ours), "bare, s": bare_s }),
        ),
        figure(
            "memory with the window",
            pss_of(&ours) / bare_mb,
            "×",
            Some(1.15),
            json!({ "ours, MB": pss_of(&ours), "bare, MB": bare_mb }),
        ),
        figure(
            "memory beside a bare window drawn the same way",
            pss_of(&ours) / pss_of(&alike),
            "×",
            None,
            json!({ "ours, MB": pss_of(&ours), "bare, MB": pss_of(&alike) }),
        ),
        figure(
            "memory in the tray, after the window",
            later.tray as f64 / bare_mb,
            "×",
            Some(0.55),
            json!({ "MB": later.tray }),
        ),
        figure("memory started hidden", hidden as f64 / bare_mb, "×", Some(0.25), json!({ "MB": hidden })),
        figure("processor, room of 5, in the tray", later.cpu_tray, "% core", Some(0.5), json!({})),
        figure(
            "processor, room of 5, window open",
            later.cpu_window,
            "% core",
            Some(0.5),
            json!({ "the page's processes, % core": later.cpu_page }),
        ),
        figure(
            "from snapshot to screen, 95 %",
            percentile(&later.painted, 95),
            "ms",
            Some(50.0),
            json!({ "median, ms": percentile(&later.painted, 50), "snapshots": later.painted.len() }),
        ),
        figure(
            "from a link to its question on the screen, program running",
            percentile(&later.links, 100),
            "ms",
            Some(500.0),
            json!({ "median, ms": percentile(&later.links, 50), "links": LINKS }),
        ),
    ];
    println!("{}", Value::from(figures.to_vec()));
    Ok(())
}

fn figure(name: &str, value: f64, unit: &str, goal: Option<f64>, beside: Value) -> Value {
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let beside: Value = beside
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), json!(round(value.as_f64().unwrap_or_default()))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({ "name": name, "value": round(value), "unit": unit, "goal": goal, "noisy": true, "beside": beside })
}

/// What is measured of the window that stays longest.
struct Later {
    tray: u64,
    /// Of the program, and of the page's processes, % of a core.
    cpu_window: f64,
    cpu_page: f64,
    cpu_tray: f64,
    /// From snapshot to screen, ms, ascending.
    painted: Vec<f64>,
    /// From the start that the system makes for a link to its question in the window, ms, ascending.
    links: Vec<f64>,
}

fn bare_window(log: &Path, bare: &Path, tutti: &Path, simulator: &Path, drawn: &[(&str, &str)]) -> Result<Seen> {
    let simulator = Served::simulator(simulator)?;
    let mut page = Command::new(tutti);
    page.args(["demo", "--web", "--no-browser", "--members", "5"]).env("TUTTI_DEMO_SIMULATOR", &simulator.address);
    let page = Served::start(&mut page, |line| {
        line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).map(str::to_owned)
    })?;
    let driver = Driver::start_with(log, drawn)?;
    until(ANSWERS, "WebKitWebDriver", || Ok(driver.is_ready().then_some(())))?;
    let start = Instant::now();
    let session = Session::start(driver.port, &bare.to_string_lossy(), &["--automation"])?;
    session.open(&page.address)?;
    until(OPENS, "content", || Ok((session.script(CONTENT)? == true).then_some(())))?;
    let content = start.elapsed();
    until(SETTLES, "a living room", || Ok(living(&lanes(&session)?).then_some(())))?;
    sleep(LIVED);
    let seen = Seen { content, pss: pss(&driver)? };
    session.close_window()?;
    Ok(seen)
}

fn our_window(
    log: &Path,
    binary: &Path,
    simulator: &Path,
    (desktop, screen): (&Desktop, &Screen),
    longer: bool,
) -> Result<(Seen, Option<Later>)> {
    let simulator = Served::simulator(simulator)?;
    let more = [("TUTTI_DEMO_SIMULATOR", simulator.address.as_str()), painted::SAYS];
    let driver = Driver::start_with(log, &more)?;
    until(ANSWERS, "WebKitWebDriver", || Ok(driver.is_ready().then_some(())))?;
    let start = Instant::now();
    let session = Session::start(driver.port, &binary.to_string_lossy(), &["--demo"])?;
    until(OPENS, "content", || Ok((session.script(CONTENT)? == true).then_some(())))?;
    let content = start.elapsed();
    until(SETTLES, "a living room", || Ok(living(&lanes(&session)?).then_some(())))?;
    sleep(LIVED);
    let seen = Seen { content, pss: pss(&driver)? };
    let mut later = None;
    if longer {
        let program = program(&driver)?;
        let (of_program, of_page) = (Used::of(&[program]), Used::of(&pages(&driver)));
        sleep(IDLE);
        let (cpu_window, cpu_page) = (of_program.share(), of_page.share());
        let painted = on_the_screen(&session, log)?;
        let links = links(&session, &driver, binary)?;
        one_window(screen)?;
        close(&driver, screen)?;
        sleep(LIVED);
        let of_program = Used::of(&[program]);
        sleep(IDLE);
        later = Some(Later { tray: pss(&driver)?, cpu_window, cpu_page, cpu_tray: of_program.share(), painted, links });
    }
    desktop.click("Quit")?;
    until(ANSWERS, "the program's end", || Ok(driver.programs().is_empty().then_some(())))?;
    Ok((seen, later))
}

fn hidden(log: &Path, binary: &Path, simulator: &Path, desktop: &Desktop) -> Result<u64> {
    let simulator = Served::simulator(simulator)?;
    let driver = Driver::start_with(log, &[("TUTTI_DEMO_SIMULATOR", &simulator.address)])?;
    let before = desktop.icons();
    let mut start = driver.again(binary);
    let mut started = start.args(["--demo", "--hidden"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    until(OPENS, "the icon of a hidden start", || Ok((desktop.icons() > before).then_some(())))?;
    sleep(LIVED);
    ensure!(pages(&driver).is_empty(), "a hidden start opened a page");
    let memory = pss(&driver)?;
    desktop.click("Quit")?;
    until(ANSWERS, "the hidden program's end", || Ok(started.try_wait()?)).map(|_| memory)
}

/// The program itself, without its web view's processes.
fn program(driver: &Driver) -> Result<u32> {
    let named =
        |id: &u32| fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "tutti-desktop");
    driver.programs().into_iter().find(named).context("the program is not there")
}

/// Snapshots on their way to the screen for a while in which somebody presses next now and then.
fn on_the_screen(session: &Session, log: &Path) -> Result<Vec<f64>> {
    painted::watch(session)?;
    for acted in 0..ACTED {
        let all = lanes(session)?;
        let who = &all[acted % all.len()].name;
        session.click(&format!("button[aria-label='{who}: next song']"))?;
        sleep(IDLE / u32::try_from(ACTED)?);
    }
    painted::latencies(session, &fs::read_to_string(log)?)
}

fn links(session: &Session, driver: &Driver, binary: &Path) -> Result<Vec<f64>> {
    let took = (0..LINKS).map(|_| Ok(link(session, driver.again(binary))?.as_secs_f64() * 1e3));
    let mut took = took.collect::<Result<Vec<_>>>()?;
    took.sort_by(f64::total_cmp);
    Ok(took)
}

/// Processor time that processes have used so far.
struct Used {
    ids: Vec<u32>,
    seconds: f64,
    at: Instant,
}

impl Used {
    fn of(ids: &[u32]) -> Self {
        Self { ids: ids.to_vec(), seconds: ids.iter().filter_map(|id| used(*id)).sum(), at: Instant::now() }
    }

    /// Of one core since then, in percent.
    fn share(&self) -> f64 {
        let now = Self::of(&self.ids);
        (now.seconds - self.seconds) / (now.at - self.at).as_secs_f64() * 100.0
    }
}

fn used(id: u32) -> Option<f64> {
    // Clock ticks are hundredths of a second on every Linux that people use.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// A program that says on its first lines where it serves; it ends with this.
pub(super) struct Served {
    child: Child,
    pub(super) address: String,
}

impl Served {
    pub(super) fn simulator(simulator: &Path) -> Result<Self> {
        let mut command = Command::new(simulator);
        command.args(["serve", "--accounts", "5"]);
        Self::start(&mut command, |line| {
            serde_json::from_str::<Value>(line).ok()?["base_url"].as_str().map(str::to_owned)
        })
    }

    fn start(command: &mut Command, address: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let found = lines.map_while(Result::ok).find_map(|line| address(&line));
        let Some(address) = found else {
            child.kill().ok();
            child.wait().ok();
            anyhow::bail!("a program did not say where it serves");
        };
        Ok(Self { child, address })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
