//! Keychain calls one after another, each on a thread of its own with a deadline.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use super::SecretError;

/// How long a keychain may take: long enough to type a password into its prompt.
pub const KEYCHAIN_DEADLINE: Duration = Duration::from_secs(20);

/// Calls that may wait for a keychain's prompt at the same time; any more would only add threads.
const WAITING_CALLS: usize = 8;

/// Runs keychain calls one after another, each on a thread of its own with a deadline. A call whose caller has given up
/// before its turn came is not made.
pub(super) fn in_turn<T: Send + 'static>(
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

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
}
