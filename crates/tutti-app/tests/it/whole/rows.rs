//! The table: every fault of the simulator, on a follower and on the leader where that differs.

use serde_json::json;
use tutti_sim::player::Hand;

use super::row::{About, Act, Ends, Row};

/// Rows whose end is the engine's to bring about and that do not always end so yet: fault, on the leader, what is not asked
/// for meanwhile.
const AWAITS_ENGINE: &[(&str, bool, &[About])] = &[
    // A jump without any seek before it, once, looks like a hand's.
    ("phantom_jump", false, &[About::Disturbed]),
    // The song that our command starts, while the player is past the end of the one before, is taken for a hand's.
    ("past_end", false, &[About::Disturbed]),
    ("seek_reverts", false, &[About::Disturbed, About::Step]),
    ("slow_commands", false, &[About::Step]),
    ("reordered", false, &[About::Step]),
    // A7: a song that is passed over for the next of the list that we gave is nobody's doing.
    ("unavailable", false, &[About::Disturbed, About::Words, About::Step]),
];

/// Whether a row of this fault is on that list.
pub fn is_awaited(kind: &str) -> bool {
    AWAITS_ENGINE.iter().any(|(awaited, ..)| *awaited == kind)
}

impl Row {
    /// Whether this complaint about it is one that the engine is still to settle.
    pub fn awaits(&self, about: About) -> bool {
        let this =
            |(kind, on_leader, _): &&(&str, bool, &[About])| *kind == self.kind() && *on_leader == self.on_leader;
        AWAITS_ENGINE.iter().filter(this).any(|(.., awaited)| awaited.contains(&about))
    }
}

fn row(kind: &str, fields: serde_json::Value) -> Row {
    Row::new(kind, fields)
}

fn pause() -> Act {
    Act::Hand(Hand::Pause)
}

fn resume() -> Act {
    Act::Hand(Hand::resume())
}

/// The whole table.
pub fn all() -> Vec<Row> {
    [players(), commands(), answers(), requests(), accounts(), songs()].concat()
}

/// Where the music really is, devices, and what may be heard.
pub fn players() -> Vec<Row> {
    let both = |row: Row| [row.clone(), row.leader()];
    let mut rows = Vec::new();
    rows.extend(both(row("stall", json!({"for_ms": 3_000}))));
    rows.extend(both(row("buffering", json!({"for_ms": 4_000}))));
    rows.extend(both(row("phantom_jump", json!({}))));
    rows.extend(both(row("phantom_after_seek", json!({"for_ms": 10_000})).seek()));
    rows.extend(both(row("past_end", json!({"for_ms": 16_000})).when(500, "anna", Act::NearEnd(10_000))));
    rows.extend(both(row("silent", json!({"for_ms": 8_000}))));
    rows.push(row("offline", json!({"for_ms": 20_000})).says("no_device"));
    rows.push(row("offline", json!({"for_ms": 20_000})).says("no_device").leader());
    rows.push(row("gone", json!({"for_ms": 20_000})).says("no_device"));
    rows.push(row("gone", json!({"for_ms": 20_000})).says("no_device").leader());
    rows.extend(both(row("asleep", json!({})).says("no_device").for_good()));
    rows.push(row("asleep", json!({})).says("no_device").ends(Ends::After(12_000)).when(12_000, "ben", resume()));
    rows.extend(both(row("unlisted", json!({"for_ms": 60_000})).says("no_device").for_good()));
    rows.push(row("restricted", json!({"for_ms": 9_000})).says("restricted_device").seek());
    rows.push(row("restricted", json!({"for_ms": 9_000})).says("restricted_device").leader());
    rows.extend(both(row("null_id", json!({"for_ms": 9_000})).seek()));
    rows.extend(both(row("jam", json!({"for_ms": 9_000})).seek()));
    rows.extend(both(row("private_session", json!({"for_ms": 20_000})).says("private_session")));
    rows.extend(both(row("private_session", json!({"for_ms": 9_000, "silent": false})).seek()));
    rows.extend(both(row("ad", json!({"for_ms": 15_000})).says("ad")));
    rows.push(row("premium_lost", json!({"for_ms": 60_000})).says("not_premium").seek().for_good());
    rows.push(row("premium_lost", json!({"for_ms": 9_000})).seek().leader());
    rows
}

/// What becomes of commands.
pub fn commands() -> Vec<Row> {
    let plain = |kind: &str| row(kind, json!({"for_ms": 10_000})).seek();
    vec![
        row("seek_reverts", json!({"for_ms": 12_000}))
            .when(500, "anna", pause())
            .when(4_000, "anna", Act::Hand(Hand::Seek { position_ms: 90_000 }))
            .when(9_000, "anna", resume()),
        plain("seek_ignored"),
        plain("seek_restarts"),
        plain("slow_commands"),
        plain("reordered"),
        plain("reordered").when(2_500, "anna", Act::Hand(Hand::Seek { position_ms: 90_000 })),
        row("lost_commands", json!({"for_ms": 15_000})).says("no_effect").seek(),
        row("redundant_500", json!({"for_ms": 10_000})).when(500, "anna", pause()).when(4_000, "anna", resume()),
        plain("accepted_text"),
        plain("accepted_202"),
        row("accepted_202", json!({"for_ms": 15_000, "lost": true})).says("no_effect").seek(),
        plain("empty_until_visible"),
    ]
}

/// What answers say.
pub fn answers() -> Vec<Row> {
    let both = |row: Row| [row.clone(), row.leader()];
    let plain = |kind: &str| row(kind, json!({"for_ms": 9_000}));
    let mut rows = Vec::new();
    rows.extend(both(row("no_content", json!({"for_ms": 12_000})).says("no_device")));
    rows.push(row("no_content", json!({"for_ms": 700})));
    for kind in
        ["null_progress", "null_item", "idle_state", "stale_snapshot", "repeated", "front_ends", "progress_zero"]
    {
        rows.extend(both(plain(kind)));
    }
    rows.extend(both(row("idle_state", json!({"for_ms": 9_000, "playing": true}))));
    rows.extend(both(row("wrong_flag", json!({"polls": 1}))));
    rows.extend(both(plain("zero_after_resume").when(500, "anna", pause()).when(3_500, "anna", resume())));
    for kind in ["timestamp_stands", "timestamp_of_fetch", "new_words"] {
        rows.extend(both(plain(kind).seek()));
    }
    rows
}

/// What becomes of requests.
pub fn requests() -> Vec<Row> {
    let both = |row: Row| [row.clone(), row.leader()];
    let mut rows = Vec::new();
    for kind in ["server_error", "reset", "gateway_stall", "truncated", "not_json"] {
        rows.extend(both(row(kind, json!({"count": 1}))));
    }
    rows.extend(both(row("slow_body", json!({"count": 1, "over_ms": 5_000}))));
    rows.extend(both(row("burst", json!({"for_ms": 12_000, "percent": 100})).says("server_error")));
    rows.push(row("server_error", json!({"count": 4, "status": 503})).says("server_error").ends(Ends::Used(4)));
    rows.push(row("reset", json!({"count": 4})).says("other_server_gone").ends(Ends::Used(4)));
    rows.push(row("gateway_stall", json!({"count": 3})).says("other_server_gone").ends(Ends::Used(3)));
    rows.extend(both(row("slow_answer", json!({"for_ms": 10_000, "delay_ms": 2_000}))));
    rows.push(
        row("server_error", json!({"count": 3, "executes": true}))
            .perhaps_says("server_error")
            .ends(Ends::Used(3))
            .seek(),
    );
    rows.push(
        row("reset", json!({"count": 3, "executes": true}))
            .perhaps_says("other_server_gone")
            .ends(Ends::Used(3))
            .seek(),
    );
    rows
}

/// Limits, accounts and apps.
pub fn accounts() -> Vec<Row> {
    let both = |row: Row| [row.clone(), row.leader()];
    let mut rows = Vec::new();
    let limited = |fields| row("rate_limited", fields).says("rate_limited");
    rows.extend(both(limited(json!({"retry_after_s": 10})).ends(Ends::AfterWords(10_000))));
    rows.push(limited(json!({"retry_after_s": 10, "plain": true})).ends(Ends::AfterWords(10_000)));
    rows.extend(both(limited(json!({"retry_after_s": 10, "header": false})).ends(Ends::AfterWords(60_000))));
    rows.extend(both(row("quota", json!({})).says("quota").for_good()));
    rows.extend(both(row("token_expired", json!({}))));
    rows.extend(both(row("token_revoked", json!({})).says("needs_login").for_good()));
    rows.extend(both(row("token_expired", json!({})).after("token_aged", json!({})).says("needs_login").for_good()));
    rows.push(row("token_aged", json!({})));
    rows.extend(both(row("accounts_down", json!({"for_ms": 9_000}))));
    rows.extend(both(
        row("accounts_down", json!({"for_ms": 9_000})).after("token_expired", json!({})).says("server_error"),
    ));
    rows.extend(both(row("not_allowed", json!({"for_ms": 9_000})).says("not_allowed_here")));
    rows.extend(both(row("owner_lapsed", json!({"for_ms": 9_000})).says("owner_premium_lapsed")));
    rows
}

/// A song that the account may not hear.
pub fn songs() -> Vec<Row> {
    let lacks = |place: Option<usize>, song: Act| {
        let row = row("unavailable", json!({})).when(0, "ben", Act::Lacks(place)).when(500, "anna", song);
        row.says("unavailable_item").for_good()
    };
    vec![row("unavailable", json!({"for_ms": 10_000})).seek(), lacks(Some(2), Act::Song(2)), lacks(None, Act::LastSong)]
}
