//! A cable that is pulled: real programs in network namespaces of their own, with nothing between them but the kernel.
//!
//! A test makes two namespaces and starts itself again in the first one, the house: Spotify, the relay, Anna and Chiara are
//! there. Ben is in the other one, and reaches all of it over the cable alone.

mod house;
mod namespaces;

use std::process::{Command, Stdio};

use house::{Cut, GIVEN, MARK};
use namespaces::{Namespaces, inside};

#[test]
fn a_second_without_the_cable_is_not_even_noticed() {
    pull("second", &Cut { seconds: 1, without_relay: false });
}

/// Longer than the room waits for a sign of life.
#[test]
fn half_a_minute_without_the_cable_is_over_seconds_after_it() {
    pull_long("half", &Cut { seconds: 30, without_relay: false });
}

/// Longer than the room remembers anybody.
#[test]
fn ten_minutes_without_the_cable_are_over_seconds_after_them() {
    pull_long("ten", &Cut { seconds: 600, without_relay: false });
}

/// Ben's program holds the room for himself meanwhile; what the others did by hand stands nevertheless.
#[test]
fn whoever_was_cut_off_from_a_hosts_program_undoes_nothing_of_the_others() {
    pull_long("program", &Cut { seconds: 30, without_relay: true });
}

/// Minutes: for the long form alone.
fn pull_long(name: &str, cut: &Cut) {
    if std::env::var_os("TUTTI_LONG").is_some() {
        pull(name, cut);
    }
}

fn pull(name: &str, cut: &Cut) {
    let namespaces = match Namespaces::make(name) {
        Ok(namespaces) => namespaces,
        Err(why) => return eprintln!("no network namespaces here, links are cut by a proxy alone: {why}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, format!("127.0.0.1 localhost\n{} {}\n", namespaces::HOUSE, house::RELAY)).unwrap();
    let mut test = Command::new("sh");
    // In a namespace, what is mounted is nobody else's.
    test.args(["-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(&hosts);
    test.arg(std::env::current_exe().unwrap()).args(["--exact", "cable::house::is_a_house", "--nocapture"]);
    test.env(GIVEN, cut.given(&namespaces));

    let ended = inside(&namespaces.house, &test).stdin(Stdio::null()).output().unwrap();

    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    for said in out.lines().filter_map(|line| line.split_once(MARK)) {
        println!("{}", said.1);
    }
    assert!(ended.status.success(), "{out}\n{err}");
    assert!(out.contains(MARK), "it played nothing: {out}\n{err}");
}
