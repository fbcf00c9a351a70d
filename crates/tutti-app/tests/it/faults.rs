//! What goes wrong at Spotify for one member: what is said beside that member, while the other plays on and leads.
//!
//! Not here, because the engine still takes them for a hand: `stall`, `buffering`, `phantom_jump`, `phantom_after_seek`,
//! `seek_restarts`, `seek_reverts`, `progress_zero`, `stale_snapshot`, and what `offline` and `ad` leave behind.
//! `unavailable` has words that nobody is shown yet. `past_end` needs the end of an item.

mod bench;

use futures::future::join_all;
use serde_json::json;
use tutti_sim::player::Hand;

use self::bench::{Ends, Row, play, told, unnoticed};

/// Each row in a room of its own, all at once.
async fn play_all(rows: Vec<Row>) {
    let rooms = rows.into_iter().map(|row| tokio::spawn(play(row)));
    let wrong: Vec<String> = join_all(rooms).await.into_iter().flat_map(Result::unwrap).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn seek(position_ms: u32) -> Hand {
    Hand::Seek { position_ms }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_whose_player_cannot_be_used_is_told_why() {
    use Ends::{After, AfterWords, Later};
    play_all(vec![
        told("offline", json!({"for_ms": 60_000}), "no_device", "Open Spotify", Later),
        told("gone", json!({"for_ms": 7_000}), "no_device", "Open Spotify", Later),
        told("asleep", json!({}), "no_device", "press play once", Later),
        told("unlisted", json!({"for_ms": 7_000}), "no_device", "press play once", Later),
        told("no_content", json!({"for_ms": 7_000}), "no_device", "Open Spotify", After(7_000)),
        told("private_session", json!({"for_ms": 7_000}), "no_device", "Open Spotify", After(7_000)),
        unnoticed("private_session", json!({"for_ms": 7_000, "silent": false}), 7_000),
        told("restricted", json!({"for_ms": 7_000}), "restricted_device", "another device", After(7_000)),
        told("ad", json!({"for_ms": 60_000}), "ad", "when the ad is over", Later),
        told("premium_lost", json!({"for_ms": 60_000}), "not_premium", "not Premium", Later).when(500, seek(60_000)),
        told("not_allowed", json!({"for_ms": 7_000}), "not_allowed_here", "User Management", After(7_000)),
        told("owner_lapsed", json!({"for_ms": 7_000}), "owner_premium_lapsed", "owner of this client id", After(7_000)),
        told("token_revoked", json!({}), "needs_login", "no longer accepts Ben", Later),
        told("quota", json!({}), "quota", "daily ration", Later),
        told("rate_limited", json!({"retry_after_s": 5}), "rate_limited", "asked us to wait", AfterWords(5_000)),
        told(
            "rate_limited",
            json!({"retry_after_s": 5, "plain": true}),
            "rate_limited",
            "goes on by itself",
            AfterWords(5_000),
        ),
        told("token_expired", json!({}), "needs_login", "no longer accepts Ben", Later).after("token_aged", json!({})),
        told("token_expired", json!({}), "server_error", "trouble of its own", After(7_000))
            .after("accounts_down", json!({"for_ms": 7_000})),
        unnoticed("token_expired", json!({}), 6_000),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_fail_are_said_while_they_fail_and_no_longer() {
    use Ends::{After, AfterWords};
    play_all(vec![
        told("server_error", json!({"count": 1}), "server_error", "trouble of its own", AfterWords(0)),
        told("burst", json!({"for_ms": 6_000, "percent": 100}), "server_error", "keeps trying", After(6_000)),
        told("gateway_stall", json!({"count": 1}), "other_server_gone", "does not answer", AfterWords(0)),
        told("reset", json!({"count": 1}), "other_server_gone", "does not answer", AfterWords(0)),
        told("slow_body", json!({"count": 1, "over_ms": 30_000}), "other_server_gone", "not answer", AfterWords(0)),
        told("truncated", json!({"count": 1}), "server_error", "trouble of its own", AfterWords(0)),
        told("not_json", json!({"count": 1}), "server_error", "trouble of its own", AfterWords(0)),
        unnoticed("slow_answer", json!({"for_ms": 7_000, "delay_ms": 1_500}), 7_000),
        unnoticed("accounts_down", json!({"for_ms": 5_000}), 5_000),
        unnoticed("slow_body", json!({"count": 1, "over_ms": 2_000}), 6_000),
        told("gateway_stall", json!({"delay_ms": 2_000}), "server_error", "trouble of its own", AfterWords(0)),
        unnoticed("accepted_text", json!({"for_ms": 7_000}), 7_000).when(500, seek(60_000)),
        unnoticed("accepted_202", json!({"for_ms": 7_000}), 7_000).when(500, seek(60_000)),
        unnoticed("accepted_202", json!({"for_ms": 7_000, "lost": true}), 7_000).when(500, seek(60_000)).behind(),
        unnoticed("redundant_500", json!({"for_ms": 7_000}), 7_000).when(500, Hand::Pause).when(4_000, Hand::resume()),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_answers_say_wrongly_passes_unnoticed() {
    let plain = |kind: &str| unnoticed(kind, json!({"for_ms": 7_000}), 7_000);
    play_all(vec![
        plain("null_progress"),
        plain("null_item"),
        plain("idle_state"),
        unnoticed("idle_state", json!({"for_ms": 7_000, "playing": true}), 7_000),
        unnoticed("wrong_flag", json!({"polls": 1}), 6_000),
        plain("repeated"),
        plain("front_ends"),
        plain("zero_after_resume").when(500, Hand::Pause).when(2_500, Hand::resume()),
        plain("timestamp_stands").when(500, seek(60_000)),
        plain("timestamp_of_fetch").when(500, seek(60_000)),
        plain("null_id").when(500, seek(60_000)),
        plain("jam").when(500, seek(60_000)),
        plain("new_words").when(500, seek(60_000)),
        plain("empty_until_visible").when(500, seek(60_000)),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_that_does_not_do_as_it_is_told_leads_nobody() {
    let plain = |kind: &str| unnoticed(kind, json!({"for_ms": 7_000}), 7_000);
    play_all(vec![
        plain("seek_ignored").when(500, seek(60_000)).behind(),
        plain("slow_commands").when(500, seek(60_000)).behind(),
        plain("reordered").when(500, seek(60_000)).when(2_500, seek(90_000)),
        plain("lost_commands").when(500, seek(60_000)).behind(),
        plain("silent"),
    ])
    .await;
}
