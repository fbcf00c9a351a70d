//! `GET /authorize`: the consent page, and the redirect that follows it.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::{Url, form_urlencoded};

use super::Web;
use crate::sign_in::Consent;

const PAGE: &str = include_str!("authorize.html");

/// What an app asks for, after all checks.
struct Asked {
    redirect: Url,
    consent: Consent,
    state: Option<String>,
    /// Who agrees without being asked.
    sim_user: Option<String>,
    cancelled: bool,
}

/// Shows the page, or answers at once when the query names a `sim_user`.
pub(super) async fn page(State(web): State<Arc<Web>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = match examine(&web, &query) {
        Ok(asked) => asked,
        Err(words) => return refused(&words),
    };
    if asked.cancelled {
        return redirect(asked, "error", "access_denied");
    }
    let Some(user) = &asked.sim_user else {
        return Html(consent_page(&web, &query, &asked)).into_response();
    };
    let Some(index) = web.sim.index_of(user) else {
        return refused(&format!("There is no account \"{user}\" here."));
    };
    let now_us = web.sim.now_us();
    let code = web.sim.sign_in().consent(now_us, index, asked.consent.clone());
    redirect(asked, "code", &code)
}

fn examine(web: &Web, query: &str) -> Result<Asked, String> {
    let field = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    let client_id = field("client_id").ok_or("INVALID_CLIENT: Invalid client")?;
    let redirect_uri = field("redirect_uri").ok_or("INVALID_CLIENT: Invalid redirect URI")?;
    let checked = web.sim.gateway().apps.check_redirect(&client_id, &redirect_uri);
    let redirect = checked.map_err(|error| error.to_string())?;
    if field("response_type").as_deref() != Some("code") {
        return Err("response_type must be code".to_owned());
    }
    if field("code_challenge_method").as_deref() != Some("S256") {
        return Err("code_challenge_method must be S256".to_owned());
    }
    // A SHA-256 in unpadded base64url.
    let challenge = field("code_challenge").filter(|challenge| challenge.len() == 43);
    let challenge = challenge.ok_or("code_challenge must be 43 characters long")?;
    let scope = field("scope").unwrap_or_default();
    Ok(Asked {
        redirect,
        consent: Consent { client_id, redirect_uri, scope, challenge },
        state: field("state"),
        sim_user: field("sim_user"),
        cancelled: field("sim_decision").as_deref() == Some("cancel"),
    })
}

fn redirect(asked: Asked, name: &str, value: &str) -> Response {
    let mut target = asked.redirect;
    target.query_pairs_mut().append_pair(name, value);
    if let Some(state) = &asked.state {
        target.query_pairs_mut().append_pair("state", state);
    }
    let headers = [(header::LOCATION, String::from(target)), (header::CACHE_CONTROL, "no-store".into())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn refused(words: &str) -> Response {
    (StatusCode::BAD_REQUEST, words.to_owned()).into_response()
}

fn consent_page(web: &Web, query: &str, asked: &Asked) -> String {
    let mut hidden = String::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !name.starts_with("sim_") {
            let (name, value) = (escaped(&name), escaped(&value));
            // Writing to a String cannot fail.
            let _ = write!(hidden, r#"<input type="hidden" name="{name}" value="{value}">"#);
        }
    }
    let mut choices = String::new();
    for (place, account) in web.sim.accounts().iter().enumerate() {
        let (user, name) = (escaped(&account.user), escaped(&account.display_name));
        let product = account.product.name();
        let checked = if place == 0 { " checked" } else { "" };
        let _ = write!(
            choices,
            r#"<label><input type="radio" name="sim_user" value="{user}"{checked}> {name} <small>{product}</small></label>"#
        );
    }
    let scopes = asked.consent.scope.split(' ').filter(|scope| !scope.is_empty());
    let scopes: String = scopes.map(|scope| format!("<li>{}</li>", escaped(scope))).collect();
    PAGE.replace("{{client}}", &escaped(&asked.consent.client_id))
        .replace("{{scopes}}", &scopes)
        .replace("{{accounts}}", &choices)
        .replace("{{hidden}}", &hidden)
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Keeps what somebody typed from being taken for one of the page's own places.
            '{' => out.push_str("&#123;"),
            _ => out.push(letter),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_the_query_is_escaped() {
        assert_eq!(escaped(r#"<a b="{{c}}">&'"#), "&lt;a b=&quot;&#123;&#123;c}}&quot;&gt;&amp;&#39;");
    }
}
