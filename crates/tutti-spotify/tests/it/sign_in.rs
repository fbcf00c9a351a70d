//! The sign-in from the page's address to the token, with a browser that does what browsers do, and worse.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tutti_spotify::{AuthError, Http, Listener, SignIn, Token};
use url::Url;

use crate::stub::{Answer, HASTY, Stub};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_sign_in_brings_a_token_and_proves_that_it_began_it() {
    let stub = Stub::start(|_| Answer::token("access-1", 3600, Some("refresh-1"))).await;
    let listener = Listener::bind().await.unwrap();
    let redirect = listener.redirect().clone();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let page = query(&sign_in.authorize_url);
    let before = Instant::now();

    let browser = tokio::spawn(visit(redirect.clone(), format!("code=c%2F1&state={}", page["state"])));
    let answer = listener.wait(&sign_in, SOON).await.unwrap();
    let token = finish(&stub, sign_in, &answer).await.unwrap();

    let (head, body) = browser.await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(body.contains("You can close this page and go back to Tutti"));
    let form = stub.tokens()[0].form();
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "c/1");
    assert_eq!(form["client_id"], "an-id");
    assert_eq!(form["redirect_uri"], redirect.as_str());
    assert!((43..=128).contains(&form["code_verifier"].len()));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    assert_eq!(page["code_challenge"], challenge);
    assert_eq!(form.len(), 5);
    assert_eq!(token.access.expose(), "access-1");
    assert_eq!(token.refresh.unwrap().expose(), "refresh-1");
    assert_eq!(token.scopes, ["user-read-playback-state", "user-modify-playback-state"]);
    let lasts = token.expires_at - before;
    assert!(lasts > Duration::from_secs(3590) && lasts < Duration::from_secs(3610));
}

#[tokio::test]
async fn the_redirect_is_a_loopback_literal_with_a_plain_path() {
    let listener = Listener::bind().await.unwrap();

    let redirect = listener.redirect();

    assert_eq!(redirect.host_str(), Some("127.0.0.1"));
    assert!(redirect.port().is_some_and(|port| port > 1023));
    assert_eq!(redirect.path(), "/callback");
}

#[tokio::test]
async fn another_page_can_neither_end_a_sign_in_nor_slip_in_its_code() {
    let stub = Stub::start(|_| Answer::token("access-1", 3600, Some("refresh-1"))).await;
    let listener = Listener::bind().await.unwrap();
    let redirect = listener.redirect().clone();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let state = query(&sign_in.authorize_url)["state"].clone();

    let browser = tokio::spawn(async move {
        for foreign in ["code=evil&state=wrong", "error=access_denied&state=", "error=access_denied", ""] {
            let (head, body) = visit(redirect.clone(), foreign.into()).await;
            assert!(head.starts_with("HTTP/1.1 400"), "{head}");
            assert!(body.contains("does not belong to the sign-in"));
        }
        let icon = redirect.join("/favicon.ico").unwrap();
        assert!(visit(icon, String::new()).await.0.starts_with("HTTP/1.1 404"));
        visit(redirect, format!("code=right&state={state}")).await.0
    });
    let answer = listener.wait(&sign_in, SOON).await.unwrap();
    finish(&stub, sign_in, &answer).await.unwrap();

    assert!(browser.await.unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(stub.tokens().len(), 1);
    assert_eq!(stub.tokens()[0].form()["code"], "right");
}

#[tokio::test]
async fn a_denied_consent_is_said_on_the_page_and_asks_for_no_token() {
    let stub = Stub::start(|_| Answer::token("access-1", 3600, None)).await;
    let listener = Listener::bind().await.unwrap();
    let redirect = listener.redirect().clone();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let state = query(&sign_in.authorize_url)["state"].clone();

    let browser = tokio::spawn(visit(redirect, format!("error=access_denied&state={state}")));
    let answer = listener.wait(&sign_in, SOON).await.unwrap();
    let error = finish(&stub, sign_in, &answer).await.unwrap_err();

    assert_eq!(error, AuthError::Denied);
    assert!(browser.await.unwrap().1.contains("did not allow the connection"));
    assert!(stub.tokens().is_empty());
}

#[tokio::test]
async fn connections_that_say_nothing_or_too_much_hold_up_nobody() {
    let stub = Stub::start(|_| Answer::token("access-1", 3600, None)).await;
    let listener = Listener::bind().await.unwrap();
    let redirect = listener.redirect().clone();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let state = query(&sign_in.authorize_url)["state"].clone();

    let browser = tokio::spawn(async move {
        let silent = connect(&redirect).await;
        let mut unfinished = connect(&redirect).await;
        unfinished.write_all(b"GET /callback?code=").await.unwrap();
        let mut endless = connect(&redirect).await;
        endless.write_all(&vec![b'x'; 20_000]).await.unwrap();
        let (head, _) = read(endless).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
        let answered = visit(redirect, format!("code=right&state={state}")).await.0;
        drop((silent, unfinished));
        answered
    });
    let began = Instant::now();
    let answer = listener.wait(&sign_in, SOON).await.unwrap();

    assert!(answer.starts_with("code=right"));
    assert!(browser.await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < Duration::from_secs(4), "nobody waited for a time limit");
}

#[tokio::test]
async fn after_the_answer_nobody_listens_any_more() {
    let stub = Stub::start(|_| Answer::token("access-1", 3600, None)).await;
    let listener = Listener::bind().await.unwrap();
    let redirect = listener.redirect().clone();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let answer = format!("code=right&state={}", query(&sign_in.authorize_url)["state"]);

    let browser = tokio::spawn(visit(redirect.clone(), answer));
    listener.wait(&sign_in, SOON).await.unwrap();
    browser.await.unwrap();

    let port = redirect.port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_browser_that_does_not_come_back_ends_the_wait_at_its_deadline() {
    let stub = Stub::start(|_| Answer::never()).await;
    let listener = Listener::bind().await.unwrap();
    let redirect = listener.redirect().clone();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let silent = connect(&redirect).await;

    let outcome = listener.wait(&sign_in, Duration::from_millis(50)).await;

    assert_eq!(outcome, Err(AuthError::NoAnswer));
    drop(silent);
}

#[tokio::test]
async fn what_the_accounts_service_refuses_has_a_name() {
    let oauth = |code: &str| Answer::json(400, &json!({"error": code, "error_description": "words"}));
    for (answer, error) in [
        (oauth("invalid_client"), AuthError::UnknownClient),
        (Answer::json(401, &json!({"error": "invalid_client"})), AuthError::UnknownClient),
        (oauth("invalid_grant"), AuthError::CodeRefused),
        (oauth("invalid_request"), AuthError::Refused { code: "invalid_request".into() }),
        (oauth("something_new"), AuthError::Refused { code: "something_new".into() }),
        (Answer::text(503, "<html>"), AuthError::Server { status: 503 }),
        (Answer::text(404, "<html>"), AuthError::Server { status: 404 }),
        (Answer::empty(302).with("location", "http://127.0.0.1:9/"), AuthError::Server { status: 302 }),
        (Answer::text(429, "").with("retry-after", "5"), AuthError::Wait { retry_after: Some(Duration::from_secs(5)) }),
        (Answer::text(200, "<html>"), AuthError::Unreadable),
        (Answer::text(400, "<html>"), AuthError::Unreadable),
        (Answer::text(200, ""), AuthError::Unreadable),
        (Answer::token("", 3600, None), AuthError::Unreadable),
        (Answer::token("a\nb", 3600, None), AuthError::Unreadable),
    ] {
        let given = format!("{answer:?}");
        let stub = Stub::start(move |_| answer.clone()).await;

        let outcome = sign_in(&stub).await;

        assert_eq!(outcome.unwrap_err(), error, "{given}");
        assert_eq!(stub.tokens().len(), 1, "nothing is asked twice");
    }
}

#[tokio::test]
async fn an_accounts_service_that_does_not_answer_ends_the_sign_in_in_time() {
    let stub = Stub::start(|_| Answer::never()).await;

    let error = sign_in(&stub).await.unwrap_err();

    assert_eq!(error.code(), "timeout");
    assert!(error.transient());
}

#[tokio::test]
async fn an_error_of_a_sign_in_repeats_no_secret() {
    let stub = Stub::start(|seen| {
        let form = seen.form();
        let echo = format!("{} {}", form["code"], form["code_verifier"]);
        Answer::json(200, &json!({"access_token": {"echo": echo}}))
    })
    .await;

    let error = sign_in(&stub).await.unwrap_err();

    let verifier = stub.tokens()[0].form()["code_verifier"].clone();
    let said = format!("{error} {error:?}");
    assert!(!said.contains(&verifier) && !said.contains("the-code"), "{said}");
}

/// A sign-in whose browser answered as it should.
async fn sign_in(stub: &Stub) -> Result<Token, AuthError> {
    let redirect = Url::parse("http://127.0.0.1:4000/callback").unwrap();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect)?;
    let answer = format!("code=the-code&state={}", query(&sign_in.authorize_url)["state"]);
    finish(stub, sign_in, &answer).await
}

async fn finish(stub: &Stub, sign_in: SignIn, answer: &str) -> Result<Token, AuthError> {
    let http = Http::with_timeouts(&stub.endpoints(), HASTY).unwrap();
    sign_in.finish(&http, answer).await
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

async fn connect(address: &Url) -> TcpStream {
    TcpStream::connect(("127.0.0.1", address.port().unwrap())).await.unwrap()
}

/// What a browser does: asks for a page and reads it.
async fn visit(address: Url, query: String) -> (String, String) {
    let mut stream = connect(&address).await;
    let request = format!("GET {}?{query} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: test\r\n\r\n", address.path());
    stream.write_all(request.as_bytes()).await.unwrap();
    read(stream).await
}

async fn read(mut stream: TcpStream) -> (String, String) {
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
