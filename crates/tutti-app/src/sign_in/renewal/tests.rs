//! Turns that follow each other, keychains that fail, and locks that nobody lets go.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::secrets::{Memory, SecretError};

#[test]
fn whoever_comes_second_uses_what_the_first_was_given() {
    let stand = Stand::new();
    let (first, second) = (stand.process(), stand.process());

    let mut turn = first.turn(&secret("r1")).unwrap();
    turn.keep(&secret("r2"));
    drop(turn);

    assert_eq!(second.turn(&secret("r1")).unwrap().refresh(), &secret("r2"));
    assert_eq!(first.turn(&secret("r2")).unwrap().refresh(), &secret("r2"));
}

#[test]
fn only_one_has_the_turn_and_waiting_for_it_ends_with_words() {
    let stand = Stand::new();
    let (first, second) = (stand.process(), stand.process());
    let held = first.turn(&secret("r1")).unwrap();

    let refused = second.turn(&secret("r1")).err();

    assert_eq!(refused, Some(AuthError::RenewalBusy));
    let told = stand.told.lock().unwrap().pop().unwrap();
    assert!(told.contains("renewing Ana’s sign-in") && !told.contains(['{', '}']), "{told}");
    drop(held);
    assert!(second.turn(&secret("r1")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_program_waits_for_a_renewal_and_none_begins_after_it() {
    let process = Stand::new().process();
    let renewals = process.0.renewals.clone();
    let held = process.turn(&secret("r1")).unwrap();
    let mut end = std::pin::pin!(renewals.end());
    assert!(tokio::time::timeout(ENDS_WITHIN / 2, end.as_mut()).await.is_err(), "one is under way");

    let refused = process.turn(&secret("r1")).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|words| words.contains("the program is ending")));
    drop(held);
    let begun = tokio::time::Instant::now();
    end.await;
    assert!(begun.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_program_does_not_wait_for_ever() {
    let process = Stand::new().process();
    let _held = process.turn(&secret("r1")).unwrap();
    let begun = tokio::time::Instant::now();
    process.0.renewals.end().await;
    assert_eq!(begun.elapsed(), ENDS_WITHIN);
}

#[test]
fn a_keychain_that_is_locked_for_a_while_stops_only_whose_token_is_old() {
    let stand = Stand::new();
    let (first, second) = (stand.process(), stand.process());
    stand.secrets.locked.store(true, Ordering::SeqCst);
    assert_eq!(second.turn(&secret("r1")).unwrap().refresh(), &secret("r1"), "nobody has replaced it");

    stand.secrets.locked.store(false, Ordering::SeqCst);
    first.turn(&secret("r1")).unwrap().keep(&secret("r2"));
    stand.secrets.locked.store(true, Ordering::SeqCst);

    assert_eq!(second.turn(&secret("r1")).err(), Some(AuthError::KeychainSilent));
    assert_eq!(first.turn(&secret("r2")).unwrap().refresh(), &secret("r2"));
    stand.secrets.locked.store(false, Ordering::SeqCst);
    assert_eq!(second.turn(&secret("r1")).unwrap().refresh(), &secret("r2"));
}

#[test]
fn what_the_keychain_did_not_take_is_used_and_kept_at_the_next_turn() {
    let stand = Stand::new();
    let process = stand.process();
    let mut turn = process.turn(&secret("r1")).unwrap();
    stand.secrets.locked.store(true, Ordering::SeqCst);
    turn.keep(&secret("r2"));
    drop(turn);
    stand.secrets.locked.store(false, Ordering::SeqCst);

    assert_eq!(process.turn(&secret("r2")).unwrap().refresh(), &secret("r2"));

    assert_eq!(stand.secrets.load("a").unwrap().unwrap().refresh, secret("r2"));
}

#[test]
fn a_sign_in_that_was_deleted_is_over_and_does_not_come_back() {
    let stand = Stand::new();
    let process = stand.process();
    stand.secrets.delete("a").unwrap();

    assert_eq!(process.turn(&secret("r1")).err(), Some(AuthError::Ended));
    assert_eq!(stand.secrets.load("a"), Ok(None));
}

#[test]
fn a_sign_in_under_another_client_id_is_not_mixed_in() {
    let stand = Stand::new();
    let process = stand.process();
    stand.secrets.save("a", &StoredLogin { client_id: "other".into(), ..login("r9") }).unwrap();

    assert_eq!(process.turn(&secret("r1")).unwrap().refresh(), &secret("r1"));
}

#[test]
fn without_a_folder_for_the_lock_renewals_go_on() {
    let stand = Stand::new();
    std::fs::write(stand.folder.path().join("file"), "").unwrap();
    let process = stand.process_at(stand.folder.path().join("file/lock"));

    assert_eq!(process.turn(&secret("r1")).unwrap().refresh(), &secret("r1"));
}

/// A profile with one sign-in, used by several processes.
struct Stand {
    folder: tempfile::TempDir,
    secrets: Arc<Keychain>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Stand {
    fn new() -> Self {
        let secrets = Arc::new(Keychain::default());
        secrets.save("a", &login("r1")).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), secrets, told: Arc::default() }
    }

    fn process(&self) -> Shared {
        self.process_at(self.folder.path().join("lock"))
    }

    fn process_at(&self, lock: PathBuf) -> Shared {
        let told = self.told.clone();
        Shared(Arc::new(SharedLogin {
            secrets: self.secrets.clone(),
            account_id: "a".into(),
            name: "Ana".into(),
            lock,
            deadline: Duration::from_millis(50),
            tell: Arc::new(move |problem| told.lock().unwrap().push(problem.text())),
            renewals: Renewals::default(),
            known: Mutex::new(Known { login: login("r1"), replaced: Some(0) }),
        }))
    }
}

#[derive(Debug, Default)]
struct Keychain {
    kept: Memory,
    locked: AtomicBool,
}

impl Keychain {
    fn open(&self) -> Result<&Memory, SecretError> {
        if self.locked.load(Ordering::SeqCst) { Err(SecretError::Locked) } else { Ok(&self.kept) }
    }
}

impl SecretStore for Keychain {
    fn load(&self, key: &str) -> Result<Option<StoredLogin>, SecretError> {
        self.open()?.load(key)
    }

    fn save(&self, key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        self.open()?.save(key, login)
    }

    fn delete(&self, key: &str) -> Result<(), SecretError> {
        self.open()?.delete(key)
    }

    fn probe(&self) -> Result<(), SecretError> {
        self.open()?.probe()
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn login(refresh: &str) -> StoredLogin {
    StoredLogin { refresh: secret(refresh), client_id: "c".into(), signed_in_at: chrono::Utc::now() }
}
