//! All scenarios in their short form: one seed each, every bound of a single run; and what the engine is still to keep.

use std::collections::BTreeSet;
use std::sync::Arc;

use tutti_sim::catalogue::Catalogue;
use tutti_sim::scenario::{Overrides, Scenario};
use tutti_sim::world::RulesName;

/// Bounds that do not hold yet. This list may only get shorter: a row that holds must be taken out.
const AWAITED: &[&str] = &["hostile bound_true", "hostile takeovers.false"];

#[test]
fn every_scenario_keeps_its_bounds_but_for_those_that_are_awaited() {
    let scenarios = Scenario::all().unwrap();
    let catalogue = Arc::new(Catalogue::new());
    let run = |scenario: &Scenario| {
        let outcome = scenario.run(1, RulesName::Tutti, Overrides::default(), &catalogue).unwrap();
        let row = |breach: &tutti_sim::scenario::Breach| {
            (format!("{} {}", scenario.name, breach.bound.of), format!("{}: {breach}", scenario.name))
        };
        outcome.breaches.iter().map(row).collect::<Vec<_>>()
    };
    let halves: Vec<&[Scenario]> = scenarios.chunks(scenarios.len().div_ceil(2)).collect();
    let broken: Vec<(String, String)> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            halves.into_iter().map(|half| scope.spawn(|| half.iter().flat_map(run).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let awaited: BTreeSet<&str> = AWAITED.iter().copied().collect();
    let rows: BTreeSet<&str> = broken.iter().map(|(row, _)| row.as_str()).collect();
    let new: Vec<&str> =
        broken.iter().filter(|(row, _)| !awaited.contains(row.as_str())).map(|(_, words)| words.as_str()).collect();
    let listing: String = rows.iter().map(|row| format!("    \"{row}\",\n")).collect();
    assert!(new.is_empty(), "do not hold: {new:#?}\nall that do not hold:\n{listing}");
    let kept: Vec<&&str> = awaited.difference(&rows).collect();
    assert!(kept.is_empty(), "hold now, so take them out of the list: {kept:#?}\nall that do not hold:\n{listing}");
}

#[test]
fn an_episode_that_stands_in_a_calm_room_is_no_change_of_speed_and_moves_nobody() {
    let scenario = Scenario::find("stall-in-a-calm-room").unwrap();
    let catalogue = Arc::new(Catalogue::new());
    // On these seeds a look falls just before the music goes on: that was taken for another speed (E7).
    for seed in [2, 9] {
        let outcome = scenario.run(seed, RulesName::Tutti, Overrides::default(), &catalogue).unwrap();
        let words: Vec<String> = outcome.breaches.iter().map(ToString::to_string).collect();
        assert!(words.is_empty(), "seed {seed}: {words:?}");
    }
}
