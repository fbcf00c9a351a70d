//! How well the room's clock is known over a network, beside Sendspin's filter and the least round trip.

use std::time::Duration;

use super::{Bench, Figure};

pub const BENCH: Bench = Bench {
    name: "clock",
    title: "The room's clock over simulated networks, and on recorded exchanges",
    programs: &[],
    examples: &[("tutti-sim", "clock")],
    measures: None,
    deadline: Duration::from_secs(120),
    says,
    writes: |_| Ok(()),
};

fn says(_: &[Figure]) -> Vec<String> {
    vec![
        "20 hours a line, on virtual time; 30 minutes a line that was recorded. The same code gives the same digits, but for what \
         an exchange takes."
            .to_owned(),
    ]
}
