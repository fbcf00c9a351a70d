//! Somebody with a program and a profile of their own: opens it, looks into its window, acts there, closes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::screen::Screen;
use super::stand::Stand;
use super::{Lane, SETTLED_MS, STEADY, lanes, take, until};
use crate::driver::Driver;
use crate::webdriver::Session;

/// Anything that a person waits for. A busy machine is slow and nothing is wrong with the program: what took long is printed.
const COMES: Duration = Duration::from_secs(60);
/// A picture is worth taking also when something still moves.
const RESTS: Duration = Duration::from_secs(4);
/// What is in the page now is in a picture some frames later.
const DRAWS: &str = "window.drawn = false; let left = 5; const next = () => { left -= 1; \
     if (left > 0) requestAnimationFrame(next); else window.drawn = true; }; requestAnimationFrame(next)";
const AT_REST: &str = "return window.drawn && document.fonts.status === 'loaded' && document.getAnimations().every(move => \
                       move.playState !== 'running' || move.effect.getTiming().iterations === Infinity)";
pub const ROOM: &str = "[data-testid=room]";

/// How large a window was whose screen is gone.
const STOOD: (u16, u16) = (1100, 900);

/// Somebody with a program and a profile of their own.
pub struct Person<'a> {
    pub name: &'static str,
    binary: &'a Path,
    pictures: PathBuf,
    pub driver: Driver,
    session: Option<Session>,
}

impl<'a> Person<'a> {
    pub fn new(name: &'static str, binary: &'a Path, picture: &Path, stand: &Stand) -> Result<Self> {
        let pictures = picture.with_file_name(format!("story-{name}"));
        let driver = Driver::of(&format!("-{name}"), &pictures.with_extension("log"), stand.surroundings())?;
        until(COMES, "WebKitWebDriver", || Ok(driver.is_ready().then_some(())))?;
        Ok(Self { name, binary, pictures, driver, session: None })
    }

    pub fn open(&mut self, args: &[&str]) -> Result<()> {
        let start = Instant::now();
        self.session = Some(Session::start(self.driver.port, &self.binary.to_string_lossy(), args)?);
        let shows = "return document.querySelector('[data-screen]:not([data-screen=waiting])') !== null";
        self.until("a first screen", || Ok((self.session()?.script(shows)? == true).then_some(())))?;
        println!("{}'s window has its first screen {:.2} s after its start", self.name, start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Leaves the profile as a computer does whose other screen is gone: the window stood at `x`, `y`.
    pub fn stood_at(&self, x: i32, y: i32) -> Result<()> {
        let place = json!({ "x": x, "y": y, "width": STOOD.0, "height": STOOD.1 });
        let settings = json!({ "version": 1, "choices": { "window": place } });
        fs::write(self.driver.home().join("settings.json"), settings.to_string())?;
        Ok(())
    }

    /// The whole window is on the screen, as large as it was.
    pub fn stands_on_the_screen(&self) -> Result<()> {
        let screen = Screen::open()?;
        let (width, height) = screen.size()?;
        let mut place = (0, 0, 0, 0);
        let seen = self.until("the whole window on the screen", || {
            place = screen.place(self.window(&screen)?.context("there is no window")?)?;
            Ok(is_seen(place, (width, height)).then_some(()))
        });
        seen.with_context(|| format!("it stands at {place:?} of {width} x {height}"))?;
        println!("{}'s window stood where no screen is any more, and opens at {}, {}", self.name, place.0, place.1);
        Ok(())
    }

    /// What the system does with a link: another start, which ends.
    pub fn again(&self, link: &str) -> Result<()> {
        let mut start: Command = self.driver.again(self.binary);
        let mut start = start.arg(link).stdout(Stdio::null()).spawn()?;
        self.until("the end of the second start", || Ok(start.try_wait()?)).map(drop)
    }

    /// As by the cross of the window. In a session the first time is answered with a word about it.
    pub fn close(&mut self) -> Result<()> {
        let screen = Screen::open()?;
        let window = self.window(&screen)?.context("there is no window")?;
        let in_a_room = self.says(ROOM)?.is_some();
        screen.close(window)?;
        if in_a_room {
            let said = self.until("a word before the end", || self.says("[data-notice=closing_ends]"))?;
            println!("closing in a session: {said}");
            screen.close(window)?;
        }
        self.ended()
    }

    /// By the cross too, where there is a tray: the window goes, the program stays.
    pub fn to_tray(&self) -> Result<()> {
        let screen = Screen::open()?;
        screen.close(self.window(&screen)?.context("there is no window")?)?;
        self.until("the window's end", || Ok(self.window(&screen)?.is_none().then_some(())))?;
        ensure!(!self.driver.programs().is_empty(), "the program ended with its window");
        Ok(())
    }

    /// The program ends, however it was asked to.
    pub fn ended(&mut self) -> Result<()> {
        self.until("the end of the program", || Ok(self.driver.programs().is_empty().then_some(())))?;
        self.session.take().into_iter().for_each(Session::end);
        Ok(())
    }

    fn window(&self, screen: &Screen) -> Result<Option<u32>> {
        let programs = self.driver.programs();
        let mine =
            |window: &u32| screen.owner(*window).is_ok_and(|owner| owner.is_some_and(|id| programs.contains(&id)));
        Ok(screen.windows("Tutti")?.into_iter().find(mine))
    }

    pub fn session(&self) -> Result<&Session> {
        self.session.as_ref().with_context(|| format!("{} has no window", self.name))
    }

    pub fn until<T>(&self, what: &str, look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        until(COMES, &format!("{}: {what}", self.name), look)
    }

    pub fn sees(&self, css: &str) -> Result<()> {
        self.until(css, || self.says(css)).map(drop)
    }

    /// The text of the first element that matches; None if none does.
    pub fn says(&self, css: &str) -> Result<Option<String>> {
        let text = self.session()?.script(&format!("return document.querySelector('{css}')?.innerText ?? null"))?;
        Ok(text.as_str().map(|text| text.trim().to_owned()))
    }

    /// What stands in a field; None while there is nothing.
    pub fn field(&self, css: &str) -> Result<Option<String>> {
        let text = self.session()?.script(&format!("return document.querySelector('{css}')?.value ?? ''"))?;
        Ok(text.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// The link that the panel of the room shows.
    pub fn invite(&self) -> Result<String> {
        self.session()?.click("[data-testid=invite]")?;
        let invite = self.until("the invite", || self.field(".panel.placed .invite .copy input"))?;
        self.picture("invite")?;
        self.session()?.script("document.querySelector('.panel:popover-open')?.hidePopover()")?;
        Ok(invite)
    }

    pub fn leader(&self) -> Result<Option<String>> {
        Ok(lanes(self.session()?)?.into_iter().find(|lane| lane.leads).map(|lane| lane.name))
    }

    /// Both in step behind this leader, for a while.
    pub fn steady(&self, leader: &str) -> Result<Vec<Lane>> {
        let mut since = None;
        self.until("everybody in step", || {
            let lanes = lanes(self.session()?)?;
            let close = |lane: &Lane| lane.error_ms.is_some_and(|error| error.abs() <= SETTLED_MS);
            if lanes.len() != 2 || !lanes.iter().all(|lane| if lane.leads { lane.name == leader } else { close(lane) })
            {
                since = None;
                return Ok(None);
            }
            Ok((since.get_or_insert_with(Instant::now).elapsed() >= STEADY).then_some(lanes))
        })
    }

    /// As it is once nothing glides into its place any more.
    pub fn picture(&self, of: &str) -> Result<()> {
        self.session()?.script(DRAWS)?;
        until(RESTS, "a window at rest", || Ok((self.session()?.script(AT_REST)? == true).then_some(()))).ok();
        let name = self.pictures.file_name().unwrap_or_default().to_string_lossy();
        take(self.session()?, &self.pictures.with_file_name(format!("{name}-{of}.png")))
    }
}

fn is_seen((x, y, width, height): (i16, i16, u16, u16), screen: (u16, u16)) -> bool {
    let within = |from: i16, size: u16, room: u16| from >= 0 && i32::from(from) + i32::from(size) <= i32::from(room);
    (width, height) == STOOD && within(x, width, screen.0) && within(y, height, screen.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_on_the_screen_with_all_of_it_and_as_large_as_it_was() {
        let seen = |x, y| is_seen((x, y, STOOD.0, STOOD.1), (1280, 1024));
        assert!(seen(90, 62) && seen(0, 0) && seen(180, 124));
        assert!(!seen(-5000, -5000) && !seen(2500, 100) && !seen(181, 62) && !seen(90, 125));
        assert!(!is_seen((0, 0, 1160, 940), (1280, 1024)), "the settings were not read");
    }
}
