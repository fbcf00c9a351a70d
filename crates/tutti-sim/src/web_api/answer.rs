//! Answers and errors in the shapes that Spotify gives them.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::player::Refusal;

const JSON: &str = "application/json; charset=utf-8";

/// What a `/v1` endpoint answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    content_type: Option<&'static str>,
    body: String,
    challenge: Option<String>,
}

impl Answer {
    pub(super) fn json(body: String) -> Self {
        Self { status: StatusCode::OK, content_type: Some(JSON), body, challenge: None }
    }

    pub(super) fn empty() -> Self {
        let (body, challenge) = (String::new(), None);
        Self { status: StatusCode::NO_CONTENT, content_type: None, body, challenge }
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

    fn with_status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=0"));
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(challenge) = self.challenge.and_then(|words| HeaderValue::from_str(&words).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
