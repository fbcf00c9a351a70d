//! The program itself: its one line, its sentences, its end.

use std::net::TcpListener;
use std::process::{Command, Output};

#[cfg(unix)]
#[test]
fn it_prints_one_line_of_json_when_it_is_ready_and_stops_when_told() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use serde_json::{Value, json};

    let arguments = ["--accounts", "2", "--free", "ben", "--profile", "ideal"];
    let mut running = command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base_url = ready["base_url"].as_str().unwrap();
    assert!(base_url.starts_with("http://127.0.0.1:"), "{base_url}");
    let expected = json!([
        { "user": "anna", "product": "premium" },
        { "user": "ben", "product": "free" },
    ]);
    assert_eq!(ready["accounts"], expected);
    let told = Command::new("kill").arg(running.id().to_string()).status().unwrap();
    assert!(told.success() && running.wait().unwrap().success());
    line.clear();
    assert_eq!(out.read_line(&mut line).unwrap(), 0, "{line}");
}

#[test]
fn a_taken_port_is_a_sentence_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = end_of(&["--listen", &address]);
    assert_eq!(ended.status.code(), Some(1));
    let words = String::from_utf8(ended.stderr).unwrap();
    assert!(words.contains(&format!("cannot listen on {address}")), "{words}");
    assert!(ended.stdout.is_empty());
}

#[test]
fn addresses_that_others_can_reach_are_refused() {
    let ended = end_of(&["--listen", "0.0.0.0:0"]);
    assert_eq!(ended.status.code(), Some(1));
    let words = String::from_utf8(ended.stderr).unwrap();
    assert!(words.contains("loopback addresses only"), "{words}");
}

#[test]
fn impossible_wishes_are_answered_in_words() {
    let cases = [
        (["--accounts", "0"], "there must be 1 to 5000 accounts, not 0"),
        (["--free", "zoe"], "there is no account \"zoe\" that could be free"),
        (["--profile", "fibre"], "there is no profile \"fibre\""),
    ];
    for (arguments, expected) in cases {
        let ended = end_of(&arguments);
        assert!(!ended.status.success());
        let words = String::from_utf8(ended.stderr).unwrap();
        assert!(words.contains(expected), "{words}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn its_flags_change_devices_tokens_and_limits() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use serde_json::{Value, json};

    let arguments = ["--accounts", "1", "--profile", "ideal", "--many-devices", "--rotating", "--rate-limit", "3"];
    let mut running = command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base_url = ready["base_url"].as_str().unwrap().to_owned();
    let client = reqwest::Client::new();
    let get = async |path: &str| {
        let answer = client.get(format!("{base_url}{path}")).bearer_auth("sim:anna").send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let settings = get("/_sim/settings").await.1;
    let expected = json!({ "rotating_refresh_tokens": true, "requests_in_30_s": 3, "requests_in_24_h": null });
    assert_eq!(settings, expected);
    assert_eq!(get("/v1/me/player/devices").await.1["devices"].as_array().unwrap().len(), 6);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get("/v1/me").await.0);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let told = Command::new("kill").arg(running.id().to_string()).status().unwrap();
    assert!(told.success() && running.wait().unwrap().success());
}

fn end_of(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tutti-sim"));
    command.arg("serve").args(arguments).env_remove("RUST_LOG");
    command
}
