//! What comes back: readings, odd answers, refusals, and no answer at all.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tutti_spotify::model::PlayingType;
use tutti_spotify::{Error, Timeouts, Transport};

use crate::stub::{Answer, Stub, client, raw};

#[tokio::test]
async fn no_content_is_no_player_and_not_an_error() {
    for answer in [Answer::empty(204), Answer::empty(200), Answer::empty(202)] {
        let stub = Stub::api(move |_| answer.clone()).await;
        let client = stub.client();

        assert_eq!(client.player().await.unwrap().value, None);
        assert!(client.devices().await.unwrap().value.is_empty());
        assert!(client.queue().await.unwrap().value.queue.is_empty());
    }
}

#[tokio::test]
async fn a_command_is_accepted_by_any_success_whatever_its_body() {
    for answer in [
        Answer::empty(204),
        Answer::empty(202),
        Answer::text(200, "CAVznnjOzyQ"),
        Answer::text(200, "CAVzn").with("content-type", "application/json"),
        Answer::text(200, vec![0xff; 2 << 20]),
    ] {
        let stub = Stub::api(move |_| answer.clone()).await;

        stub.client().seek(1, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_reading_with_words_that_came_later_and_a_null_position_is_read() {
    let stub = Stub::api(|_| {
        Answer::json(
            200,
            &json!({"is_playing": true, "progress_ms": null, "currently_playing_type": "hologram",
                    "item": {"type": "hologram", "uri": "spotify:hologram:h"}, "device": null}),
        )
    })
    .await;

    let player = stub.client().player().await.unwrap().value.unwrap();

    assert_eq!(player.progress_ms, None);
    assert_eq!(player.is_playing, Some(true));
    assert_eq!(player.currently_playing_type, Some(PlayingType::Other("hologram".into())));
    assert_eq!(player.item.unwrap().uri.as_deref(), Some("spotify:hologram:h"));
}

#[tokio::test]
async fn an_answer_that_is_not_spotifys_is_an_error_with_its_instants() {
    for body in
        [r#"{"is_playing": true, "item": {"na"#, "<html>please log in to this network</html>", "[1, 2]", "\"text\""]
    {
        let stub = Stub::api(move |_| Answer::text(200, body)).await;

        let failed = stub.client().player().await.unwrap_err();

        assert!(matches!(failed.error, Error::Unreadable { .. }), "{body}");
        assert!(failed.error.transient() && failed.error.not_spotify());
        assert!(failed.asked.unwrap() <= failed.answered.unwrap());
        assert!(!failed.to_string().contains("log in"), "{failed}");
    }
}

#[tokio::test]
async fn an_account_without_an_id_is_an_error() {
    let stub = Stub::api(|_| Answer::json(200, &json!({"display_name": "Anna"}))).await;

    let failed = stub.client().me().await.unwrap_err();

    assert_eq!(failed.error.code(), "not_spotify");
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let stub = Stub::api(|_| Answer::text(200, vec![b' '; 2 << 20])).await;

    let error = stub.client().player().await.unwrap_err().error;

    assert_eq!(error, Error::Transport(Transport::TooLarge { limit: 1 << 20 }));
}

#[tokio::test]
async fn a_wait_is_reported_with_its_length_and_its_reason_and_nothing_is_repeated() {
    let stub = Stub::api(|seen| match seen.path.as_str() {
        "/v1/me/player" => Answer::error(429, "API rate limit exceeded", None).with("retry-after", "7"),
        "/v1/me/player/queue" => {
            Answer::error(429, "Too many requests", Some("QUOTA_EXCEEDED")).with("retry-after", "86207")
        }
        _ => Answer::text(429, "Too many requests"),
    })
    .await;
    let client = stub.client();

    let short = client.player().await.unwrap_err().error;
    let long = client.queue().await.unwrap_err().error;
    let unknown = client.devices().await.unwrap_err().error;

    assert_eq!(short.retry_after(), Some(Duration::from_secs(7)));
    assert!(short.rate_limited() && !short.quota_exceeded());
    assert_eq!(long.retry_after(), Some(Duration::from_secs(86_207)));
    assert!(long.rate_limited() && long.quota_exceeded());
    assert!(unknown.rate_limited());
    assert_eq!(unknown.retry_after(), None);
    assert_eq!(stub.calls().len(), 3);
}

#[tokio::test]
async fn refusals_of_the_player_are_told_apart() {
    let stub = Stub::api(|seen| match seen.path.as_str() {
        "/v1/me/player/pause" => Answer::error(403, "Player command failed: Restriction violated", Some("UNKNOWN")),
        "/v1/me/player/next" => Answer::error(403, "Player command failed: Premium required", Some("PREMIUM_REQUIRED")),
        "/v1/me/player/previous" => Answer::text(
            403,
            "Active premium subscription required for the owner of the app. When the subscription status changes, \
             it can take a few hours before requests are allowed again.",
        ),
        "/v1/me/player/seek" => {
            Answer::error(404, "Player command failed: No active device found", Some("NO_ACTIVE_DEVICE"))
        }
        "/v1/me" => Answer::error(403, "User not registered in the Developer Dashboard", None),
        _ => Answer::text(502, "<html>bad gateway</html>"),
    })
    .await;
    let client = stub.client();

    assert!(client.pause(None).await.unwrap_err().error.restriction());
    assert!(client.next(None).await.unwrap_err().error.not_premium());
    let lapsed = client.previous(None).await.unwrap_err().error;
    assert!(lapsed.owner_premium_lapsed() && !lapsed.restriction());
    assert!(client.seek(1, None).await.unwrap_err().error.no_device());
    assert!(client.me().await.unwrap_err().error.not_allowed_here());
    let down = client.player().await.unwrap_err().error;
    assert!(down.transient() && down.may_have_happened());
    assert!(!down.to_string().contains('<'), "{down}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_at_the_deadline() {
    let stub = Stub::api(|_| Answer::never()).await;

    let failed = stub.hasty_client().pause(None).await.unwrap_err();

    assert_eq!(failed.error, Error::Transport(Transport::Timeout));
    assert!(failed.error.transient() && failed.error.may_have_happened());
    assert!(failed.asked.is_some() && failed.answered.is_none());
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn nobody_at_the_address_is_said_without_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);

    let failed = client(&base, Timeouts::default()).player().await.unwrap_err();

    assert_eq!(failed.error.code(), "unreachable");
    assert!(failed.error.transient() && !failed.error.may_have_happened());
    assert!(failed.asked.is_none(), "no token, so nothing was asked");
    assert!(!failed.to_string().contains("127.0.0.1"), "{failed}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_transient_and_leaves_a_command_in_doubt() {
    for sent in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"is_pl"] {
        let base = raw(move |mut stream| async move {
            stream.write_all(sent.as_bytes()).await.unwrap();
        })
        .await;

        let failed = client(&base, Timeouts::default()).player().await.unwrap_err();

        assert!(matches!(failed.error, Error::Transport(Transport::Broken { .. })), "{sent:?}: {failed:?}");
        assert!(failed.error.transient() && failed.error.may_have_happened());
        assert_eq!(failed.answered.is_some(), !sent.is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_token_is_blotted_out() {
    let stub = Stub::api(|seen| Answer::error(400, &format!("bad {}", seen.bearer()), None)).await;

    let failed = stub.client().player().await.unwrap_err();

    assert!(!format!("{failed} {failed:?}").contains("access-1"));
}
