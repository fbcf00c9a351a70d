//! What a reading costs beside the network: the client's own share of a round trip, and the ledger.

use std::time::Duration;

use super::{Bench, Figure};

pub const BENCH: Bench = Bench {
    name: "http",
    title: "Readings over HTTP on this computer",
    programs: &[],
    examples: &[("tutti-spotify", "overhead"), ("tutti-app", "ledger")],
    measures: None,
    deadline: Duration::from_secs(120),
    says,
    writes: |_| Ok(()),
};

fn says(figures: &[Figure]) -> Vec<String> {
    let off = figures.iter().find(|figure| figure.name == "middle off by, idle, p95");
    let off = off.map(|figure| {
        format!(
            "A reading is taken to be true in the middle of its two instants. What the client adds to one way and not to \
             the other moves that middle by {:.3} ms (p95): far below the tens of ms of a network's own asymmetry.",
            figure.value / 1e3
        )
    });
    off.into_iter().collect()
}
