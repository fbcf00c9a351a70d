//! The story of two people with real sign-ins: connect, host, join by a link, lead, come back after a restart, sign out, and
//! meet once more from the tray.

mod in_tray;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use self::in_tray::in_tray;
use super::person::{Person, ROOM};
use super::stand::{Stand, get, location};
use super::{STEADY, lanes, sync, words};

/// As Spotify's are: 32 hexadecimal characters.
const CLIENT_ID: &str = "0123456789abcdef0123456789abcdef";
const WELCOME: &str = "[data-testid=welcome]";
const CONNECT: &str = "[data-testid=connect]";
const LEFT: &str = "[data-notice=session_left]";
const LOBBY: &str = "[data-testid=lobby]";
const QUESTION: &str = "[data-testid=question]";
const SETTINGS: &str = "[data-testid=settings]";

pub fn story(binary: &Path, simulator: &Path, picture: &Path) -> Result<()> {
    let start = Instant::now();
    let result = tell(binary, simulator, picture);
    if result.is_err() {
        for log in ["story-anna.log", "story-ben.log", "story-spotify.log", "story-keychain.log"] {
            let said = fs::read_to_string(picture.with_file_name(log)).unwrap_or_default();
            println!("what {log} has:\n{said}");
        }
    }
    println!("the story took {:.0} s", start.elapsed().as_secs_f64());
    result
}

fn tell(binary: &Path, simulator: &Path, picture: &Path) -> Result<()> {
    let stand = Stand::start(simulator, 3, picture)?;
    let mut anna = Person::new("anna", binary, picture, &stand)?;
    let mut ben = Person::new("ben", binary, picture, &stand)?;
    let result = live(&stand, &mut anna, &mut ben);
    if result.is_err() {
        for person in [&anna, &ben] {
            person.picture("failed").ok();
        }
    }
    result
}

fn live(stand: &Stand, anna: &mut Person<'_>, ben: &mut Person<'_>) -> Result<()> {
    anna.stood_at(-5000, -5000)?;
    anna.open(&[])?;
    anna.stands_on_the_screen()?;
    sign_in_by_link(anna)?;
    host(stand, anna)?;
    let invite = anna.invite()?;

    ben.stood_at(2500, 100)?;
    ben.open(&[])?;
    ben.stands_on_the_screen()?;
    sign_in_by_loopback(ben)?;
    ben.close()?;
    let start = Instant::now();
    ben.open(&[&invite])?;
    joins(ben, "Anna", "Ben", start)?;
    let both = || both(anna, ben);
    both()?;
    anna.steady("Anna")?;
    ben.steady("Anna")?;
    anna.picture("both")?;

    stand.hand("ben", "next")?;
    let start = Instant::now();
    for person in [&*anna, &*ben] {
        person.until("Ben leading", || Ok(person.leader()?.is_some_and(|name| name == "Ben").then_some(())))?;
    }
    println!("Ben leads in both windows {:.2} s after acting by hand", start.elapsed().as_secs_f64());
    for person in [&*anna, &*ben] {
        println!("in step in {}'s window: {}", person.name, words(&person.steady("Ben")?));
    }
    let session = ben.session()?;
    for on in [false, true] {
        session.click("[data-testid=sync]")?;
        ben.until("the sync switch", || Ok((sync(session)? == on).then_some(())))?;
    }
    ben.picture("leads")?;

    restart(anna, ben)?;
    sign_out(stand, anna)?;
    ben.until("Anna gone", || Ok((lanes(ben.session()?)?.len() == 1).then_some(())))?;
    ben.close()?;
    anna.close()?;
    in_tray(stand, anna, ben)
}

/// First start, client id, the way by link; the page is agreed to and its answer comes as the argument of another start.
fn sign_in_by_link(anna: &Person<'_>) -> Result<()> {
    anna.sees(WELCOME)?;
    anna.picture("welcome")?;
    let page = to_the_page(anna, Some("link"))?;
    anna.picture("waiting")?;
    let link = location(&get(&format!("{page}&sim_user=anna"))?).context("the page sends nobody back")?;
    ensure!(link.starts_with("tutti://callback?"), "the page leads to {link}");
    let start = Instant::now();
    anna.again(&link)?;
    anna.sees(LOBBY)?;
    println!("a sign-in's link leads to the lobby in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    connected(anna, "Anna")?;
    anna.picture("lobby")?;
    anna.again(&link)?;
    let said = anna.until("the refusal of a used link", || anna.says("[data-notice=sign_in_not_waiting]"))?;
    println!("the same link once more: {said}");
    anna.session()?.click("[data-notice=sign_in_not_waiting] .icon-button")
}

fn sign_in_by_loopback(ben: &Person<'_>) -> Result<()> {
    ben.sees(WELCOME)?;
    let page = to_the_page(ben, None)?;
    let back = location(&get(&format!("{page}&sim_user=ben"))?).context("the page sends nobody back")?;
    ensure!(back.starts_with("http://127.0.0.1:"), "the page leads to {back}");
    let answer = get(&back)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "the browser sees: {answer}");
    ben.sees(LOBBY)?;
    connected(ben, "Ben")
}

/// From the first screen to the address of Spotify's page, which the browser was opened with too.
fn to_the_page(person: &Person<'_>, way: Option<&str>) -> Result<String> {
    let session = person.session()?;
    session.click(&format!("{WELCOME} .ways .button:not(.primary)"))?;
    person.sees(CONNECT)?;
    // Who was here before finds the one used last.
    if person.field("[data-testid=client-id]")?.is_none() {
        session.write("[data-testid=client-id]", CLIENT_ID)?;
    }
    if let Some(way) = way {
        session.click(&format!("{CONNECT} input[type=radio][value={way}]"))?;
    }
    session.click("[data-testid=connect-submit]")?;
    let page = person.until("the page's address", || person.field("[data-testid=sign-in] input"))?;
    let opened = person.driver.home().join("opened");
    person.until("the browser", || {
        Ok(fs::read_to_string(&opened).unwrap_or_default().lines().any(|line| line == page).then_some(()))
    })?;
    Ok(page)
}

/// The account is there, and that it is connected was said.
fn connected(person: &Person<'_>, name: &str) -> Result<()> {
    let said = person.until("a word about the account", || person.says("[data-notice=signed_in]"))?;
    ensure!(said.contains(name), "said: {said}");
    person
        .until("the account", || Ok(person.says(&format!("{LOBBY} [data-account] .name"))?.filter(|is| is == name)))?;
    println!("{} is signed in: {said}", person.name);
    Ok(())
}

fn host(stand: &Stand, anna: &Person<'_>) -> Result<()> {
    anna.session()?.click("[data-testid=host]")?;
    anna.sees(ROOM)?;
    let before = "[data-notice]:not([data-notice=invite_copied])";
    ensure!(anna.says(before)?.is_none(), "what was said before the session still covers the room");
    stand.hand("anna", "play")?;
    anna.until("Anna leading", || Ok(anna.leader()?.filter(|name| name == "Anna")))?;
    Ok(())
}

/// The question of a link names the host and the account; after Join there is a room.
fn joins(person: &Person<'_>, host: &str, account: &str, start: Instant) -> Result<()> {
    let asked = person.until("the question of a link", || person.says(QUESTION))?;
    println!("{}'s link: the question is there after {:.0} ms", person.name, start.elapsed().as_secs_f64() * 1e3);
    ensure!(asked.contains(host) && asked.contains(account), "the question is: {asked}");
    person.picture("question")?;
    person.session()?.click("[data-testid=answer-join]")?;
    person.sees(ROOM)
}

/// Both windows show both.
fn both(one: &Person<'_>, other: &Person<'_>) -> Result<()> {
    for person in [one, other] {
        person.until("two members", || {
            let mut names: Vec<String> = lanes(person.session()?)?.into_iter().map(|lane| lane.name).collect();
            names.sort();
            Ok((names == ["Anna", "Ben"]).then_some(()))
        })?;
    }
    Ok(())
}

/// The host closes the window and starts again: the account is there, the room lives on, and one click leads back into it.
fn restart(anna: &mut Person<'_>, ben: &Person<'_>) -> Result<()> {
    anna.close()?;
    ben.until("a room without Anna", || Ok((lanes(ben.session()?)?.len() == 1).then_some(())))?;
    // Before somebody else holds the room, nothing leads there. Ben is its host at once, and holds it when that lasts: until he
    // notices that Anna's hub is gone, his window looks as if he did.
    let start = Instant::now();
    let mut since = None;
    let after = ben.until("the room held by Ben", || {
        let held = ben.says("[data-testid=connection]")?.is_none() && ben.says("article .pill.quiet")?.is_some();
        since = if held { since.or_else(|| Some(Instant::now())) } else { None };
        Ok(since.filter(|since| since.elapsed() >= STEADY).map(|since| since - start))
    })?;
    println!("the room is held by Ben {:.1} s after Anna's end", after.as_secs_f64());
    anna.open(&[])?;
    anna.until("the account after a restart", || anna.says(&format!("{LOBBY} [data-account] .name")))?;
    let left = anna.until("the session that was left", || anna.says(LEFT))?;
    anna.picture("again")?;
    println!("after a restart the account is there, and is told: {left}");
    anna.session()?.click(&format!("{LEFT} p button"))?;
    anna.sees(ROOM)?;
    both(anna, ben)?;
    Ok(())
}

/// In the settings, in the middle of a session: neither the settings' file nor the keychain has the account afterwards.
fn sign_out(stand: &Stand, anna: &Person<'_>) -> Result<()> {
    let session = anna.session()?;
    session.click("[data-testid=open-settings]")?;
    anna.sees(SETTINGS)?;
    let account = format!("{SETTINGS} [data-account]");
    let id = session.script(&format!("return document.querySelector('{account}').dataset.account"))?;
    let id = id.as_str().context("the account has no id")?;
    let settings = anna.driver.home().join("settings.json");
    let kept = || anyhow::Ok((stand.entries(id)?, fs::read_to_string(&settings)?.contains(id)));
    let before = kept()?;
    ensure!(before == (1, true), "signed in, the keychain and the settings have {before:?}");
    session.click(&format!("{account} button"))?;
    anna.until("nothing kept", || Ok((kept()? == (0, false)).then_some(())))?;
    anna.until("no account", || Ok(anna.says(&account)?.is_none().then_some(())))?;
    anna.picture("signed-out")?;
    println!("signed out: neither the keychain nor the settings have the account");
    Ok(())
}
