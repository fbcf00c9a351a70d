//! A sign-in that ends within days: said in the lobby, in the room, and outside of the window once a day.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, Utc};
use tutti_app::Program;
use tutti_app::api::{Action, Snapshot};
use tutti_app::secrets::Memory;
use tutti_app::settings::{AccountSettings, Home, Settings};
use tutti_app::sign_in::{Lasts, lasts};

use crate::computer::Computer;
use crate::room::member;
use crate::spotify::Spotify;
use crate::stand::options;

/// When a sign-in was made that ends in three days, whatever day it is today.
fn old() -> DateTime<Utc> {
    let now = Utc::now();
    let days = (170..190).map(|ago| now - TimeDelta::days(ago) + TimeDelta::hours(1));
    // Where months are too short for it, a day beside that.
    let ends = |wanted| days.clone().find(|made| lasts(*made, now) == Lasts::Days(wanted));
    ends(3).or(ends(2)).unwrap()
}

fn account(name: &str, signed_in_at: DateTime<Utc>) -> AccountSettings {
    AccountSettings {
        account_id: name.to_lowercase(),
        name: name.into(),
        client_id: "0123456789abcdef0123456789abcdef".into(),
        chosen: true,
        device: None,
        trim_ms: 0,
        signed_in_at: Some(signed_in_at),
        ending_told: None,
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_told_outside_of_the_window_once_a_day_also_over_a_restart() {
    let (home, computer) = (tempfile::tempdir().unwrap(), Arc::new(Computer::default()));
    let accounts = vec![account("Ana", old()), account("Ben", Utc::now())];
    Settings { accounts, ..Settings::default() }.save(&Home::at(home.path())).unwrap();
    let run = async || {
        let program = Program::start(options(&home), computer.clone()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(300)).await;
        program.stop().await;
        computer.told.lock().unwrap().clone()
    };

    let told = run().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Ana’s sign-in ends") && told[0].contains("Sign in again"), "{told:?}");
    assert_eq!(run().await.len(), 1, "not twice on one day");

    let mut settings = Settings::load(&Home::at(home.path())).settings;
    let ana = settings.account_mut("ana").unwrap();
    ana.ending_told = ana.ending_told.and_then(|day| day.checked_sub_days(Days::new(1)));
    settings.save(&Home::at(home.path())).unwrap();
    assert_eq!(run().await.len(), 2, "the next day");
}

#[tokio::test(start_paused = true)]
async fn that_it_was_told_is_kept_beside_whom_another_program_signed_in_meanwhile() {
    let (profile, computer) = (tempfile::tempdir().unwrap(), Arc::new(Computer::default()));
    let home = Home::at(profile.path());
    let mut settings = Settings { accounts: vec![account("Ana", old())], ..Settings::default() };
    settings.save(&home).unwrap();
    let program = Program::start(options(&profile), computer.clone()).await.unwrap();
    // It has not looked yet: nothing was waited for.
    settings.accounts.push(account("Ben", Utc::now()));
    settings.save(&home).unwrap();

    tokio::time::sleep(Duration::from_secs(300)).await;
    program.stop().await;

    assert_eq!(computer.told.lock().unwrap().len(), 1);
    let kept = Settings::load(&home).settings;
    assert!(kept.account("ana").unwrap().ending_told.is_some());
    assert!(kept.account("ben").is_some(), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stands_in_the_lane_while_nothing_is_worse_and_in_the_lobby_beside_whatever_else_is_wrong() {
    let (spotify, secrets) = (Spotify::open(2).await, Arc::new(Memory::default()));
    let stand = spotify.stand_with(secrets.clone()).await;
    for user in ["anna", "ben"] {
        spotify.sign_in(&stand, user, None).await;
    }
    stand.program.stop().await;
    let home = Home::at(stand.home.path());
    let mut settings = Settings::load(&home).settings;
    settings.accounts[0].signed_in_at = Some(old());
    settings.save(&home).unwrap();
    let stand = stand.again(spotify.sim.base_url(), secrets).await;
    let of = |snapshot: &Snapshot, name| member(snapshot, name).trouble;
    let code = |snapshot: &Snapshot| snapshot.room.as_ref().and_then(|_| of(snapshot, "Anna")).map(|told| told.code);

    stand.act(Action::Host);
    let shown = stand.until("its end", |snapshot| code(snapshot).as_deref() == Some("sign_in_ends")).await;
    let told = of(&shown, "Anna").unwrap();
    assert!(told.text.contains("Sign in again before then"), "{}", told.text);
    assert!(matches!(told.way_out.unwrap().action, Action::Connect { .. }));
    assert_eq!(of(&shown, "Ben").filter(|told| told.code.starts_with("sign_in")), None);

    spotify.sim.set_online("anna", false).unwrap();
    stand.until("something worse", |snapshot| code(snapshot).as_deref() == Some("no_device")).await;
    stand.act(Action::Leave);
    let anna = |snapshot: &Snapshot| snapshot.accounts[0].clone();
    let both = |snapshot: &Snapshot| anna(snapshot).trouble.is_some_and(|told| told.code == "no_device");
    let shown = stand.until("the lobby", both).await;
    assert_eq!(anna(&shown).ending.unwrap().code, "sign_in_ends");

    spotify.sim.revoke("anna").unwrap();
    stand.act(Action::RefreshDevices);
    let over = |snapshot: &Snapshot| anna(snapshot).trouble.is_some_and(|told| told.code == "needs_login");
    let shown = stand.until("a sign-in that is over already", over).await;
    assert_eq!(anna(&shown).ending, None, "one way to sign in again is enough");
}
