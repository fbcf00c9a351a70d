//! Runs on all cores, in a fixed order of their results, and medians over them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use tutti_sim::catalogue::Catalogue;
use tutti_sim::scenario::{Outcome, Overrides, Scenario, ScenarioError};
use tutti_sim::world::RulesName;

/// Every scenario is run with these.
pub const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;

pub struct Bench {
    pub catalogue: Arc<Catalogue>,
}

impl Bench {
    pub fn new() -> Self {
        Self { catalogue: Arc::new(Catalogue::new()) }
    }

    /// One scenario with all seeds.
    pub fn room(&self, name: &str, rules: RulesName, overrides: Overrides) -> anyhow::Result<Vec<Outcome>> {
        let scenario = Scenario::named(name)?;
        let run = |&seed: &u64| scenario.run(seed, rules, overrides, &self.catalogue);
        Ok(each(&SEEDS.collect::<Vec<_>>(), run).into_iter().collect::<Result<_, ScenarioError>>()?)
    }
}

/// Does the same with every job, on all cores; the results in the order of the jobs.
pub fn each<J: Sync, R: Send>(jobs: &[J], run: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len().max(1));
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let (done, results) = mpsc::channel();
        for _ in 0..cores {
            let (done, run, next) = (done.clone(), &run, &next);
            scope.spawn(move || {
                while let Some((index, job)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, jobs.get(index)?)))
                {
                    if done.send((index, run(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        results.into_iter().collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A number of a run by its name, as bounds know it: `spread_ms.p50`.
pub fn number(outcome: &Outcome, of: &str) -> Option<f64> {
    let value = of.split('.').try_fold(&outcome.measures, |value, name| value.get(name))?;
    value.as_f64()
}

/// The median over the runs that have it, the lower of two.
pub fn median(outcomes: &[Outcome], of: &str) -> Option<f64> {
    let mut values: Vec<f64> = outcomes.iter().filter_map(|outcome| number(outcome, of)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

pub fn sum(outcomes: &[Outcome], of: &str) -> f64 {
    outcomes.iter().filter_map(|outcome| number(outcome, of)).sum()
}

/// Processor time of this thread, s; None where the system does not tell.
pub fn cpu_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// Processor time of the whole process, s; 0 where the system does not tell.
pub fn cpu_of_all_s() -> f64 {
    const TICKS_S: f64 = 100.0;
    let ticks = || {
        let text = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = text.rsplit(')').next()?.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    };
    ticks().unwrap_or_default() / TICKS_S
}
