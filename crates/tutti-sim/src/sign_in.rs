//! The accounts service's memory: which codes and tokens were given to whom, on virtual time.

mod apps;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

pub use apps::{App, Apps, RedirectError};

use crate::random::Random;

/// How long an access token lasts, s.
pub const ACCESS_S: i64 = 3600;
/// How long a code may wait to be exchanged, s.
const CODE_S: i64 = 600;
/// Six months: how long a refresh token lasts from the user's consent, s.
const REFRESH_S: i64 = 182 * 86_400;
/// Codes kept at most; the oldest leave first, so that a page reloaded for ever costs nothing.
const CODES: usize = 1000;
const SECOND_US: i64 = 1_000_000;

/// What a user consented to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub client_id: String,
    pub redirect_uri: String,
    /// Separated by spaces.
    pub scope: String,
    /// Unpadded base64url of the verifier's SHA-256.
    pub challenge: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub access: String,
    /// None for a refresh: the client goes on using the one it has.
    pub refresh: Option<String>,
    pub scope: String,
}

/// Whose token it is and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Place in the list of accounts.
    pub user: usize,
    pub client_id: String,
    pub scope: String,
}

impl Bearer {
    /// May do everything.
    pub fn unlimited(user: usize, client_id: &str) -> Self {
        Self { user, client_id: client_id.to_owned(), scope: "*".to_owned() }
    }

    pub fn may(&self, scope: &str) -> bool {
        self.scope == "*" || self.scope.split(' ').any(|granted| granted == scope)
    }
}

/// Why the token endpoint gave nothing; the words are OAuth's `error_description`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("Invalid authorization code")]
    Code,
    #[error("Authorization code expired")]
    CodeExpired,
    #[error("Invalid redirect URI")]
    Redirect,
    #[error("code_verifier was incorrect")]
    Verifier,
    #[error("Invalid refresh token")]
    Refresh,
    #[error("Refresh token expired")]
    RefreshExpired,
    #[error("Refresh token revoked")]
    Revoked,
}

/// Why a bearer token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    #[error("Invalid access token")]
    Invalid,
    #[error("The access token expired")]
    Expired,
}

/// Codes and tokens. Every instant is in µs and comes from the caller.
#[derive(Debug)]
pub struct SignIn {
    random: Random,
    codes: Vec<(String, Code)>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    /// Every refresh brings a new refresh token and ends the old one, as until the middle of 2026.
    pub rotating: bool,
}

#[derive(Debug)]
struct Code {
    user: usize,
    consent: Consent,
    given_us: i64,
}

#[derive(Debug)]
struct Access {
    bearer: Bearer,
    until_us: i64,
}

#[derive(Debug)]
struct Refresh {
    user: usize,
    client_id: String,
    scope: String,
    until_us: i64,
    revoked: bool,
}

impl SignIn {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::named(seed, "codes and tokens"),
            codes: Vec::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            rotating: false,
        }
    }

    /// The user agreed: a code for the redirect, good once.
    pub fn consent(&mut self, now_us: i64, user: usize, consent: Consent) -> String {
        if self.codes.len() >= CODES {
            self.codes.remove(0);
        }
        let code = self.text(40);
        self.codes.push((code.clone(), Code { user, consent, given_us: now_us }));
        code
    }

    /// `grant_type=authorization_code`.
    ///
    /// # Errors
    /// When the code is unknown, used, old, or does not belong to the rest of the request. A code is
    /// used up by its first attempt, also by a failed one.
    pub fn exchange(
        &mut self,
        now_us: i64,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Tokens, TokenError> {
        let place = self.codes.iter().position(|(known, _)| known == code);
        let (_, code) = self.codes.remove(place.ok_or(TokenError::Code)?);
        let Code { user, consent, given_us } = code;
        if now_us - given_us > CODE_S * SECOND_US {
            return Err(TokenError::CodeExpired);
        }
        if consent.client_id != client_id {
            return Err(TokenError::Code);
        }
        if consent.redirect_uri != redirect_uri {
            return Err(TokenError::Redirect);
        }
        if challenge_of(verifier) != consent.challenge {
            return Err(TokenError::Verifier);
        }
        let refresh = self.remember(now_us, user, &consent.client_id, &consent.scope);
        let access = self.give_access(now_us, user, client_id, &consent.scope);
        Ok(Tokens { access, refresh: Some(refresh), scope: consent.scope })
    }

    /// A refresh token for six months.
    pub(crate) fn remember(&mut self, now_us: i64, user: usize, client_id: &str, scope: &str) -> String {
        let refresh = self.text(60);
        let given = Refresh {
            user,
            client_id: client_id.to_owned(),
            scope: scope.to_owned(),
            until_us: now_us + REFRESH_S * SECOND_US,
            revoked: false,
        };
        self.refresh.insert(refresh.clone(), given);
        refresh
    }

    /// `grant_type=refresh_token`. Answers without a new refresh token, as Spotify does since 2026, unless
    /// [`SignIn::rotating`]; either way the six months since the consent go on running.
    ///
    /// # Errors
    /// When the token is unknown, another client's, revoked, or six months old.
    pub fn refresh(&mut self, now_us: i64, token: &str, client_id: &str) -> Result<Tokens, TokenError> {
        let known = self.refresh.get(token).filter(|known| known.client_id == client_id);
        let known = known.ok_or(TokenError::Refresh)?;
        if known.revoked {
            return Err(TokenError::Revoked);
        }
        if now_us >= known.until_us {
            return Err(TokenError::RefreshExpired);
        }
        let (user, scope, until_us) = (known.user, known.scope.clone(), known.until_us);
        let mut next = None;
        if self.rotating {
            if let Some(used) = self.refresh.get_mut(token) {
                used.revoked = true;
            }
            let fresh = self.text(60);
            let given =
                Refresh { user, client_id: client_id.to_owned(), scope: scope.clone(), until_us, revoked: false };
            self.refresh.insert(fresh.clone(), given);
            next = Some(fresh);
        }
        let access = self.give_access(now_us, user, client_id, &scope);
        Ok(Tokens { access, refresh: next, scope })
    }

    /// The user's access tokens run out now.
    pub fn expire(&mut self, now_us: i64, user: usize) {
        for access in self.access.values_mut().filter(|access| access.bearer.user == user) {
            access.until_us = access.until_us.min(now_us);
        }
    }

    /// The user's refresh tokens grow older by so many days.
    pub fn age(&mut self, user: usize, days: u64) {
        let age_us = i64::try_from(days).unwrap_or(i64::MAX).min(36_500) * 86_400 * SECOND_US;
        for refresh in self.refresh.values_mut().filter(|refresh| refresh.user == user) {
            refresh.until_us -= age_us;
        }
    }

    /// # Errors
    /// When the token is unknown, revoked or an hour old.
    pub fn bearer(&self, now_us: i64, access: &str) -> Result<&Bearer, BearerError> {
        let known = self.access.get(access).ok_or(BearerError::Invalid)?;
        if now_us >= known.until_us {
            return Err(BearerError::Expired);
        }
        Ok(&known.bearer)
    }

    /// The user removed the app from their account: nothing that was given for it works any more.
    pub fn revoke(&mut self, user: usize) {
        self.access.retain(|_, access| access.bearer.user != user);
        self.codes.retain(|(_, code)| code.user != user);
        for refresh in self.refresh.values_mut().filter(|refresh| refresh.user == user) {
            refresh.revoked = true;
        }
    }

    fn give_access(&mut self, now_us: i64, user: usize, client_id: &str, scope: &str) -> String {
        // Tokens that ran out long ago are forgotten: a client that never refreshes hears "invalid".
        self.access.retain(|_, access| access.until_us + ACCESS_S * SECOND_US > now_us);
        let access = self.text(60);
        let bearer = Bearer { user, client_id: client_id.to_owned(), scope: scope.to_owned() };
        let until_us = now_us + ACCESS_S * SECOND_US;
        self.access.insert(access.clone(), Access { bearer, until_us });
        access
    }

    fn text(&mut self, bytes: usize) -> String {
        let drawn: Vec<u8> = (0..bytes).map(|_| (self.random.next_u64() >> 32) as u8).collect();
        URL_SAFE_NO_PAD.encode(drawn)
    }
}

/// Unpadded base64url of the SHA-256, as PKCE's S256 has it.
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CALLBACK: &str = "http://127.0.0.1:5000/callback";

    #[test]
    fn the_challenge_is_that_of_the_pkce_specification() {
        assert_eq!(challenge_of(VERIFIER), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_code_is_exchanged_once_and_the_tokens_work() {
        let mut sign_in = SignIn::new(1);
        let code = sign_in.consent(0, 3, consent());
        let tokens = sign_in.exchange(1, &code, "app", CALLBACK, VERIFIER).unwrap();
        let bearer = sign_in.bearer(2, &tokens.access).unwrap();
        assert!(bearer.user == 3 && bearer.may("b") && !bearer.may("c"));
        let again = sign_in.exchange(2, &code, "app", CALLBACK, VERIFIER);
        assert_eq!(again, Err(TokenError::Code));
    }

    #[test]
    fn a_code_is_worth_nothing_to_anybody_else() {
        let attempts = [
            ("other", CALLBACK, VERIFIER, TokenError::Code),
            ("app", "http://127.0.0.1:5001/callback", VERIFIER, TokenError::Redirect),
            ("app", CALLBACK, "guess", TokenError::Verifier),
        ];
        for (client_id, redirect_uri, verifier, expected) in attempts {
            let mut sign_in = SignIn::new(1);
            let code = sign_in.consent(0, 0, consent());
            let refused = sign_in.exchange(1, &code, client_id, redirect_uri, verifier);
            assert_eq!(refused, Err(expected));
        }
        let mut sign_in = SignIn::new(1);
        let code = sign_in.consent(0, 0, consent());
        let late = sign_in.exchange(601 * SECOND_US, &code, "app", CALLBACK, VERIFIER);
        assert_eq!(late, Err(TokenError::CodeExpired));
    }

    #[test]
    fn an_access_token_lasts_an_hour_and_is_refreshed_without_a_new_refresh_token() {
        let (mut sign_in, tokens) = signed_in();
        let hour = 3600 * SECOND_US;
        assert!(sign_in.bearer(hour - 1, &tokens.access).is_ok());
        assert_eq!(sign_in.bearer(hour, &tokens.access), Err(BearerError::Expired));
        let refresh = tokens.refresh.unwrap();
        let fresh = sign_in.refresh(hour, &refresh, "app").unwrap();
        assert_eq!(fresh.refresh, None);
        assert!(sign_in.bearer(hour, &fresh.access).is_ok());
        assert_eq!(sign_in.refresh(hour, &refresh, "other"), Err(TokenError::Refresh));
        let late = sign_in.refresh(183 * 86_400 * SECOND_US, &refresh, "app");
        assert_eq!(late, Err(TokenError::RefreshExpired));
    }

    #[test]
    fn after_a_revocation_nothing_works() {
        let (mut sign_in, tokens) = signed_in();
        sign_in.revoke(0);
        assert_eq!(sign_in.bearer(1, &tokens.access), Err(BearerError::Invalid));
        let refused = sign_in.refresh(1, &tokens.refresh.unwrap(), "app");
        assert_eq!(refused, Err(TokenError::Revoked));
    }

    #[test]
    fn with_rotation_a_refresh_token_is_good_once() {
        let (mut sign_in, tokens) = signed_in();
        sign_in.rotating = true;
        let first = tokens.refresh.unwrap();
        let second = sign_in.refresh(1, &first, "app").unwrap().refresh.unwrap();
        assert_eq!(sign_in.refresh(2, &first, "app"), Err(TokenError::Revoked));
        assert!(sign_in.refresh(3, &second, "app").is_ok());
    }

    #[test]
    fn tokens_can_be_made_to_run_out_and_to_grow_old() {
        let (mut sign_in, tokens) = signed_in();
        sign_in.expire(5, 0);
        assert_eq!(sign_in.bearer(5, &tokens.access), Err(BearerError::Expired));
        let refresh = tokens.refresh.unwrap();
        sign_in.age(0, 181);
        assert!(sign_in.refresh(6, &refresh, "app").is_ok());
        sign_in.age(0, 2);
        assert_eq!(sign_in.refresh(7, &refresh, "app"), Err(TokenError::RefreshExpired));
    }

    fn signed_in() -> (SignIn, Tokens) {
        let mut sign_in = SignIn::new(1);
        let code = sign_in.consent(0, 0, consent());
        let tokens = sign_in.exchange(0, &code, "app", CALLBACK, VERIFIER).unwrap();
        (sign_in, tokens)
    }

    fn consent() -> Consent {
        Consent {
            client_id: "app".to_owned(),
            redirect_uri: CALLBACK.to_owned(),
            scope: "a b".to_owned(),
            challenge: challenge_of(VERIFIER),
        }
    }
}
