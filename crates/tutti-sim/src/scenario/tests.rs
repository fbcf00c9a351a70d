//! Scenario files: what is understood, and the sentences about what is not.
#![allow(clippy::unwrap_used)]

use super::*;

fn words(text: &str) -> String {
    Scenario::parse("mine", text).unwrap_err().to_string()
}

#[test]
fn every_file_of_the_folder_comes_with_the_program_and_says_what_it_shows() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort_unstable();
    assert_eq!(files, names().collect::<Vec<_>>());
    for scenario in Scenario::all().unwrap() {
        assert!(scenario.says.ends_with('.') && scenario.says.len() > 20, "{}", scenario.name);
        assert!(!scenario.shows.is_empty(), "{}", scenario.name);
        assert!(!scenario.every.is_empty() || !scenario.median.is_empty(), "{} has no bounds", scenario.name);
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_names() {
    let words = Scenario::find("nothing").unwrap_err().to_string();
    assert!(words.starts_with("there is no scenario \"nothing\"; there are: "), "{words}");
    assert!(words.contains("standard"), "{words}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let words = Scenario::find("no/such/file.toml").unwrap_err().to_string();
    assert!(words.starts_with("no/such/file.toml cannot be read: "), "{words}");
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_line() {
    assert!(words("says = \"a\"\nmembers = = 3\n").starts_with("mine: line 2: "));
    assert!(words("says = \"a\"\n\nmembres = 3\n").starts_with("mine: line 3: unknown field `membres`"));
    assert!(words("says = \"a\"\nprofile = \"fibre\"\n").contains("line 2: there is no profile \"fibre\""));
    let fault = words("says = \"a\"\n[[fault]]\nat_s = 1\nwho = 0\nkind = \"flood\"\n");
    assert!(fault.contains("there is no fault \"flood\"") && fault.contains("line"), "{fault}");
    let hand = words("says = \"a\"\n[[hand]]\nat_s = 1.0\nwho = 0\ndoes = \"plays\"\nwhat = \"album 99 item 0\"\n");
    assert_eq!(hand, "mine: there is no \"album 99 item 0\" to play");
    assert_eq!(words("says = \"a\"\n[expect]\nspread_ms.p50 = \"34\"\n"), {
        "mine: spread_ms.p50: a bound reads like \"<= 34\", not \"34\""
    });
}

#[test]
fn rooms_have_sensible_sizes() {
    assert_eq!(words("says = \"a\"\nmembers = 1\n"), "a room has 2 to 64 members, not 1");
    assert_eq!(words("says = \"a\"\nminutes = 0.0\n"), "a run lasts more than 0 and at most 1000 hours, not 0");
    let stranger = "says = \"a\"\nmembers = 2\n[[hand]]\nat_s = 1.0\nwho = 2\ndoes = \"pauses\"\n";
    assert_eq!(words(stranger), "mine speaks of member 2, and there are only 2");
}

#[test]
fn a_bound_that_does_not_hold_is_a_breach_with_its_number() {
    let text = "says = \"a\"\nmembers = 2\nminutes = 1.0\nworkload = \"demo\"\n[expect]\nactions.made = \"<= 1\"\nroom.colour = \"= 1\"\n";
    let scenario = Scenario::parse("mine", text).unwrap();
    let catalogue = Arc::new(Catalogue::new());
    let outcome = scenario.run(1, RulesName::Tutti, Overrides::default(), &catalogue).unwrap();
    let words: Vec<String> = outcome.breaches.iter().map(Breach::to_string).collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].starts_with("actions.made is ") && words[0].ends_with(", not <= 1"), "{words:?}");
    assert_eq!(words[1], "room.colour has no value, and should be = 1");
}

#[test]
fn other_rules_and_other_rooms_are_not_held_to_the_bounds() {
    let text = "says = \"a\"\nminutes = 1.0\nworkload = \"demo\"\n[expect]\nactions.made = \"= 0\"\n";
    let scenario = Scenario::parse("mine", text).unwrap();
    let catalogue = Arc::new(Catalogue::new());
    let breaches = |rules, overrides| scenario.run(1, rules, overrides, &catalogue).unwrap().breaches.len();
    assert_eq!(breaches(RulesName::Tutti, Overrides::default()), 1);
    assert_eq!(breaches(RulesName::Original, Overrides::default()), 0);
    assert_eq!(breaches(RulesName::Tutti, Overrides { members: Some(3), hours: None }), 0);
}

#[test]
fn every_rule_every_row_every_fault_and_every_complaint_has_a_scenario() {
    // Not here: P3 (a player on this computer) and the complaints about networks and invitations, 11 and 12, are no
    // matter of a room on virtual time.
    let rules =
        "C1 C2 E1 E2 E3 E4 E5 E6 E7 E8 A1 A2 A3 A4 A5 A6 A7 L1 L2 L3 L4 L5 L6 L7 F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 P1 P2";
    let rows = [
        "steady",
        "ours",
        "sought",
        "drifted",
        "paused",
        "resumed",
        "started",
        "natural transition",
        "ended",
        "repeat",
        "stall",
        "phantom",
        "ad",
        "device changed",
        "gone",
        "back",
        "old snapshot",
        "stale answer",
    ];
    let faults = crate::fault::Fault::all().into_iter().map(|about| format!("fault {}", about.kind));
    let complaints = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15].into_iter().map(|number| format!("peer {number}"));
    let wanted = rules.split(' ').chain(rows).map(str::to_owned).chain(faults).chain(complaints);
    let shown: std::collections::BTreeSet<String> =
        Scenario::all().unwrap().into_iter().flat_map(|scenario| scenario.shows).collect();
    let missing: Vec<String> = wanted.filter(|what| !shown.contains(what)).collect();
    assert!(missing.is_empty(), "no scenario shows {missing:?}");
}

#[test]
fn the_page_about_sync_names_scenarios_that_show_each_complaint() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sync.md")).unwrap();
    // Networks and invitations, 11 and 12, are no matter of a room on virtual time.
    for number in 1..=15 {
        let start = format!("| {number} |");
        let row = page.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {number}"));
        let shown = row.rsplit('|').nth(1).unwrap();
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert_eq!(names.is_empty(), [11, 12].contains(&number), "{row}");
        for name in names {
            let scenario = Scenario::named(name).unwrap();
            assert!(scenario.shows.contains(&format!("peer {number}")), "{name} does not show peer {number}");
        }
    }
}
