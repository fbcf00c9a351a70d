//! Sign-in by authorization code with PKCE, and the renewal of access tokens, over our own HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::Utc;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, CsrfToken, HttpRequest, HttpResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use crate::endpoints::Endpoints;
use crate::error::{AuthError, Transport, retry_after};
use crate::http::Http;
use crate::token::{Secret, Token};

/// The three permissions that Tutti asks for.
pub const SCOPES: [&str; 3] = ["user-read-playback-state", "user-modify-playback-state", "user-read-currently-playing"];

/// How long an access token lasts if the answer does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// The longest word of the accounts service that is repeated.
const CODE_LIMIT: usize = 60;

/// A sign-in under way: the page to open, and what is needed to accept its answer.
#[derive(Debug)]
pub struct SignIn {
    /// The page of the accounts service on which the user consents. It carries no secret that outlives the sign-in.
    pub authorize_url: Url,
    endpoints: Endpoints,
    client_id: String,
    redirect: Url,
    state: Secret,
    verifier: Secret,
}

/// The two secrets of a sign-in under way; worth nothing once it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub state: Secret,
    pub verifier: Secret,
}

/// Tells a sign-in's own answer from any other.
#[derive(Debug)]
pub(crate) struct Reader {
    state: Secret,
}

/// What the browser brought back to the redirect address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callback {
    Code(Secret),
    Failed(AuthError),
}

/// An access token that was just obtained.
#[derive(Debug)]
pub(crate) struct Granted {
    pub access: Secret,
    /// Present if the accounts service replaced the refresh token.
    pub refresh: Option<Secret>,
    pub expires_at: Instant,
    pub scopes: Vec<String>,
}

impl SignIn {
    /// Prepares a sign-in for a client id with a fresh `state` and verifier. The redirect address must be one that is
    /// registered for the client id, apart from the port of a loopback address.
    pub fn begin(endpoints: &Endpoints, client_id: &str, redirect: &Url) -> Result<Self, AuthError> {
        let client_id = client_id.trim();
        if client_id.is_empty() {
            return Err(AuthError::NoClientId);
        }
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (authorize_url, state) = BasicClient::new(ClientId::new(client_id.into()))
            .set_auth_uri(AuthUrl::from_url(endpoints.authorize()))
            .set_redirect_uri(RedirectUrl::from_url(redirect.clone()))
            .authorize_url(CsrfToken::new_random)
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.into())))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Self {
            authorize_url,
            endpoints: endpoints.clone(),
            client_id: client_id.into(),
            redirect: redirect.clone(),
            state: Secret::new(state.into_secret()),
            verifier: Secret::new(verifier.into_secret()),
        })
    }

    /// The same sign-in in a later run of the program, from what [`SignIn::kept`] gave out. Its page cannot be opened
    /// again: only its answer is waited for.
    pub fn resume(endpoints: &Endpoints, client_id: &str, redirect: &Url, kept: Kept) -> Self {
        Self {
            authorize_url: endpoints.authorize(),
            endpoints: endpoints.clone(),
            client_id: client_id.trim().into(),
            redirect: redirect.clone(),
            state: kept.state,
            verifier: kept.verifier,
        }
    }

    /// What makes the answer acceptable in a later run; to be kept where tokens are.
    pub fn kept(&self) -> Kept {
        Kept { state: self.state.clone(), verifier: self.verifier.clone() }
    }

    /// Whether the query of a redirect is this sign-in's answer, be it a yes or a no.
    ///
    /// # Errors
    /// [`AuthError::ForeignState`] and [`AuthError::Incomplete`]: it is not.
    pub fn check(&self, query: &str) -> Result<(), AuthError> {
        self.read(query).map(drop)
    }

    /// Checks the query of the redirect (`code=…&state=…`, without `?`) and exchanges its code for a token.
    pub async fn finish(self, http: &Http, query: &str) -> Result<Token, AuthError> {
        let code = match self.read(query)? {
            Callback::Code(code) => code,
            Callback::Failed(error) => return Err(error),
        };
        let client = BasicClient::new(ClientId::new(self.client_id))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token()))
            .set_redirect_uri(RedirectUrl::from_url(self.redirect));
        let asked = Instant::now();
        let answer = client
            .exchange_code(AuthorizationCode::new(code.expose().into()))
            .set_pkce_verifier(PkceCodeVerifier::new(self.verifier.expose().into()))
            .request_async(http)
            .await
            .map_err(|error| explain(error, AuthError::CodeRefused))?;
        let granted = Granted::read(&answer, asked)?;
        Ok(Token {
            access: granted.access,
            refresh: granted.refresh,
            expires_at: granted.expires_at,
            scopes: granted.scopes,
            signed_in_at: Utc::now(),
        })
    }

    /// A reader of queries that holds this sign-in's `state`, for the listener.
    pub(crate) fn reader(&self) -> Reader {
        Reader { state: self.state.clone() }
    }

    fn read(&self, query: &str) -> Result<Callback, AuthError> {
        self.reader().read(query)
    }
}

impl Reader {
    /// Reads the query of a redirect. [`AuthError::ForeignState`] and [`AuthError::Incomplete`] mean that it is not
    /// this sign-in's answer; everything else is.
    pub(crate) fn read(&self, query: &str) -> Result<Callback, AuthError> {
        let state = single(query, "state")?.ok_or(AuthError::ForeignState)?;
        if !same(state.expose(), self.state.expose()) {
            return Err(AuthError::ForeignState);
        }
        match (single(query, "code")?, single(query, "error")?) {
            (Some(code), None) if !code.expose().is_empty() => Ok(Callback::Code(code)),
            (None, Some(error)) => Ok(Callback::Failed(named(error.expose(), AuthError::CodeRefused))),
            _ => Err(AuthError::Incomplete),
        }
    }
}

impl Granted {
    fn read(answer: &BasicTokenResponse, asked: Instant) -> Result<Self, AuthError> {
        let access = answer.access_token().secret();
        if access.is_empty() || HeaderValue::from_str(access).is_err() {
            return Err(AuthError::Unreadable);
        }
        let life = answer.expires_in().unwrap_or(USUAL_LIFE);
        Ok(Self {
            access: Secret::new(access.as_str()),
            refresh: answer
                .refresh_token()
                .map(|refresh| refresh.secret())
                .filter(|refresh| !refresh.is_empty())
                .map(|refresh| Secret::new(refresh.as_str())),
            expires_at: asked.checked_add(life).unwrap_or(asked + USUAL_LIFE),
            scopes: answer
                .scopes()
                .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect())
                .unwrap_or_default(),
        })
    }
}

/// Obtains a new access token. One request.
pub(crate) async fn renew(
    http: &Http,
    endpoints: &Endpoints,
    client_id: &str,
    refresh: &Secret,
) -> Result<Granted, AuthError> {
    let client = BasicClient::new(ClientId::new(client_id.into())).set_token_uri(TokenUrl::from_url(endpoints.token()));
    let asked = Instant::now();
    let answer = client
        .exchange_refresh_token(&RefreshToken::new(refresh.expose().into()))
        .request_async(http)
        .await
        .map_err(|error| explain(error, AuthError::Ended))?;
    Granted::read(&answer, asked)
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = AuthError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AuthError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(carry(self, request))
    }
}

/// Carries one request of the `oauth2` crate. Answers that are not about the sign-in end here.
async fn carry(http: &Http, request: HttpRequest) -> Result<HttpResponse, AuthError> {
    let request = reqwest::Request::try_from(request).map_err(Transport::from)?;
    let answer = http.send(request).await?;
    let status = answer.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let retry_after = retry_after(answer.headers(), Utc::now());
        answer.drain().await;
        return Err(AuthError::Wait { retry_after });
    }
    if !matches!(status.as_u16(), 200 | 400 | 401 | 403) {
        answer.drain().await;
        return Err(AuthError::Server { status: status.as_u16() });
    }
    let mut read = HttpResponse::new(answer.body().await?);
    *read.status_mut() = status;
    Ok(read)
}

fn explain(error: RequestTokenError<AuthError, BasicErrorResponse>, invalid_grant: AuthError) -> AuthError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            BasicErrorResponseType::InvalidClient => AuthError::UnknownClient,
            BasicErrorResponseType::InvalidGrant => invalid_grant,
            other => named(other.as_ref(), invalid_grant),
        },
        // Both may hold the body, and the body a token.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => AuthError::Unreadable,
    }
}

/// An error by its OAuth name, in a redirect or in an answer.
fn named(code: &str, invalid_grant: AuthError) -> AuthError {
    match code {
        "access_denied" => AuthError::Denied,
        "invalid_client" => AuthError::UnknownClient,
        "invalid_grant" => invalid_grant,
        "server_error" | "temporarily_unavailable" => AuthError::Server { status: 503 },
        other => AuthError::Refused { code: other.chars().filter(|c| c.is_ascii_graphic()).take(CODE_LIMIT).collect() },
    }
}

/// A parameter's value; twice the same parameter is no answer of the accounts service.
fn single(query: &str, name: &str) -> Result<Option<Secret>, AuthError> {
    let mut values =
        form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).map(|(_, value)| Secret::new(value));
    let first = values.next();
    match values.next() {
        Some(_) => Err(AuthError::Incomplete),
        None => Ok(first),
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |difference, (l, r)| difference | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_page_to_open_carries_what_spotify_needs_and_only_three_scopes() {
        let sign_in = begin();

        let url = &sign_in.authorize_url;
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();

        assert!(url.as_str().starts_with("https://accounts.spotify.com/authorize?"));
        assert_eq!(query["client_id"], "an-id");
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["redirect_uri"], "http://127.0.0.1:4000/callback");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["code_challenge"].len(), 43);
        assert_eq!(query["state"], sign_in.state.expose());
        assert_eq!(query["scope"], "user-read-playback-state user-modify-playback-state user-read-currently-playing");
        assert_eq!(query.len(), 7);
        assert!(!url.as_str().contains(sign_in.verifier.expose()));
    }

    #[test]
    fn two_sign_ins_share_nothing() {
        let (one, other) = (begin(), begin());

        assert_ne!(one.state, other.state);
        assert_ne!(one.verifier, other.verifier);
    }

    #[test]
    fn a_sign_in_without_a_client_id_does_not_begin() {
        let redirect = Url::parse("http://127.0.0.1:4000/callback").unwrap();

        for id in ["", "  \n"] {
            let error = SignIn::begin(&Endpoints::default(), id, &redirect).unwrap_err();
            assert_eq!(error, AuthError::NoClientId);
        }
    }

    #[test]
    fn only_the_answer_with_this_state_is_read() {
        let sign_in = begin();
        let state = sign_in.state.expose().to_owned();

        assert_eq!(sign_in.read(&format!("code=abc&state={state}")), Ok(Callback::Code(Secret::new("abc"))));
        assert_eq!(
            sign_in.read(&format!("error=access_denied&state={state}")),
            Ok(Callback::Failed(AuthError::Denied))
        );
        for foreign in [
            "code=abc",
            "code=abc&state=",
            "code=abc&state=other",
            &format!("code=abc&state={state}x"),
            &format!("error=access_denied&state={}", &state[1..]),
        ] {
            assert_eq!(sign_in.read(foreign), Err(AuthError::ForeignState), "{foreign}");
        }
    }

    #[test]
    fn an_answer_that_says_too_little_or_too_much_is_incomplete() {
        let sign_in = begin();
        let state = sign_in.state.expose().to_owned();

        for query in [
            format!("state={state}"),
            format!("state={state}&code="),
            format!("state={state}&code=a&code=b"),
            format!("state={state}&state={state}&code=a"),
            format!("state={state}&code=a&error=access_denied"),
        ] {
            assert_eq!(sign_in.read(&query), Err(AuthError::Incomplete), "{query}");
        }
    }

    #[test]
    fn debug_shows_neither_state_nor_verifier() {
        let sign_in = begin();

        let shown = format!("{:?}", (&sign_in.state, &sign_in.verifier));

        assert!(!shown.contains(sign_in.state.expose()));
        assert!(!shown.contains(sign_in.verifier.expose()));
    }

    #[test]
    fn a_word_of_the_accounts_service_is_repeated_only_if_it_is_short_and_plain() {
        let AuthError::Refused { code } = named(&"é<a\u{7}b>".repeat(100), AuthError::Ended) else {
            panic!("an unknown word is a refusal");
        };

        assert!(code.is_ascii());
        assert_eq!(code.len(), CODE_LIMIT);
    }

    fn begin() -> SignIn {
        let redirect = Url::parse("http://127.0.0.1:4000/callback").unwrap();
        SignIn::begin(&Endpoints::default(), " an-id\n", &redirect).unwrap()
    }
}
