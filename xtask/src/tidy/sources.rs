//! Rules about the source files' own text.

use serde_json::Value;

use super::tree::{Tree, before_tests, code, is_test_file};

/// Words that stand for a clock, IO, a lock, a task, randomness, or an order that differs from run to run.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "std::time::Instant",
    "std::io",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "OnceLock",
    "Mutex",
    "RwLock",
    "Atomic",
    "async fn",
    "async move",
    ".await",
    "HashMap",
    "HashSet",
    "rand::",
    "println!",
    "static mut",
];

/// What rooms are made of: here nothing may depend on what time a computer believes it is.
const ROOMS: &[&str] = &[
    "crates/tutti-relay/src/",
    "crates/tutti-app/src/network",
    "crates/tutti-app/src/agent",
    "crates/tutti-app/src/link",
    "crates/tutti-app/src/local_room",
    "crates/tutti-app/src/invite",
    "crates/tutti-app/src/controller/meeting",
];
const WALL_CLOCK: &[&str] = &["SystemTime", "chrono::", "Utc::", "wall_ms"];

/// Where `tutti_spotify` may be named, below crates/tutti-app/src/ (the keychain stores its tokens).
const REACH_SPOTIFY: &[&str] = &["players/spotify", "accounts", "sign_in", "secrets", "cover"];

const RUST: &[&str] = &[".rs"];
const LONGEST_FILE: usize = 600;

/// Whoever renames or drops a test that stands for a claim sees which claim that was.
pub fn named_tests_are_there(tree: &Tree) -> Vec<String> {
    const CLAIMS: &str = "docs/security.md";
    // A shorter word with a line below is a name in the protocol.
    const SHORTEST: usize = 16;
    let Some(text) = tree.files.get(CLAIMS) else { return vec![format!("{CLAIMS}: it is not there")] };
    let named = text.split('`').skip(1).step_by(2).filter(|name| {
        name.len() >= SHORTEST && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    });
    let is_there = |name: &str| {
        let function = format!("fn {name}()");
        tree.below("", RUST).any(|(_, text)| text.contains(&function))
    };
    named.filter(|name| !is_there(name)).map(|name| format!("{CLAIMS}: no test {name}")).collect()
}

pub fn engine_is_pure(tree: &Tree) -> Vec<String> {
    let sources = tree.below("crates/tutti-core/src/", RUST).filter(|(path, _)| !is_test_file(path));
    sources.flat_map(|(path, text)| naming(path, before_tests(text), IMPURE)).collect()
}

pub fn rooms_know_no_wall_clock(tree: &Tree) -> Vec<String> {
    let of_rooms = |path: &str| ROOMS.iter().any(|start| path.starts_with(start));
    let sources = tree.below("crates/", RUST).filter(|(path, _)| of_rooms(path) && !is_test_file(path));
    sources.flat_map(|(path, text)| naming(path, before_tests(text), WALL_CLOCK)).collect()
}

pub fn few_reach_spotify(tree: &Tree) -> Vec<String> {
    let may = |path: &str| {
        let within_app = path.strip_prefix("crates/tutti-app/src/");
        path.starts_with("crates/tutti-spotify/")
            || path.starts_with("xtask/")
            || within_app.is_some_and(|path| REACH_SPOTIFY.iter().any(|start| path.starts_with(start)))
            || is_test_file(path)
    };
    let sources = tree.below("", RUST).filter(|(path, _)| !may(path));
    sources.flat_map(|(path, text)| naming(path, before_tests(text), &["tutti_spotify"])).collect()
}

pub fn one_file_knows_tauri(tree: &Tree) -> Vec<String> {
    let sources = tree.below("ui/src/", &[".ts", ".js", ".svelte"]).filter(|(path, _)| *path != "ui/src/host/tauri.ts");
    sources.flat_map(|(path, text)| naming(path, text, &["@tauri-apps"])).collect()
}

pub fn every_file_says_its_job(tree: &Tree) -> Vec<String> {
    let silent = tree
        .below("", RUST)
        .filter(|(_, text)| !text.lines().next().is_some_and(|line| line.len() > 12 && line.starts_with("//! ")));
    silent.map(|(path, _)| format!("{path}: its first line does not say what it is responsible for")).collect()
}

pub fn files_are_short(tree: &Tree) -> Vec<String> {
    let endings = &[".rs", ".ts", ".svelte", ".css", ".mjs"];
    let files = tree.below("", endings).filter(|(path, _)| !is_test_file(path) && !path.contains("/generated/"));
    let lengths = files.map(|(path, text)| (path, before_tests(text).lines().count()));
    lengths.filter(|(_, lines)| *lines > LONGEST_FILE).map(|(path, lines)| format!("{path}: {lines} lines")).collect()
}

pub fn nothing_is_left_undone(tree: &Tree) -> Vec<String> {
    let rust = ["todo!(", "unimplemented!(", "#[ignore"];
    let script = [".skip(", ".only(", ".todo(", ".fixme("];
    let sources =
        tree.below("", &[".rs", ".ts", ".svelte", ".mjs"]).filter(|(path, _)| !path.starts_with("xtask/src/tidy/"));
    let breaches = sources.flat_map(|(path, text)| {
        let words: &[&str] = if path.ends_with(".rs") { &rust } else { &script };
        let marks = text
            .lines()
            .enumerate()
            .filter(|(_, line)| ["FIXME", "XXX", "TODO"].iter().any(|mark| line.contains(mark)));
        let marks: Vec<String> =
            marks.map(|(at, _)| format!("{path}:{}: a mark of something undone", at + 1)).collect();
        marks.into_iter().chain(naming(path, text, words))
    });
    breaches.collect()
}

pub fn lints_hold_everywhere(tree: &Tree) -> Vec<String> {
    let manifests = tree.below("", &["Cargo.toml"]).filter(|(_, text)| text.contains("[package]"));
    let without = manifests.filter(|(_, text)| !text.contains("[lints]\nworkspace = true"));
    let lifted = tree.below("", RUST).filter(|(path, _)| !is_test_file(path) && !path.starts_with("xtask/src/tidy/"));
    let lifted = lifted.flat_map(|(path, text)| {
        naming(path, before_tests(text), &["allow(clippy::unwrap_used", "allow(unused", "allow(dead_code"])
    });
    without.map(|(path, _)| format!("{path}: does not take the workspace's lints")).chain(lifted).collect()
}

pub fn names_say_something(tree: &Tree) -> Vec<String> {
    let empty = ["Manager", "Helper", "Util", "Utils", "Service"];
    let mut breaches = Vec::new();
    for (path, text) in tree.below("", RUST) {
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
        if ["manager", "helper", "helpers", "util", "utils", "service", "misc", "common"].contains(&stem) {
            breaches.push(format!("{path}: the file's name says nothing"));
        }
        for (at, line) in code(text) {
            let name = ["struct ", "enum ", "trait "]
                .iter()
                .find_map(|kind| line.trim_start().trim_start_matches("pub ").strip_prefix(kind));
            let name: String = name.unwrap_or_default().chars().take_while(|char| char.is_alphanumeric()).collect();
            if empty.iter().any(|end| name.ends_with(end)) {
                breaches.push(format!("{path}:{at}: {name} says nothing"));
            }
        }
    }
    breaches
}

pub fn every_text_is_there(tree: &Tree) -> Vec<String> {
    let texts =
        tree.files.get("crates/tutti-app/texts/en.json").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(Value::Object(texts)) = texts else {
        return vec!["crates/tutti-app/texts/en.json: not an object of texts".into()];
    };
    let mut breaches = Vec::new();
    for (path, text) in tree.below("", RUST).filter(|(path, _)| !path.starts_with("xtask/") && !is_test_file(path)) {
        for (at, line) in code(before_tests(text)) {
            let missing = keys(line).into_iter().filter(|key| !texts.contains_key(*key));
            breaches.extend(missing.map(|key| format!("{path}:{at}: there is no text `{key}`")));
        }
    }
    breaches
}

/// The keys in calls of `t("…", …)` on a line.
fn keys(line: &str) -> Vec<&str> {
    let calls = line.match_indices("t(\"").filter(|(at, _)| {
        !line[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '.')
    });
    calls.filter_map(|(at, call)| line[at + call.len()..].split('"').next()).collect()
}

fn naming(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let found = code(text)
        .flat_map(|(at, line)| words.iter().filter(move |word| line.contains(**word)).map(move |word| (at, *word)));
    found.map(|(at, word)| format!("{path}:{at}: {word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::with;

    type Rule = fn(&Tree) -> Vec<String>;

    fn breaches(rule: Rule, path: &str, text: &str) -> usize {
        rule(&with(&[(path, text)])).len()
    }

    #[test]
    fn a_clock_in_the_engine_is_seen_but_not_in_its_tests() {
        let path = "crates/tutti-core/src/member.rs";
        assert_eq!(breaches(engine_is_pure, path, "//! x\nlet now = Instant::now();\n"), 1);
        assert_eq!(breaches(engine_is_pure, path, "//! x\nuse std::collections::HashMap;\n"), 1);
        assert_eq!(
            breaches(engine_is_pure, path, "//! no HashMap here\n#[cfg(test)]\nmod tests {\nuse std::io;\n}\n"),
            0
        );
        assert_eq!(breaches(engine_is_pure, "crates/tutti-sim/src/player.rs", "let now = Instant::now();"), 0);
    }

    #[test]
    fn a_wall_clock_is_seen_in_rooms_and_let_be_in_ledgers() {
        let text = "//! x\nlet at = clock::wall_ms();\n";
        assert_eq!(breaches(rooms_know_no_wall_clock, "crates/tutti-app/src/network/member.rs", text), 1);
        assert_eq!(breaches(rooms_know_no_wall_clock, "crates/tutti-app/src/ration/line.rs", text), 0);
    }

    #[test]
    fn a_view_that_reaches_spotify_is_seen() {
        assert_eq!(breaches(few_reach_spotify, "crates/tutti-app/src/view.rs", "use tutti_spotify::Client;"), 1);
        assert_eq!(breaches(few_reach_spotify, "src-tauri/app.rs", "use tutti_spotify::Client;"), 1);
        assert_eq!(
            breaches(few_reach_spotify, "crates/tutti-app/src/players/spotify.rs", "use tutti_spotify::Client;"),
            0
        );
    }

    #[test]
    fn a_view_that_imports_tauri_is_seen() {
        let import = "import { listen } from '@tauri-apps/api/event'";
        assert_eq!(breaches(one_file_knows_tauri, "ui/src/views/Room.svelte", import), 1);
        assert_eq!(breaches(one_file_knows_tauri, "ui/src/host/tauri.ts", import), 0);
    }

    #[test]
    fn a_file_without_its_line_is_seen() {
        assert_eq!(breaches(every_file_says_its_job, "crates/a/src/lib.rs", "use x;\n//! late"), 1);
        assert_eq!(breaches(every_file_says_its_job, "crates/a/src/lib.rs", "//! What plays, and where it is.\n"), 0);
    }

    #[test]
    fn a_long_file_is_seen_and_its_tests_do_not_count() {
        let long = "let a = 1;\n".repeat(601);
        assert_eq!(breaches(files_are_short, "crates/a/src/lib.rs", &long), 1);
        let tested = format!("//! x\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(breaches(files_are_short, "crates/a/src/lib.rs", &tested), 0);
    }

    #[test]
    fn a_claim_whose_test_is_gone_is_seen() {
        let claim = ("docs/security.md", "It is so: `nobody_can_do_anything`, in `tutti-app`.");
        let test = ("crates/a/tests/it.rs", "async fn nobody_can_do_anything() {}");
        assert_eq!(named_tests_are_there(&with(&[claim, test])), [""; 0]);
        assert_eq!(named_tests_are_there(&with(&[claim])), ["docs/security.md: no test nobody_can_do_anything"]);
        assert_eq!(named_tests_are_there(&with(&[test])).len(), 1);
    }

    #[test]
    fn work_left_undone_is_seen() {
        assert_eq!(breaches(nothing_is_left_undone, "crates/a/src/lib.rs", "fn a() { todo!() }"), 1);
        assert_eq!(breaches(nothing_is_left_undone, "crates/a/src/lib.rs", "// FIXME: later"), 1);
        assert_eq!(breaches(nothing_is_left_undone, "ui/tests/room.spec.ts", "test.skip('x')"), 1);
        assert_eq!(breaches(nothing_is_left_undone, "ui/src/lib/a.ts", "lines.skip"), 0);
    }

    #[test]
    fn a_package_without_the_lints_and_a_lifted_lint_are_seen() {
        assert_eq!(breaches(lints_hold_everywhere, "crates/a/Cargo.toml", "[package]\nname = \"a\"\n"), 1);
        assert_eq!(breaches(lints_hold_everywhere, "crates/a/Cargo.toml", "[package]\n[lints]\nworkspace = true\n"), 0);
        assert_eq!(
            breaches(lints_hold_everywhere, "crates/a/src/lib.rs", "#[allow(clippy::unwrap_used)]\nfn a() {}"),
            1
        );
    }

    #[test]
    fn a_name_that_says_nothing_is_seen() {
        assert_eq!(breaches(names_say_something, "crates/a/src/lib.rs", "pub struct RoomManager {"), 1);
        assert_eq!(breaches(names_say_something, "crates/a/src/util.rs", "//! x"), 1);
        assert_eq!(breaches(names_say_something, "crates/a/src/lib.rs", "pub struct Room {"), 0);
    }

    #[test]
    fn a_text_that_is_not_there_is_seen() {
        let texts = ("crates/tutti-app/texts/en.json", r#"{"tray.quit": "Quit"}"#);
        let missing = |line: &str| every_text_is_there(&with(&[texts, ("crates/tutti-app/src/tray.rs", line)])).len();
        assert_eq!(missing(r#"label: t("tray.quit", &[])"#), 0);
        assert_eq!(missing(r#"label: t("tray.quite", &[])"#), 1);
        assert_eq!(missing(r#"let x = set("tray.quite");"#), 0);
        assert_eq!(every_text_is_there(&with(&[])).len(), 1);
    }
}
