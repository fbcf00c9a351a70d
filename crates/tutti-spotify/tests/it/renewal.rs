//! Access tokens: renewed in time, once for all, and refresh tokens that are replaced or not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tutti_spotify::{AuthError, Client, Error, Http, Secret, Timeouts, Token};

use crate::stub::{Answer, Seen, Stub, client, closing, endpoints, raw_tokens};

#[tokio::test]
async fn the_refresh_token_is_kept_when_no_new_one_comes() {
    // Tokens that last 59 s are renewed before every request.
    let stub = Stub::start(|seen| match seen.is_token() {
        true => Answer::token("short", 59, None),
        false => Answer::empty(204),
    })
    .await;
    let client = stub.client();

    for _ in 0..3 {
        client.player().await.unwrap();
    }

    let used = stub.tokens().iter().map(|seen| seen.form()["refresh_token"].clone()).collect::<Vec<_>>();
    assert_eq!(used, ["refresh-1"; 3]);
    let form = stub.tokens()[0].form();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["client_id"], "an-id");
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn a_token_that_lasts_is_not_renewed() {
    let stub = Stub::api(|_| Answer::empty(204)).await;
    let client = stub.client();

    for _ in 0..5 {
        client.player().await.unwrap();
    }

    assert_eq!(stub.tokens().len(), 1);
}

#[tokio::test]
async fn a_new_refresh_token_is_stored_before_anything_relies_on_it() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (asked, stored) = (log.clone(), log.clone());
    let stub = Stub::start(move |seen| {
        let used = seen.form().remove("refresh_token");
        asked.lock().unwrap().push(used.clone().unwrap_or_else(|| "a reading".into()));
        match used.as_deref() {
            Some("refresh-1") => Answer::token("short", 59, Some("refresh-2")),
            Some(_) => Answer::token("long", 3600, Some("refresh-2")),
            None => Answer::empty(204),
        }
    })
    .await;
    let client = stub.client().keep_refresh_token_with(move |new: &Secret| {
        // A slow keychain: whoever did not wait for it would be seen before it is done.
        std::thread::sleep(Duration::from_millis(30));
        stored.lock().unwrap().push(format!("kept {}", new.expose()));
    });

    client.player().await.unwrap();
    client.player().await.unwrap();

    assert_eq!(*log.lock().unwrap(), ["refresh-1", "kept refresh-2", "a reading", "refresh-2", "a reading"]);
}

#[tokio::test]
async fn fifty_who_need_a_token_cause_one_renewal() {
    let stub = Stub::api(|_| Answer::empty(204)).await;
    let client = stub.client();

    let outcomes = fifty(&client).await;

    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(stub.tokens().len(), 1);
    assert_eq!(stub.calls().len(), 50);
}

#[tokio::test]
async fn fifty_who_wait_for_a_renewal_that_fails_share_its_failure() {
    let release = Arc::new(Notify::new());
    let renewals = Arc::new(AtomicUsize::new(0));
    let (wait, count) = (release.clone(), renewals.clone());
    let base = raw_tokens(move |mut stream| {
        let (wait, count) = (wait.clone(), count.clone());
        async move {
            if count.fetch_add(1, Ordering::SeqCst) == 0 {
                wait.notified().await;
            }
            let answer = "HTTP/1.1 503 Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let client = client(&base, Timeouts::default());

    let all = tokio::spawn(async move { fifty(&client).await });
    while renewals.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    let outcomes = all.await.unwrap();

    assert_eq!(renewals.load(Ordering::SeqCst), 3, "one renewal, asked for three times");
    for outcome in outcomes {
        assert_eq!(outcome, Err(Error::Auth(AuthError::Server { status: 503 })));
    }
}

#[tokio::test]
async fn a_401_leads_to_one_renewal_and_one_more_try() {
    let stub = renewing(|seen| match seen.bearer() {
        "access-1" => Answer::error(401, "The access token expired", None),
        _ => Answer::empty(204),
    })
    .await;
    let client = stub.client();

    client.pause(None).await.unwrap();

    let bearers = stub.calls().iter().map(|seen| seen.bearer().to_owned()).collect::<Vec<_>>();
    assert_eq!(bearers, ["access-1", "access-2"]);
    assert_eq!(stub.tokens().len(), 2);
}

#[tokio::test]
async fn the_instants_after_a_401_are_those_of_the_second_try() {
    let stub = renewing(|seen| match seen.bearer() {
        "access-1" => Answer::error(401, "The access token expired", None),
        _ => Answer::empty(204),
    })
    .await;

    let reading = stub.client().player().await.unwrap();

    let calls = stub.calls();
    assert!(calls[0].at < reading.asked);
    assert!(reading.asked <= calls[1].at && calls[1].at <= reading.answered);
}

#[tokio::test]
async fn a_401_in_spite_of_a_new_token_needs_a_sign_in_and_is_not_tried_again() {
    let stub = renewing(|_| Answer::error(401, "Invalid access token", None)).await;

    let failed = stub.client().next(None).await.unwrap_err();

    assert!(failed.error.needs_login());
    assert_eq!(stub.calls().len(), 2);
    assert_eq!(stub.tokens().len(), 2);
}

#[tokio::test]
async fn fifty_who_meet_a_401_cause_one_renewal() {
    let stub = renewing(|seen| match seen.bearer() {
        "access-1" => Answer::error(401, "The access token expired", None),
        _ => Answer::empty(204),
    })
    .await;
    let client = stub.client();

    let outcomes = fifty(&client).await;

    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(stub.tokens().len(), 2, "the first token and its successor");
}

#[tokio::test]
async fn a_sign_in_that_has_ended_is_said_and_never_asked_for_again() {
    let stub = Stub::start(|_| {
        let body = serde_json::json!({"error": "invalid_grant", "error_description": "Refresh token revoked"});
        Answer::json(400, &body)
    })
    .await;
    let client = stub.client();

    for _ in 0..3 {
        let failed = client.player().await.unwrap_err();

        assert_eq!(failed.error, Error::Auth(AuthError::Ended));
        assert!(failed.error.needs_login());
        assert_eq!((failed.asked, failed.answered), (None, None));
    }
    assert_eq!(stub.tokens().len(), 1);
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn a_wait_that_the_accounts_service_asks_for_is_kept() {
    let stub = Stub::start(|_| Answer::text(429, "Too many requests").with("retry-after", "30")).await;
    let client = stub.client();

    for _ in 0..3 {
        let error = client.player().await.unwrap_err().error;

        assert!(error.rate_limited() && error.retry_after().unwrap().as_secs() >= 29);
    }
    assert_eq!(stub.tokens().len(), 1);
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_lose_the_new_refresh_token() {
    let (asked, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrived, wait) = (asked.clone(), release.clone());
    let base = raw_tokens(move |mut stream| {
        let (arrived, wait) = (arrived.clone(), wait.clone());
        async move {
            arrived.notify_one();
            wait.notified().await;
            let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-2"}"#;
            stream.write_all(closing(body).as_bytes()).await.unwrap();
        }
    })
    .await;
    let (kept, mut keeps) = tokio::sync::mpsc::unbounded_channel();
    let client =
        client(&base, Timeouts::default()).keep_refresh_token_with(move |new: &Secret| kept.send(new.clone()).unwrap());

    let impatient = tokio::spawn(async move { client.player().await });
    asked.notified().await;
    impatient.abort();
    assert!(impatient.await.unwrap_err().is_cancelled());
    release.notify_one();

    assert_eq!(keeps.recv().await, Some(Secret::new("refresh-2")));
}

#[tokio::test]
async fn a_sign_in_just_now_needs_no_renewal() {
    let stub = Stub::api(|_| Answer::empty(204)).await;
    let endpoints = endpoints(&stub.base);
    let http = Http::new(&endpoints).unwrap();
    let token = Token {
        access: Secret::new("from-sign-in"),
        refresh: Some(Secret::new("refresh-1")),
        expires_at: Instant::now() + Duration::from_secs(3600),
        scopes: Vec::new(),
        signed_in_at: chrono::Utc::now(),
    };

    let client = Client::signed_in(endpoints, "an-id", token, http);
    client.player().await.unwrap();

    assert!(stub.tokens().is_empty());
    assert_eq!(stub.calls()[0].bearer(), "from-sign-in");
}

/// A server whose access tokens are access-1, access-2, …
async fn renewing(api: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Stub {
    let renewals = AtomicUsize::new(0);
    Stub::start(move |seen| {
        if seen.is_token() {
            let number = renewals.fetch_add(1, Ordering::SeqCst) + 1;
            return Answer::token(&format!("access-{number}"), 3600, None);
        }
        api(seen)
    })
    .await
}

async fn fifty(client: &Client) -> Vec<Result<(), Error>> {
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        callers.spawn(async move { client.player().await.map(drop).map_err(|failed| failed.error) });
    }
    callers.join_all().await
}
