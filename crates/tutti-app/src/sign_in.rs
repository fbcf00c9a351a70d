//! Signing an account in: the page in the browser, its answer, who it is, and the keychain.

pub mod arrival;
mod lasting;
pub mod renewal;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tutti_core::limit::Class;
use tutti_spotify::{AuthError, Client, Http, SignIn};

use crate::api::{Action, SignInWay};
use crate::clock;
use crate::players::spotify::{SpotifyPlayer, failure, servers};
use crate::problem::{Problem, to_connect};
use crate::ration::Ration;
use crate::secrets::{Keeps, SecretError, SecretStore, StoredLogin};
use crate::settings::{Endpoints, tidy_client_id, tidy_name};
use crate::trouble;
pub use arrival::{Answers, Arrival, Links};
pub use lasting::{Lasts, lasts};
pub use tutti_spotify::reach::Reached;

/// How long the program waits for somebody to finish in the browser.
pub const DEADLINE: Duration = Duration::from_secs(300);
/// Another server may use client ids of another shape; a longer one is a slip of the clipboard.
const LONGEST_CLIENT_ID: usize = 64;

/// A sign-in that waits for the browser.
#[derive(Debug)]
pub struct Pending {
    sign_in: SignIn,
    arrival: Arrival,
    http: Http,
    endpoints: Endpoints,
    client_id: String,
}

/// An account that signed in just now.
#[derive(Debug)]
pub struct SignedIn {
    /// `account_id`, else `id`: what the account is known by.
    pub account_id: String,
    /// Spotify's display name, as far as it can be shown.
    pub name: Option<String>,
    pub client_id: String,
    pub player: SpotifyPlayer,
    pub way: SignInWay,
    login: StoredLogin,
}

/// The client id as it will be sent: Spotify's have 32 hexadecimal digits, those of another server may not.
pub fn check_client_id(given: &str, endpoints: &Endpoints) -> Result<String, Problem> {
    let id = given.trim();
    if id.is_empty() {
        return Err(Problem::new("no_client_id").way_out("connect", to_connect()));
    }
    let odd = || Problem::new("bad_client_id").way_out("connect", to_connect());
    if endpoints.other {
        let plain = id.len() <= LONGEST_CLIENT_ID && id.chars().all(|c| c.is_ascii_graphic());
        return if plain { Ok(id.to_owned()) } else { Err(odd()) };
    }
    tidy_client_id(id).ok_or_else(odd)
}

impl Pending {
    /// Prepares the page. The answer comes over `links` if they are given, else to a loopback port that opens here.
    pub async fn begin(endpoints: &Endpoints, client_id: &str, links: Option<Arrival>) -> Result<Self, Problem> {
        let client_id = check_client_id(client_id, endpoints)?;
        let explain = |error: AuthError| problem(&error, endpoints, &client_id);
        let there = servers(endpoints)?;
        let http = Http::new(&there).map_err(|error| explain(error.into()))?;
        let arrival = match links {
            Some(links) => links,
            None => Arrival::loopback().await.map_err(explain)?,
        };
        let sign_in = SignIn::begin(&there, &client_id, &arrival.redirect()).map_err(explain)?;
        Ok(Self { sign_in, arrival, http, endpoints: endpoints.clone(), client_id })
    }

    /// The sign-in that an earlier run of the program began, for a link that came after a restart. `None` if none waits.
    pub async fn resume(
        endpoints: &Endpoints,
        secrets: Arc<dyn SecretStore>,
        links: Arrival,
    ) -> Result<Option<Self>, Problem> {
        let Some((client_id, sign_in)) = arrival::take(secrets, endpoints).await? else { return Ok(None) };
        let http = Http::new(&servers(endpoints)?);
        let http = http.map_err(|error| problem(&error.into(), endpoints, &client_id))?;
        Ok(Some(Self { sign_in, arrival: links, http, endpoints: endpoints.clone(), client_id }))
    }

    /// Keeps what a link needs that comes after a restart of the program. A loopback port is gone with it.
    pub async fn outlive(&self, secrets: Arc<dyn SecretStore>) -> Result<(), Problem> {
        match self.arrival {
            Arrival::Loopback(_) => Ok(()),
            Arrival::Link(_) => arrival::keep(secrets, &self.client_id, &self.sign_in.kept()).await,
        }
    }

    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The page to open in the browser.
    pub fn address(&self) -> &str {
        self.sign_in.authorize_url.as_str()
    }

    /// Waits for the browser and asks Spotify who it was. An answer that belongs to another sign-in is refused and
    /// `told`; the wait goes on.
    pub async fn finish(
        self,
        ration: &Ration,
        deadline: Duration,
        told: impl Fn(Problem) + Send + Sync,
    ) -> Result<SignedIn, Problem> {
        let Self { sign_in, arrival, http, endpoints, client_id } = self;
        let way = arrival.way();
        let explain = |error: AuthError| problem(&error, &endpoints, &client_id);
        let foreign = || told(Problem::new("sign_in_foreign_state"));
        let query = arrival.wait(&sign_in, deadline, foreign).await.map_err(explain)?;
        let token = sign_in.finish(&http, &query).await.map_err(explain)?;
        let refresh = token.refresh.clone().ok_or_else(|| explain(AuthError::Unreadable))?;
        let login = StoredLogin { refresh, client_id: client_id.clone(), signed_in_at: token.signed_in_at };
        let client = Client::signed_in(servers(&endpoints)?, &client_id, token, http);
        let refused = |failure| trouble::of_failure(&failure, "", &endpoints).into_problem();
        ration.admit(Class::Read).await.map_err(refused)?;
        let me = client.me().await.map_err(|error| {
            let failure = failure(&error.error, clock::now());
            ration.heed(&failure);
            refused(failure)
        })?;
        let account_id = me.value.key().unwrap_or_default().to_owned();
        Ok(SignedIn {
            account_id,
            name: me.value.display_name.as_deref().and_then(tidy_name),
            client_id,
            player: SpotifyPlayer::new(client),
            way,
            login,
        })
    }
}

impl SignedIn {
    /// When the user signed in.
    pub fn at(&self) -> DateTime<Utc> {
        self.login.signed_in_at
    }

    /// Puts the sign-in into the keychain, which may ask the user. The answer is what to tell the user about how long it
    /// is kept, unless that is for good.
    pub async fn keep(&self, secrets: Arc<dyn SecretStore>) -> Result<Option<Problem>, Problem> {
        let (key, login) = (self.account_id.clone(), self.login.clone());
        let keeps = blocking(move || secrets.save(&key, &login).map(|()| secrets.keeps())).await?;
        Ok(match keeps {
            Keeps::ForGood => None,
            Keeps::UntilRestart => Some(Problem::new("keychain_until_restart")),
        })
    }
}

/// Whether a sign-in could be kept: asked before anybody is sent to the browser.
pub async fn probe(secrets: Arc<dyn SecretStore>) -> Result<(), Problem> {
    blocking(move || secrets.probe()).await
}

/// Whether the accounts service answers at all, without any sign-in; `None` if it does not.
pub async fn reach(endpoints: &Endpoints) -> Result<Option<Reached>, Problem> {
    let there = servers(endpoints)?;
    let Ok(http) = Http::new(&there) else { return Ok(None) };
    Ok(tutti_spotify::reach::reach(&http, &there).await.ok())
}

/// No answer of a page is waited for any more, in this run or a later one.
pub async fn give_up(secrets: Arc<dyn SecretStore>) -> Result<(), Problem> {
    arrival::forget(secrets).await
}

/// Keychain calls block for as long as a prompt is open.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(call).await {
        Ok(answer) => answer.map_err(|error| keychain_problem(&error)),
        Err(error) => Err(Problem::new("keychain_other").with("why", error.to_string())),
    }
}

pub(crate) fn keychain_problem(error: &SecretError) -> Problem {
    let problem = Problem::new(error.code());
    match error {
        SecretError::Other { detail } => problem.with("why", detail.clone()),
        _ => problem,
    }
}

/// A sign-in that did not work, in words, with the way out.
fn problem(error: &AuthError, endpoints: &Endpoints, client_id: &str) -> Problem {
    let again = Action::Connect { client_id: client_id.to_owned(), name: None, way: None };
    let code = match error {
        AuthError::NoClientId => return Problem::new("no_client_id").way_out("connect", to_connect()),
        AuthError::Denied => "sign_in_denied",
        AuthError::ForeignState | AuthError::Incomplete => "sign_in_foreign_state",
        AuthError::NoAnswer => "sign_in_timeout",
        AuthError::NoPort { .. } => {
            return Problem::new("port_taken").with("address", "127.0.0.1").way_out("try_again", again);
        }
        _ => {
            if let (true, Some(address)) = (error.transient(), endpoints.shown()) {
                return Problem::new("other_server_gone").with("address", address).way_out("try_again", again);
            }
            let why = trouble::cause(error.code());
            return Problem::new("sign_in_failed").with("why", why).way_out("connect", to_connect());
        }
    };
    Problem::new(code).way_out("try_again", again)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_client_id_is_checked_before_the_browser_opens() {
        let spotify = Endpoints::default();
        let other = Endpoints::other("http://127.0.0.1:9/v1", "http://127.0.0.1:9").unwrap();

        assert_eq!(check_client_id("  ", &spotify).unwrap_err().code(), "no_client_id");
        assert_eq!(check_client_id("abc", &spotify).unwrap_err().code(), "bad_client_id");
        assert_eq!(check_client_id("abc", &other).unwrap(), "abc");
        assert_eq!(check_client_id("a b", &other).unwrap_err().code(), "bad_client_id");
    }

    #[test]
    fn every_error_of_a_sign_in_has_a_sentence() {
        let spotify = Endpoints::default();
        let errors = [
            AuthError::NoClientId,
            AuthError::Denied,
            AuthError::ForeignState,
            AuthError::Incomplete,
            AuthError::UnknownClient,
            AuthError::CodeRefused,
            AuthError::Ended,
            AuthError::Refused { code: "invalid_scope".into() },
            AuthError::Wait { retry_after: None },
            AuthError::Server { status: 503 },
            AuthError::Unreadable,
            AuthError::NoAnswer,
            AuthError::NoPort { detail: "x".into() },
        ];
        for error in errors {
            let problem = problem(&error, &spotify, "c");
            let text = problem.text();

            assert!(!text.starts_with("notice.") && !text.contains(['{', '}']), "{error:?}: {text}");
            assert!(problem.to_notice(1).way_out.is_some(), "{error:?} has no way out");
        }
    }
}
