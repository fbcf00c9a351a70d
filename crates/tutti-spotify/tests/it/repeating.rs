//! What is sent again after a failure, and what never is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tutti_spotify::{AuthError, Error, SignIn, Timeouts, Transport};
use url::Url;

use crate::stub::{Answer, Stub, client, raw};

#[tokio::test]
async fn a_renewal_is_asked_for_three_times_when_the_accounts_service_is_down() {
    let stub = Stub::start(|_| Answer::empty(503)).await;
    let begun = Instant::now();

    let failed = stub.client().player().await.unwrap_err();

    assert_eq!(failed.error, Error::Auth(AuthError::Server { status: 503 }));
    assert_eq!((stub.tokens().len(), stub.calls().len()), (3, 0));
    assert!(begun.elapsed() < Duration::from_secs(4), "the waits in between are short: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_moment_of_trouble_at_the_accounts_service_is_not_seen() {
    let asked = AtomicUsize::new(0);
    let stub = Stub::start(move |seen| match seen.is_token() {
        true if asked.fetch_add(1, Ordering::SeqCst) == 0 => Answer::empty(502),
        true => Answer::token("access-1", 3600, None),
        false => Answer::empty(204),
    })
    .await;

    stub.client().player().await.unwrap();

    assert_eq!((stub.tokens().len(), stub.calls().len()), (2, 1));
}

#[tokio::test]
async fn a_renewal_that_was_answered_is_not_asked_for_again() {
    let refusals = [
        Answer::json(400, &serde_json::json!({"error": "invalid_grant"})),
        Answer::json(400, &serde_json::json!({"error": "invalid_client"})),
        Answer::text(429, "").with("retry-after", "5"),
        Answer::text(200, "not a token"),
        Answer::empty(404),
    ];
    for refusal in refusals {
        let answer = refusal.clone();
        let stub = Stub::start(move |_| answer.clone()).await;

        stub.client().player().await.unwrap_err();

        assert_eq!(stub.tokens().len(), 1, "{refusal:?}");
    }
}

#[tokio::test]
async fn a_code_is_sent_once_whatever_comes_of_it() {
    let stub = Stub::start(|_| Answer::empty(503)).await;
    let redirect = Url::parse("http://127.0.0.1:4000/callback").unwrap();
    let sign_in = SignIn::begin(&stub.endpoints(), "an-id", &redirect).unwrap();
    let state = sign_in.authorize_url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let http = tutti_spotify::Http::new(&stub.endpoints()).unwrap();

    let failed = sign_in.finish(&http, &format!("code=abc&state={state}")).await.unwrap_err();

    assert_eq!(failed, AuthError::Server { status: 503 });
    assert_eq!(stub.tokens().len(), 1);
}

#[tokio::test]
async fn a_command_or_a_reading_that_fails_is_not_sent_again() {
    let stub = Stub::api(|_| Answer::error(503, "Service unavailable", None)).await;
    let client = stub.client();

    client.next(None).await.unwrap_err();
    client.player().await.unwrap_err();

    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn a_command_whose_connection_breaks_after_it_was_sent_is_not_sent_again() {
    let commands = Arc::new(AtomicUsize::new(0));
    let count = commands.clone();
    let base = raw(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { drop(stream) }
    })
    .await;
    let client = client(&base, Timeouts::default());

    let failed = client.next(None).await.unwrap_err();

    assert!(matches!(failed.error, Error::Transport(Transport::Broken { .. })), "{failed:?}");
    assert!(failed.error.may_have_happened());
    assert_eq!(commands.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_command_on_a_kept_connection_that_the_server_closed_arrives_once_on_another() {
    let commands = Arc::new(AtomicUsize::new(0));
    let closed = Arc::new(Notify::new());
    let (count, closes) = (commands.clone(), closed.clone());
    let base = raw(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        let closes = closes.clone();
        async move {
            // It promises to keep the connection, and closes it.
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            drop(stream);
            closes.notify_one();
        }
    })
    .await;
    let client = client(&base, Timeouts::default());

    for sent in 1..=20 {
        client.next(None).await.unwrap();
        assert_eq!(commands.load(Ordering::SeqCst), sent);
        closed.notified().await;
    }
}
