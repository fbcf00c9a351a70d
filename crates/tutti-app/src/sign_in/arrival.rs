//! How the answer of a sign-in's page comes back: on a loopback port, or as a link that the system opens Tutti with.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tutti_spotify::{AuthError, Kept, Listener, Secret, SignIn};
use url::Url;

use super::blocking;
use crate::api::{Redirect, SignInWay};
use crate::problem::Problem;
use crate::secrets::{SecretStore, StoredLogin};
use crate::settings::Endpoints;

/// The redirect that a link comes back to, exactly as it stands in the dashboard.
pub const LINK: &str = "tutti://callback";
/// The loopback redirect as it stands in the dashboard: without a port, any port is allowed.
const LOOPBACK: &str = "http://127.0.0.1/callback";
/// Answers that wait to be looked at; more at once are no browser's.
const WAITING: usize = 8;
/// A link is a few hundred characters; a longer one is no answer of Spotify's.
const LONGEST: usize = 4_096;
/// The place in the keychain of a sign-in under way.
const PLACE: &str = "sign-in under way";
/// A code of Spotify's is good for ten minutes: an older sign-in cannot be finished by any answer.
const LASTS: TimeDelta = TimeDelta::minutes(10);

/// Which links of the system's reach this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// None: a terminal or a browser page.
    #[default]
    None,
    /// Those that it is started with by hand.
    Given,
    /// All that the system opens.
    Opened,
}

impl Links {
    /// The redirects that work here, the one to choose first.
    pub fn redirects(self) -> Vec<Redirect> {
        let link = Redirect { way: SignInWay::Link, address: LINK.into() };
        let loopback = Redirect { way: SignInWay::Loopback, address: LOOPBACK.into() };
        match self {
            Self::None => vec![loopback],
            Self::Given => vec![loopback, link],
            Self::Opened => vec![link, loopback],
        }
    }

    /// The way that was used last, if it works here; else the first.
    pub fn way(self, last: Option<SignInWay>) -> SignInWay {
        last.filter(|way| self != Self::None || *way != SignInWay::Link).unwrap_or(match self {
            Self::Opened => SignInWay::Link,
            Self::None | Self::Given => SignInWay::Loopback,
        })
    }
}

/// Where a sign-in waits for its answer.
#[derive(Debug)]
pub enum Arrival {
    Loopback(Listener),
    Link(mpsc::Receiver<String>),
}

/// Hands the queries of links to the sign-in that waits for them.
#[derive(Debug, Clone)]
pub struct Answers(mpsc::Sender<String>);

impl Answers {
    pub fn channel() -> (Self, Arrival) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), Arrival::Link(receiver))
    }

    /// False if the sign-in has had its answer.
    pub fn give(&self, query: &str) -> bool {
        !matches!(self.0.try_send(query.to_owned()), Err(mpsc::error::TrySendError::Closed(_)))
    }
}

impl Arrival {
    pub async fn loopback() -> Result<Self, AuthError> {
        Listener::bind().await.map(Self::Loopback)
    }

    pub fn redirect(&self) -> Url {
        match self {
            Self::Loopback(listener) => listener.redirect().clone(),
            Self::Link(_) => link(),
        }
    }

    pub(super) fn way(&self) -> SignInWay {
        match self {
            Self::Loopback(_) => SignInWay::Loopback,
            Self::Link(_) => SignInWay::Link,
        }
    }

    /// The query of this sign-in's answer; `foreign` is called for every other that comes.
    pub(super) async fn wait(
        self,
        sign_in: &SignIn,
        deadline: Duration,
        foreign: impl Fn() + Send,
    ) -> Result<String, AuthError> {
        let mut links = match self {
            Self::Loopback(listener) => return listener.wait_telling(sign_in, deadline, foreign).await,
            Self::Link(links) => links,
        };
        let answer = async {
            while let Some(query) = links.recv().await {
                match sign_in.check(&query) {
                    Ok(()) => return Ok(query),
                    Err(_) => foreign(),
                }
            }
            Err(AuthError::NoAnswer)
        };
        timeout(deadline, answer).await.map_err(|_| AuthError::NoAnswer)?
    }
}

fn link() -> Url {
    Url::parse(LINK).expect("a constant address")
}

/// The query of a link that is the answer of a sign-in's page: `tutti://callback?…` and nothing else.
pub fn query_of(given: &str) -> Option<String> {
    if given.len() > LONGEST || !given.is_ascii() {
        return None;
    }
    let url = Url::parse(given).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    // Some browsers write a slash behind the host.
    let ours = url.scheme() == "tutti" && url.host_str() == Some("callback") && matches!(url.path(), "" | "/");
    (plain && ours && url.fragment().is_none()).then(|| url.query().unwrap_or_default().to_owned())
}

/// A sign-in that waits for a link survives a restart of the program: what its answer needs is in the keychain.
pub(super) async fn keep(secrets: Arc<dyn SecretStore>, client_id: &str, kept: &Kept) -> Result<(), Problem> {
    let refresh = Secret::new(format!("{} {}", kept.state.expose(), kept.verifier.expose()));
    let login = StoredLogin { refresh, client_id: client_id.to_owned(), signed_in_at: Utc::now() };
    blocking(move || secrets.save(PLACE, &login)).await
}

/// What an earlier run waited for and can still be answered, by client id; it is forgotten with this.
pub(super) async fn take(
    secrets: Arc<dyn SecretStore>,
    endpoints: &Endpoints,
) -> Result<Option<(String, SignIn)>, Problem> {
    let read = Arc::clone(&secrets);
    let Some(login) = blocking(move || read.load(PLACE)).await? else { return Ok(None) };
    forget(secrets).await?;
    let there = crate::players::spotify::servers(endpoints)?;
    Ok(kept(&login, Utc::now()).map(|kept| {
        let sign_in = SignIn::resume(&there, &login.client_id, &link(), kept);
        (login.client_id, sign_in)
    }))
}

fn kept(login: &StoredLogin, now: DateTime<Utc>) -> Option<Kept> {
    let fresh = (now - login.signed_in_at).abs() <= LASTS;
    let (state, verifier) = login.refresh.expose().split_once(' ')?;
    fresh.then(|| Kept { state: Secret::new(state), verifier: Secret::new(verifier) })
}

/// Nothing is waited for any more.
pub(super) async fn forget(secrets: Arc<dyn SecretStore>) -> Result<(), Problem> {
    blocking(move || secrets.delete(PLACE)).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_exact_address_is_an_answer() {
        assert_eq!(query_of("tutti://callback?code=a&state=b").as_deref(), Some("code=a&state=b"));
        assert_eq!(query_of("tutti://callback/?code=a").as_deref(), Some("code=a"));
        assert_eq!(query_of("tutti://callback").as_deref(), Some(""));
        for other in [
            "tutti://join/abc",
            "tutti://callback/more?code=a",
            "tutti://callback.example.org?code=a",
            "tutti://user@callback?code=a",
            "tutti://callback:80?code=a",
            "tutti://callback?code=a#b",
            "tutti:callback?code=a",
            "https://callback?code=a",
            "tutti://callback?code=ä",
            "",
        ] {
            assert_eq!(query_of(other), None, "{other}");
        }
        assert_eq!(query_of(&format!("tutti://callback?code={}", "a".repeat(LONGEST))), None);
    }

    #[test]
    fn a_way_is_offered_only_where_it_works() {
        assert_eq!(Links::None.way(Some(SignInWay::Link)), SignInWay::Loopback);
        assert_eq!(Links::Given.way(None), SignInWay::Loopback);
        assert_eq!(Links::Given.way(Some(SignInWay::Link)), SignInWay::Link);
        assert_eq!(Links::Opened.way(None), SignInWay::Link);
        assert_eq!(Links::Opened.way(Some(SignInWay::Loopback)), SignInWay::Loopback);
        assert_eq!(Links::None.redirects().len(), 1);
    }

    #[test]
    fn a_sign_in_under_way_lasts_ten_minutes() {
        let login = |minutes| StoredLogin {
            refresh: Secret::new("state verifier"),
            client_id: "c".into(),
            signed_in_at: Utc::now() - TimeDelta::minutes(minutes),
        };

        assert_eq!(kept(&login(9), Utc::now()).unwrap().verifier.expose(), "verifier");
        assert_eq!(kept(&login(11), Utc::now()), None);
        assert_eq!(kept(&login(-11), Utc::now()), None, "a clock that was set back");
    }
}
