//! `tutti host`, `tutti join` and `tutti status`, each in a process and a profile of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout};

use serde_json::Value;
use tutti_sim::player::Hand;

use crate::signed_in::{Session, interrupt, kernel_keeps_logins, sign_in, spotify};
use crate::stand::{Tutti, until};

/// One command that runs, and the lines of JSON that it prints.
struct Runs {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Runs {
    fn start(tutti: &Tutti, args: &[&str]) -> Self {
        let mut child = tutti.command(args).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> Value {
        let line = self.lines.next().expect("it ended").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn until_in_step(&mut self, members: usize, leader: &str) {
        until(&format!("{members} hear {leader}"), || {
            let line = self.line();
            let all = line["members"].as_array().unwrap();
            let near =
                |member: &Value| member["timing_error_ms"].as_f64().is_some_and(|error: f64| error.abs() < 250.0);
            line["leader"] == leader && all.len() == members && all.iter().all(near)
        });
    }
}

#[test]
fn friends_host_and_join_from_profiles_of_their_own_and_go_on_when_the_host_is_killed() {
    let (_runtime, sim) = spotify(2);
    let session = Session::open();
    if session.is_none() && !kernel_keeps_logins() {
        return eprintln!("no sign-in can be kept here: rooms are tested without the command line");
    }
    let profile = || session.as_ref().map_or_else(Tutti::new, Session::tutti).at(sim.base_url());
    let (anna, ben) = (profile(), profile());
    sign_in(&anna, "anna", &["--client-id", &"a".repeat(32), "--name", "Anna"]).says(0, "");
    sign_in(&ben, "ben", &["--client-id", &"b".repeat(32), "--name", "Ben"]).says(0, "");
    ben.run(&["status"]).says(1, "");
    ben.run(&["join", "tutti://join/x"]).says(1, "");

    let mut host = Runs::start(&anna, &["host", "--listen", "127.0.0.1:0", "--json"]);
    let invite = host.line()["invite"].as_str().unwrap().to_owned();
    let asked = ben.run(&["join", &invite]);
    asked.says(1, "Anna hosts a session at 127.0.0.1:");
    let mut join = Runs::start(&ben, &["join", &invite, "--yes", "--json"]);
    until("both are there", || join.line()["members"].as_array().unwrap().len() == 2);
    sim.hand("ben", Hand::resume()).unwrap();
    host.until_in_step(2, "Ben");
    join.until_in_step(2, "Ben");
    let status = ben.run(&["status"]);
    assert!(status.out.contains("Anna") && status.out.contains("Ben"), "{status:?}");

    host.child.kill().unwrap();
    host.child.wait().unwrap();
    let alone = |line: &Value| line["connection"] == "connected" && line["leader"] == "Ben";
    until("Ben holds the room", || alone(&join.line()));
    anna.run(&["join", &invite, "--yes"]).says(1, "does not answer at 127.0.0.1:");

    interrupt(&join.child);
    assert!(join.child.wait().unwrap().success());
    let (_, truth) = sim.truth();
    assert!(truth.iter().all(|(_, truth)| truth.playing), "the music stays: {truth:?}");
}
