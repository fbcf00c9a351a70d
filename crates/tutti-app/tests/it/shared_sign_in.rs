//! One sign-in, several processes: whoever renews it does so alone, and nobody loses it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tutti_app::players::Player;
use tutti_app::players::spotify::{SpotifyPlayer, Way};
use tutti_app::secrets::{Memory, SecretError, SecretStore, StoredLogin};
use tutti_app::settings::Endpoints;
use tutti_app::sign_in::renewal::{Renewals, Shared, SharedLogin};
use tutti_core::reading::Seen;
use tutti_sim::fault::Fault;
use tutti_spotify::{Keeper, Secret};

use crate::processes::{Process, SharedFile, env, say, told};
use crate::spotify::Spotify;

const CALLERS: usize = 25;
const ROUNDS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_renew_a_sign_in_whose_tokens_are_good_once_and_nothing_is_lost() {
    let spotify = Spotify::open(1).await;
    spotify.sim.sign_in().rotating = true;
    let folder = tempfile::tempdir().unwrap();
    let logins = folder.path().join("logins");
    let stand = spotify.stand_with(Arc::new(SharedFile::at(&logins))).await;
    spotify.sign_in(&stand, "anna", None).await;
    // It asks for the devices by itself, and renews for that: until then a third one is at work.
    stand.until("her devices", |snapshot| snapshot.accounts.iter().any(|account| !account.devices.is_empty())).await;
    stand.program.stop().await;
    let profile = stand.home.path();
    let given = [logins.to_str().unwrap(), spotify.sim.base_url(), profile.to_str().unwrap()];
    let mut processes = [0; 2].map(|_| Process::start("shared_sign_in::twenty_five_look", &given));
    let renewals = || spotify.sim.log().requests().filter(|request| request.endpoint == "POST /api/token").count();

    for round in 1..=ROUNDS {
        let before = renewals();
        processes.iter_mut().for_each(|process| process.tell("look"));
        for process in &mut processes {
            assert_eq!(process.hear(), format!("{CALLERS} seen"), "round {round}");
        }
        assert_eq!(renewals() - before, 2, "one renewal a process in round {round}");
        spotify.sim.fault("anna", Fault::TokenExpired {}).unwrap();
    }
    let refused = spotify.sim.log().requests().filter(|request| request.status == 400).count();
    assert_eq!(refused, 0, "no token was used twice");
    processes.into_iter().for_each(Process::end);
}

/// In another process: so many callers at once whenever it is told to.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_look() {
    let Some(given) = env() else { return };
    let [logins, base, profile] = &given[..] else { panic!("{given:?}") };
    let (account_id, shared) = shared(Path::new(logins), Path::new(profile));
    let login = SharedFile::at(Path::new(logins)).load(&account_id).unwrap().unwrap();
    let endpoints = Endpoints::other(&format!("{base}/v1"), base).unwrap();
    let player = SpotifyPlayer::open(&endpoints, &Way::default(), &login, Arc::new(shared)).unwrap();

    for _ in told() {
        let looks = futures::future::join_all((0..CALLERS).map(|_| player.look())).await;
        let failed: Vec<_> = looks.iter().filter(|reading| matches!(reading.seen, Seen::Failed(_))).collect();
        match failed.first() {
            None => say(&format!("{} seen", looks.len())),
            Some(reading) => say(&format!("{:?}", reading.seen)),
        }
    }
}

#[test]
fn a_process_that_dies_while_it_renews_leaves_the_turn_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let logins = folder.path().join("logins");
    let login = StoredLogin { refresh: Secret::new("r1"), client_id: "c".into(), signed_in_at: chrono::Utc::now() };
    SharedFile::at(&logins).save("anna", &login).unwrap();
    let given = [logins.to_str().unwrap(), folder.path().to_str().unwrap()];
    let mut holder = Process::start("shared_sign_in::renews_and_never_ends", &given);
    assert_eq!(holder.hear(), "it is my turn");

    holder.kill();
    let begun = Instant::now();
    let turn = shared(&logins, folder.path()).1.turn(&Secret::new("r1")).unwrap();

    assert_eq!(turn.refresh(), &Secret::new("r1"));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_ends_in_the_middle_of_a_renewal_keeps_the_token_first() {
    let spotify = Spotify::open(1).await;
    spotify.sim.sign_in().rotating = true;
    let secrets = Arc::new(Slow::default());
    let stand = spotify.stand_with(secrets.clone()).await;
    secrets.stuck.store(true, Ordering::SeqCst);
    spotify.sign_in(&stand, "anna", None).await;
    let account = stand.program.snapshots().borrow().accounts[0].id.clone();
    let first = secrets.kept.load(&account).unwrap().unwrap().refresh;
    secrets.saves.notified().await;

    let mut stop = std::pin::pin!(stand.program.stop());
    assert!(
        tokio::time::timeout(Duration::from_millis(300), stop.as_mut()).await.is_err(),
        "it waits for the keychain"
    );
    secrets.stuck.store(false, Ordering::SeqCst);
    stop.await;

    assert_ne!(secrets.kept.load(&account).unwrap().unwrap().refresh, first, "what replaced it is kept");
}

/// A keychain that takes the first sign-in, and anything later as soon as it is not stuck any more, or after ten seconds.
#[derive(Debug, Default)]
struct Slow {
    kept: Memory,
    stuck: AtomicBool,
    /// Something later is to be kept.
    saves: Notify,
}

impl SecretStore for Slow {
    fn load(&self, key: &str) -> Result<Option<StoredLogin>, SecretError> {
        self.kept.load(key)
    }

    fn save(&self, key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        if self.kept.load(key)?.is_some() {
            self.saves.notify_one();
            let begun = Instant::now();
            while self.stuck.load(Ordering::SeqCst) && begun.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.kept.save(key, login)
    }

    fn delete(&self, key: &str) -> Result<(), SecretError> {
        self.kept.delete(key)
    }

    fn probe(&self) -> Result<(), SecretError> {
        Ok(())
    }
}

/// In another process.
#[test]
fn renews_and_never_ends() {
    let Some(given) = env() else { return };
    let [logins, profile] = &given[..] else { panic!("{given:?}") };
    let _turn = shared(Path::new(logins), Path::new(profile)).1.turn(&Secret::new("r1")).unwrap();
    say("it is my turn");
    told().for_each(drop);
}

/// The only sign-in of a profile.
fn shared(logins: &Path, profile: &Path) -> (String, Shared) {
    let secrets = Arc::new(SharedFile::at(logins));
    let account_id = secrets.only();
    let lock = SharedLogin::begin(profile, &account_id);
    let login = secrets.load(&account_id).unwrap().unwrap();
    let told = Arc::new(|problem: tutti_app::problem::Problem| panic!("{}", problem.text()));
    let shared = SharedLogin::new(secrets, (&account_id, "Ana"), login, lock, told, Renewals::default());
    (account_id, Shared(shared))
}
