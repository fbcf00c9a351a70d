//! The Settings screen as the program keeps it: in force at once, on the disk, and said where it did not work.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use tutti_app::api::{Action, MayLead, Screen, Setting, Snapshot, Theme};
use tutti_app::secrets::{Memory, SecretStore, user_key};
use tutti_app::settings::{AccountSettings, Home, Settings};
use tutti_app::shell::News;
use tutti_app::tray::Entry;
use tutti_app::window::{Closing, Place, closing};
use tutti_app::{Options, Program};

use crate::computer::Computer;
use crate::stand::{Stand, options, until};

#[tokio::test]
async fn what_is_set_is_in_force_and_found_again_by_the_next_run() {
    let stand = Stand::start(|_| {}).await;
    stand.act(Action::Show { screen: Screen::Settings });
    for setting in [
        Setting::MayLead(MayLead::Host),
        Setting::Relay(Some(" wss://relay.example.org ".into())),
        Setting::Thrifty(true),
        Setting::Theme(Theme::Light),
    ] {
        stand.act(Action::Set { setting });
    }
    let snapshot = stand.until("four changes on the disk", |snapshot| snapshot.settings.saved == 4).await;
    assert_eq!(snapshot.screen, Screen::Settings);
    assert_eq!(snapshot.settings.desktop, None, "nothing of a desktop where there is none");
    stand.program.stop().await;

    let again = Program::start(options(&stand.home), stand.shell.clone()).await.unwrap();

    let settings = again.snapshots().borrow().settings.clone();
    assert_eq!((settings.may_lead, settings.thrifty, settings.theme), (MayLead::Host, true, Theme::Light));
    assert_eq!(settings.relay.as_deref(), Some("wss://relay.example.org"));
}

#[tokio::test]
async fn a_relay_that_is_none_is_said_beside_it_and_changes_nothing() {
    let stand = Stand::start(|_| {}).await;

    stand.act(Action::Set { setting: Setting::Relay(Some("my relay".into())) });

    let snapshot = stand.until("a trouble", |snapshot| !snapshot.settings.troubles.is_empty()).await;
    let trouble = &snapshot.settings.troubles[0];
    assert_eq!((trouble.setting.as_str(), snapshot.settings.relay.as_deref()), ("relay", None));
    assert!(trouble.text.contains("“my relay”"), "{}", trouble.text);
    stand.act(Action::Set { setting: Setting::Relay(None) });
    stand.until("the trouble gone", |snapshot| snapshot.settings.troubles.is_empty()).await;
}

#[tokio::test]
async fn the_settings_lead_back_to_where_they_were_opened() {
    let stand = Stand::demo(2, "lan").await;
    stand.until("the room", |snapshot| snapshot.room.is_some()).await;
    stand.act(Action::Show { screen: Screen::Settings });
    stand.until("the settings", |snapshot| snapshot.screen == Screen::Settings).await;
    stand.act(Action::CloseSettings);
    stand.until("the room again", |snapshot| snapshot.screen == Screen::Room).await;

    stand.act(Action::Show { screen: Screen::Settings });
    stand.act(Action::Leave);
    stand.act(Action::CloseSettings);
    stand.until("the welcome screen", |snapshot| snapshot.screen == Screen::Welcome).await;
    stand.program.stop().await;
}

#[tokio::test]
async fn broken_settings_are_kept_aside_and_said_in_the_window() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("settings.json"), "{ \"version\": 1, \"accounts\": [").unwrap();

    let program = Program::start(options(&home), Arc::new(Computer::default())).await.unwrap();

    let snapshot = program.snapshots().borrow().clone();
    let notice = snapshot.notices.iter().find(|notice| notice.code == "settings_broken").unwrap();
    let aside = named(home.path(), "settings.broken-");
    assert_eq!(aside.len(), 1);
    assert!(notice.text.contains(&aside[0]), "{}", notice.text);
}

#[tokio::test]
async fn a_folder_that_nothing_can_be_written_to_is_said_at_the_start_and_the_program_goes_on() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    let nowhere = Options { home: Home::at(home.path().join("file/profile")), ..options(&home) };

    let program = Program::start(nowhere, Arc::new(Computer::default())).await.unwrap();

    let said = |snapshot: &Snapshot| snapshot.notices.iter().any(|notice| notice.code == "settings_not_written");
    assert!(said(&program.snapshots().borrow()));
    program.dispatch(Action::Set { setting: Setting::Theme(Theme::Dark) });
    let snapshot =
        until(program.snapshots(), "the theme all the same", |snapshot| snapshot.settings.theme == Theme::Dark).await;
    assert!(said(&snapshot), "and that it will be forgotten is said");
    assert_eq!(snapshot.settings.saved, 0);
}

#[tokio::test]
async fn starting_at_login_is_as_the_system_says_and_its_refusal_stands_beside_it() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let program = Program::start(options(&home), computer.clone()).await.unwrap();
    let starts = |snapshot: &Snapshot| snapshot.settings.desktop.as_ref().unwrap().start_at_login;
    assert!(!starts(&program.snapshots().borrow()));

    program.dispatch(Action::Set { setting: Setting::StartAtLogin(true) });
    until(program.snapshots(), "started at login", starts).await;

    *computer.refuses.lock().unwrap() = Some("the disk is full".into());
    program.dispatch(Action::Set { setting: Setting::StartAtLogin(false) });
    let troubled = |snapshot: &Snapshot| !snapshot.settings.troubles.is_empty();
    let snapshot = until(program.snapshots(), "a refusal", troubled).await;
    assert_eq!(snapshot.settings.troubles[0].setting, "start_at_login");
    assert!(snapshot.settings.troubles[0].text.contains("the disk is full"));
    assert!(starts(&snapshot), "and the switch shows what is");
}

#[tokio::test]
async fn the_first_close_to_the_tray_is_said_and_no_other_and_the_window_s_place_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let place = Place { x: 10, y: 20, width: 800, height: 600, maximized: false };
    for _ in 0..2 {
        let program = Program::start(options(&home), computer.clone()).await.unwrap();
        for news in [News::Tray(true), News::Place(place), News::InTray, News::InTray] {
            program.desktop(news);
        }
        until(program.snapshots(), "a tray", |snapshot| snapshot.settings.desktop.as_ref().unwrap().tray).await;
        program.stop().await;
    }

    assert_eq!(computer.told.lock().unwrap().len(), 1);
    assert_eq!(Settings::load(&Home::at(home.path())).settings.choices.window, Some(place));
}

#[tokio::test]
async fn a_hidden_start_without_a_tray_says_why_there_is_a_window_and_a_usual_one_says_nothing() {
    let stand = Stand::start(|_| {}).await;
    stand.program.desktop(News::Tray(false));
    stand.notice("tray_missing").await;

    let usual = Stand::start(|_| {}).await;
    usual.program.tray_entry(Entry::Show);
    usual.program.desktop(News::Tray(false));
    usual.act(Action::Show { screen: Screen::Settings });
    let snapshot = usual.until("the settings", |snapshot| snapshot.screen == Screen::Settings).await;
    assert_eq!(snapshot.notices, []);
}

#[tokio::test]
async fn a_window_closed_to_a_tray_that_goes_comes_back_and_says_why_until_the_tray_is_there_again() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let program = Program::start(options(&home), computer.clone()).await.unwrap();
    let tray = |snapshot: &Snapshot| snapshot.settings.desktop.as_ref().unwrap().tray;
    program.tray_entry(Entry::Show);
    for news in [News::Tray(true), News::InTray, News::Tray(false)] {
        program.desktop(news);
    }

    let snapshot = until(program.snapshots(), "no tray", |snapshot| !snapshot.notices.is_empty()).await;
    assert_eq!(*computer.windows.lock().unwrap(), 2, "shown at the start and again");
    assert!(!tray(&snapshot));
    let said: Vec<_> = snapshot.notices.iter().map(|notice| notice.code.as_str()).collect();
    assert_eq!(said, ["tray_gone"]);
    assert!(snapshot.notices[0].text.contains("tray is gone"), "{}", snapshot.notices[0].text);
    assert_eq!(closing(&snapshot), Closing::Ends, "and does not close to nowhere");

    program.desktop(News::Tray(true));
    let snapshot = until(program.snapshots(), "a tray again", tray).await;
    assert_eq!((snapshot.notices.len(), closing(&snapshot)), (0, Closing::ToTray));
    program.desktop(News::Tray(false));
    until(program.snapshots(), "the tray gone with the window open", |snapshot| !tray(snapshot)).await;
    assert_eq!(*computer.windows.lock().unwrap(), 2, "a window that is there is left alone");
}

#[tokio::test]
async fn a_window_that_cannot_be_shown_is_told_outside_of_it_even_without_notifications() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let program = Program::start(options(&home), computer.clone()).await.unwrap();
    program.dispatch(Action::Set { setting: Setting::Notifications(false) });
    for news in [News::Broke, News::Tray(true), News::Broke, News::InTray] {
        program.desktop(news);
    }
    program.stop().await;

    let told = computer.told.lock().unwrap().clone();
    assert_eq!(told.len(), 2, "that it goes on in the tray is said with it: {told:?}");
    assert!(told[0].contains("Tutti ended") && told[0].contains("Start Tutti"), "{told:?}");
    assert!(told[1].contains("goes on in the tray"), "{told:?}");
}

#[tokio::test]
async fn a_link_that_leads_nowhere_opens_the_window_and_is_said_there() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let program = Program::start(options(&home), computer.clone()).await.unwrap();

    program.open_link("tutti://join/nonsense");

    let snapshot = until(program.snapshots(), "a word", |snapshot| !snapshot.notices.is_empty()).await;
    assert_eq!((snapshot.notices[0].code.as_str(), snapshot.question.is_none()), ("bad_invite", true));
    assert_eq!(*computer.windows.lock().unwrap(), 1, "who clicked it sees the words");
}

#[tokio::test]
async fn a_hidden_program_whose_tray_comes_late_stays_hidden() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let program = Program::start(options(&home), computer.clone()).await.unwrap();

    program.desktop(News::Tray(true));

    let there = |snapshot: &Snapshot| snapshot.settings.desktop.as_ref().unwrap().tray;
    assert_eq!(until(program.snapshots(), "a tray", there).await.notices, []);
    assert_eq!(*computer.windows.lock().unwrap(), 0);
}

#[tokio::test]
async fn closing_goes_to_the_tray_or_ends_a_demo_and_only_a_session_is_asked_about() {
    let stand = Stand::demo(2, "lan").await;
    let snapshot = stand.until("the room", |snapshot| snapshot.room.is_some()).await;
    assert_eq!(closing(&snapshot), Closing::Ends, "a demo has nothing to lose");
    let mut session = Snapshot::clone(&snapshot);
    session.room.as_mut().unwrap().demo = None;
    assert_eq!(closing(&session), Closing::Says);
    stand.program.desktop(News::WouldEnd);
    let said = stand.until("the words", |snapshot| !snapshot.notices.is_empty()).await;
    session.notices = said.notices.clone();
    assert_eq!(closing(&session), Closing::Ends, "it was said");
    assert_eq!(said.notices[0].way_out.as_ref().unwrap().action, Action::Quit);
    assert!(said.notices[0].text.contains("Nothing would be left"), "{}", said.notices[0].text);
    stand.program.desktop(News::Tray(true));
    stand.act(Action::Set { setting: Setting::CloseToTray(false) });
    stand.program.desktop(News::WouldEnd);
    let set = |snapshot: &Snapshot| snapshot.notices.iter().any(|notice| notice.code == "closing_ends_as_set");
    let said = stand.until("other words", set).await;
    assert!(said.notices[0].text.contains("Your settings say"), "{}", said.notices[0].text);
    assert_eq!(said.notices.len(), 1, "and only these");
    session.notices = said.notices.clone();
    assert_eq!(closing(&session), Closing::Ends, "it was said");
    stand.program.stop().await;
}

#[tokio::test]
async fn the_log_s_folder_is_shown_and_opened() {
    let home = tempfile::tempdir().unwrap();
    let computer = Arc::new(Computer::default());
    let program = Program::start(options(&home), computer.clone()).await.unwrap();
    let log = home.path().join("logs").display().to_string();
    assert_eq!(program.snapshots().borrow().settings.desktop.as_ref().unwrap().log, log);

    program.dispatch(Action::OpenLogFolder);
    program.stop().await;

    assert_eq!(*computer.opened.lock().unwrap(), [log]);
}

#[tokio::test]
async fn deleting_everything_leaves_neither_sign_ins_nor_settings_nor_logs() {
    let home = tempfile::tempdir().unwrap();
    let secrets = Arc::new(Memory::default());
    let own = user_key(&*secrets).unwrap();
    let kept = Settings { accounts: vec![account("ana"), account("ben")], ..Settings::default() };
    kept.save(&Home::at(home.path())).unwrap();
    for name in ["settings.broken-1.json", "developers.json"] {
        fs::write(home.path().join(name), "{").unwrap();
    }
    for folder in ["webview/storage", "tray"] {
        fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    fs::create_dir(home.path().join("logs")).unwrap();
    for name in ["tutti.log", "tutti.1.log"] {
        fs::write(home.path().join("logs").join(name), "Ana came").unwrap();
    }
    let options = Options { secrets: secrets.clone(), ..options(&home) };
    let program = Program::start(options, Arc::new(Computer::default())).await.unwrap();
    program.dispatch(Action::Show { screen: Screen::Settings });

    program.dispatch(Action::DeleteEverything);

    let gone = |snapshot: &Snapshot| snapshot.notices.iter().any(|notice| notice.code == "everything_deleted");
    let snapshot = until(program.snapshots(), "everything gone", gone).await;
    assert_eq!((snapshot.screen, snapshot.accounts.len()), (Screen::Welcome, 0));
    assert_eq!(named(home.path(), "webview"), ["webview"], "it is in use until the end");
    // The window is moved and closed as ever.
    let place = Place { x: 10, y: 20, width: 800, height: 600, maximized: false };
    for news in [News::Tray(true), News::Place(place), News::InTray] {
        program.desktop(news);
    }
    program.stop().await;
    for gone in ["settings.", "developers.", "webview", "tray"] {
        assert_eq!(named(home.path(), gone), [""; 0]);
    }
    assert_eq!(named(&home.path().join("logs"), ""), ["tutti.log"]);
    assert_eq!(fs::read(home.path().join("logs/tutti.log")).unwrap(), b"");
    assert_ne!(user_key(&*secrets).unwrap(), own);
    assert_eq!(secrets.load("ana").unwrap(), None);
}

fn account(id: &str) -> AccountSettings {
    AccountSettings {
        account_id: id.into(),
        name: id.into(),
        client_id: "0".repeat(32),
        chosen: true,
        device: None,
        trim_ms: 0,
        signed_in_at: None,
        ending_told: None,
    }
}

/// Names in a folder that begin so.
fn named(folder: &Path, start: &str) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(start)).collect()
}

#[tokio::test]
async fn an_account_that_another_program_signed_in_on_the_same_profile_is_not_written_over() {
    let account = |id: &str, name: &str| AccountSettings {
        account_id: id.into(),
        name: name.into(),
        client_id: "c".into(),
        chosen: true,
        device: None,
        trim_ms: 0,
        signed_in_at: None,
        ending_told: None,
    };
    let stand = Stand::start(|options| {
        let settings = Settings { accounts: vec![account("anna", "Anna")], ..Settings::default() };
        settings.save(&options.home).unwrap();
    })
    .await;
    let home = Home::at(stand.home.path());
    let mut others = Settings::load(&home).settings;
    others.accounts.push(account("ben", "Ben"));
    let again = AccountSettings { client_id: "d".into(), signed_in_at: Some(Utc::now()), ..account("anna", "Annie") };
    others.accounts[0] = again.clone();
    others.save(&home).unwrap();

    stand.act(Action::Set { setting: Setting::Thrifty(true) });

    let named = |wanted: &'static [&str]| {
        move |snapshot: &Snapshot| snapshot.accounts.iter().map(|account| &*account.name).eq(wanted.iter().copied())
    };
    stand.until("both accounts", named(&["Anna", "Ben"])).await;
    let anna = Settings::load(&home).settings.account("anna").unwrap().clone();
    assert_eq!((anna.client_id, anna.signed_in_at), (again.client_id, again.signed_in_at), "the newer sign-in counts");
    stand.act(Action::SignOut { account: "anna".into() });
    stand.until("Ben alone", named(&["Ben"])).await;
    let kept = Settings::load(&home).settings;
    assert!(kept.thrifty && kept.accounts.len() == 1, "{kept:?}");
}
