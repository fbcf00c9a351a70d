//! The program on a desktop with a tray: closed, shown again, broken, changed from the tray, and started hidden.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::bus::Desktop;
use super::screen::{self, Screen};
use super::{ANSWERS, OPENS, SETTLES, lanes, living, open, steady, sync, take, until};
use crate::command::run;
use crate::driver::Driver;
use crate::webdriver::Session;

/// The window's title.
const TITLE: &str = "Tutti";
/// A new window is drawn with everything in it.
const SHOWN: Duration = Duration::from_secs(30);

pub fn desk(driver: &Driver, binary: &Path, picture: &Path) -> Result<()> {
    let (desktop, screen) = (Desktop::start()?, Screen::open()?);
    fs::write(driver.home().join("settings.json"), "{ broken")?;
    let session = open(driver, binary, picture)?.session;
    let said = "return document.querySelector('[data-notice=settings_broken]') !== null";
    ensure!(session.script(said)? == true, "nothing is said of the broken settings");
    println!("broken settings are said in the window");
    let result = act(driver, &desktop, &screen, &session);
    if result.is_err() {
        take(&session, picture).ok();
    }
    result?;
    until(ANSWERS, "the program ended by the tray", || Ok(driver.programs().is_empty().then_some(())))?;
    hidden(driver, binary, &desktop, &screen)?;
    at_once(driver, binary, &desktop, &screen)
}

fn act(driver: &Driver, desktop: &Desktop, screen: &Screen, session: &Session) -> Result<()> {
    until(SETTLES, "everybody in step", steady(session))?;
    until(ANSWERS, "a tray icon", || Ok((desktop.icons() > 0).then_some(())))?;
    let labels: Vec<String> = desktop.rows()?.into_iter().map(|row| row.label).collect();
    println!("the tray: {}", labels.join(" | "));
    let in_step = desktop.picture()?;
    for on in [false, true] {
        desktop.click("Sync")?;
        until(ANSWERS, "sync by the tray", || Ok((sync(session)? == on).then_some(())))?;
        until(ANSWERS, "the tray's mark", || Ok(desktop.rows()?.iter().any(|row| row.on == Some(on)).then_some(())))?;
        if !on {
            until(ANSWERS, "another picture", || Ok((desktop.picture()? != in_step).then_some(())))?;
        }
    }
    println!("the tray turns sync off and on, with another picture");

    let with_window = pss(driver)?;
    let place = screen.place(one_window(screen)?)?;
    close(driver, screen)?;
    println!("in the tray: {} MB, with its window {} MB (PSS)", pss(driver)?, with_window);
    until(ANSWERS, "a word about the tray", || Ok((!desktop.told().is_empty()).then_some(())))?;
    ensure!(desktop.told().len() == 1, "told {:?}", desktop.told());

    show(desktop, session)?;
    let again = screen.place(one_window(screen)?)?;
    ensure!((again.2, again.3) == (place.2, place.3), "{place:?} became {again:?}");
    close(driver, screen)?;
    show(desktop, session)?;
    let about_tray = desktop.told().iter().filter(|told| told.contains("tray")).count();
    ensure!(about_tray == 1, "said again: {:?}", desktop.told());

    panel_ends(driver, desktop, screen, session)?;
    desktop.click("Settings")?;
    let settings = "return document.querySelector('[data-screen]')?.dataset.screen ?? ''";
    until(ANSWERS, "the settings", || Ok((session.script(settings)? == "settings").then_some(())))?;
    println!("the tray opens the settings");
    login(driver, session)?;
    papers(session)?;
    breaks(driver, desktop, screen)?;
    desktop.click("Quit")?;
    log(driver)
}

/// The window reads out what comes with the program.
fn papers(session: &Session) -> Result<()> {
    for (paper, words) in [("privacy", "developers.json"), ("licences", "Permission is hereby granted")] {
        let summary = format!("[data-testid={paper}] summary");
        session.click(&summary)?;
        let there = format!("return document.querySelector('[data-testid={paper}]').innerText.includes('{words}')");
        until(ANSWERS, paper, || Ok((session.script(&there)? == true).then_some(())))?;
        session.click(&summary)?;
    }
    println!("the privacy notice and the licences can be read");
    Ok(())
}

/// The switch puts the program among what the system starts, hidden, and takes it out again.
fn login(driver: &Driver, session: &Session) -> Result<()> {
    let entries = || {
        let folder = fs::read_dir(driver.home().join(".config/autostart")).into_iter().flatten().flatten();
        folder.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect::<Vec<_>>()
    };
    let there =
        |wanted: bool| move || Ok((entries().iter().any(|text| text.contains("--hidden")) == wanted).then_some(()));
    let switch = "button[role=switch][aria-label='Start at login']";
    let shows = format!("return document.querySelector(\"{switch}\")?.getAttribute('aria-checked')");
    for on in [true, false] {
        session.click(switch)?;
        until(ANSWERS, if on { "an entry at login" } else { "no entry at login" }, there(on))?;
        let word = if on { "true" } else { "false" };
        until(ANSWERS, "the switch as it is", || Ok((session.script(&shows)? == word).then_some(())))?;
    }
    println!("start at login goes on and off");
    Ok(())
}

/// What happened is in the log's file, and no link is.
fn log(driver: &Driver) -> Result<()> {
    let log = until(ANSWERS, "the log", || Ok(fs::read_to_string(driver.home().join("logs/tutti.log")).ok()))?;
    ensure!(log.contains("the window's page ended"), "the log misses what happened:\n{log}");
    ensure!(!log.contains("tutti://join"), "an invite stands in the log");
    Ok(())
}

/// A page whose process is killed comes back. The driver's session ends with the process, so the screen is looked at. One that
/// is killed again and again gives way to words, and a window without even those to a notification; the tray opens it anew.
fn breaks(driver: &Driver, desktop: &Desktop, screen: &Screen) -> Result<()> {
    let window = one_window(screen)?;
    let before = screen.colours(window)?;
    for _ in 0..3 {
        let start = Instant::now();
        another_page(driver)?;
        let now = drawn(screen, window, before)?;
        println!(
            "a page whose process was killed is drawn again {:.2} s later, in {now} colours of {before}",
            start.elapsed().as_secs_f64()
        );
    }
    another_page(driver)?;
    // Letters are shades of few colours; a blank page has a handful, and the whole page thousands.
    let words = || Ok(Some(screen.colours(window)?).filter(|colours| (12..before / 4).contains(colours)));
    let colours = until(SHOWN, &format!("words in place of {before} colours"), words)?;
    println!("after the fourth time there are words, in {colours} colours");
    screen.press(window, screen::RETURN)?;
    let now = drawn(screen, window, before)?;
    println!("its button loads the page again, in {now} colours");
    another_page(driver)?;
    until(SHOWN, "words once more", words)?;
    kill_pages(driver)?;
    until(SHOWN, "the window gone", || Ok(screen.windows(TITLE)?.is_empty().then_some(())))?;
    let told = || Ok(desktop.told().into_iter().find(|told| told.contains("broke down again and again")));
    println!("after one more the window is gone, and is told: {}", until(ANSWERS, "a word about it", told)?);
    desktop.click("Show Tutti")?;
    let window = until(OPENS, "the window anew", || Ok(screen.windows(TITLE)?.first().copied()))?;
    drawn(screen, window, before).map(drop)
}

/// The page is in the window again. It comes back at its top and without "Saved", so not with the same colours.
fn drawn(screen: &Screen, window: u32, before: usize) -> Result<usize> {
    let drawn =
        || Some(screen.colours(window)).filter(|now| now.as_ref().is_ok_and(|now| now * 2 >= before)).transpose();
    until(SHOWN, &format!("the page drawn again, which had {before} colours"), drawn)
}

/// The page's process is killed, and another one comes.
fn another_page(driver: &Driver) -> Result<()> {
    let killed = kill_pages(driver)?;
    until(SHOWN, "another page process", || Ok(pages(driver).iter().any(|id| !killed.contains(id)).then_some(())))
}

fn kill_pages(driver: &Driver) -> Result<Vec<u32>> {
    let pages = until(SHOWN, "a page's process", || Ok(Some(pages(driver)).filter(|pages| !pages.is_empty())))?;
    for page in &pages {
        run(Command::new("kill").args(["-KILL", &page.to_string()]))?;
    }
    Ok(pages)
}

/// The window closes as by its cross: the web view goes, the program stays.
pub(super) fn close(driver: &Driver, screen: &Screen) -> Result<()> {
    screen.close(one_window(screen)?)?;
    until(ANSWERS, "the window gone", || Ok(screen.windows(TITLE)?.is_empty().then_some(())))?;
    until(ANSWERS, "its page's process gone", || Ok(pages(driver).is_empty().then_some(())))?;
    ensure!(!driver.programs().is_empty(), "the program ended with its window");
    Ok(())
}

/// The tray brings a new window, with the whole room.
fn show(desktop: &Desktop, session: &Session) -> Result<()> {
    let start = Instant::now();
    desktop.click("Show Tutti")?;
    until(SHOWN, "a new window with the room", || {
        session.to_newest_window()?;
        Ok(living(&lanes(session)?).then_some(()))
    })?;
    println!("the window is back {:.2} s after the click, with the room", start.elapsed().as_secs_f64());
    Ok(())
}

/// The panel dies while the program is in its tray: the window comes back by itself and says why. With a new panel there is a
/// tray to close to again.
fn panel_ends(driver: &Driver, desktop: &Desktop, screen: &Screen, session: &Session) -> Result<()> {
    close(driver, screen)?;
    let start = Instant::now();
    desktop.panel_ends()?;
    let says = "return document.querySelector('[data-notice=tray_gone]')?.innerText ?? null";
    let said = until(SHOWN, "a window without a tray", || {
        session.to_newest_window()?;
        Ok(session.script(says)?.as_str().map(str::to_owned))
    })?;
    println!("the panel ended; after {:.1} s the window is back: {}", start.elapsed().as_secs_f64(), said.trim());
    let before = desktop.icons();
    desktop.panel_starts()?;
    until(ANSWERS, "an icon in the new panel", || Ok((desktop.icons() > before).then_some(())))?;
    until(ANSWERS, "the words taken back", || Ok(session.script(says)?.is_null().then_some(())))?;
    close(driver, screen)?;
    show(desktop, session)?;
    println!("a new panel has the icon, and is closed to and shown from");
    Ok(())
}

/// Started hidden there is an icon and no window, until it is asked for.
fn hidden(driver: &Driver, binary: &Path, desktop: &Desktop, screen: &Screen) -> Result<()> {
    // As at a login, where the panel starts later than the program.
    desktop.panel_ends()?;
    let before = desktop.icons();
    let mut program = driver.again(binary);
    let mut program = program.args(["--demo", "--hidden"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    until(OPENS, "the hidden program", || Ok((!driver.programs().is_empty()).then_some(())))?;
    desktop.panel_starts()?;
    until(OPENS, "the icon of a hidden start", || Ok((desktop.icons() > before).then_some(())))?;
    until(SETTLES, "a room in the tray", || Ok(desktop.rows()?.iter().any(|row| row.on == Some(true)).then_some(())))?;
    ensure!(pages(driver).is_empty() && screen.windows(TITLE)?.is_empty(), "a hidden start opened a window");
    println!("started hidden: {} MB (PSS)", pss(driver)?);
    desktop.click("Show Tutti")?;
    until(OPENS, "the window of a hidden start", || Ok(screen.windows(TITLE)?.first().copied()))?;
    desktop.click("Quit")?;
    until(ANSWERS, "the end of the hidden start", || Ok(program.try_wait()?)).map(drop)
}

/// Two starts at the same moment are one program with one window; the other start ends as if it had done all.
fn at_once(driver: &Driver, binary: &Path, desktop: &Desktop, screen: &Screen) -> Result<()> {
    let start = || driver.again(binary).arg("--demo").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut both = [start()?, start()?];
    until(OPENS, "the end of one of two starts", || {
        for program in &mut both {
            if let Some(ended) = program.try_wait()? {
                return ensure_good(ended).map(Some);
            }
        }
        Ok(None)
    })?;
    one_window(screen)?;
    until(SETTLES, "a room of the one that stays", || {
        Ok(desktop.rows()?.iter().any(|row| row.on == Some(true)).then_some(()))
    })?;
    one_window(screen)?;
    ensure!(pages(driver).len() == 1, "two starts at once have {} pages", pages(driver).len());
    println!("two starts at once: one program with one window");
    desktop.click("Quit")?;
    until(ANSWERS, "the end of both starts", || {
        let left = both.iter_mut().map(std::process::Child::try_wait).collect::<Result<Vec<_>, _>>()?;
        Ok(left.iter().all(Option::is_some).then_some(()))
    })
}

fn ensure_good(ended: ExitStatus) -> Result<()> {
    ensure!(ended.success(), "the second start ended with {ended}");
    Ok(())
}

pub(super) fn one_window(screen: &Screen) -> Result<u32> {
    let windows = until(ANSWERS, "one window", || Ok(Some(screen.windows(TITLE)?).filter(|found| found.len() == 1)))?;
    Ok(windows[0])
}

/// Processes that draw pages.
pub(super) fn pages(driver: &Driver) -> Vec<u32> {
    let draws = |id: &u32| {
        fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.starts_with("WebKitWebProces"))
            && !fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default().is_empty()
    };
    driver.programs().into_iter().filter(draws).collect()
}

/// Memory of the program and its web view's processes, each shared page by its share; MB.
pub(super) fn pss(driver: &Driver) -> Result<u64> {
    let of = |id: &u32| {
        let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let sum: u64 = driver.programs().iter().filter_map(of).sum();
    ensure!(sum > 0, "no memory could be measured");
    Ok(sum / 1024)
}
