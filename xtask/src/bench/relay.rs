//! What the hub on the network bears: memory of a connection, latency, deliveries, a room of a thousand, and a restart.

use std::time::Duration;

use super::Bench;

pub const BENCH: Bench = Bench {
    name: "relay",
    title: "The relay under 8,000 connections on this computer, beside the least that a hub can do and, where Node is, its `ws`",
    programs: &["tutti-relay"],
    examples: &[("tutti-relay", "load")],
    measures: None,
    // Nine times 30 s, three hubs in turn; a minute for what has to be installed; and as much again where others run too.
    deadline: Duration::from_secs(600),
    says: |_| Vec::new(),
    writes: |_| Ok(()),
};
