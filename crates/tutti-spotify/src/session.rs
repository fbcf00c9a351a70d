//! One account's access token, renewed once for all who wait for it.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use crate::auth::{self, Granted};
use crate::endpoints::Endpoints;
use crate::error::{AuthError, Transport};
use crate::http::Http;
use crate::keeper::Keeper;
use crate::token::{RENEW_BEFORE_END, Secret, Token};

/// After a renewal that failed for the moment, a token that still lasts is used for this long before the next try.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A renewal that hangs goes on by itself: after this long the token at hand is used while it lasts.
const PATIENCE: Duration = Duration::from_secs(2);

/// A renewal that failed, but may well succeed in a moment, is repeated after a wait of at most these lengths, drawn afresh
/// each time: many who lost the accounts service together do not come back together.
const REPEAT_AFTER: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_200)];
/// No repetition begins later: whoever waits does so for twice the longest request.
const REPEAT_WITHIN: Duration = Duration::from_secs(10);

/// Where tokens come from, and the current one.
#[derive(Clone)]
pub(crate) struct Session {
    pub http: Http,
    pub endpoints: Endpoints,
    client_id: Arc<str>,
    keeper: Option<Arc<dyn Keeper>>,
    /// Locked while it is renewed.
    state: Arc<Mutex<State>>,
    /// The current token again, which can be had meanwhile.
    at_hand: Arc<std::sync::Mutex<Option<Access>>>,
}

/// An access token with its number; every renewal raises the number.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub secret: Secret,
    pub number: u64,
    expires_at: Instant,
}

#[derive(Debug)]
struct State {
    access: Option<Access>,
    refresh: Option<Secret>,
    renewals: u64,
    failed: Option<(Instant, AuthError)>,
}

#[derive(Debug)]
enum Step {
    Use(Access),
    Fail(AuthError),
    Renew(Secret),
}

impl Session {
    pub fn new(endpoints: Endpoints, client_id: &str, refresh: Secret, http: Http) -> Self {
        Self::with(endpoints, client_id, Some(refresh), None, http)
    }

    pub fn signed_in(endpoints: Endpoints, client_id: &str, token: Token, http: Http) -> Self {
        let access = Access { secret: token.access, number: 0, expires_at: token.expires_at };
        Self::with(endpoints, client_id, token.refresh, Some(access), http)
    }

    fn with(
        endpoints: Endpoints,
        client_id: &str,
        refresh: Option<Secret>,
        access: Option<Access>,
        http: Http,
    ) -> Self {
        let at_hand = Arc::new(std::sync::Mutex::new(access.clone()));
        let state = Arc::new(Mutex::new(State { access, refresh, renewals: 0, failed: None }));
        Self { http, endpoints, client_id: client_id.trim().into(), keeper: None, state, at_hand }
    }

    pub fn set_keeper(&mut self, keeper: Arc<dyn Keeper>) {
        self.keeper = Some(keeper);
    }

    /// An access token that lasts for another request. `refused` is the number of one that was answered with 401.
    pub async fn access(&self, refused: Option<u64>) -> Result<Access, AuthError> {
        let mut renewed = pin!(self.renewed(refused));
        if let Ok(outcome) = timeout(PATIENCE, renewed.as_mut()).await {
            return outcome;
        }
        let at_hand = lasting(self.at_hand().as_ref(), Instant::now(), refused);
        match at_hand {
            Some(access) => Ok(access),
            None => renewed.await,
        }
    }

    async fn renewed(&self, refused: Option<u64>) -> Result<Access, AuthError> {
        let entered = Instant::now();
        let state = self.state.clone().lock_owned().await;
        match state.step(entered, Instant::now(), refused) {
            Step::Use(access) => Ok(access),
            Step::Fail(error) => Err(error),
            Step::Renew(refresh) => {
                // A task of its own: a caller who gives up must not lose a refresh token that was just replaced.
                let renewal = tokio::spawn(self.clone().renew(state, refresh, refused));
                renewal.await.unwrap_or_else(|_| {
                    Err(AuthError::Transport(Transport::Broken { detail: "the program is ending".into() }))
                })
            }
        }
    }

    async fn renew(
        self,
        mut state: OwnedMutexGuard<State>,
        refresh: Secret,
        refused: Option<u64>,
    ) -> Result<Access, AuthError> {
        match self.granted(&refresh).await {
            Ok((granted, kept)) => {
                state.refresh = Some(kept);
                state.renewals += 1;
                let access = Access { secret: granted.access, number: state.renewals, expires_at: granted.expires_at };
                state.access = Some(access.clone());
                *self.at_hand() = Some(access.clone());
                state.failed = None;
                tracing::debug!(renewals = state.renewals, "access token renewed");
                Ok(access)
            }
            Err(error) => {
                tracing::warn!(%error, "access token not renewed");
                let now = Instant::now();
                state.failed = Some((now, error.clone()));
                match state.lasting(now, refused) {
                    Some(access) if !error.needs_login() => Ok(access),
                    _ => Err(error),
                }
            }
        }
    }

    fn at_hand(&self) -> std::sync::MutexGuard<'_, Option<Access>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews when it is this client's turn; a new refresh token is kept before anything relies on it. The second half
    /// of the answer is the refresh token that is good from now on.
    async fn granted(&self, ours: &Secret) -> Result<(Granted, Secret), AuthError> {
        let Some(keeper) = self.keeper.clone() else {
            let granted = self.ask(ours).await?;
            let kept = granted.refresh.clone().unwrap_or_else(|| ours.clone());
            return Ok((granted, kept));
        };
        let known = ours.clone();
        let mut turn = blocking(move || keeper.turn(&known)).await??;
        let refresh = turn.refresh().clone();
        let granted = self.ask(&refresh).await?;
        let Some(new) = granted.refresh.clone().filter(|new| *new != refresh) else {
            return Ok((granted, refresh));
        };
        let kept = new.clone();
        if blocking(move || turn.keep(&kept)).await.is_err() {
            tracing::error!("the new refresh token could not be stored");
        }
        Ok((granted, new))
    }

    /// Asks the accounts service; twice more if that may help, with full jitter.
    async fn ask(&self, refresh: &Secret) -> Result<Granted, AuthError> {
        let begun = Instant::now();
        for longest in REPEAT_AFTER {
            let error = match auth::renew(&self.http, &self.endpoints, &self.client_id, refresh).await {
                Err(error) if error.may_pass() => error,
                outcome => return outcome,
            };
            let wait = longest.mul_f64(rand::random());
            if begun.elapsed() + wait >= REPEAT_WITHIN {
                return Err(error);
            }
            tracing::debug!(%error, wait_ms = wait.as_millis(), "the renewal is repeated");
            tokio::time::sleep(wait).await;
        }
        auth::renew(&self.http, &self.endpoints, &self.client_id, refresh).await
    }
}

/// A keychain may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AuthError::Transport(Transport::Broken { detail: "the program is ending".into() }))
}

impl State {
    /// What a caller does who came at `entered` and has the lock at `now`.
    fn step(&self, entered: Instant, now: Instant, refused: Option<u64>) -> Step {
        let lasting = self.lasting(now, refused);
        if let Some(access) = &lasting
            && access.expires_at > now + RENEW_BEFORE_END
        {
            return Step::Use(access.clone());
        }
        if let Some((at, error)) = &self.failed {
            if matches!(error, AuthError::Ended | AuthError::UnknownClient) {
                // No later request can change this one's answer.
                return Step::Fail(error.clone());
            }
            let waiting = self.waiting(now);
            if let Some(access) = lasting
                && (waiting.is_some() || now < *at + TRY_AGAIN_AFTER)
            {
                return Step::Use(access);
            }
            if let Some(left) = waiting {
                return Step::Fail(AuthError::Wait { retry_after: Some(left) });
            }
            if *at >= entered {
                return Step::Fail(error.clone());
            }
        }
        match &self.refresh {
            Some(refresh) => Step::Renew(refresh.clone()),
            None => Step::Fail(AuthError::Ended),
        }
    }

    /// The current token, if it has not ended and was not the one refused.
    fn lasting(&self, now: Instant, refused: Option<u64>) -> Option<Access> {
        lasting(self.access.as_ref(), now, refused)
    }

    /// How long the accounts service still wants to be left alone.
    fn waiting(&self, now: Instant) -> Option<Duration> {
        let (at, AuthError::Wait { retry_after: Some(wait) }) = self.failed.as_ref()? else {
            return None;
        };
        at.checked_add(*wait)?.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

fn lasting(access: Option<&Access>, now: Instant, refused: Option<u64>) -> Option<Access> {
    let fresh = |access: &&Access| refused.is_none_or(|refused| access.number > refused);
    access.filter(|access| access.expires_at > now).filter(fresh).cloned()
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_token_is_used_until_sixty_seconds_before_its_end() {
        let now = Instant::now();

        assert!(matches!(lasts(now, 61).step(now, now, None), Step::Use(_)));
        assert!(matches!(lasts(now, 60).step(now, now, None), Step::Renew(_)));
    }

    #[test]
    fn a_refused_token_is_not_used_again_and_a_newer_one_is() {
        let now = Instant::now();
        let state = lasts(now, 3600);

        assert!(matches!(state.step(now, now, Some(3)), Step::Renew(_)));
        assert!(matches!(state.step(now, now, Some(2)), Step::Use(_)));
    }

    #[test]
    fn a_renewal_that_failed_for_the_moment_leaves_the_token_that_still_lasts() {
        let now = Instant::now();
        let mut state = lasts(now, 30);
        state.failed = Some((now, AuthError::Server { status: 503 }));

        assert!(matches!(state.step(now, now + SECOND, None), Step::Use(_)));
        assert!(matches!(state.step(now + 11 * SECOND, now + 11 * SECOND, None), Step::Renew(_)));
    }

    #[test]
    fn whoever_waited_for_a_renewal_that_failed_shares_its_failure() {
        let now = Instant::now();
        let mut state = lasts(now, 0);
        state.failed = Some((now + SECOND, AuthError::Server { status: 503 }));

        let waited = state.step(now, now + SECOND, None);
        let came_later = state.step(now + 2 * SECOND, now + 2 * SECOND, None);

        assert!(matches!(waited, Step::Fail(AuthError::Server { .. })));
        assert!(matches!(came_later, Step::Renew(_)));
    }

    #[test]
    fn a_sign_in_that_has_ended_is_not_tried_again() {
        let now = Instant::now();
        let mut state = lasts(now, 0);
        state.failed = Some((now, AuthError::Ended));
        let much_later = now + 10_000 * SECOND;

        assert!(matches!(state.step(much_later, much_later, None), Step::Fail(AuthError::Ended)));

        state.failed = Some((now, AuthError::Refused { code: "odd".into() }));
        assert!(matches!(state.step(much_later, much_later, None), Step::Renew(_)));
    }

    #[test]
    fn the_wait_that_the_accounts_service_asks_for_is_kept_and_counts_down() {
        let now = Instant::now();
        let mut state = lasts(now, 0);
        let wait = AuthError::Wait { retry_after: Some(30 * SECOND) };
        state.failed = Some((now, wait));

        let Step::Fail(error) = state.step(now + 10 * SECOND, now + 10 * SECOND, None) else {
            panic!("no request while waiting");
        };
        assert_eq!(error, AuthError::Wait { retry_after: Some(20 * SECOND) });
        assert!(matches!(state.step(now + 31 * SECOND, now + 31 * SECOND, None), Step::Renew(_)));
    }

    #[test]
    fn without_a_refresh_token_the_sign_in_ends_with_its_access_token() {
        let now = Instant::now();
        let mut state = lasts(now, 61);
        state.refresh = None;

        assert!(matches!(state.step(now, now, None), Step::Use(_)));
        assert!(matches!(state.step(now, now + 2 * SECOND, None), Step::Fail(AuthError::Ended)));
    }

    #[tokio::test(start_paused = true)]
    async fn while_a_renewal_hangs_the_token_at_hand_is_used_and_one_that_was_refused_is_not() {
        let here = Endpoints::loopback("http://127.0.0.1:1/v1", "http://127.0.0.1:1").unwrap();
        let http = Http::through(Arc::new(OnceThenNever::default()));
        let session = Session::new(here, "an-id", Secret::new("r"), http);
        let first = session.access(None).await.unwrap();
        let begun = Instant::now();

        let meanwhile = session.access(None).await.unwrap();
        let after = begun.elapsed();
        let refused = session.access(Some(first.number)).await;

        assert_eq!((meanwhile.number, after), (first.number, PATIENCE));
        assert!(matches!(refused, Err(AuthError::Transport(Transport::Timeout))), "{refused:?}");
    }

    /// An accounts service that gives one token, which must be renewed at once, and then nothing any more.
    #[derive(Debug, Default)]
    struct OnceThenNever(std::sync::atomic::AtomicBool);

    impl crate::http::Carrier for OnceThenNever {
        fn carry(&self, _: reqwest::Request) -> crate::http::Carried {
            let token = r#"{"access_token":"a","token_type":"Bearer","expires_in":50}"#;
            match self.0.swap(true, std::sync::atomic::Ordering::AcqRel) {
                false => Box::pin(async move { Ok(axum::http::Response::new(reqwest::Body::from(token)).into()) }),
                true => Box::pin(std::future::pending()),
            }
        }
    }

    fn lasts(now: Instant, seconds: u32) -> State {
        State {
            access: Some(Access { secret: Secret::new("a"), number: 3, expires_at: now + seconds * SECOND }),
            refresh: Some(Secret::new("r")),
            renewals: 3,
            failed: None,
        }
    }
}
