//! Rooms whose members and hubs come, break off and go, on virtual time: what holds in each of them at every step.

use tutti_sim::churn::{Churn, Seen, run};

fn all(seeds: impl Iterator<Item = u64>, minutes: u32) -> Vec<Seen> {
    let churns = seeds.map(|seed| Churn { seed, minutes, heirs: seed % 2 == 1 });
    churns.map(|churn| run(churn).unwrap_or_else(|broken| panic!("{broken}"))).collect()
}

#[test]
fn twenty_rooms_meet_again_after_all_that_goes_wrong() {
    let seen = all(1..=20, 9);

    let sum = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    assert!(seen.iter().all(|seen| seen.met_after.len() == 3 && seen.stored.len() == 3), "{seen:?}");
    assert!(sum(|seen| seen.calms) >= 55 && sum(|seen| seen.accepted) > 500);
    assert!(sum(|seen| seen.hubs_killed) > 20 && sum(|seen| seen.hubs_suspended) > 20);
    assert!(sum(|seen| seen.hubs_inherited) > 10 && sum(|seen| seen.handed_over) > 50);
}
