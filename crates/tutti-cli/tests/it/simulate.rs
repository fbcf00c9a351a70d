//! Rooms on virtual time and the timing experiment, from the command line.

use serde_json::Value;

use crate::stand::Tutti;

fn reports(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_simulation_prints_a_report_a_line_in_the_order_of_its_seeds() {
    let args = ["simulate", "--members", "3", "--hours", "0.05", "--seeds", "4..=7", "--json"];

    let ended = Tutti::new().run(&args);

    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let reports = reports(&ended.out);
    assert_eq!(reports.iter().map(|report| report["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 5, 6, 7]);
    for report in &reports {
        assert_eq!((&report["scenario"], &report["rules"]), (&"standard".into(), &"tutti".into()));
        assert_eq!((&report["members"], &report["virtual_s"]), (&3.into(), &180.0.into()));
        assert!(report["recoveries"].is_array() && report["bound_true"].is_number(), "{report}");
    }
}

#[test]
fn the_same_seed_prints_the_same_report() {
    let run = || {
        let ended = Tutti::new().run(&["simulate", "--scenario", "takeover", "--seed", "5", "--json"]);
        let mut report = reports(&ended.out).remove(0);
        report["wall_s"] = Value::Null;
        report
    };
    assert_eq!(run(), run());
}

#[test]
fn all_rules_run_in_the_same_world() {
    let rules = "tutti,original,syncplay,oracle";
    let ended = Tutti::new().run(&["simulate", "--scenario", "takeover", "--seed", "1", "--rules", rules, "--json"]);

    let reports = reports(&ended.out);
    assert_eq!(reports.len(), 4, "{ended:?}");
    assert!(reports.iter().all(|report| report["actions"]["made"] == reports[0]["actions"]["made"]), "{ended:?}");
    assert_eq!(reports[3]["detection_s"]["p50"], 0.0, "the oracle knows at once: {}", reports[3]);
}

#[test]
fn a_bound_that_does_not_hold_is_a_line_and_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "says = \"a\"\nmembers = 2\nminutes = 1\nworkload = \"demo\"\n[expect]\nactions.made = \"= 0\"\n";
    std::fs::write(&file, text).unwrap();

    let ended = Tutti::new().run(&["simulate", "--scenario", file.to_str().unwrap()]);

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("FAIL  mine seed 1: actions.made is "), "{ended:?}");
    assert_eq!(ended.err.trim_end(), "tutti: 1 bounds do not hold", "{ended:?}");
}

#[test]
fn wrong_use_gets_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "says = \"a\"\n\nmembres = 3\n").unwrap();
    let sentences = [
        (vec!["--scenario", "nope"], "there is no scenario \"nope\"; there are: "),
        (vec!["--scenario", file.to_str().unwrap()], "mine: line 3: unknown field `membres`"),
        (vec!["--scenario", "no/file.toml"], "no/file.toml cannot be read: "),
        (vec!["--seeds", "5"], "seeds read like 1..=20, not 5"),
        (vec!["--members", "1"], "a room has 2 to 64 members, not 1"),
        (vec!["--hours", "0"], "a run lasts more than 0 and at most 1000 hours, not 0"),
        (vec!["--rules", "magic"], "there are no rules \"magic\"; there are: tutti, original, syncplay, oracle"),
    ];
    for (args, sentence) in sentences {
        let ended = Tutti::new().run(&[&["simulate"], args.as_slice()].concat());

        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.starts_with(&format!("tutti: {sentence}")), "{ended:?}");
    }
}

#[test]
fn the_timing_experiment_shows_both_methods_and_draws_them() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg");

    let ended =
        Tutti::new().run(&["timing", "--virtual", "--loops", "300", "--json", "--plot", plot.to_str().unwrap()]);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = reports(&ended.out).remove(0);
    let mean_abs = |method: &str| report[method]["mean_abs"].as_f64().unwrap();
    assert!(mean_abs("tutti") * 5.0 <= mean_abs("original"), "{report}");
    assert_eq!(report["loops"], 300);
    assert_eq!(std::fs::read_to_string(plot).unwrap().matches("h0").count(), 600);
}

#[test]
fn over_http_the_experiment_is_the_same() {
    let args = ["timing", "--loops", "5", "--max-sleep-ms", "200", "--profile", "ideal", "--json"];

    let ended = Tutti::new().run(&args);

    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = reports(&ended.out).remove(0);
    assert_eq!((&report["loops"], &report["over"]), (&5.into(), &"http".into()));
    assert!(report["tutti"]["mean_abs"].as_f64().unwrap() < 20.0, "{report}");
}
