//! `tutti web`: the window of a profile for a browser.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::signed_in::interrupt;
use crate::stand::{Tutti, until};

/// More than any answer over loopback takes.
const ANSWERS: Duration = Duration::from_secs(20);

#[test]
fn the_window_of_a_profile_is_served_to_whoever_has_its_address_until_ctrl_c() {
    let tutti = Tutti::new();
    let mut web = tutti.command(&["web", "--no-browser"]).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(web.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    let (host, token) = address.trim().strip_prefix("http://").unwrap().trim_end_matches('/').split_once('/').unwrap();
    assert!(host.starts_with("127.0.0.1:"), "{address}");

    let guessed = ask(host, &format!("/{}/events", "0".repeat(token.len()))).lines().next().unwrap().unwrap();
    let mut events = ask(host, &format!("/{token}/events")).lines();
    let first = events.find_map(|line| Some(line.unwrap().strip_prefix("data: ")?.to_owned())).unwrap();
    let snapshot: Value = serde_json::from_str(&first).unwrap();
    interrupt(&web);
    let ended = web.wait_with_output().unwrap();

    assert!(guessed.contains("403"), "{guessed}");
    assert_eq!(snapshot["screen"], "welcome", "the profile's own window, without an account");
    assert_eq!(snapshot["room"], Value::Null, "and not the demo");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(String::from_utf8(ended.stderr).unwrap().lines().count(), 1, "one line beside the address");
}

#[cfg(target_os = "linux")]
#[test]
fn the_opener_of_the_system_is_given_an_address_that_is_good_once_and_never_the_token() {
    use std::os::unix::fs::PermissionsExt;

    let openers = tempfile::tempdir().unwrap();
    let (opener, given) = (openers.path().join("xdg-open"), openers.path().join("given"));
    // Written beside it first, so that it is there as a whole.
    let script = "#!/bin/sh\necho \"$@\" > \"$0.new\" && /bin/mv \"$0.new\" \"${0%/*}/given\"\n";
    std::fs::write(&opener, script).unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let tutti = Tutti::new();
    let mut web = tutti.command(&["web"]).env("PATH", openers.path()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(web.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    let address = address.trim();
    let (host, token) = address.strip_prefix("http://").unwrap().trim_end_matches('/').split_once('/').unwrap();

    until("the opener", || given.exists());
    let opened = std::fs::read_to_string(&given).unwrap();
    let path = opened.trim().strip_prefix("http://").unwrap().strip_prefix(host).unwrap();
    assert!(path.starts_with("/open/") && !opened.contains(token), "{opened}");
    let answers = [(); 2].map(|()| ask(host, path).lines().map(Result::unwrap).collect::<Vec<_>>());
    interrupt(&web);
    web.wait().unwrap();

    assert!(answers[0][0].contains("303"), "{answers:?}");
    assert!(answers[0].contains(&format!("location: {address}")), "{answers:?}");
    assert!(answers[1][0].contains("410"), "{answers:?}");
    assert!(answers[1].last().unwrap().contains("Open the address that Tutti printed"), "{answers:?}");
}

/// The answer as it comes.
fn ask(host: &str, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(ANSWERS)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    BufReader::new(stream)
}
