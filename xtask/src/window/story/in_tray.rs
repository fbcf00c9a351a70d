//! A session without a window: hosted from the tray, its invite copied there and pasted by a friend, a takeover told, and a sign-in that is needed.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::super::bus::Desktop;
use super::super::person::{Person, ROOM};
use super::super::stand::Stand;
use super::{LOBBY, joins, sign_in_by_link};

/// What a keyboard sends for "paste".
const PASTE: &str = "\u{e009}v";

/// Ben is signed in and has no window; Anna is nobody yet.
pub fn in_tray(stand: &Stand, anna: &mut Person<'_>, ben: &mut Person<'_>) -> Result<()> {
    anna.open(&[])?;
    sign_in_by_link(anna)?;
    // Anna's icon comes into the tray that comes later; the newest, which is clicked, is Ben's.
    let desktop = Desktop::start()?;
    anna.until("her icon", || Ok((desktop.icons() == 1).then_some(())))?;
    ben.open(&[])?;
    ben.until("his icon", || Ok((desktop.icons() == 2).then_some(())))?;
    ben.sees(LOBBY)?;
    ben.to_tray()?;
    told(ben, &desktop, "Tutti goes on in the tray")?;

    desktop.click("Host a session")?;
    let offers = |label: &str| Ok(desktop.rows()?.iter().any(|row| row.label == label && row.enabled).then_some(()));
    ben.until("an invite to copy", || offers("Copy the invite"))?;
    desktop.click("Copy the invite")?;
    let window = anna.session()?;
    let invite = anna.until("the invite pasted", || {
        window.script("document.querySelector('[data-testid=invite-field]').value = ''")?;
        window.write("[data-testid=invite-field]", PASTE)?;
        anna.field("[data-testid=invite-field]")
    })?;
    ensure!(invite.contains("://join/") || invite.contains("/join#"), "pasted: {invite}");
    let start = Instant::now();
    window.click("[data-testid=join]")?;
    joins(anna, "Ben", "Anna", start)?;
    println!("hosted from the tray; the invite copied there leads to Ben's session");

    stand.hand("anna", "next")?;
    told(ben, &desktop, "Anna leads now")?;
    // Of two within ten seconds the second waits.
    let start = Instant::now();
    stand.revoke("ben")?;
    told(ben, &desktop, "Ben has to sign in again")?;
    println!("that is told {:.1} s after the app was removed from Ben's account", start.elapsed().as_secs_f64());
    desktop.click("Leave the room")?;
    ben.until("a session to host again", || offers("Host a session"))?;
    ensure!(anna.says(ROOM)?.is_some(), "the session ended for Anna, too");
    desktop.click("Quit")?;
    ben.ended()
}

fn told(person: &Person<'_>, desktop: &Desktop, words: &str) -> Result<()> {
    let said = || desktop.told().into_iter().find(|told| told.contains(words));
    let said = person.until(words, || Ok(said()))?;
    println!("{} is told: {said}", person.name);
    Ok(())
}
