//! Answers and errors in the shapes that Spotify gives them.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::gateway::{Denial, Dress, Shape};
use crate::player::Refusal;

const JSON: &str = "application/json; charset=utf-8";

/// What a `/v1` endpoint answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    content_type: Option<&'static str>,
    body: String,
    challenge: Option<String>,
    retry_after_s: Option<i64>,
    /// The body comes in pieces, over so long.
    over_us: i64,
}

/// Pieces of a slow body.
const PIECES: usize = 8;

impl Answer {
    pub(super) fn json(body: String) -> Self {
        let status = StatusCode::OK;
        Self { status, content_type: Some(JSON), body, challenge: None, retry_after_s: None, over_us: 0 }
    }

    pub(super) fn empty() -> Self {
        Self { content_type: None, ..Self::json(String::new()).with_status(204) }
    }

    /// `{"error": {"status", "message"}}`
    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(json!({ "error": { "status": status, "message": message } }).to_string()).with_status(status)
    }

    /// The same with the player's `reason`.
    pub(super) fn refusal(refusal: &Refusal) -> Self {
        let (status, message) = (refusal.status(), refusal.to_string());
        let Some(reason) = refusal.reason() else {
            return Self::error(status, &message);
        };
        let error = json!({ "status": status, "message": message, "reason": reason });
        Self::json(json!({ "error": error }).to_string()).with_status(status)
    }

    /// A missing and an invalid token have the same body; the header tells them apart.
    pub(super) fn unauthorized(message: &str, error: &str) -> Self {
        let mut answer = Self::error(401, message);
        let words = format!(r#"Bearer realm="spotify", error="{error}", error_description="{message}""#);
        answer.challenge = Some(words);
        answer
    }

    /// `{"error", "error_description"}`, as the accounts service has it.
    pub(super) fn oauth_error(error: &str, description: &str) -> Self {
        let body = json!({ "error": error, "error_description": description });
        Self::json(body.to_string()).with_status(400)
    }

    /// The simulator's own: `{"error": "a sentence"}`.
    pub(super) fn sentence(status: u16, sentence: &str) -> Self {
        Self::json(json!({ "error": sentence }).to_string()).with_status(status)
    }

    /// What the gateway says instead of the player.
    pub(super) fn denial(denial: &Denial) -> Self {
        let (status, message) = (denial.status, denial.message);
        let mut answer = match denial.shape {
            Shape::Error => Self::error(status, message),
            Shape::Reason(reason) => {
                let error = json!({ "status": status, "message": message, "reason": reason });
                Self::json(json!({ "error": error }).to_string()).with_status(status)
            }
            Shape::Plain => Self { content_type: Some("text/plain; charset=utf-8"), ..Self::json(message.to_owned()) }
                .with_status(status),
            Shape::Empty => Self::empty().with_status(status),
        };
        answer.retry_after_s = denial.retry_after_s;
        answer
    }

    /// What happens to it on its way.
    pub(super) fn dressed(mut self, dress: &Dress) -> Self {
        if dress.html && self.status == StatusCode::OK {
            self.body = "<!doctype html><title>Spotify</title><p>Please try again.</p>".to_owned();
            self.content_type = Some("text/html; charset=utf-8");
        }
        if dress.truncated && self.status == StatusCode::OK {
            let mut half = self.body.len() / 2;
            while !self.body.is_char_boundary(half) {
                half -= 1;
            }
            self.body.truncate(half);
        }
        self.over_us = dress.over_us;
        self
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = if self.over_us > 0 { in_pieces(&self.body, self.over_us) } else { Body::from(self.body) };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=0"));
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(challenge) = self.challenge.and_then(|words| HeaderValue::from_str(&words).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(retry_after_s) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
        response
    }
}

/// The head goes out at once, the body in pieces with pauses between them.
fn in_pieces(body: &str, over_us: i64) -> Body {
    let size = body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = body.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
    let pause = Duration::from_micros(over_us.unsigned_abs() / PIECES as u64);
    Body::from_stream(futures::stream::unfold(pieces.into_iter(), move |mut rest| async move {
        let piece = rest.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, std::convert::Infallible>(piece), rest))
    }))
}
