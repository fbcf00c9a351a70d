//! Rooms on virtual time in the profiles in which things go wrong by themselves: they repeat, and they get to their end.

use tutti_sim::profile::Profile;
use tutti_sim::report::report;
use tutti_sim::world::{Workload, WorldConfig, run};

fn room(profile: Profile, seed: u64) -> WorldConfig {
    WorldConfig::room(5, profile, seed, 600, Workload::Poisson { mean_s: 60.0 })
}

#[test]
fn the_same_seed_is_the_same_trouble() {
    for profile in [Profile::Mobile, Profile::Hostile] {
        let (once, again) = (run(&room(profile, 3)), run(&room(profile, 3)));
        assert_eq!(format!("{once:?}"), format!("{again:?}"), "{profile}");
        assert_ne!(format!("{once:?}"), format!("{:?}", run(&room(profile, 4))), "{profile}");
    }
}

#[test]
fn hostile_rooms_get_to_their_end_and_their_members_go_on_asking() {
    for seed in 1..=10 {
        let trace = run(&room(Profile::Hostile, seed));
        let last_half: Vec<usize> =
            trace.requests.iter().filter(|(at_us, _)| *at_us > 300_000_000).map(|&(_, member)| member).collect();
        for member in 0..5 {
            let asked = last_half.iter().filter(|&&of| of == member).count();
            assert!(asked > 20, "seed {seed}: member {member} asked {asked} times in the last 5 minutes");
        }
        assert!(report(&trace).actions.made >= 4, "seed {seed}");
    }
}

#[test]
fn mobile_rooms_follow_most_of_what_is_done() {
    let (mut made, mut missed) = (0, 0);
    for seed in 1..=10 {
        let actions = report(&run(&room(Profile::Mobile, seed))).actions;
        made += actions.made;
        missed += actions.missed;
    }
    assert!(missed * 5 <= made, "{missed} of {made} missed");
}
