//! What can go wrong, as answers to what a caller wants to know: wait, sign in, pick a device, or tell the user.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use thiserror::Error;

/// The longest message kept of an answer, in characters: enough for a sentence, too little for a web page.
const MESSAGE_LIMIT: usize = 300;

/// The longest wait that is believed: a week. Spotify's longest known one is a day.
const WAIT_LIMIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A request to the Web API that brought no usable answer. No variant holds a token or an address with one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// An answer came, with a status that is not 2xx.
    #[error("{0}")]
    Refused(Refusal),
    /// No access token could be had, so no request went out.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// No complete answer came.
    #[error(transparent)]
    Transport(#[from] Transport),
    /// A 2xx answer that is not what Spotify sends.
    #[error("the answer could not be read: {detail}")]
    Unreadable { detail: String },
}

/// An answer of the Web API with a status that is not 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("answered {status}{}: {message}", .reason.as_deref().map(|r| format!(" {r}")).unwrap_or_default())]
pub struct Refusal {
    pub status: u16,
    /// The player's word for it, such as `NO_ACTIVE_DEVICE`.
    pub reason: Option<String>,
    /// A sentence for developers, at most 300 characters.
    pub message: String,
    /// How long to wait before any other request, if the answer said so.
    pub retry_after: Option<Duration>,
    /// Whether the body was an error in Spotify's shape; if not, the message is the body's text.
    pub shaped: bool,
}

/// The connection did not bring a complete answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Transport {
    /// No connection: the request was not sent.
    #[error("no connection: {detail}")]
    Unreachable { detail: String },
    /// Sent, and no complete answer in time.
    #[error("no answer in time")]
    Timeout,
    /// Sent, and the connection ended before the answer was complete.
    #[error("the connection broke: {detail}")]
    Broken { detail: String },
    /// The answer is larger than anything that Spotify sends.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// The HTTP client could not be set up.
    #[error("the network is not usable: {detail}")]
    Setup { detail: String },
}

/// A sign-in, or the renewal of an access token, that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthError {
    #[error("a client id is needed")]
    NoClientId,
    /// The user said no on Spotify's page.
    #[error("access was denied on Spotify's page")]
    Denied,
    /// The answer does not belong to this sign-in.
    #[error("the answer belongs to another sign-in")]
    ForeignState,
    /// Neither a code nor an error, or one of them twice.
    #[error("the answer is incomplete")]
    Incomplete,
    /// `invalid_client`: there is no such client id.
    #[error("Spotify does not know this client id")]
    UnknownClient,
    /// The code of this sign-in was used already, too old, or for another redirect address.
    #[error("Spotify did not accept the sign-in's code")]
    CodeRefused,
    /// The sign-in is over: six months old, revoked by the user, or replaced. The refresh token is worthless.
    #[error("the sign-in has ended")]
    Ended,
    /// Another error of the accounts service, in its words.
    #[error("the accounts service refused: {code}")]
    Refused { code: String },
    #[error("the accounts service asks to wait")]
    Wait { retry_after: Option<Duration> },
    #[error("the accounts service answered {status}")]
    Server { status: u16 },
    #[error(transparent)]
    Transport(#[from] Transport),
    #[error("the accounts service's answer could not be read")]
    Unreadable,
    /// Another process renews this sign-in and does not finish.
    #[error("another program is renewing this sign-in and does not finish")]
    RenewalBusy,
    /// Another process replaced the refresh token, and the keychain does not give out the new one.
    #[error("the keychain does not give out the sign-in, which another program has renewed")]
    KeychainSilent,
    /// The browser did not come back before the deadline.
    #[error("no answer from the browser in time")]
    NoAnswer,
    /// The loopback listener could not be opened.
    #[error("no port to listen on: {detail}")]
    NoPort { detail: String },
}

impl Error {
    /// A word for what happened, for a table of texts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Auth(error) => error.code(),
            Self::Transport(error) => error.code(),
            Self::Unreadable { .. } => "not_spotify",
            Self::Refused(_) if self.needs_login() => "needs_login",
            Self::Refused(_) if self.quota_exceeded() => "quota_exceeded",
            Self::Refused(_) if self.rate_limited() => "rate_limited",
            Self::Refused(_) if self.no_device() => "no_device",
            Self::Refused(_) if self.owner_premium_lapsed() => "owner_premium_lapsed",
            Self::Refused(_) if self.not_allowed_here() => "not_allowed_here",
            Self::Refused(_) if self.not_premium() => "not_premium",
            Self::Refused(_) if self.restriction() => "restriction",
            Self::Refused(_) if self.transient() => "spotify_down",
            Self::Refused(_) if self.not_spotify() => "not_spotify",
            Self::Refused(_) => "refused",
        }
    }

    /// The answer's status, if one came.
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// The player's word, such as `NO_ACTIVE_DEVICE`.
    pub fn reason(&self) -> Option<&str> {
        self.refusal()?.reason.as_deref()
    }

    /// The user has to sign in again: the access token is refused although it was just renewed, the sign-in has
    /// ended, the client id is gone, or a permission is missing.
    pub fn needs_login(&self) -> bool {
        match self {
            Self::Auth(error) => error.needs_login(),
            Self::Refused(refusal) => refusal.status == 401 || (refusal.status == 403 && refusal.says("client scope")),
            _ => false,
        }
    }

    /// 429: nothing may be asked for a while. [`Error::retry_after`] says how long, unless Spotify did not.
    pub fn rate_limited(&self) -> bool {
        match self {
            Self::Auth(AuthError::Wait { .. }) => true,
            _ => self.status() == Some(429),
        }
    }

    /// How long to wait before the next request, if the answer said so. Holds for the whole client id.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Auth(AuthError::Wait { retry_after }) => *retry_after,
            _ => self.refusal()?.retry_after,
        }
    }

    /// The developer account's quota is used up: the wait is long and holds for all its client ids.
    pub fn quota_exceeded(&self) -> bool {
        self.status() == Some(429) && self.reason() == Some("QUOTA_EXCEEDED")
    }

    /// No device is active, or the one asked for is gone. An explicit device id may still work.
    pub fn no_device(&self) -> bool {
        self.reason() == Some("NO_ACTIVE_DEVICE")
            || (self.status() == Some(404) && (self.says("no active device") || self.says("device not found")))
    }

    /// The account is not Premium, so it can be read but not controlled.
    pub fn not_premium(&self) -> bool {
        self.reason() == Some("PREMIUM_REQUIRED")
            || (self.status() == Some(403) && self.says("premium required") && !self.owner_premium_lapsed())
    }

    /// The account is not on the client id's list of users; its owner has to add it.
    pub fn not_allowed_here(&self) -> bool {
        self.status() == Some(403) && (self.says("not registered") || self.says("not be registered"))
    }

    /// The owner of the client id has no Premium any more, so it works for nobody.
    pub fn owner_premium_lapsed(&self) -> bool {
        self.status() == Some(403) && self.says("premium") && self.says("owner of the app")
    }

    /// The player refuses this command now: it has been done already, or the item, the place or the device does
    /// not allow it. Read the player, then decide.
    pub fn restriction(&self) -> bool {
        self.status() == Some(403)
            && !(self.needs_login() || self.not_premium() || self.not_allowed_here() || self.owner_premium_lapsed())
    }

    /// May well work in a moment: no connection, no answer in time, a broken answer, or a fault on Spotify's side.
    pub fn transient(&self) -> bool {
        match self {
            Self::Auth(error) => error.transient(),
            Self::Transport(error) => error.transient(),
            Self::Unreadable { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 408 | 500..=599),
        }
    }

    /// Whether a command may have been carried out in spite of this error.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Transport(Transport::Unreachable { .. } | Transport::Setup { .. }) | Self::Auth(_) => false,
            Self::Transport(_) | Self::Unreadable { .. } => true,
            Self::Refused(refusal) => refusal.status == 408 || refusal.status >= 500,
        }
    }

    /// Whoever answered is not Spotify: a wrong address, or a page in between that wants something first.
    pub fn not_spotify(&self) -> bool {
        match self {
            Self::Unreadable { .. } => true,
            Self::Refused(refusal) => !refusal.shaped && matches!(refusal.status, 300..=399 | 400 | 404 | 405 | 501),
            _ => false,
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    fn says(&self, words: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.says(words))
    }
}

impl Refusal {
    /// Reads an answer in Spotify's shape, in the accounts service's shape, or as plain text. `secret` is blotted
    /// out, should the answer repeat it.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], secret: &str) -> Self {
        let json = serde_json::from_slice::<Value>(body).ok();
        let error = json.as_ref().and_then(|json| json.get("error"));
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let message = match error {
            Some(Value::String(code)) => {
                text(json.as_ref().and_then(|json| json.get("error_description"))).or_else(|| Some(code.clone()))
            }
            Some(object) => text(object.get("message")),
            None => None,
        };
        let reason = error.and_then(|error| text(error.get("reason")));
        let message = message.unwrap_or_else(|| plain_text(status, body));
        Self {
            status: status.as_u16(),
            reason: reason.map(|reason| tidy(&reason, secret)),
            message: tidy(&message, secret),
            retry_after: retry_after(headers, Utc::now()),
            shaped: error.is_some(),
        }
    }

    fn says(&self, words: &str) -> bool {
        self.message.to_lowercase().contains(words)
    }
}

impl Transport {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout => "timeout",
            Self::Broken { .. } => "connection_broken",
            Self::TooLarge { .. } => "not_spotify",
            Self::Setup { .. } => "network_unusable",
        }
    }

    fn transient(&self) -> bool {
        !matches!(self, Self::Setup { .. } | Self::TooLarge { .. })
    }
}

impl AuthError {
    /// A word for what happened, for a table of texts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoClientId => "no_client_id",
            Self::Denied => "denied",
            Self::ForeignState => "foreign_state",
            Self::Incomplete => "incomplete_answer",
            Self::UnknownClient => "unknown_client",
            Self::CodeRefused => "code_refused",
            Self::Ended => "sign_in_ended",
            Self::Refused { .. } => "sign_in_refused",
            Self::Wait { .. } => "rate_limited",
            Self::Server { .. } => "spotify_down",
            Self::Transport(error) => error.code(),
            Self::Unreadable => "not_spotify",
            Self::RenewalBusy => "renewal_busy",
            Self::KeychainSilent => "keychain_silent",
            Self::NoAnswer => "no_answer",
            Self::NoPort { .. } => "no_port",
        }
    }

    /// Only a new sign-in helps.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::Ended | Self::UnknownClient | Self::CodeRefused | Self::Refused { .. })
    }

    /// May well work in a moment.
    pub fn transient(&self) -> bool {
        match self {
            Self::Transport(error) => error.transient(),
            Self::Server { status } => *status >= 500,
            Self::Wait { .. } | Self::Unreadable | Self::RenewalBusy | Self::KeychainSilent => true,
            _ => false,
        }
    }

    /// Worth asking again at once: no answer, or a fault on the other side.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Server { .. } => self.transient(),
            Self::Transport(Transport::Unreachable { .. } | Transport::Timeout | Transport::Broken { .. }) => true,
            _ => false,
        }
    }
}

impl From<reqwest::Error> for Transport {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let detail = root_cause(&error);
        if error.is_builder() {
            Self::Setup { detail }
        } else if error.is_connect() {
            Self::Unreachable { detail }
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Broken { detail }
        }
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    tidy(&cause.to_string(), "")
}

fn plain_text(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with(['<', '{', '[']) {
        status.canonical_reason().unwrap_or("no reason given").into()
    } else {
        text.into()
    }
}

/// One line without control characters, of bounded length, without the secret.
fn tidy(text: &str, secret: &str) -> String {
    let text = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "…") };
    let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    one_line.take(MESSAGE_LIMIT).collect()
}

/// `Retry-After` in seconds or as a date, rounded up, at most a week.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Duration::from_secs(seconds.ceil() as u64),
        Ok(_) => return None,
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(value).ok()?;
            let left = until.with_timezone(&Utc) - now;
            left.to_std().unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(WAIT_LIMIT))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_refusal_is_recognised_for_what_it_is() {
        let owner = "Active premium subscription required for the owner of the app. When the subscription status \
                     changes, it can take a few hours before requests are allowed again.";
        for (status, body, code) in [
            (401, json("The access token expired", None), "needs_login"),
            (403, json("Insufficient client scope", None), "needs_login"),
            (403, json("Player command failed: Premium required", Some("PREMIUM_REQUIRED")), "not_premium"),
            (403, json("Player command failed: Premium required", None), "not_premium"),
            (403, json("User not registered in the Developer Dashboard", None), "not_allowed_here"),
            (403, owner.to_owned(), "owner_premium_lapsed"),
            (403, json(owner, None), "owner_premium_lapsed"),
            (403, json("Player command failed: Restriction violated", Some("UNKNOWN")), "restriction"),
            (403, "something else".to_owned(), "restriction"),
            (404, json("Player command failed: No active device found", Some("NO_ACTIVE_DEVICE")), "no_device"),
            (404, json("Device not found", None), "no_device"),
            (404, "<html>not here</html>".to_owned(), "not_spotify"),
            (404, json("Service not found", None), "refused"),
            (302, String::new(), "not_spotify"),
            (400, json("Malformed json", None), "refused"),
            (429, json("API rate limit exceeded", None), "rate_limited"),
            (429, json("Too many requests", Some("QUOTA_EXCEEDED")), "quota_exceeded"),
            (429, "Too many requests".to_owned(), "rate_limited"),
            (500, String::new(), "spotify_down"),
            (502, json("Bad gateway.", None), "spotify_down"),
            (503, "<html>".to_owned(), "spotify_down"),
        ] {
            assert_eq!(refused(status, &body).code(), code, "{status} {body}");
        }
    }

    #[test]
    fn the_kinds_of_a_403_exclude_each_other() {
        for (message, reason) in [
            ("Player command failed: Premium required", Some("PREMIUM_REQUIRED")),
            ("User not registered in the Developer Dashboard", None),
            ("Active premium subscription required for the owner of the app.", None),
            ("Restriction violated", Some("UNKNOWN")),
            ("Insufficient client scope", None),
        ] {
            let error = refused(403, &json(message, reason));
            let kinds = [
                error.not_premium(),
                error.not_allowed_here(),
                error.owner_premium_lapsed(),
                error.restriction(),
                error.needs_login(),
            ];

            assert_eq!(kinds.iter().filter(|is| **is).count(), 1, "{message}: {kinds:?}");
        }
    }

    #[test]
    fn the_wait_is_read_in_seconds_or_as_a_date() {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };

        assert_eq!(wait("12"), Some(Duration::from_secs(12)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
        assert_eq!(wait("0.2"), Some(Duration::from_secs(1)));
        assert_eq!(wait("86207"), Some(Duration::from_secs(86_207)));
        assert_eq!(wait("1e300"), Some(WAIT_LIMIT));
        assert_eq!(wait("Sat, 21 Nov 2026 10:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sat, 21 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        for odd in ["", "soon", "-3", "NaN", "inf"] {
            assert_eq!(wait(odd), None, "{odd}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_message_is_one_short_line_without_the_secret() {
        let body = json(&format!("token abc-secret\n{}", "x".repeat(1000)), None);

        let refusal = Refusal::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), "abc-secret");

        assert_eq!(refusal.message.chars().count(), MESSAGE_LIMIT);
        assert!(refusal.message.starts_with("token … xxx"));
        assert!(!format!("{refusal:?} {refusal}").contains("abc-secret"));
    }

    #[test]
    fn an_answer_in_the_accounts_shape_and_one_that_is_no_text_are_read_too() {
        let oauth = refused(400, r#"{"error":"invalid_grant","error_description":"Revoked"}"#);
        let binary = Refusal::read(StatusCode::BAD_GATEWAY, &HeaderMap::new(), &[0xff, 0xfe], "");

        assert_eq!(oauth.to_string(), "answered 400: Revoked");
        assert_eq!(binary.status, 502);
        assert!(!binary.shaped);
    }

    #[test]
    fn a_command_that_met_an_error_may_have_happened_unless_it_is_certain() {
        let broken = Error::Transport(Transport::Broken { detail: "reset".into() });
        let unreachable = Error::Transport(Transport::Unreachable { detail: "refused".into() });

        for error in [Error::Transport(Transport::Timeout), broken, refused(502, "")] {
            assert!(error.may_have_happened() && error.transient(), "{error}");
        }
        for error in [unreachable, refused(403, ""), refused(429, ""), AuthError::Ended.into()] {
            assert!(!error.may_have_happened(), "{error}");
        }
    }

    fn json(message: &str, reason: Option<&str>) -> String {
        let mut error = serde_json::json!({ "message": message, "status": 0 });
        if let Some(reason) = reason {
            error["reason"] = reason.into();
        }
        serde_json::json!({ "error": error }).to_string()
    }

    fn refused(status: u16, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::Refused(Refusal::read(status, &HeaderMap::new(), body.as_bytes(), ""))
    }
}
