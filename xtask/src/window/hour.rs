//! Memory of the window over a long time: a room of five that plays and is acted in, its PSS read every minute.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::bus::Desktop;
use super::desk::pss;
use super::numbers::Served;
use super::{ANSWERS, SETTLES, lanes, living, until};
use crate::driver::Driver;
use crate::webdriver::Session;

/// Between two readings.
const EVERY: Duration = Duration::from_secs(60);
/// Somebody starts another song this often, in readings: songs, covers, leaders and marks of the chart change, and no album
/// comes to its end, after which nothing would play.
const ACTS_EVERY: usize = 3;

/// Prints what the program and its web view needed, MB at the end of each minute, as one line of JSON.
pub fn hour(binary: &Path, simulator: &Path, minutes: usize) -> Result<()> {
    let log = std::env::temp_dir().join(format!("tutti-hour-{}.log", std::process::id()));
    let _desktop = Desktop::start()?;
    let simulator = Served::simulator(simulator)?;
    let driver = Driver::start_with(&log, &[("TUTTI_DEMO_SIMULATOR", &simulator.address)])?;
    until(ANSWERS, "WebKitWebDriver", || Ok(driver.is_ready().then_some(())))?;
    let session = Session::start(driver.port, &binary.to_string_lossy(), &["--demo"])?;
    until(SETTLES, "a living room", || Ok(living(&lanes(&session)?).then_some(())))?;
    let start = Instant::now();
    let (mut megabytes, mut acted) = (Vec::new(), 0);
    for minute in 1..=minutes {
        sleep((start + EVERY * u32::try_from(minute)?).saturating_duration_since(Instant::now()));
        megabytes.push(pss(&driver)?);
        if minute % ACTS_EVERY == 0 {
            // Between two songs somebody's error is not known for a moment.
            let what = format!("a living room in minute {minute}");
            let all = until(SETTLES, &what, || Ok(Some(lanes(&session)?).filter(|all| living(all))))?;
            let who = &all[acted % all.len()].name;
            session.click(&format!("button[aria-label='{who}: choose another song']"))?;
            let choose = format!(
                "const songs = [...document.querySelectorAll('.song')].filter(song => song.getClientRects().length > 0); \
                 songs[{acted} % songs.length]?.click(); return songs.length"
            );
            until(ANSWERS, "songs to choose from", || Ok((session.script(&choose)? != 0).then_some(())))?;
            acted += 1;
        }
    }
    session.close_window()?;
    fs::remove_file(&log).ok();
    println!("{}", json!({ "schema": 1, "mb": megabytes, "acted": acted }));
    Ok(())
}
