//! A room on the network, its members in processes of their own: beside the same in one process, and over links that delay.

use std::time::Duration;

use super::{Bench, Figure};

pub const BENCH: Bench = Bench {
    name: "rooms",
    title: "A room on the network: five members and a relay in processes of their own on this computer",
    programs: &[],
    examples: &[("tutti-app", "rooms")],
    measures: None,
    // Four minutes of real time, and some until all are in.
    deadline: Duration::from_secs(400),
    says,
    writes: |_| Ok(()),
};

fn says(_: &[Figure]) -> Vec<String> {
    vec!["The room's clock is held against the machine's own, which is the hub's: off is what a member does not know of it."
        .to_owned()]
}
