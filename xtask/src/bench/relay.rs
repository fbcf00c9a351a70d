//! What the hub on the network bears: memory of a connection, latency, deliveries, a room of a thousand, and a restart.

use std::time::Duration;

use super::{Bench, Figure};
use crate::command::{find, root};

pub const BENCH: Bench = Bench {
    name: "relay",
    title: "The relay under 8,000 connections on this computer, beside the least that a hub can do",
    programs: &["tutti-relay"],
    examples: &[("tutti-relay", "load")],
    measures: None,
    deadline: Duration::from_secs(400),
    says,
    writes: |_| Ok(()),
};

fn says(_: &[Figure]) -> Vec<String> {
    let ws = root().join("ui/node_modules/ws").is_dir();
    let why = match (find("node").is_some(), ws) {
        (false, _) => "node is not here",
        (true, false) => "node is here, its package `ws` is not",
        (true, true) => "nothing here drives it",
    };
    vec![format!("Node's ws was not measured beside it: {why}.")]
}
