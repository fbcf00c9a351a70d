//! One renewal of a sign-in at a time among all processes: a lock on a file, and the keychain read again behind it.
//!
//! A refresh token may be replaced with every renewal, and then the one before is worthless. Whoever renews therefore
//! holds the lock, uses what the keychain has by now, and keeps what comes before letting go. The system frees the lock
//! when its holder ends, however it ends. The file counts replacements, so that a keychain which gives out nothing for a
//! while stops only those whose token is known to be an old one.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tutti_spotify::{AuthError, Keeper, Secret, Transport, Turn};

use crate::api::Action;
use crate::lock;
use crate::problem::Problem;
use crate::secrets::{SecretStore, StoredLogin};
use crate::settings::short_hash;

/// How long to wait for somebody else's renewal: longer than one takes with its repetitions in the usual case.
const TURN_DEADLINE: Duration = Duration::from_secs(15);
/// A lock is looked at again after this long; a renewal takes about a hundred milliseconds.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The end of the program waits for a renewal this long: longer than one takes in the usual case.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// Where a user is told what a renewal met.
pub type Tell = Arc<dyn Fn(Problem) + Send + Sync>;

/// The renewals of a process that are under way. Who ends it waits for them: a token that replaces another and is not kept
/// would be the end of the sign-in. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Renewals(TaskTracker);

impl Renewals {
    /// Until the answer is dropped, one is under way; none begins any more after the end.
    fn begin(&self) -> Result<TaskTrackerToken, AuthError> {
        let token = self.0.token();
        if self.0.is_closed() {
            return Err(AuthError::Transport(Transport::Broken { detail: "the program is ending".into() }));
        }
        Ok(token)
    }

    /// Returns when none is under way and none can begin, or after three seconds.
    pub async fn end(&self) {
        self.0.close();
        if tokio::time::timeout(ENDS_WITHIN, self.0.wait()).await.is_err() {
            tracing::warn!("the program ends in the middle of a renewal");
        }
    }
}

/// A sign-in whose refresh token is in the keychain and may be used by several processes.
pub struct SharedLogin {
    secrets: Arc<dyn SecretStore>,
    account_id: String,
    name: String,
    lock: PathBuf,
    deadline: Duration,
    tell: Tell,
    renewals: Renewals,
    known: Mutex<Known>,
}

/// What this process last saw in the keychain.
struct Known {
    login: StoredLogin,
    replaced: Option<u64>,
}

/// How often the refresh token had been replaced before the keychain was asked; see [`SharedLogin::new`].
pub struct Replaced(Option<u64>);

impl SharedLogin {
    /// The lock of an account's sign-in in a profile, and the number of replacements: to be read before the keychain is.
    pub fn begin(profile: &Path, account_id: &str) -> (PathBuf, Replaced) {
        let sign_in = format!("renewal {} {account_id}", profile.display());
        let lock = lock::folder().join(format!("{}.lock", short_hash(sign_in.as_bytes())));
        let replaced = File::open(&lock).map_or(Some(0), |mut file| count(&mut file));
        (lock, Replaced(replaced))
    }

    pub fn new(
        secrets: Arc<dyn SecretStore>,
        (account_id, name): (&str, &str),
        login: StoredLogin,
        (lock, replaced): (PathBuf, Replaced),
        tell: Tell,
        renewals: Renewals,
    ) -> Arc<Self> {
        let known = Mutex::new(Known { login, replaced: replaced.0 });
        let (account_id, name) = (account_id.to_owned(), name.to_owned());
        Arc::new(Self { secrets, account_id, name, lock, deadline: TURN_DEADLINE, tell, renewals, known })
    }

    /// Waits for the lock. Where no file can be locked, renewals go on without: most of the time nobody else is there.
    fn wait(&self) -> Result<Option<File>, AuthError> {
        let unusable = |error: std::io::Error| {
            tracing::warn!(%error, "renewals of a sign-in cannot be kept apart from those of other processes");
            Ok(None)
        };
        let file = match open(&self.lock) {
            Ok(file) => file,
            Err(error) => return unusable(error),
        };
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::Error(error)) => return unusable(error),
                Err(TryLockError::WouldBlock) if begun.elapsed() < self.deadline => std::thread::sleep(LOOK_AGAIN),
                Err(TryLockError::WouldBlock) => {
                    (self.tell)(Problem::new("renewal_busy").with("name", &*self.name));
                    return Err(AuthError::RenewalBusy);
                }
            }
        }
    }

    /// The refresh token that is good now, with the lock held.
    fn current(&self, ours: &Secret, replaced: Option<u64>) -> Result<Secret, AuthError> {
        let mut known = self.known();
        match self.secrets.load(&self.account_id) {
            // Signed in again under another client id meanwhile: that one's tokens are of no use here.
            Ok(Some(kept)) if kept.client_id != known.login.client_id => Ok(ours.clone()),
            Ok(Some(kept)) => {
                known.replaced = replaced;
                if kept.refresh != known.login.refresh {
                    known.login = kept;
                    return Ok(known.login.refresh.clone());
                }
                drop(known);
                if kept.refresh != *ours {
                    // What the keychain did not take at the last renewal.
                    self.keep(ours);
                }
                Ok(ours.clone())
            }
            Ok(None) => Err(AuthError::Ended),
            Err(error) if replaced.is_some() && replaced == known.replaced => {
                tracing::warn!(code = error.code(), "the keychain is not needed: nobody else has replaced the sign-in");
                Ok(ours.clone())
            }
            Err(error) => {
                tracing::warn!(code = error.code(), "the keychain does not give out a sign-in that was replaced");
                (self.tell)(super::keychain_problem(&error).again(Action::RefreshDevices));
                Err(AuthError::KeychainSilent)
            }
        }
    }

    /// True if the keychain took it.
    fn keep(&self, new: &Secret) -> bool {
        let login = StoredLogin { refresh: new.clone(), ..self.known().login.clone() };
        match self.secrets.save(&self.account_id, &login) {
            Ok(()) => {
                self.known().login = login;
                true
            }
            Err(error) => {
                tracing::error!(code = error.code(), "a new refresh token could not be kept");
                (self.tell)(super::keychain_problem(&error).again(Action::RefreshDevices));
                false
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SharedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLogin").field("lock", &self.lock).finish_non_exhaustive()
    }
}

/// A handle that the client can hold.
#[derive(Debug, Clone)]
pub struct Shared(pub Arc<SharedLogin>);

struct SharedTurn {
    login: Arc<SharedLogin>,
    refresh: Secret,
    /// Locked until it is dropped.
    file: Option<File>,
    replaced: Option<u64>,
    _under_way: TaskTrackerToken,
}

impl Keeper for Shared {
    fn turn(&self, ours: &Secret) -> Result<Box<dyn Turn>, AuthError> {
        let under_way = self.0.renewals.begin()?;
        let mut file = self.0.wait()?;
        let replaced = file.as_mut().and_then(count);
        let refresh = self.0.current(ours, replaced)?;
        Ok(Box::new(SharedTurn { login: Arc::clone(&self.0), refresh, file, replaced, _under_way: under_way }))
    }
}

impl Turn for SharedTurn {
    fn refresh(&self) -> &Secret {
        &self.refresh
    }

    fn keep(&mut self, new: &Secret) {
        // Counted first: whoever reads the new number and not yet the new token learns that its own is not the last.
        let next = self.replaced.unwrap_or(0) + 1;
        if let Some(file) = &mut self.file
            && let Err(error) = set_count(file, next)
        {
            tracing::warn!(%error, "a replaced sign-in could not be counted");
        }
        if self.login.keep(new) {
            self.login.known().replaced = Some(next);
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::options().create(true).truncate(false).read(true).write(true).open(path)
}

/// The number in the file; nothing yet is 0, and something else is unknown.
fn count(file: &mut File) -> Option<u64> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    if text.is_empty() { Some(0) } else { text.strip_suffix('\n')?.parse().ok() }
}

/// Numbers only grow, so that writing over the old one leaves nothing of it.
fn set_count(file: &mut File, number: u64) -> std::io::Result<()> {
    file.rewind()?;
    file.write_all(format!("{number}\n").as_bytes())
}

#[cfg(test)]
mod tests;
