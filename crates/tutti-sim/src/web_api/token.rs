//! `POST /api/token`: codes and refresh tokens for access tokens.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::json;
use url::form_urlencoded;

use super::v1::{note, travel};
use super::{Answer, Web};
use crate::sign_in::{ACCESS_S, TokenError, Tokens};

const ENDPOINT: &str = "POST /api/token";

/// Form-encoded, as OAuth has it.
pub(super) async fn exchange(State(web): State<Arc<Web>>, headers: HeaderMap, body: Bytes) -> Answer {
    let exchange = web.sim.exchange(None, false);
    travel(exchange.up_us).await;
    let at_us = web.sim.now_us();
    if let Some(status) = web.sim.gateway().accounts_are_down(at_us) {
        let answer = Answer::error(status, "The accounts service is not available").with_status(status);
        note(&web.sim, at_us, None, ENDPOINT, &answer);
        return answer;
    }
    let (user, answer) = match give(&web, at_us, &headers, &body) {
        Ok(tokens) => (whose(&web, at_us, &tokens), success(&tokens)),
        Err(answer) => (None, answer),
    };
    note(&web.sim, at_us, user, ENDPOINT, &answer);
    travel(exchange.down_us).await;
    answer
}

fn give(web: &Web, now_us: i64, headers: &HeaderMap, body: &[u8]) -> Result<Tokens, Answer> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let words = "The request must be form-encoded";
        return Err(Answer::oauth_error("invalid_request", words));
    }
    let form = Form(body);
    let client_id = form.client_id()?;
    match &*form.required("grant_type")? {
        "authorization_code" => {
            let (code, redirect_uri) = (form.required("code")?, form.required("redirect_uri")?);
            let verifier = form.required("code_verifier")?;
            web.sim.sign_in().exchange(now_us, &code, &client_id, &redirect_uri, &verifier)
        }
        "refresh_token" => {
            let token = form.required("refresh_token")?;
            web.sim.sign_in().refresh(now_us, &token, &client_id)
        }
        _ => {
            let words = "grant_type must be authorization_code or refresh_token";
            return Err(Answer::oauth_error("unsupported_grant_type", words));
        }
    }
    .map_err(|error: TokenError| Answer::oauth_error("invalid_grant", &error.to_string()))
}

fn success(tokens: &Tokens) -> Answer {
    let mut body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_S,
        "scope": tokens.scope,
    });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = json!(refresh);
    }
    Answer::json(body.to_string())
}

fn whose(web: &Web, now_us: i64, tokens: &Tokens) -> Option<usize> {
    web.sim.sign_in().bearer(now_us, &tokens.access).ok().map(|bearer| bearer.user)
}

struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    fn field(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.0).find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
    }

    fn required(&self, name: &str) -> Result<Cow<'a, str>, Answer> {
        let missing = || Answer::oauth_error("invalid_request", &format!("{name} must be supplied"));
        self.field(name).ok_or_else(missing)
    }

    fn client_id(&self) -> Result<Cow<'a, str>, Answer> {
        let invalid = || Answer::oauth_error("invalid_client", "Invalid client");
        self.field("client_id").ok_or_else(invalid)
    }
}
