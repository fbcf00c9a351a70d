//! Logins in the keychain of the operating system, and in memory for the demo: nowhere else may a token be kept.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, absolute};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use chrono::{DateTime, Utc};
use keyring::v1::{Entry, Error as KeyringError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tutti_spotify::Secret;
use zeroize::Zeroizing;

/// How long a keychain may take: long enough to type a password into its prompt.
pub const KEYCHAIN_DEADLINE: Duration = Duration::from_secs(20);

/// Room for one login as JSON, so that writing it never moves it and leaves a copy behind.
const LOGIN_BYTES: usize = 4096;

/// Calls that may wait for a keychain's prompt at the same time; any more would only add threads.
const WAITING_CALLS: usize = 8;

/// What is kept of a signed-in account.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredLogin {
    pub refresh: Secret,
    /// The client id that the sign-in belongs to; a refresh token is worthless with another one.
    pub client_id: String,
    /// When the user signed in: a sign-in lasts six months.
    pub signed_in_at: DateTime<Utc>,
}

/// Where logins are kept, by account. The calls may block for as long as a keychain's prompt is open: make them on a
/// thread on which blocking does no harm.
pub trait SecretStore: fmt::Debug + Send + Sync {
    /// The account's login, or `None`.
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError>;

    /// Keeps a login in place of any earlier one of the account.
    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError>;

    /// Forgets an account's login; to forget nothing is no error.
    fn delete(&self, account_key: &str) -> Result<(), SecretError>;

    /// Whether a login could be kept now: keeps, reads and forgets something without meaning.
    fn probe(&self) -> Result<(), SecretError>;
}

/// Why a login could not be kept or read. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    #[error(
        "This computer has no keychain that Tutti can use, and Tutti keeps logins nowhere else. On Linux, install GNOME Keyring or KWallet, let it create its default keyring, then start Tutti again. ({detail})"
    )]
    NoKeychain { detail: String },
    #[error(
        "The keychain is locked, or did not answer in time. Unlock it (a prompt may be hidden behind another window) and try again."
    )]
    Locked,
    #[error("The keychain stayed locked or refused access. Unlock it, allow Tutti to use it, and try again.")]
    Denied,
    #[error("The keychain reported a problem: {detail}")]
    Other { detail: String },
}

/// The operating system's keychain: the Secret Service, macOS's Keychain or Windows' Credential Manager.
///
/// Whether a Secret Service is there is found out once, at the first call; after [`SecretError::NoKeychain`] the
/// program has to be started again.
#[derive(Debug, Clone)]
pub struct Keychain {
    /// The name under which the keychain shows the entries.
    namespace: String,
    deadline: Duration,
}

/// In memory, for the demo and for tests: gone when the program ends.
#[derive(Debug, Default)]
pub struct Memory {
    logins: Mutex<BTreeMap<String, StoredLogin>>,
}

/// The login as it is written into the keychain.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    refresh_token: &'a str,
    client_id: &'a str,
    signed_in_at: DateTime<Utc>,
}

/// The login as it is read: strings that were escaped cannot be borrowed, so they are moved into [`Secret`] at once.
#[derive(Deserialize)]
struct Read {
    refresh_token: String,
    client_id: String,
    signed_in_at: DateTime<Utc>,
}

impl StoredLogin {
    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LOGIN_BYTES));
        let written = Written {
            version: 1,
            refresh_token: self.refresh.expose(),
            client_id: &self.client_id,
            signed_in_at: self.signed_in_at,
        };
        serde_json::to_writer(&mut *bytes, &written)
            .map_err(|_| SecretError::other("the login could not be written"))?;
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        // The parser's own message could repeat what it read.
        let read: Read = serde_json::from_slice(bytes)
            .map_err(|_| SecretError::other("what it keeps for this account is no login"))?;
        Ok(Self {
            refresh: Secret::new(read.refresh_token),
            client_id: read.client_id,
            signed_in_at: read.signed_in_at,
        })
    }
}

impl fmt::Debug for StoredLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLogin")
            .field("refresh", &self.refresh)
            .field("client_id", &self.client_id)
            .field("signed_in_at", &self.signed_in_at)
            .finish()
    }
}

impl SecretError {
    /// A word for what happened, for a table of texts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeychain { .. } => "no_keychain",
            Self::Locked => "keychain_locked",
            Self::Denied => "keychain_denied",
            Self::Other { .. } => "keychain_other",
        }
    }

    fn other(detail: impl Into<String>) -> Self {
        Self::Other { detail: detail.into() }
    }
}

impl Keychain {
    /// The keychain's part for this profile: `TUTTI_HOME`, or `None` for the usual one.
    pub fn new(home: Option<&Path>) -> Self {
        Self { namespace: namespace(home), deadline: KEYCHAIN_DEADLINE }
    }

    /// With another deadline than [`KEYCHAIN_DEADLINE`].
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The name under which the keychain shows the entries: "Tutti", or "Tutti (…)" for another profile.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Makes a call on a thread of its own: a locked keychain blocks until its prompt is answered.
    fn call<T: Send + 'static>(
        &self,
        account_key: &str,
        work: impl FnOnce(&Entry) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let (namespace, account_key) = (self.namespace.clone(), account_key.to_owned());
        in_turn(self.deadline, move || {
            let entry = Entry::new(&namespace, &account_key).map_err(explain)?;
            work(&entry).map_err(explain)
        })
    }
}

impl SecretStore for Keychain {
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError> {
        let bytes = self.call(account_key, |entry| match entry.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })?;
        bytes.map(|bytes| StoredLogin::from_bytes(&bytes)).transpose()
    }

    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        let bytes = login.to_bytes()?;
        self.call(account_key, move |entry| match entry.set_secret(&bytes) {
            Err(KeyringError::Ambiguous(_)) => {
                delete_all(entry)?;
                entry.set_secret(&bytes)
            }
            outcome => outcome,
        })
    }

    fn delete(&self, account_key: &str) -> Result<(), SecretError> {
        self.call(account_key, delete_all)
    }

    fn probe(&self) -> Result<(), SecretError> {
        // The process number keeps two programs from reading each other's.
        let key = format!("probe {}", std::process::id());
        self.call(&key, |entry| {
            entry.set_secret(b"probe")?;
            let read = entry.get_secret();
            delete_all(entry)?;
            read.map(drop)
        })
    }
}

impl SecretStore for Memory {
    fn load(&self, account_key: &str) -> Result<Option<StoredLogin>, SecretError> {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(logins.get(account_key).cloned())
    }

    fn save(&self, account_key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.insert(account_key.to_owned(), login.clone());
        Ok(())
    }

    fn delete(&self, account_key: &str) -> Result<(), SecretError> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.remove(account_key);
        Ok(())
    }

    fn probe(&self) -> Result<(), SecretError> {
        Ok(())
    }
}

/// Eight hexadecimal digits that stand for a profile: the same for every spelling of the same path.
pub fn profile_digits(home: &Path) -> String {
    let path = absolute(home).unwrap_or_else(|_| home.to_owned());
    // FNV-1a: the standard library's hashes may change between its versions, and a name must not.
    let hash = path
        .components()
        .flat_map(|part| {
            let bytes = part.as_os_str().as_encoded_bytes().iter().copied();
            bytes.chain([0]).collect::<Vec<u8>>()
        })
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

fn namespace(home: Option<&Path>) -> String {
    match home {
        Some(home) => format!("Tutti ({})", profile_digits(home)),
        None => "Tutti".to_owned(),
    }
}

/// Forgets an entry, and its twins should some other program have made any.
fn delete_all(entry: &Entry) -> Result<(), KeyringError> {
    match entry.delete_credential() {
        Err(KeyringError::NoEntry) => Ok(()),
        Err(KeyringError::Ambiguous(twins)) => twins.iter().try_for_each(|twin| twin.delete_credential()),
        outcome => outcome,
    }
}

/// Runs keychain calls one after another, each on a thread of its own with a deadline. A call whose caller has given up
/// before its turn came is not made.
fn in_turn<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, SecretError> {
    static TURN: Mutex<()> = Mutex::new(());
    static WAITING: AtomicUsize = AtomicUsize::new(0);

    if WAITING.fetch_add(1, Ordering::AcqRel) >= WAITING_CALLS {
        WAITING.fetch_sub(1, Ordering::AcqRel);
        return Err(SecretError::Locked);
    }
    let given_up = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::sync_channel(1);
    let gone = given_up.clone();
    let thread = std::thread::Builder::new().name("keychain".into());
    let started = thread.spawn(move || {
        let _leaves = Leaves(&WAITING);
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if !gone.load(Ordering::Acquire) {
            // Fails if the caller gave up meanwhile, who then has had the answer "locked".
            let _ = sender.send(work());
        }
    });
    if let Err(error) = started {
        WAITING.fetch_sub(1, Ordering::AcqRel);
        return Err(SecretError::other(error.to_string()));
    }
    match receiver.recv_timeout(deadline) {
        Ok(outcome) => outcome,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            given_up.store(true, Ordering::Release);
            Err(SecretError::Locked)
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(SecretError::other("it stopped working")),
    }
}

/// Counts a call out when its thread ends, however it ends.
struct Leaves(&'static AtomicUsize);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn explain(error: KeyringError) -> SecretError {
    match error {
        KeyringError::NoDefaultStore => {
            let detail = match Entry::store_status() {
                Ok(()) => "no store".to_owned(),
                Err(error) => describe(error),
            };
            SecretError::NoKeychain { detail }
        }
        KeyringError::NoStorageAccess(cause) => {
            // The stores tell these apart only in words.
            let words = cause.to_string().to_lowercase();
            if words.contains("locked") {
                SecretError::Locked
            } else if words.contains("not returned") {
                let detail = "it has no default collection".to_owned();
                SecretError::NoKeychain { detail }
            } else {
                SecretError::Denied
            }
        }
        error => SecretError::other(describe(&error)),
    }
}

/// The error in words, without the data that some of them carry.
fn describe(error: &KeyringError) -> String {
    match error {
        KeyringError::BadEncoding(_) | KeyringError::BadDataFormat(..) => "what it keeps is not readable".to_owned(),
        KeyringError::Ambiguous(twins) => format!("{} entries for one account", twins.len()),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_login_survives_being_written_and_read() {
        let login = login("r\"\\\u{e9}");

        assert_eq!(StoredLogin::from_bytes(&login.to_bytes().unwrap()), Ok(login));
    }

    #[test]
    fn what_is_not_a_login_is_an_error_that_repeats_nothing_of_it() {
        for text in ["", "probe", "{}", r#"{"refresh_token":"secret-text","client_id":3}"#] {
            let error = StoredLogin::from_bytes(text.as_bytes()).unwrap_err();

            assert_eq!(error.code(), "keychain_other");
            assert!(!error.to_string().contains("secret-text"));
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let memory = Memory::default();
        memory.save("anna", &login("secret-text")).unwrap();

        let shown = format!("{:?} {memory:?}", login("secret-text"));

        assert!(!shown.contains("secret-text"), "{shown}");
    }

    #[test]
    fn memory_keeps_logins_as_a_keychain_does() {
        keeps_logins(&Memory::default());
    }

    #[test]
    fn every_profile_has_a_namespace_of_its_own() {
        let name = |home: &str| Keychain::new(Some(Path::new(home))).namespace().to_owned();

        assert_eq!(Keychain::new(None).namespace(), "Tutti");
        assert_eq!(name("/tmp/one"), "Tutti (dc26d5b5)");
        assert_eq!(name("/tmp/one/"), name("/tmp/one"));
        assert_eq!(name("/tmp//one/."), name("/tmp/one"));
        assert_ne!(name("/tmp/two"), name("/tmp/one"));
        assert_ne!(name("/tm/pone"), name("/tmp/one"));
    }

    #[test]
    fn a_keychain_that_does_not_answer_is_locked_and_holds_up_nobody() {
        let (release, blocked) = mpsc::channel::<()>();
        let (made, calls) = mpsc::channel();
        let stuck = in_turn(Duration::from_millis(20), move || {
            let _ = blocked.recv();
            Ok(())
        });
        let given_up = in_turn(Duration::from_millis(20), move || {
            let _ = made.send(());
            Ok(())
        });

        let _ = release.send(());
        let after = in_turn(KEYCHAIN_DEADLINE, || Ok(7));

        assert_eq!(stuck, Err(SecretError::Locked));
        assert_eq!(given_up, Err(SecretError::Locked));
        assert_eq!(after, Ok(7));
        assert!(calls.recv().is_err(), "a call that was given up is not made");
    }

    #[test]
    fn a_call_that_panics_is_a_problem_and_not_a_silence() {
        let outcome = in_turn::<()>(KEYCHAIN_DEADLINE, || panic!("on purpose"));

        assert_eq!(outcome.unwrap_err().code(), "keychain_other");
    }

    #[test]
    fn every_trouble_has_its_word_and_its_way_out() {
        let wrapped = |words: &str| KeyringError::NoStorageAccess(words.into());
        for (error, code, way_out) in [
            (KeyringError::NoDefaultStore, "no_keychain", "install GNOME Keyring"),
            (wrapped("object locked"), "keychain_locked", "Unlock it"),
            (wrapped("prompt dismissed"), "keychain_denied", "allow Tutti"),
            (wrapped("result not returned"), "no_keychain", "default collection"),
            (KeyringError::PlatformFailure("gone".into()), "keychain_other", "gone"),
            (KeyringError::BadEncoding(b"secret-text".to_vec()), "keychain_other", "not readable"),
        ] {
            let error = explain(error);

            assert_eq!(error.code(), code);
            assert!(error.to_string().contains(way_out), "{error}");
        }
    }

    /// Linux: real sessions with a D-Bus and a home of their own, so that nobody's keyring is touched. Each scene runs
    /// this test program once more inside such a session.
    #[cfg(target_os = "linux")]
    mod in_a_session {
        use std::path::PathBuf;
        use std::process::Command;

        use super::*;

        const SCENE: &str = "TUTTI_TEST_KEYCHAIN_SCENE";
        const UNLOCK: &str = "printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null";
        const START: &str = "gnome-keyring-daemon --start --components=secrets >/dev/null";

        #[test]
        fn without_a_secret_service_the_words_say_so() {
            let home = Home::new("none");

            home.plays("no_keychain", &mut Command::new(this_program()));
        }

        #[test]
        fn a_secret_service_keeps_logins_and_a_locked_one_is_said_to_be_locked() {
            let home = Home::new("real");
            if !is_installed("dbus-run-session") || !is_installed("gnome-keyring-daemon") {
                eprintln!("no Secret Service can be started here: only its absence is tested");
                return home.plays("no_keychain", &mut Command::new(this_program()));
            }

            home.plays("keeps", &mut session(UNLOCK));
            // Without this the locked keyring would not be found to be the default one.
            std::fs::write(home.0.join("keyrings/default"), "login").unwrap();
            home.plays("refuses", &mut session(START));
        }

        #[test]
        fn scene() {
            let keychain = Keychain::new(Some(Path::new("/a/profile")));
            match std::env::var(SCENE).as_deref() {
                Ok("no_keychain") => {
                    let error = keychain.probe().unwrap_err();
                    assert_eq!(error.code(), "no_keychain");
                    assert!(error.to_string().contains("has no keychain that Tutti can use"));
                    assert_eq!(keychain.load("anna").unwrap_err().code(), "no_keychain");
                }
                Ok("keeps") => {
                    keeps_logins(&keychain);
                    keychain.save("anna", &login("kept")).unwrap();
                    assert_eq!(Keychain::new(None).load("anna"), Ok(None));
                }
                // No prompt can be shown without a display, so it counts as dismissed.
                Ok("refuses") => {
                    assert_eq!(keychain.probe().unwrap_err().code(), "keychain_denied");
                    assert_eq!(keychain.load("anna").unwrap_err().code(), "keychain_denied");
                }
                other => assert!(other.is_err(), "no scene of that name: {other:?}"),
            }
        }

        struct Home(PathBuf);

        impl Home {
            fn new(name: &str) -> Self {
                let name = format!("tutti-keychain-{name}-{}", std::process::id());
                let home = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&home).unwrap();
                Self(home)
            }

            fn plays(&self, scene: &str, command: &mut Command) {
                let output = command
                    .args(
                        ["--exact", "--nocapture", concat!(module_path!(), "::scene")]
                            .map(|word| word.split_once("::").map_or(word, |(_, path)| path)),
                    )
                    .env(SCENE, scene)
                    .envs(["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"].map(|name| (name, &self.0)))
                    .env_remove("DBUS_SESSION_BUS_ADDRESS")
                    .env_remove("DISPLAY")
                    .env_remove("WAYLAND_DISPLAY")
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&output.stdout);
                let complained = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success() && said.contains("1 passed"), "{scene}: {said}\n{complained}");
            }
        }

        impl Drop for Home {
            fn drop(&mut self) {
                let _ = std::fs::remove_dir_all(&self.0);
            }
        }

        fn session(keyring: &str) -> Command {
            let mut command = Command::new("dbus-run-session");
            let script = format!("{keyring}; exec \"$0\" \"$@\"");
            command.args(["--", "bash", "-c", &script]).arg(this_program());
            command
        }

        fn this_program() -> PathBuf {
            std::env::current_exe().unwrap()
        }

        fn is_installed(program: &str) -> bool {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
        }
    }

    fn login(refresh: &str) -> StoredLogin {
        StoredLogin {
            refresh: Secret::new(refresh),
            client_id: "an-id".into(),
            signed_in_at: "2026-11-21T10:00:00Z".parse().unwrap(),
        }
    }

    /// What every store does.
    fn keeps_logins(store: &dyn SecretStore) {
        let odd = "Zoë / \"x\" \u{1f3b5}\n";
        store.probe().unwrap();
        assert_eq!(store.load("anna"), Ok(None));
        store.delete("anna").unwrap();

        store.save("anna", &login("first")).unwrap();
        store.save(odd, &login("other")).unwrap();
        store.save("anna", &login("second")).unwrap();

        assert_eq!(store.load("anna"), Ok(Some(login("second"))));
        assert_eq!(store.load(odd), Ok(Some(login("other"))));

        store.delete("anna").unwrap();
        assert_eq!(store.load("anna"), Ok(None));
        assert_eq!(store.load(odd), Ok(Some(login("other"))));
        store.delete(odd).unwrap();
    }
}
