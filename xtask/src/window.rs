//! The smoke test of the real window: starts the desktop program on a screen of its own, acts in it, and looks.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod desk;
#[cfg(target_os = "linux")]
mod hour;
#[cfg(target_os = "linux")]
mod numbers;
#[cfg(target_os = "linux")]
mod painted;
#[cfg(target_os = "linux")]
mod person;
#[cfg(target_os = "linux")]
mod screen;
#[cfg(target_os = "linux")]
mod stand;
#[cfg(target_os = "linux")]
mod story;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::command::{cargo, command, root, run};
use crate::driver::Driver;
use crate::webdriver::Session;

/// The first picture of a cold machine may take this long; a warm one is measured against `PROMPT`. All these are wide: a busy
/// machine is slow and nothing is wrong with the program. How long things took is printed.
const OPENS: Duration = Duration::from_secs(60);
/// From the program's start to living content: 3 s are promised for a warm machine that does nothing else, and the figure
/// is printed; a busy machine alone must not fail the check.
const PROMPT: Duration = Duration::from_secs(15);
/// A takeover is seen by everybody: readings are at most a few seconds apart.
const PASSES: Duration = Duration::from_secs(30);
/// Everybody has caught up after a takeover.
const SETTLES: Duration = Duration::from_secs(60);
/// Timing errors that count as settled: "fine" or better.
const SETTLED_MS: f64 = 250.0;
/// A settled room stays so for this long, which is longer than any reading is old.
const STEADY: Duration = Duration::from_secs(3);
/// A click is answered by the next snapshot, a program ends.
const ANSWERS: Duration = Duration::from_secs(20);
/// Between two looks at the page.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the test, or its `story` alone; `inside` says that a screen and a session bus are there already.
pub fn window(
    binary: Option<PathBuf>,
    simulator: Option<PathBuf>,
    story: bool,
    picture: &Path,
    inside: bool,
) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "the window is driven through WebKitWebDriver, which is on Linux only");
    let binary = match binary {
        Some(binary) => binary,
        None => build()?,
    };
    let simulator = simulator.unwrap_or_else(|| binary.with_file_name("tutti-sim"));
    if inside {
        return drive(&binary, &simulator, story, &root().join(picture));
    }
    let mut screen = on_a_screen()?;
    screen.args(["window", "--inside", "--binary"]).arg(binary).arg("--picture").arg(picture);
    screen.arg("--simulator").arg(simulator).args(story.then_some("--story"));
    // The bus tells of every service that it starts: of interest only when something went wrong.
    let log = std::env::temp_dir().join(format!("tutti-screen-{}.log", std::process::id()));
    let result = run(screen.stderr(fs::File::create(&log)?));
    if result.is_err() {
        eprintln!("{}", fs::read_to_string(&log).unwrap_or_default());
    }
    fs::remove_file(&log).ok();
    result
}

/// What the window costs, as one line of JSON; `programs` are the desktop's, the terminal's and the simulator's.
pub fn numbers(programs: &[PathBuf], inside: bool) -> Result<()> {
    let [binary, tutti, simulator] = programs else { bail!("three programs are needed") };
    #[cfg(target_os = "linux")]
    if inside {
        return numbers::numbers(binary, tutti, simulator);
    }
    ensure!(!inside, "the window is driven through WebKitWebDriver, which is on Linux only");
    let mut screen = on_a_screen()?;
    screen.args(["numbers", "--inside"]).args([binary, tutti, simulator]);
    run(&mut screen)
}

/// Memory of the window minute by minute, as one line of JSON; `programs` are the desktop's and the simulator's.
pub fn hour(programs: &[PathBuf], minutes: usize, inside: bool) -> Result<()> {
    let [binary, simulator] = programs else { bail!("two programs are needed") };
    #[cfg(target_os = "linux")]
    if inside {
        return hour::hour(binary, simulator, minutes);
    }
    ensure!(!inside, "the window is driven through WebKitWebDriver, which is on Linux only");
    let mut screen = on_a_screen()?;
    screen.args(["hour", "--inside", "--minutes", &minutes.to_string()]).args([binary, simulator]);
    run(&mut screen)
}

/// This task once more, on a screen and a session bus of its own.
fn on_a_screen() -> Result<Command> {
    // By the name it was started with: the file may have been compiled anew since.
    let itself = std::path::absolute(std::env::args_os().next().context("this task has no name")?)?;
    let mut screen =
        command("xvfb-run", &["--auto-servernum", "--server-args=-screen 0 1280x1024x24", "dbus-run-session", "--"]);
    screen.arg(itself);
    Ok(screen)
}

fn build() -> Result<PathBuf> {
    run(&mut cargo(&["build", "--package", "tutti-desktop", "--package", "tutti-sim"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/tutti-desktop"))
}

fn drive(binary: &Path, simulator: &Path, only_story: bool, picture: &Path) -> Result<()> {
    fs::create_dir_all(picture.parent().context("the picture needs a folder")?)?;
    if only_story {
        return story(binary, simulator, picture);
    }
    let log = picture.with_extension("log");
    let driver = Driver::start(&log)?;
    until(ANSWERS, "WebKitWebDriver", || Ok(driver.is_ready().then_some(())))?;
    let result = session(&driver, binary, picture).and_then(|()| desk(&driver, binary, picture));
    if result.is_err() {
        println!("what the program said:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }
    result?;
    drop(driver);
    story(binary, simulator, picture)
}

fn session(driver: &Driver, binary: &Path, picture: &Path) -> Result<()> {
    // The first start warms the machine: the second is measured.
    let opened = open(driver, binary, picture)?;
    println!("living content {:.2} s after the program's start (first start)", opened.after.as_secs_f64());
    close(opened.session, driver)?;
    let opened = open(driver, binary, picture)?;
    println!(
        "living content {:.2} s after the program's start (second start; 3 are promised)",
        opened.after.as_secs_f64()
    );
    ensure!(opened.after <= PROMPT, "that is later than {} s", PROMPT.as_secs());
    let session = opened.session;
    let result = act(&session).and_then(|()| {
        let took = link(&session, driver.again(binary))?;
        println!("a link's question is on the screen {:.2} s after its start", took.as_secs_f64());
        Ok(())
    });
    // The picture is worth most when something went wrong.
    take(&session, picture)?;
    result?;
    close(session, driver)
}

#[cfg(target_os = "linux")]
use desk::desk;
#[cfg(target_os = "linux")]
use story::story;

#[cfg(not(target_os = "linux"))]
fn desk(_driver: &Driver, _binary: &Path, _picture: &Path) -> Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn story(_binary: &Path, _simulator: &Path, _picture: &Path) -> Result<()> {
    Ok(())
}

/// The window with living content.
struct Opened {
    session: Session,
    after: Duration,
}

fn open(driver: &Driver, binary: &Path, picture: &Path) -> Result<Opened> {
    let start = Instant::now();
    let session = Session::start(driver.port, &binary.to_string_lossy(), &["--demo"])?;
    let lives = until(OPENS, "lanes with living content", || Ok(living(&lanes(&session)?).then_some(())));
    if lives.is_err() {
        take(&session, picture)?;
    }
    lives?;
    Ok(Opened { after: start.elapsed(), session })
}

/// Everything that a newcomer would try: somebody else's phone, then the sync toggle.
fn act(session: &Session) -> Result<()> {
    let all = until(SETTLES, "everybody in step", steady(session))?;
    println!("in step: {}", words(&all));
    let other = all.iter().find(|lane| !lane.leads).context("nobody but the leader is there")?.name.clone();
    session.click(&format!("button[aria-label='{other}: next song']"))?;
    let start = Instant::now();
    let leads = |lane: &Lane| lane.leads && lane.name == other;
    until(PASSES, &format!("{other} leading"), || Ok(lanes(session)?.iter().any(leads).then_some(())))?;
    println!("{other} leads {:.2} s after acting by hand", start.elapsed().as_secs_f64());
    let all = until(SETTLES, "everybody in step with the new leader", steady(session))?;
    ensure!(all.iter().any(leads), "{other} lost the lead: {}", words(&all));
    println!("in step for {} s, {:.2} s after it: {}", STEADY.as_secs(), start.elapsed().as_secs_f64(), words(&all));
    for on in [false, true] {
        session.click(SYNC)?;
        until(ANSWERS, if on { "sync on" } else { "sync off" }, || Ok((sync(session)? == on).then_some(())))?;
    }
    println!("sync goes off and on again");
    Ok(())
}

/// A link that is opened while the program runs asks in its window, after so long; the second start ends.
fn link(session: &Session, mut again: Command) -> Result<Duration> {
    let there = || {
        Ok::<bool, anyhow::Error>(
            session.script(&format!("return document.querySelector('{QUESTION}') !== null"))? == true,
        )
    };
    let start = Instant::now();
    let mut second = again.arg(INVITE).spawn()?;
    until(ANSWERS, "the question of a link", || Ok(there()?.then_some(())))?;
    let took = start.elapsed();
    until(ANSWERS, "the end of the second start", || Ok(second.try_wait()?))?;
    session.click(&format!("{QUESTION} button"))?;
    until(ANSWERS, "the question gone", || Ok((!there()?).then_some(()))).map(|()| took)
}

const QUESTION: &str = "[data-testid=question]";
const INVITE: &str = "tutti://join/1f6c0a8e52b94d07a3c5e1907b2d4f68?hub=ws%3A%2F%2F127.0.0.1%3A7450&host=Ada";

const SYNC: &str = "[data-testid=sync]";

fn sync(session: &Session) -> Result<bool> {
    let checked = session.script(&format!("return document.querySelector('{SYNC}')?.getAttribute('aria-checked')"))?;
    match checked.as_str() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => bail!("there is no sync toggle"),
    }
}

/// What the page shows of a member.
#[derive(Debug, Clone, PartialEq)]
struct Lane {
    name: String,
    leads: bool,
    error_ms: Option<f64>,
    /// The title of what this member's player plays.
    hears: String,
}

fn lanes(session: &Session) -> Result<Vec<Lane>> {
    let lanes = session.script(
        "return [...document.querySelectorAll('article[data-member]')].map(lane => \
         [lane.getAttribute('aria-label'), lane.dataset.leads, lane.dataset.errorMs ?? '', \
         lane.querySelector('.hears')?.textContent ?? ''])",
    )?;
    let lane = |fields: &Value| Lane {
        name: fields[0].as_str().unwrap_or_default().to_owned(),
        leads: fields[1] == "true",
        error_ms: fields[2].as_str().and_then(|number| number.parse().ok()),
        hears: fields[3].as_str().unwrap_or_default().to_owned(),
    };
    Ok(lanes.as_array().into_iter().flatten().map(lane).collect())
}

/// Somebody leads, and the timing error of everybody else is known.
fn living(lanes: &[Lane]) -> bool {
    lanes.len() >= 3
        && lanes.iter().filter(|lane| lane.leads).count() == 1
        && lanes.iter().all(|lane| lane.leads || lane.error_ms.is_some())
}

/// Everybody hears the same thing at about the same moment.
fn settled(lanes: &[Lane]) -> bool {
    let close = |lane: &Lane| lane.leads || lane.error_ms.is_some_and(|error| error.abs() <= SETTLED_MS);
    living(lanes) && lanes.iter().all(|lane| close(lane) && !lane.hears.is_empty() && lane.hears == lanes[0].hears)
}

/// Looks whether everybody is in step, and has been for a while.
fn steady(session: &Session) -> impl FnMut() -> Result<Option<Vec<Lane>>> {
    let mut since = None;
    move || {
        let lanes = lanes(session)?;
        if !settled(&lanes) {
            since = None;
            return Ok(None);
        }
        let since = *since.get_or_insert_with(Instant::now);
        Ok((since.elapsed() >= STEADY).then_some(lanes))
    }
}

fn words(lanes: &[Lane]) -> String {
    let word = |lane: &Lane| match lane.error_ms {
        _ if lane.leads => format!("{} leads", lane.name),
        Some(error) => format!("{} {error:+.0} ms", lane.name),
        None => format!("{} unknown", lane.name),
    };
    lanes.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn take(session: &Session, picture: &Path) -> Result<()> {
    fs::write(picture, session.picture()?).with_context(|| format!("{} could not be written", picture.display()))?;
    println!("the window is in {}", picture.display());
    Ok(())
}

/// Without a tray to go to, closing the window ends the program.
fn close(session: Session, driver: &Driver) -> Result<()> {
    session.close_window()?;
    until(ANSWERS, "the program ending with its window", || Ok(driver.programs().is_empty().then_some(())))
}

/// Looks until there is something to see.
fn until<T>(deadline: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        let seen = look();
        if let Ok(Some(seen)) = seen {
            return Ok(seen);
        }
        if start.elapsed() > deadline {
            seen.with_context(|| format!("waiting for {what}"))?;
            bail!("{what}: not within {} s", deadline.as_secs());
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lane(name: &str, leads: bool, error_ms: Option<f64>) -> Lane {
        Lane { name: name.into(), leads, error_ms, hears: "Song".into() }
    }

    #[test]
    fn lanes_live_when_one_leads_and_every_other_error_is_known() {
        let ben = lane("Ben", false, Some(900.0));
        assert!(living(&[lane("Anna", true, None), ben.clone(), lane("Chiara", false, Some(1.0))]));
        assert!(!living(&[lane("Anna", true, None), ben.clone(), lane("Chiara", false, None)]));
        assert!(!living(&[lane("Anna", false, Some(0.0)), ben.clone(), lane("Chiara", false, Some(1.0))]));
        assert!(!living(&[lane("Anna", true, None), ben]));
    }

    #[test]
    fn a_member_who_is_far_off_or_hears_something_else_is_not_settled() {
        let with = |ben| settled(&[lane("Anna", true, None), ben, lane("Chiara", false, Some(1.0))]);
        assert!(with(lane("Ben", false, Some(-250.0))));
        assert!(!with(lane("Ben", false, Some(-251.0))));
        assert!(!with(Lane { hears: String::new(), ..lane("Ben", false, Some(0.0)) }));
        assert!(!with(Lane { hears: "Another".into(), ..lane("Ben", false, Some(0.0)) }));
    }

    #[test]
    fn waiting_ends_at_its_deadline_with_what_was_waited_for() {
        let error = until(Duration::from_millis(1), "a miracle", || Ok(None::<()>)).unwrap_err();
        assert!(error.to_string().contains("a miracle"));
    }
}
