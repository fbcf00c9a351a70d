//! docs/protocol.md says what is spoken, and its example of a client works.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tutti_core::proof::{AccountMark, Nonce, RoomSecret, UserKey};
use tutti_core::wire::{Trouble, read_from_hub, read_to_hub};
use tutti_relay::Config;

use crate::client::{Client, Relay, SECRET, claim};

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn protocol() -> String {
    std::fs::read_to_string(docs().join("protocol.md")).unwrap()
}

/// The blocks of JSON of this direction.
fn blocks(text: &str, direction: &str) -> Vec<Value> {
    let begin = format!("```json {direction}\n");
    text.split(&begin).skip(1).map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap()).collect()
}

fn kinds(messages: &[Value]) -> BTreeSet<&str> {
    messages.iter().map(|message| message["type"].as_str().unwrap()).collect()
}

#[test]
fn every_message_is_documented_and_every_documented_message_is_read_and_written_as_it_stands() {
    let text = protocol();
    let (to_hub, from_hub) = (blocks(&text, "to-hub"), blocks(&text, "from-hub"));

    for message in &to_hub {
        let read = read_to_hub(&message.to_string()).unwrap();
        // A default may be written or left out.
        let mut written = serde_json::to_value(read).unwrap();
        for field in ["open"] {
            if message.get(field).is_none() {
                written.as_object_mut().unwrap().remove(field);
            }
        }
        assert_eq!(&written, message);
    }
    for message in &from_hub {
        assert_eq!(&serde_json::to_value(read_from_hub(&message.to_string()).unwrap()).unwrap(), message);
    }

    // Of the types themselves: each is named when an unknown one is refused.
    let refusal = read_to_hub(r#"{"type":"?"}"#).unwrap_err().message;
    assert_eq!(kinds(&to_hub), named(&refusal));
    let refusal = read_from_hub(r#"{"type":"?"}"#).unwrap_err().message;
    assert_eq!(kinds(&from_hub), named(&refusal));
}

/// "…: unknown variant `?`, expected one of `a`, `b` at …"
fn named(refusal: &str) -> BTreeSet<&str> {
    refusal.split("expected").nth(1).unwrap().split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_error_is_documented_with_what_it_does() {
    let text = protocol();
    let rows = text.split("<!-- errors -->").nth(1).unwrap().lines().filter(|line| line.starts_with("| `"));
    let mut codes = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let code: Trouble = serde_json::from_value(Value::from(cells[1].trim_matches('`'))).unwrap();
        assert_ne!(code, Trouble::Other, "{row}");
        assert_eq!((cells[2] == "yes", cells[3] == "again"), (code.is_fatal(), code.may_pass()), "{row}");
        codes += 1;
    }
    // `Other` is the last, and stands for those of later versions.
    assert_eq!(codes, Trouble::Other as usize);
}

#[test]
fn the_documented_keys_and_proofs_are_those_that_are_made() {
    let text = protocol();
    let block = text.split("<!-- keys -->").nth(1).unwrap().split("```").nth(1).unwrap();
    let documented: Vec<&str> = block.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let bytes = |from: u8| std::array::from_fn(|at| from + at as u8);
    let (secret, key) = (RoomSecret::new(bytes(0)), UserKey::new(bytes(16)));
    let nonce = Nonce::new(std::array::from_fn(|at| at as u8));
    let room = secret.room();

    let made = [
        room.to_string(),
        secret.prove(nonce).to_string(),
        key.user(room).to_string(),
        key.prove(nonce, room).to_string(),
        AccountMark::of("ben").to_string(),
    ];

    assert_eq!(documented, made);
}

#[tokio::test]
async fn the_example_in_python_joins_a_room_and_prints_what_plays() {
    let relay = Relay::start(Config::default()).await;
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let mut command = Command::new("python3");
    command.arg(docs().join("examples/listen.py")).arg(format!("ws://{}", relay.address)).arg(SECRET.reveal());
    let spawned = command
        .args(["--seconds", "60", "--name", "Guest"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut python = match spawned {
        Ok(python) => python,
        Err(error) => return println!("skipped: python3 is not here ({error})"),
    };
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    let mut line = async || lines.next_line().await.unwrap().expect("the example goes on");

    assert!(line().await.starts_with("member 1 of a room with 2"));
    assert_eq!(line().await, "here: Ada, Guest");
    // The clock is known after a burst of exchanges.
    while !line().await.starts_with("clock: known to ") {}
    ada.say(claim(1, 0, "Blue", ada.came_in_us())).await;
    let plays = loop {
        let said = line().await;
        if said.starts_with("plays") {
            break said;
        }
    };

    assert!(plays.starts_with("plays: Blue by B at ") && plays.ends_with("; Ada leads"), "{plays}");
    ada.is_well().await;
    python.kill().await.unwrap();
    relay.end().await;
}
