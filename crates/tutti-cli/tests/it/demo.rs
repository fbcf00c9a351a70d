//! The demo in a terminal.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::stand::Tutti;

#[test]
fn a_headless_demo_ends_with_its_report_on_one_line() {
    let args = ["demo", "--headless", "--members", "2", "--seconds", "1", "--profile", "lan", "--seed", "3", "--json"];

    let ended = Tutti::new().run(&args);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out.lines().count(), 1, "{ended:?}");
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&report["schema"], &report["rules"], &report["members"]), (&1.into(), &"tutti".into(), &2.into()));
    assert_eq!((&report["actions"]["made"], &report["actions"]["missed"]), (&3.into(), &0.into()), "{report}");
    assert_eq!(ended.err, "", "nothing beside the report");
}

#[test]
fn without_a_terminal_the_demo_is_told_in_lines_and_ends_when_it_should() {
    let ended = Tutti::new().run(&["demo", "--members", "2", "--profile", "lan", "--seconds", "8"]);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("Anna") && ended.out.contains("leads"), "{ended:?}");
    assert!(!ended.out.contains('\u{1b}'), "no escape sequences: {ended:?}");
}

#[test]
fn a_reader_that_has_gone_ends_the_demo() {
    let tutti = Tutti::new();
    let mut demo = tutti.command(&["demo", "--members", "2", "--profile", "lan", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();

    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    drop(lines);

    assert_eq!(first["members"].as_array().unwrap().len(), 2);
    let ended = demo.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}
