//! The table of docs/simulator.md that says what the program makes of each fault: written from the rows, and held to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use tutti_sim::fault::Fault;

use super::rows;

const BEGIN: &str = "<!-- What the program makes of each fault: written by the tests of tutti-app (TUTTI_WRITE=1), never by hand. -->\n";
const END: &str = "<!-- End of what the tests write. -->\n";

/// What the program does about each kind.
const DOES: &[(&str, &str)] = &[
    (
        "stall",
        "a loss of time, not a hand: the follower is put right, a leader's room goes on and the leader is put right",
    ),
    ("buffering", "the same, when the answers snap back"),
    ("offline", "looks every 2.9 s; back, the member drops in. Of a leader who is gone for 8 s the lead passes on"),
    ("gone", "the same"),
    ("asleep", "a device that was chosen is started by its id; else the words stay until somebody presses play"),
    ("unlisted", "the same"),
    ("ad", "no position is taken from it and nothing is commanded; the member drops in after it"),
    ("unavailable", "waits for the next song; refused alone or passed over in a list, it is said by its title"),
    ("past_end", "followers may be past an end for a while; what comes next is played when the leader has begun it"),
    ("phantom_jump", "after a seek to a known place: put right once; without one it cannot be told from a hand"),
    ("phantom_after_seek", "put right once, then left alone for a while"),
    ("seek_reverts", "put in place once while paused; the position goes with the resume in any case"),
    ("seek_ignored", "tried again after waits that grow, then by a play"),
    ("seek_restarts", "the device's doing, not a hand; tried again"),
    ("slow_commands", "a late effect of a command is the command's; the window is learned"),
    ("reordered", "the same"),
    ("lost_commands", "tried again, after waits that grow"),
    ("silent", "nothing: by Spotify's report it plays"),
    ("no_content", "as without a device; the list of devices is asked whether a private session is on"),
    ("empty_until_visible", "waits for the effect"),
    ("null_progress", "a reading without a position; the line goes on"),
    ("null_item", "the same"),
    ("idle_state", "the same"),
    ("wrong_flag", "one reading moves nobody"),
    ("stale_snapshot", "an old snapshot is left out"),
    ("repeated", "the report's age is learned"),
    ("front_ends", "the slack is learned"),
    ("progress_zero", "a position that stands is none"),
    ("zero_after_resume", "not met: what is resumed by Tutti is played anew, with its position"),
    ("timestamp_stands", "a timestamp is evidence, never proof"),
    ("timestamp_of_fetch", "the same"),
    ("private_session", "looks go on; readings that come all the same are used"),
    ("restricted", "the member can lead, and is not commanded"),
    ("null_id", "commands go to the active device, without an id"),
    ("jam", "nothing: it is a device like others"),
    ("new_words", "unknown words are kept as they came"),
    ("redundant_500", "looks again, then decides"),
    ("premium_lost", "not commanded any more until the member joins anew; it can still lead"),
    ("server_error", "one failed look is made up for at once and is not said; said when two in a row fail"),
    ("burst", "the same"),
    ("gateway_stall", "a look is given up after 3.5 s, and the next one goes out at once"),
    ("slow_answer", "positions lie between the two instants of a look, however far apart"),
    ("reset", "as `server_error`; a command that may have happened is not repeated before a look"),
    ("slow_body", "as `gateway_stall`"),
    ("truncated", "as `server_error`"),
    ("not_json", "as `server_error`"),
    ("accepted_text", "an accepted command's body means nothing"),
    ("accepted_202", "accepted; lost, it is as `lost_commands`"),
    (
        "rate_limited",
        "nothing goes out for the client id before the time, or for 60 s where none is named; half as much for an hour after",
    ),
    ("quota", "the same for all client ids that are told so, also after a restart"),
    ("token_expired", "renewed once, and the request sent once more"),
    ("token_revoked", "no request goes out any more; the way out is to sign in again"),
    ("token_aged", "the same, as soon as a token must be renewed"),
    ("accounts_down", "the token at hand is used while it lasts"),
    ("not_allowed", "looks every 2.9 s go on"),
    ("owner_lapsed", "the same"),
];

#[test]
fn the_manual_says_what_the_program_makes_of_each_fault() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator.md");
    let manual = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(BEGIN).expect("the beginning of the table is marked");
    let (written, after) = rest.split_once(END).expect("the end of the table is marked");
    let table = table();
    if std::env::var_os("TUTTI_WRITE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(written == table, "docs/simulator.md is behind; TUTTI_WRITE=1 with this test writes:\n{table}");
}

fn table() -> String {
    let texts: BTreeMap<String, String> = serde_json::from_str(tutti_app::texts::EN).unwrap();
    let rows = rows::all();
    let mut table = String::from("| fault | what Tutti does | what stands beside the member |\n|---|---|---|\n");
    for about in Fault::all().into_iter().filter(|about| about.kind != "clear") {
        let (_, does) = DOES.iter().find(|(kind, _)| *kind == about.kind).expect("every kind has its sentence");
        let said = rows.iter().filter(|row| row.kind() == about.kind);
        let codes: BTreeSet<Option<&str>> = said.map(|row| row.says).collect();
        let words: Vec<&str> = codes.iter().flatten().map(|code| texts[&format!("trouble.{code}")].as_str()).collect();
        let words = match (words.is_empty(), codes.contains(&None)) {
            (true, _) => "nothing".to_owned(),
            (false, true) => format!("{}; or nothing, where it passes by itself or is not met", words.join(" ")),
            (false, false) => words.join(" "),
        };
        let yet = if rows::is_awaited(about.kind) { " (not always yet)" } else { "" };
        writeln!(table, "| `{}` | {does}{yet} | {words} |", about.kind).unwrap();
    }
    table
}
