//! One ration, several processes; one developer, several client ids.

use std::sync::Arc;

use serde_json::json;
use tutti_app::accounts::Accounts;
use tutti_app::api::{Action, Snapshot};
use tutti_app::clock;
use tutti_app::players::Player;
use tutti_app::ration::{Rationed, Rations};
use tutti_app::secrets::{Memory, SecretStore};
use tutti_app::settings::{Endpoints, Home, Settings};
use tutti_core::limit::Class;
use tutti_core::reading::{Failure, Seen};
use tutti_core::time::Span;
use tutti_sim::fault::Fault;

use crate::processes::{Process, env, say, told};
use crate::spotify::Spotify;
use crate::stand::Stand;

#[tokio::test]
async fn processes_share_a_ration_and_a_wait_and_survive_each_other_s_end() {
    let folder = tempfile::tempdir().unwrap();
    let given = [folder.path().to_str().unwrap()];
    let mut processes = [0; 3].map(|_| Process::start("shared_ration::asks_as_often_as_it_may", &given));

    processes.iter_mut().for_each(|process| process.tell("commands"));
    let made = processes.iter_mut().map(|process| process.hear().parse::<u32>().unwrap());
    assert_eq!(made.sum::<u32>(), 45, "what one client id may in 30 s, together");

    let [asking, mut other, last] = processes;
    let ration = Rations::kept(Home::at(folder.path())).of("other");
    ration.heed(&Failure::RateLimited { until: clock::now() + Span::from_secs(100), quota: false });
    other.tell("other");
    assert_eq!(other.hear(), "0", "Spotify asked a third process to wait");

    last.kill();
    asking.kill();
    other.tell("new");
    assert_eq!(other.hear(), "45");
    other.end();
}

/// In another process: asks for 40 commands whenever it is told to, and says how many may go out.
#[tokio::test]
async fn asks_as_often_as_it_may() {
    let Some(given) = env() else { return };
    let rations = Rations::kept(Home::at(&given[0]));
    for word in told() {
        let ration = rations.of(if word == "commands" { "id" } else { &word });
        if word == "other" {
            // The wait may still be on its way to the disk.
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while ration.waiting().is_none() && std::time::Instant::now() < deadline {
                rations.save();
            }
        }
        let most = if word == "new" { 60 } else { 40 };
        let mut made = 0;
        for _ in 0..most {
            made += u32::from(ration.admit(Class::Command).await.is_ok());
        }
        rations.save();
        say(&made.to_string());
    }
}

#[tokio::test]
async fn a_developer_s_used_up_quota_is_learned_once_and_then_spares_the_other_client_id() {
    let spotify = Spotify::open(2).await;
    let (first_id, second_id) = ("a".repeat(32), "b".repeat(32));
    for client_id in [&first_id, &second_id] {
        register(&spotify, client_id, "one developer").await;
    }
    let secrets: Arc<dyn SecretStore> = Arc::new(Memory::default());
    let stand = spotify.stand_with(Arc::clone(&secrets)).await;
    sign_in(&spotify, &stand, "anna", &first_id).await;
    sign_in(&spotify, &stand, "ben", &second_id).await;
    stand.program.stop().await;
    let home = Home::at(stand.home.path());
    let open = || open(&spotify, &home, &secrets);
    let looks = |user: &str| spotify.sim.log().counts()[user].get("GET /v1/me/player").copied().unwrap_or(0);

    let (_kept, [anna, ben]) = open().await;
    spotify.sim.fault("anna", Fault::Quota { retry_after_s: 30_000 }).unwrap();
    assert!(quota(&anna).await && quota(&ben).await, "nobody knows yet that they belong together");
    assert_eq!((looks("anna"), looks("ben")), (1, 1));
    let learned = home.folder().join("developers.json");
    until(|| std::fs::read_to_string(&learned).is_ok_and(|text| text.contains("[[")), "it is learned").await;

    // The next day.
    for file in std::fs::read_dir(home.folder()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("ledger-") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    spotify.sim.fault("anna", Fault::Clear {}).unwrap();
    let (_kept, [anna, ben]) = open().await;
    spotify.sim.fault("anna", Fault::Quota { retry_after_s: 40_000 }).unwrap();
    assert!(quota(&anna).await);
    until(|| ben.ration().waiting().is_some(), "Ben waits too").await;
    assert!(quota(&ben).await);
    assert_eq!((looks("anna"), looks("ben")), (2, 1), "Ben did not ask, which would have made it longer");
}

#[tokio::test]
async fn another_developer_s_client_id_goes_on() {
    let spotify = Spotify::open(2).await;
    let (first_id, second_id) = ("a".repeat(32), "b".repeat(32));
    register(&spotify, &first_id, "one").await;
    register(&spotify, &second_id, "another").await;
    let secrets: Arc<dyn SecretStore> = Arc::new(Memory::default());
    let stand = spotify.stand_with(Arc::clone(&secrets)).await;
    sign_in(&spotify, &stand, "anna", &first_id).await;
    sign_in(&spotify, &stand, "ben", &second_id).await;
    stand.program.stop().await;

    let (_kept, [anna, ben]) = open(&spotify, &Home::at(stand.home.path()), &secrets).await;
    spotify.sim.fault("anna", Fault::Quota { retry_after_s: 30_000 }).unwrap();

    assert!(quota(&anna).await);
    assert!(!quota(&ben).await);
}

#[tokio::test]
async fn a_wait_and_its_reason_are_shown_and_still_after_a_restart() {
    let spotify = Spotify::open(1).await;
    let secrets: Arc<dyn SecretStore> = Arc::new(Memory::default());
    let stand = spotify.stand_with(Arc::clone(&secrets)).await;
    spotify.sign_in(&stand, "anna", None).await;
    let snapshot = stand.until("the ration", |snapshot| snapshot.rations.len() == 1).await;
    assert_eq!(snapshot.rations[0].accounts, ["Anna"]);
    assert!(snapshot.rations[0].text.contains("requests left for the next 24 h"), "{:?}", snapshot.rations);

    spotify.sim.fault("anna", Fault::Quota { retry_after_s: 30_000 }).unwrap();
    stand.act(Action::RefreshDevices);
    let waits = |snapshot: &Snapshot| snapshot.rations.iter().any(|ration| ration.wait_until_ms.is_some());
    let snapshot = stand.until("the wait", waits).await;
    let words = snapshot.rations[0].text.clone();
    assert!(words.starts_with("Spotify asked us to wait until ") && words.contains("used up"), "{words}");
    stand.program.stop().await;

    let asked = || spotify.sim.log().requests().count();
    let before = asked();
    let again = stand.again(spotify.sim.base_url(), secrets).await;
    let snapshot = again.until("the wait", waits).await;

    assert_eq!(snapshot.rations[0].text, words);
    assert_eq!(asked(), before, "known without asking");
}

async fn register(spotify: &Spotify, client_id: &str, developer: &str) {
    let app = json!({ "client_id": client_id, "developer": developer });
    let answer = reqwest::Client::new().post(format!("{}/_sim/apps", spotify.sim.base_url())).json(&app).send().await;
    assert!(answer.unwrap().status().is_success());
}

async fn sign_in(spotify: &Spotify, stand: &Stand, user: &str, client_id: &str) {
    stand.act(Action::Connect { client_id: client_id.into(), name: None, way: None });
    let snapshot = stand.until("the sign-in's page", |snapshot| snapshot.sign_in.is_some()).await;
    let page = snapshot.sign_in.as_ref().unwrap().address.clone();
    assert!(spotify.browse(&page, &format!("sim_user={user}")).await.status().is_success());
    stand.until("it is signed in", |snapshot| snapshot.sign_in.is_none()).await;
}

/// Both accounts, as a process that starts now opens them.
async fn open(spotify: &Spotify, home: &Home, secrets: &Arc<dyn SecretStore>) -> (Accounts, [Arc<Rationed>; 2]) {
    let base = spotify.sim.base_url();
    let endpoints = Endpoints::other(&format!("{base}/v1"), base).unwrap();
    let accounts = Accounts::new(home.clone(), endpoints, Arc::clone(secrets));
    let settings = Settings::load(home).settings;
    let player = async |name: &str| accounts.open(settings.find(name).unwrap()).await.unwrap();
    let both = [player("anna").await, player("ben").await];
    (accounts, both)
}

/// Whether a look is answered with a used-up quota.
async fn quota(player: &Rationed) -> bool {
    matches!(player.look().await.seen, Seen::Failed(Failure::RateLimited { quota: true, .. }))
}

async fn until(mut is_so: impl FnMut() -> bool, what: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "never: {what}");
        tokio::task::yield_now().await;
    }
}
