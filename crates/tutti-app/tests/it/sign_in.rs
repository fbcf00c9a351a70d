//! Signing in, and every way in which it can go wrong, in the words that the user reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tutti_app::api::{Action, NoticeKind, Screen, SignInWay, Snapshot};
use tutti_app::secrets::{Keeps, Memory, SecretError, SecretStore, StoredLogin};
use tutti_app::settings::Settings;

use crate::spotify::{CLIENT_ID, Spotify, begin};
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_agrees_is_in_the_lobby_with_their_devices() {
    let spotify = Spotify::open(2).await;
    let stand = spotify.stand().await;

    spotify.sign_in(&stand, "anna", None).await;

    let snapshot = stand.until("devices", |snapshot| !devices(snapshot).is_empty()).await;
    assert_eq!(snapshot.screen, Screen::Lobby);
    assert_eq!(snapshot.accounts[0].name, "Anna");
    assert!(stand.notice("signed_in").await.contains("Anna"));
    assert_eq!(snapshot.other_server.as_deref(), Some(spotify.sim.base_url()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn denied_consent_is_said_and_can_be_tried_again() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    let page = begin(&stand, None).await;

    spotify.browse(&page, "sim_decision=cancel").await;

    assert!(stand.notice("sign_in_denied").await.contains("Access was refused"));
    let snapshot = stand.until("no page", |snapshot| snapshot.sign_in.is_none()).await;
    let again = snapshot.notices[0].way_out.as_ref().unwrap();
    assert!(matches!(&again.action, Action::Connect { client_id, .. } if client_id == CLIENT_ID));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_with_a_foreign_state_is_refused_and_the_right_one_still_counts() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    let page = begin(&stand, None).await;
    let redirect = url::Url::parse(&page).unwrap();
    let redirect = redirect.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();

    let foreign = reqwest::get(format!("{redirect}?code=stolen&state=guessed")).await.unwrap();

    assert_eq!(foreign.status(), 400);
    assert!(foreign.text().await.unwrap().contains("does not belong to the sign-in"));
    assert!(stand.notice("sign_in_foreign_state").await.contains("still waits"));
    assert!(stand.program.snapshots().borrow().sign_in.is_some(), "still waiting");
    spotify.browse(&page, "sim_user=anna").await;
    stand.notice("signed_in").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_client_id_or_with_a_wrong_one_no_browser_opens() {
    let stand = Stand::start(|_| {}).await;

    stand.act(Action::Connect { client_id: "  ".into(), name: None, way: None });
    assert!(stand.notice("no_client_id").await.contains("client id"));
    stand.act(Action::Connect { client_id: "my app".into(), name: None, way: None });
    assert!(stand.notice("bad_client_id").await.contains("32 characters"));

    assert!(stand.shell.0.lock().unwrap().is_empty());
    let notices = &stand.program.snapshots().borrow().notices.clone();
    assert!(notices.iter().all(|notice| notice.way_out.is_some()), "each has a way out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_nobody_is_sent_to_the_browser() {
    for (error, code) in [
        (SecretError::NoKeychain { detail: "none".into() }, "no_keychain"),
        (SecretError::Locked, "keychain_locked"),
        (SecretError::Denied, "keychain_denied"),
        (SecretError::Other { detail: "odd".into() }, "keychain_other"),
    ] {
        let spotify = Spotify::open(1).await;
        let stand = spotify.stand_with(Arc::new(Broken(error))).await;

        stand.act(Action::Connect { client_id: CLIENT_ID.into(), name: None, way: None });

        stand.notice(code).await;
        assert!(stand.shell.0.lock().unwrap().is_empty(), "{code}");
        let notices = stand.program.snapshots().borrow().notices.clone();
        let out = notices.into_iter().find(|notice| notice.code == code).unwrap().way_out;
        let again = Action::Connect { client_id: CLIENT_ID.into(), name: None, way: Some(SignInWay::Loopback) };
        assert_eq!(out.map(|out| out.action), (code != "no_keychain").then_some(again), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_locked_keychain_kept_from_being_done_can_be_tried_again() {
    let (spotify, secrets) = (Spotify::open(1).await, Arc::new(Lockable::default()));
    let stand = spotify.stand_with(secrets.clone()).await;
    spotify.sign_in(&stand, "anna", None).await;
    stand.program.stop().await;
    let stand = stand.again(spotify.sim.base_url(), secrets.clone()).await;
    secrets.locked.store(true, Ordering::SeqCst);
    let account = |snapshot: &Snapshot| snapshot.accounts[0].clone();
    let id = account(&stand.program.snapshots().borrow()).id;

    stand.act(Action::RefreshDevices);
    let locked = |snapshot: &Snapshot| account(snapshot).trouble.is_some_and(|told| told.code == "keychain_locked");
    let shown = stand.until("a locked keychain", locked).await;
    assert_eq!(account(&shown).trouble.unwrap().way_out.unwrap().action, Action::RefreshDevices);

    let host = Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) };
    for action in [Action::SignOut { account: id }, host, Action::DeleteEverything] {
        stand.act(action.clone());
        let offers = |snapshot: &Snapshot| {
            let mut outs = snapshot.notices.iter().filter_map(|notice| notice.way_out.as_ref());
            outs.any(|out| out.action == action)
        };
        stand.until("the same once more", offers).await;
    }

    secrets.locked.store(false, Ordering::SeqCst);
    stand.act(Action::RefreshDevices);
    let open = |snapshot: &Snapshot| {
        account(snapshot).trouble.is_none() && snapshot.notices.iter().all(|notice| notice.code != "keychain_locked")
    };
    stand.until("no word of it any more", open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_a_restart_ends_says_so_once() {
    let spotify = Spotify::open(2).await;
    let stand = spotify.stand_with(Arc::new(Fleeting::default())).await;

    spotify.sign_in(&stand, "anna", None).await;
    let words = stand.notice("keychain_until_restart").await;
    assert!(words.contains("sign-in is kept until restart, at most three days unused"), "{words}");
    stand.notice("signed_in").await;
    spotify.sign_in(&stand, "ben", None).await;
    let notices = stand.program.snapshots().borrow().notices.clone();
    let said: Vec<_> = notices.iter().filter(|notice| notice.code == "keychain_until_restart").collect();

    assert_eq!(said.len(), 1);
    assert_eq!(said[0].kind, NoticeKind::Info);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_is_kept_for_good_says_nothing_of_a_restart() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;

    spotify.sign_in(&stand, "anna", None).await;

    stand.notice("signed_in").await;
    let notices = stand.program.snapshots().borrow().notices.clone();
    assert!(notices.iter().all(|notice| notice.code != "keychain_until_restart"), "{notices:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_account_twice_stays_one() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    spotify.sign_in(&stand, "anna", Some("Anna at home")).await;

    spotify.sign_in(&stand, "anna", None).await;
    assert!(stand.notice("already_signed_in").await.contains("Anna at home"));
    spotify.sign_in(&stand, "anna", Some("Somebody else")).await;
    assert!(stand.notice("same_account_twice").await.contains("same Spotify account"));

    let accounts = &stand.program.snapshots().borrow().accounts.clone();
    assert_eq!(accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>(), ["Anna at home"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_any_writing_are_kept_and_only_what_cannot_be_shown_is_left_out() {
    let spotify = Spotify::open(3).await;
    let stand = spotify.stand().await;

    spotify.sign_in(&stand, "anna", Some(" Zoë 🎺 {name}\u{202e}\u{7} ")).await;
    spotify.sign_in(&stand, "ben", Some(&"x".repeat(300))).await;
    spotify.sign_in(&stand, "chiara", Some("zoë 🎺 {name}")).await;

    let accounts = stand.program.snapshots().borrow().accounts.clone();
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["Zoë 🎺 {name}", &"x".repeat(64), "zoë 🎺 {name} 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_sign_in_leaves_nothing_behind() {
    let spotify = Spotify::open(1).await;
    let stand = spotify.stand().await;
    let page = begin(&stand, None).await;
    let redirect = url::Url::parse(&page).unwrap();
    let redirect = redirect.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();

    stand.act(Action::CancelSignIn);

    stand.until("no page", |snapshot| snapshot.sign_in.is_none()).await;
    assert!(reqwest::get(redirect).await.is_err(), "the port is closed");
    assert!(stand.program.snapshots().borrow().notices.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_outlive_the_program_and_a_sign_out_deletes_them() {
    let spotify = Spotify::open(1).await;
    let secrets = Arc::new(Memory::default());
    let stand = spotify.stand_with(secrets.clone()).await;
    spotify.sign_in(&stand, "anna", None).await;
    stand.program.stop().await;
    let key = stand.program.snapshots().borrow().accounts[0].id.clone();
    let settings = Settings::load(&tutti_app::settings::Home::at(stand.home.path())).settings;
    assert_eq!(settings.accounts[0].account_id, key);
    assert!(secrets.load(&key).unwrap().is_some());

    let again = stand.again(spotify.sim.base_url(), secrets.clone()).await;
    again.act(Action::RefreshDevices);
    let snapshot = again.until("devices with the kept sign-in", |snapshot| !devices(snapshot).is_empty()).await;
    assert_eq!(snapshot.accounts[0].id, key);
    again.act(Action::SignOut { account: key.clone() });

    assert!(again.notice("signed_out").await.contains("Anna"));
    assert!(secrets.load(&key).unwrap().is_none());
    assert!(again.program.snapshots().borrow().accounts.is_empty());
}

fn devices(snapshot: &Snapshot) -> &[tutti_app::api::Device] {
    snapshot.accounts.first().map_or(&[], |account| &account.devices)
}

/// A keychain that is not one.
#[derive(Debug)]
struct Broken(SecretError);

impl SecretStore for Broken {
    fn load(&self, _: &str) -> Result<Option<StoredLogin>, SecretError> {
        Err(self.0.clone())
    }

    fn save(&self, _: &str, _: &StoredLogin) -> Result<(), SecretError> {
        Err(self.0.clone())
    }

    fn delete(&self, _: &str) -> Result<(), SecretError> {
        Err(self.0.clone())
    }

    fn probe(&self) -> Result<(), SecretError> {
        Err(self.0.clone())
    }
}

/// A keychain that a restart empties.
#[derive(Debug, Default)]
struct Fleeting(Memory);

impl SecretStore for Fleeting {
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError> {
        self.0.load(account_key)
    }

    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        self.0.save(account_key, login)
    }

    fn delete(&self, account_key: &str) -> Result<(), SecretError> {
        self.0.delete(account_key)
    }

    fn probe(&self) -> Result<(), SecretError> {
        self.0.probe()
    }

    fn keeps(&self) -> Keeps {
        Keeps::UntilRestart
    }
}

/// A keychain that its user can lock.
#[derive(Debug, Default)]
struct Lockable {
    kept: Memory,
    locked: AtomicBool,
}

impl Lockable {
    fn open(&self) -> Result<&Memory, SecretError> {
        if self.locked.load(Ordering::SeqCst) { Err(SecretError::Locked) } else { Ok(&self.kept) }
    }
}

impl SecretStore for Lockable {
    fn load(&self, account: &str) -> Result<Option<StoredLogin>, SecretError> {
        self.open()?.load(account)
    }

    fn save(&self, account: &str, login: &StoredLogin) -> Result<(), SecretError> {
        self.open()?.save(account, login)
    }

    fn delete(&self, account: &str) -> Result<(), SecretError> {
        self.open()?.delete(account)
    }

    fn probe(&self) -> Result<(), SecretError> {
        self.open()?.probe()
    }
}
