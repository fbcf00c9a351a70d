//! A short evening: real programs of three users in one room, one of them on two computers, with hands and faults.

use std::process::Command;

use tutti_app::demo::HeadlessOptions;
use tutti_app::demo::apart::evening::{Programs, SHORT, evening};
use tutti_relay::Config;
use tutti_relay::listen::Plain;

use crate::signed_in::{Session, kernel_keeps_logins};

/// The relay's process: this test program again, which finds its port here.
const RELAY: &str = "TUTTI_TEST_RELAY";

#[test]
fn an_evening_of_real_programs_goes_on_whatever_is_killed() {
    let session = Session::open();
    if session.is_none() && !kernel_keeps_logins() {
        return eprintln!("no sign-in can be kept here: programs are tested without accounts");
    }
    let bus = session.as_ref().map_or("unix:path=/nonexistent", Session::address).to_owned();
    let folder = tempfile::tempdir().unwrap();
    let programs = Programs {
        tutti: env!("CARGO_BIN_EXE_tutti").into(),
        relay: Box::new(|port| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "evening::is_a_relay", "--nocapture"]).env(RELAY, port.to_string());
            command
        }),
        env: vec![("DBUS_SESSION_BUS_ADDRESS".into(), bus)],
        folder: folder.path().to_owned(),
    };
    let options = HeadlessOptions { members: 3, seconds: 32, profile: "lan".into(), seed: 7 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();

    let seen = runtime.block_on(evening(&options, programs, SHORT)).unwrap();

    assert_eq!((seen.takeovers.wrong, seen.false_moves, seen.actions.missed), (0, 0, 0), "{seen:?}");
    assert_eq!((seen.commands.doubled, seen.commands.lost, seen.jumps), (0, 0, 0), "{seen:?}");
    // Wide margins: other tests run beside it.
    assert!(seen.actions.followed >= 1, "{seen:?}");
    assert!(seen.propagation_s.p50.is_some_and(|s| s < 8.0), "{seen:?}");
    assert!(seen.handover_s.closed.most.is_some_and(|s| s < 6.0), "{seen:?}");
    assert!(seen.relay_back_s.most.is_some_and(|s| s < 20.0), "{seen:?}");
}

/// In another process: a relay, until it is killed.
#[tokio::test]
async fn is_a_relay() {
    let Ok(port) = std::env::var(RELAY) else { return };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).await.unwrap();
    tutti_relay::serve(Plain(listener), Config::default(), std::future::pending()).await.unwrap();
}
