//! Arbitrary inputs: neither member, hub, gate nor decoder panics, runs in circles or grows (the same functions as cargo-fuzz calls).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use crate::fuzz::{self, Fed};

/// The same cases in every run: what a run finds can be found again. With TUTTI_LONG, many more and always others.
fn cases(short: u32, long: u32) -> TestRunner {
    let is_long = std::env::var_os("TUTTI_LONG").is_some();
    let seed = if is_long { RngSeed::Random } else { RngSeed::Fixed(20_261_126) };
    let cases = if is_long { long } else { short };
    TestRunner::new(ProptestConfig { cases, rng_seed: seed, failure_persistence: None, ..ProptestConfig::default() })
}

/// Bytes that print as what a test can be given.
struct Fodder(Vec<u8>);

impl std::fmt::Debug for Fodder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn fodder(most: usize) -> impl Strategy<Value = Fodder> {
    vec(any::<u8>(), 0..most).prop_map(Fodder)
}

#[test]
fn a_member_bears_whatever_comes_in() {
    let fed = cases(1_500, 60_000).run(&fodder(3_000), |Fodder(bytes)| {
        fuzz::member(&bytes);
        Ok(())
    });
    fed.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_hub_bears_whatever_comes_in() {
    let fed = cases(1_500, 60_000).run(&fodder(2_000), |Fodder(bytes)| {
        fuzz::hub(&bytes);
        Ok(())
    });
    fed.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_gate_bears_whatever_its_connections_say_and_do() {
    let fed = cases(1_500, 60_000).run(&fodder(1_500), |Fodder(bytes)| {
        fuzz::gate(&bytes);
        Ok(())
    });
    fed.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_decoders_bear_whatever_comes_in() {
    let fed = cases(1_500, 60_000).run(&fodder(600), |Fodder(bytes)| {
        fuzz::wire(&bytes);
        Ok(())
    });
    fed.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_member_stays_small_however_long_it_is_fed() {
    let bytes = cases(1, 1).run(&vec(any::<u8>(), 600_000..=600_000), |bytes| {
        // The first byte has instants go on in order: a long evening.
        let bytes = [vec![0], bytes].concat();
        let mut fed = Fed::new(&bytes);
        while fed.feed() {
            if fed.inputs.is_multiple_of(4_096) {
                let text = fed.text();
                prop_assert!(text <= fuzz::MEMBER_TEXT, "{} bytes after {} inputs", text, fed.inputs);
            }
        }
        prop_assert!(fed.inputs > 30_000, "{} inputs", fed.inputs);
        Ok(())
    });
    bytes.unwrap_or_else(|failure| panic!("{}", failure.to_string().lines().next().unwrap_or_default()));
}
