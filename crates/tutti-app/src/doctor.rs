//! `tutti doctor`: looks at everything that a session needs on this computer, and says what to do about what is wrong.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;

use crate::accounts::Accounts;
use crate::api::{Action, Check, CheckState, WayOut};
use crate::players::{Listed, Player as _};
use crate::problem::{Problem, to_connect, way_out};
use crate::secrets::Keeps;
use crate::settings::{AccountSettings, Settings, write_atomically};
use crate::sign_in::{self, Reached};
use crate::texts::t;

/// An answer from Spotify that takes longer is said: positions are known only half as well.
const SLOW: Duration = Duration::from_millis(1_500);
/// Certificates are judged by the wall clock; nothing else of Tutti's is.
const CLOCK_OFF: TimeDelta = TimeDelta::seconds(90);

/// Looks at one thing after the other and hands out each result as it is there.
pub async fn examine(reach: &Accounts, settings: &Settings, mut each: impl FnMut(Check)) {
    each(keychain(reach).await);
    each(folder(reach).await);
    for check in spotify(reach).await {
        each(check);
    }
    if settings.accounts.is_empty() {
        let connect = way_out("connect", to_connect());
        return each(found(CheckState::Warning, &t("doctor.account", &[]), "no_accounts", &[], Some(connect)));
    }
    let mut accounts: FuturesOrdered<_> = settings.accounts.iter().map(|known| account(reach, known)).collect();
    while let Some(check) = accounts.next().await {
        each(check);
    }
}

async fn keychain(reach: &Accounts) -> Check {
    let title = t("doctor.keychain", &[]);
    match sign_in::probe(Arc::clone(&reach.secrets)).await {
        Err(problem) => trouble(&title, &problem.again(Action::RunChecks)),
        Ok(()) if reach.secrets.keeps() == Keeps::UntilRestart => {
            found(CheckState::Warning, &title, "keychain_fleeting", &[], None)
        }
        Ok(()) => found(CheckState::Good, &title, "keychain_good", &[], None),
    }
}

/// Settings and the count of requests are written there.
async fn folder(reach: &Accounts) -> Check {
    let title = t("doctor.folder", &[]);
    let folder = reach.home.folder().to_owned();
    let path = folder.display().to_string();
    let written = tokio::task::spawn_blocking(move || {
        let file = folder.join(format!("doctor-{}", std::process::id()));
        write_atomically(&file, b"Tutti\n").and_then(|()| std::fs::remove_file(&file))
    });
    match written.await {
        Ok(Ok(())) => found(CheckState::Good, &title, "folder_good", &[("path", &path)], None),
        Ok(Err(error)) => {
            let values = [("path", &*path), ("why", &*error.to_string())];
            found(CheckState::Problem, &title, "folder_bad", &values, None)
        }
        Err(error) => {
            let values = [("path", &*path), ("why", &*error.to_string())];
            found(CheckState::Problem, &title, "folder_bad", &values, None)
        }
    }
}

/// The way to Spotify, and this computer's clock beside Spotify's.
async fn spotify(accounts: &Accounts) -> Vec<Check> {
    let title = t("doctor.spotify", &[]);
    let address = accounts.endpoints.shown().unwrap_or_else(|| "accounts.spotify.com".into());
    let reached = match sign_in::reach(&accounts.endpoints).await {
        Ok(reached) => reached,
        Err(problem) => return vec![trouble(&title, &problem)],
    };
    let Some(Reached { took, clock_ahead }) = reached else {
        let values = [("address", &*address)];
        return vec![found(CheckState::Problem, &title, "spotify_gone", &values, None)];
    };
    let ms = took.as_millis().to_string();
    let values = [("address", &*address), ("ms", &*ms)];
    let (state, text) =
        if took > SLOW { (CheckState::Warning, "spotify_slow") } else { (CheckState::Good, "spotify_good") };
    let mut checks = vec![found(state, &title, text, &values, None)];
    checks.extend(clock_ahead.map(clock));
    checks
}

fn clock(ahead: TimeDelta) -> Check {
    let title = t("doctor.clock", &[]);
    if ahead.abs() <= CLOCK_OFF {
        return found(CheckState::Good, &title, "clock_good", &[], None);
    }
    let off = spoken(ahead.abs());
    let text = if ahead > TimeDelta::zero() { "clock_ahead" } else { "clock_behind" };
    found(CheckState::Warning, &title, text, &[("off", &off)], None)
}

/// "3 min", "5 h", "2 d": enough to recognise a wrong time zone or year.
fn spoken(off: TimeDelta) -> String {
    match off {
        off if off >= TimeDelta::days(2) => format!("{} d", off.num_days()),
        off if off >= TimeDelta::hours(2) => format!("{} h", off.num_hours()),
        off => format!("{} min", off.num_minutes()),
    }
}

/// The sign-in of an account, and where it could play.
async fn account(reach: &Accounts, account: &AccountSettings) -> Check {
    let title = t("doctor.account.of", &[("name", &account.name)]);
    let player = match reach.open(account).await {
        Ok(player) => player,
        Err(problem) => return trouble(&title, &problem),
    };
    let devices = match player.devices().await {
        Ok(devices) => devices,
        Err(failure) => return trouble(&title, &reach.explain(&failure, &account.name)),
    };
    let names = devices.iter().map(|device| device.name.as_str()).collect::<Vec<_>>().join(", ");
    let with = |state, text, device: &str| {
        found(state, &title, text, &[("name", &account.name), ("device", device), ("devices", &names)], None)
    };
    let usable = |device: &&Listed| !device.restricted;
    match (&account.device, devices.iter().find(|device| device.active)) {
        _ if devices.is_empty() => with(CheckState::Warning, "no_device", ""),
        _ if !devices.iter().any(|device| usable(&device)) => with(CheckState::Warning, "restricted", ""),
        (Some(chosen), _) if devices.iter().all(|device| device.id.as_ref() != Some(chosen)) => {
            with(CheckState::Warning, "device_missing", "")
        }
        (_, Some(active)) => with(CheckState::Good, "device_active", &active.name),
        (Some(_), None) => with(CheckState::Good, "device_chosen", ""),
        (None, None) => with(CheckState::Warning, "device_idle", ""),
    }
}

fn trouble(title: &str, problem: &Problem) -> Check {
    let told = problem.to_trouble();
    Check { code: told.code, state: CheckState::Problem, title: title.into(), text: told.text, way_out: told.way_out }
}

fn found(state: CheckState, title: &str, code: &str, values: &[(&str, &str)], way_out: Option<WayOut>) -> Check {
    let text = t(&format!("doctor.{code}"), values);
    Check { code: code.into(), state, title: title.into(), text, way_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_said_with_its_side_and_size() {
        let said = |ahead| clock(ahead);

        assert_eq!(said(TimeDelta::seconds(-60)).state, CheckState::Good);
        let ahead = said(TimeDelta::hours(5));
        assert_eq!(ahead.state, CheckState::Warning);
        assert!(ahead.text.contains("5 h") && ahead.text.contains("ahead"), "{}", ahead.text);
        assert!(said(TimeDelta::minutes(-3)).text.contains("behind"));
        assert!(said(TimeDelta::days(-400)).text.contains("400 d"));
    }
}
