//! What a look at everything finds, in the words that the user reads.

use std::sync::Arc;

use tutti_app::api::{Action, CheckState, Checks};
use tutti_app::secrets::{Memory, SecretError, SecretStore, StoredLogin};

use crate::spotify::Spotify;
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_an_account_and_an_open_device_everything_is_in_order() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    spotify.sign_in(&stand, "anna", None).await;
    spotify.sim.hand("anna", tutti_sim::player::Hand::resume()).unwrap();

    let checks = look(&stand).await;

    assert_eq!(states(&checks), [CheckState::Good; 5], "{checks:#?}");
    assert!(checks.list[4].title.contains("Anna") && checks.list[4].text.contains("Anna's phone"), "{checks:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_spotify_took_back_is_said_with_its_way_out() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    spotify.sign_in(&stand, "anna", None).await;
    spotify.sim.revoke("anna").unwrap();

    let checks = look(&stand).await;

    let account = checks.list.last().unwrap();
    assert_eq!((account.state, account.code.as_str()), (CheckState::Problem, "needs_login"), "{checks:#?}");
    assert!(account.way_out.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_spotify_keychain_and_accounts_each_says_what_to_do() {
    let mut spotify = Spotify::open(1).await;
    let stand = spotify.stand_with(Arc::new(Locked)).await;
    spotify.close();
    tokio::fs::remove_dir_all(stand.home.path()).await.unwrap();
    tokio::fs::write(stand.home.path(), "in the way").await.unwrap();

    let checks = look(&stand).await;

    let codes: Vec<_> = checks.list.iter().map(|check| check.code.as_str()).collect();
    assert_eq!(codes, ["keychain_locked", "folder_bad", "spotify_gone", "no_accounts"], "{checks:#?}");
    for (check, words) in checks.list.iter().zip(["Unlock it", "Make room", "Check the network", "No account"]) {
        assert!(check.text.contains(words) && !check.text.contains(['{', '}']), "{check:?}");
    }
    assert_eq!(checks.list[0].way_out.as_ref().unwrap().action, Action::RunChecks, "once it is unlocked");
    tokio::fs::remove_file(stand.home.path()).await.unwrap();
}

async fn look(stand: &Stand) -> Checks {
    stand.act(Action::RunChecks);
    let snapshot =
        stand.until("all was looked at", |snapshot| snapshot.checks.as_ref().is_some_and(|checks| !checks.running));
    snapshot.await.checks.clone().unwrap()
}

fn states(checks: &Checks) -> Vec<CheckState> {
    checks.list.iter().map(|check| check.state).collect()
}

/// A keychain that nobody unlocks.
#[derive(Debug)]
struct Locked;

impl SecretStore for Locked {
    fn load(&self, _: &str) -> Result<Option<StoredLogin>, SecretError> {
        Err(SecretError::Locked)
    }

    fn save(&self, _: &str, _: &StoredLogin) -> Result<(), SecretError> {
        Err(SecretError::Locked)
    }

    fn delete(&self, account: &str) -> Result<(), SecretError> {
        Memory::default().delete(account)
    }

    fn probe(&self) -> Result<(), SecretError> {
        Err(SecretError::Locked)
    }
}
