//! `cargo xtask tidy`: the invariants that a command can prove, one small rule each.

mod dependencies;
mod desktop;
mod licence;
mod sources;
mod tree;
mod workflows;

use anyhow::Result;

use tree::Tree;

/// What must be true of the repository; finds what breaks it.
struct Rule {
    /// The invariant, as a sentence.
    says: &'static str,
    /// Each breach as `where: what`.
    breaches: fn(&Tree) -> Vec<String>,
}

const RULES: &[Rule] = &[
    Rule {
        says: "The engine depends on nothing that has a clock, IO, tasks or randomness",
        breaches: dependencies::engine_is_pure,
    },
    Rule {
        says: "The engine's sources name no clock, IO, lock, task, randomness or hash map",
        breaches: sources::engine_is_pure,
    },
    Rule {
        says: "Rooms, their hubs and their members name no wall clock",
        breaches: sources::rooms_know_no_wall_clock,
    },
    Rule {
        says: "The simulator and the client that it tests share no types",
        breaches: dependencies::simulator_and_client_are_apart,
    },
    Rule { says: "There is one HTTP client", breaches: dependencies::one_http_client },
    Rule { says: "Only the players, the sign-in and the covers reach Spotify", breaches: sources::few_reach_spotify },
    Rule { says: "Only ui/src/host/tauri.ts knows Tauri", breaches: sources::one_file_knows_tauri },
    Rule {
        says: "The window may call our commands, listen to our event, and nothing else",
        breaches: desktop::window_may_do_little,
    },
    Rule { says: "The window contacts nothing", breaches: desktop::window_contacts_nothing },
    Rule { says: "src-tauri/ is glue: 600 lines in all", breaches: desktop::glue_is_small },
    Rule {
        says: "Every Rust file begins with a line that says what it is responsible for",
        breaches: sources::every_file_says_its_job,
    },
    Rule { says: "No file has more than 600 lines before its tests", breaches: sources::files_are_short },
    Rule { says: "Nothing is left undone or skipped", breaches: sources::nothing_is_left_undone },
    Rule {
        says: "Every package takes the workspace's lints, and only tests may lift the ban on unwrap",
        breaches: sources::lints_hold_everywhere,
    },
    Rule { says: "Names say what things are", breaches: sources::names_say_something },
    Rule { says: "Every text that the program asks for is there", breaches: sources::every_text_is_there },
    Rule { says: "The tests that docs/security.md names are there", breaches: sources::named_tests_are_there },
    Rule { says: "Every dependency's licence is on the list", breaches: dependencies::licences_are_allowed },
    Rule {
        says: "Workflows pin what they use, and call tasks and scripts that are there",
        breaches: workflows::workflows_hold,
    },
    Rule { says: "Lock files carry no download addresses", breaches: dependencies::locks_name_no_address },
];

/// Holds every rule against the repository; how many hold and how many do not.
pub fn tidy() -> Result<(u32, u32)> {
    let tree = Tree::of_repository()?;
    let (mut passed, mut failed) = (0, 0);
    for rule in RULES {
        let breaches = (rule.breaches)(&tree);
        if breaches.is_empty() {
            passed += 1;
            println!("ok      {}", rule.says);
        } else {
            failed += 1;
            println!("BROKEN  {}\n        {}", rule.says, breaches.join("\n        "));
        }
    }
    Ok((passed, failed))
}
