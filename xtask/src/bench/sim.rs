//! What the simulator bears: requests a second of one core, and the memory of a thousand accounts.

use std::time::Duration;

use super::Bench;

pub const BENCH: Bench = Bench {
    name: "sim",
    title: "The simulator, in the profile ideal",
    programs: &[],
    examples: &[("tutti-sim", "measure")],
    measures: None,
    deadline: Duration::from_secs(60),
    says: |_| Vec::new(),
    writes: |_| Ok(()),
};
