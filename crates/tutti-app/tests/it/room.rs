//! Rooms of signed-in accounts: what can happen to one of them while the others play on.

use std::sync::Arc;

use tutti_app::api::{Action, Member, Screen, Snapshot};
use tutti_app::secrets::Memory;
use tutti_sim::fault::Fault;
use tutti_sim::player::{Command, Hand};
use tutti_sim::sim::Log;

use crate::spotify::Spotify;
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_needs_two_accounts() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    spotify.sign_in(&stand, "anna", None).await;

    stand.act(Action::Host);

    assert!(stand.notice("need_two_accounts").await.contains("at least two"));
    assert_eq!(stand.program.snapshots().borrow().screen, Screen::Lobby);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_in_accounts_play_in_step_and_leaving_leaves_the_music() {
    let (spotify, stand) = room(2).await;

    stand.act(Action::Leave);
    stand.until("the lobby", |snapshot| snapshot.room.is_none() && snapshot.screen == Screen::Lobby).await;

    let (_, truth) = spotify.sim.truth();
    assert!(truth.iter().all(|(_, truth)| truth.playing), "the music stays as it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_sign_in_stands_beside_its_member_and_the_others_play_on() {
    let (spotify, stand) = room(3).await;

    spotify.sim.revoke("ben").unwrap();

    let snapshot = stand.until("Ben's trouble", |snapshot| trouble(snapshot, "Ben") == Some("needs_login")).await;
    let ben = member(&snapshot, "Ben");
    assert!(ben.trouble.as_ref().unwrap().text.contains("no longer accepts Ben"));
    assert!(ben.trouble.as_ref().unwrap().way_out.is_some());
    spotify.sim.hand("chiara", Hand::Seek { position_ms: 90_000 }).unwrap();
    let follows = |snapshot: &Snapshot| {
        let at = |name| member(snapshot, name).player.as_ref().is_some_and(|player| player.position_ms > 89_000.0);
        member(snapshot, "Chiara").leads && at("Anna")
    };
    stand.until("Anna follows Chiara", follows).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_in_again_within_the_session_plays_on_in_it() {
    let (spotify, stand) = room(2).await;
    let follows_ben = |snapshot: &Snapshot, from_ms: f64| {
        let anna = member(snapshot, "Anna").player;
        member(snapshot, "Ben").leads && anna.is_some_and(|player| player.position_ms > from_ms)
    };
    spotify.sim.hand("ben", Hand::Seek { position_ms: 60_000 }).unwrap();
    stand.until("Anna follows Ben", |snapshot| follows_ben(snapshot, 59_000.0)).await;
    spotify.sim.revoke("ben").unwrap();
    stand.until("Ben's trouble", |snapshot| trouble(snapshot, "Ben") == Some("needs_login")).await;
    stand.act(Action::Show { screen: Screen::Connect });

    spotify.sign_in(&stand, "ben", None).await;

    let back = |snapshot: &Snapshot| snapshot.screen == Screen::Room && trouble(snapshot, "Ben").is_none();
    stand.until("Ben is back in the session", back).await;
    spotify.sim.hand("anna", Hand::Seek { position_ms: 90_000 }).unwrap();
    let follows = |snapshot: &Snapshot| {
        member(snapshot, "Ben").player.as_ref().is_some_and(|player| player.position_ms > 89_000.0)
    };
    stand.until("Ben follows again", follows).await;
    spotify.sim.hand("ben", Hand::Seek { position_ms: 120_000 }).unwrap();
    stand.until("Anna follows Ben as before", |snapshot| follows_ben(snapshot, 119_000.0)).await;
    stand.act(Action::Show { screen: Screen::Connect });
    stand.until("the form", |snapshot| snapshot.screen == Screen::Connect).await;
    stand.act(Action::Show { screen: Screen::Lobby });
    stand.until("back in the session", |snapshot| snapshot.screen == Screen::Room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_device_the_member_is_told_what_to_do_and_comes_back_by_itself() {
    let (spotify, stand) = room(2).await;

    spotify.sim.set_online("ben", false).unwrap();
    let snapshot = stand.until("Ben's trouble", |snapshot| trouble(snapshot, "Ben") == Some("no_device")).await;
    assert!(member(&snapshot, "Ben").trouble.as_ref().unwrap().text.contains("Open Spotify"));
    assert!(trouble(&snapshot, "Anna").is_none());

    spotify.sim.set_online("ben", true).unwrap();
    stand.until("no trouble any more", |snapshot| trouble(snapshot, "Ben").is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_again_in_a_lane_asks_that_player_for_its_devices_at_once() {
    let (spotify, stand) = room(2).await;
    let devices =
        |snapshot: &Snapshot| snapshot.accounts.iter().find(|account| account.name == "Ben").unwrap().devices.len();
    spotify.sim.set_online("ben", false).unwrap();
    let snapshot = stand.until("Ben's trouble", |snapshot| trouble(snapshot, "Ben") == Some("no_device")).await;
    let out = member(&snapshot, "Ben").trouble.unwrap().way_out.unwrap();
    assert_eq!(out.action, Action::LookAgain { member: member(&snapshot, "Ben").id });
    stand.until("nothing is open", |snapshot| devices(snapshot) == 0).await;

    spotify.sim.set_online("ben", true).unwrap();
    stand.act(out.action);

    // Otherwise they are asked for only while no device is seen.
    stand.until("his devices", |snapshot| devices(snapshot) == 2).await;
    stand.until("no trouble any more", |snapshot| trouble(snapshot, "Ben").is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_chosen_in_the_room_takes_up_the_music_at_once_and_is_remembered() {
    let (spotify, stand) = room(2).await;
    let (account, _, laptop) = bens_devices(&stand).await;

    stand.act(Action::ChooseDevice { account: account.clone(), device: Some(laptop.clone()) });

    let there =
        |snapshot: &Snapshot| member(snapshot, "Ben").device.as_deref() == Some("Ben's laptop") && in_step(snapshot);
    let snapshot = stand.until("Ben in step on the laptop", there).await;
    assert!(member(&snapshot, "Anna").leads, "nobody acted");
    assert_eq!(snapshot.accounts.iter().find(|known| known.id == account).unwrap().device.as_ref(), Some(&laptop));
    let moves = moves(&spotify);
    assert_eq!(moves, [Command::Transfer { device_id: laptop.clone(), play: false }]);

    stand.act(Action::ChooseDevice { account: account.clone(), device: Some("nowhere".into()) });
    assert!(stand.notice("device_not_moved").await.contains("choose another"));
    assert_eq!(member(&stand.program.snapshots().borrow(), "Ben").device.as_deref(), Some("Ben's laptop"));

    stand.act(Action::ChooseDevice { account, device: Some(laptop.clone()) });
    let untold = |snapshot: &Snapshot| snapshot.notices.iter().all(|notice| notice.code != "device_not_moved");
    stand.until("no word of it any more", untold).await;
    stand.program.stop().await;
    let settings = std::fs::read_to_string(stand.home.path().join("settings.json")).unwrap();
    assert!(settings.contains(&laptop), "{settings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_device_is_active_the_one_that_is_chosen_is_started_and_no_other() {
    let (spotify, stand) = room(2).await;
    let (account, phone, laptop) = bens_devices(&stand).await;
    spotify.sim.fault("ben", Fault::Asleep {}).unwrap();
    stand.until("Ben's trouble", |snapshot| trouble(snapshot, "Ben") == Some("no_device")).await;

    stand.act(Action::ChooseDevice { account, device: Some(laptop.clone()) });

    let there = |snapshot: &Snapshot| {
        trouble(snapshot, "Ben").is_none() && member(snapshot, "Ben").device.as_deref() == Some("Ben's laptop")
    };
    stand.until("Ben on the laptop", there).await;
    let log = spotify.sim.log();
    let started = log.commands().filter(|sent| &*sent.user == "ben").filter_map(|sent| match &sent.command {
        Command::Play { device_id, .. } => device_id.as_ref(),
        _ => None,
    });
    let started: Vec<_> = started.collect();
    assert!(!started.is_empty() && started.iter().all(|id| **id == laptop), "{started:?}, his phone is {phone}");
    assert_eq!(moves_in(&log), [], "there was nothing to move");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_said_with_its_address() {
    let (mut spotify, stand) = room(2).await;

    spotify.close();

    let gone = |snapshot: &Snapshot| trouble(snapshot, "Anna") == Some("other_server_gone");
    let snapshot = stand.until("the server is gone", gone).await;
    let text = member(&snapshot, "Anna").trouble.unwrap().text;
    assert!(text.contains(spotify.sim.base_url()), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_driven_by_one_program_only() {
    let (spotify, stand) = room(2).await;
    let other = spotify.stand().await;
    spotify.sign_in(&other, "anna", None).await;
    spotify.sign_in(&other, "ben", None).await;

    other.act(Action::Host);

    assert!(other.notice("account_busy").await.contains("already plays in another session"));
    assert!(other.program.snapshots().borrow().room.is_none());
    stand.act(Action::Leave);
    stand.until("left", |snapshot| snapshot.room.is_none()).await;
    other.act(Action::Host);
    other.until("the room", |snapshot| snapshot.room.is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_server_is_said_beside_each_account() {
    let spotify = Spotify::open(1).await;
    let secrets = Arc::new(Memory::default());
    let stand = spotify.stand_with(secrets.clone()).await;
    spotify.sign_in(&stand, "anna", None).await;
    stand.program.stop().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let lost = stand.again(&format!("http://{nobody}"), secrets).await;
    lost.act(Action::RefreshDevices);

    let troubled = |snapshot: &Snapshot| snapshot.accounts[0].trouble.is_some();
    let snapshot = lost.until("the account's trouble", troubled).await;
    let trouble = snapshot.accounts[0].trouble.as_ref().unwrap();
    assert_eq!(trouble.code, "other_server_gone");
    assert!(trouble.text.contains(&nobody.to_string()), "{}", trouble.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_sync_is_off_nobody_is_moved_and_a_trim_is_remembered() {
    let (spotify, stand) = room(2).await;
    let ben = member(&stand.program.snapshots().borrow(), "Ben").id;
    stand.act(Action::Trim { member: ben, ms: 120 });
    stand.until("the trim", |snapshot| member(snapshot, "Ben").trim_ms == 120).await;
    stand.act(Action::Sync { on: false });
    stand.until("sync is off", |snapshot| snapshot.room.as_ref().is_some_and(|room| !room.sync)).await;

    let commands = || spotify.sim.log().commands().count();
    let before = commands();
    spotify.sim.hand("anna", Hand::Pause).unwrap();
    let paused = |snapshot: &Snapshot| member(snapshot, "Anna").player.as_ref().is_some_and(|player| !player.playing);
    stand.until("the pause is seen", paused).await;
    assert_eq!(commands(), before);

    stand.program.stop().await;
    let settings = std::fs::read_to_string(stand.home.path().join("settings.json")).unwrap();
    assert!(settings.contains("\"trim_ms\": 120"), "{settings}");
    let ledgers = std::fs::read_dir(stand.home.path()).unwrap().flatten();
    assert!(ledgers.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("ledger-")));
    let kept = std::fs::read_dir(stand.home.path()).unwrap().flatten();
    for file in kept {
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains("refresh"), "no token in {:?}", file.path());
    }
}

/// So many accounts, signed in and in step.
async fn room(accounts: usize) -> (Spotify, Stand) {
    let spotify = Spotify::open(accounts).await;
    let stand = spotify.stand().await;
    let users: Vec<String> = spotify.sim.users().map(|(user, _)| user.to_owned()).collect();
    for user in &users {
        spotify.sign_in(&stand, user, None).await;
    }
    stand.act(Action::Host);
    stand.until("the room", |snapshot| snapshot.room.is_some()).await;
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    stand.until("everybody in step", in_step).await;
    (spotify, stand)
}

/// Ben's account, the phone on which he plays, and his laptop.
async fn bens_devices(stand: &Stand) -> (String, String, String) {
    let ben = member(&stand.program.snapshots().borrow(), "Ben");
    stand.act(Action::LookAgain { member: ben.id });
    let devices = |snapshot: &Snapshot| {
        let account = snapshot.accounts.iter().find(|account| account.id == ben.account).unwrap();
        account.devices.clone()
    };
    let snapshot = stand.until("his devices", |snapshot| devices(snapshot).len() == 2).await;
    let id = |active| devices(&snapshot).into_iter().find(|device| device.active == active).unwrap().id.unwrap();
    (ben.account.clone(), id(true), id(false))
}

fn moves(spotify: &Spotify) -> Vec<Command> {
    moves_in(&spotify.sim.log())
}

fn moves_in(log: &Log) -> Vec<Command> {
    let moves = log.commands().filter(|sent| matches!(sent.command, Command::Transfer { .. }));
    moves.map(|sent| sent.command.clone()).collect()
}

fn in_step(snapshot: &Snapshot) -> bool {
    snapshot.room.as_ref().is_some_and(|room| {
        room.members.iter().all(|member| member.timing.is_some_and(|timing| timing.error_ms.abs() < 250.0))
    })
}

pub fn member(snapshot: &Snapshot, name: &str) -> Member {
    let room = snapshot.room.as_ref().unwrap();
    room.members.iter().find(|member| member.name == name).unwrap().clone()
}

fn trouble<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a str> {
    let room = snapshot.room.as_ref()?;
    let member = room.members.iter().find(|member| member.name == name)?;
    member.trouble.as_ref().map(|trouble| trouble.code.as_str())
}
