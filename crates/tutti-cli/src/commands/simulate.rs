//! `tutti simulate`: whole rooms on virtual time, their numbers, and whether they keep their bounds.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::bail;
use tutti_sim::catalogue::Catalogue;
use tutti_sim::report::Report;
use tutti_sim::scenario::{Outcome, Overrides, Scenario};
use tutti_sim::world::RulesName;

use crate::ending::WrongUse;
use crate::flags::Simulate;

/// More seeds than this in one go are taken for a slip of the finger.
const MOST_SEEDS: u64 = 10_000;

/// One run to be made.
struct Job<'a> {
    scenario: &'a Scenario,
    seed: u64,
    rules: RulesName,
}

pub fn run(flags: &Simulate) -> anyhow::Result<()> {
    let overrides = Overrides { members: flags.members, hours: flags.hours };
    let scenarios = chosen(&flags.scenario)?;
    let rules: Vec<RulesName> = flags.rules.split(',').map(rules).collect::<Result<_, _>>()?;
    let mut jobs = Vec::new();
    for scenario in &scenarios {
        scenario.world(1, RulesName::Tutti, overrides).map_err(WrongUse::of)?;
        for &rules in &rules {
            let seeds = seeds(flags)?.unwrap_or_else(|| scenario.seeds.clone());
            jobs.extend(seeds.map(|seed| Job { scenario, seed, rules }));
        }
    }
    if !flags.json {
        crate::out::line(&heading())?;
    }
    let mut broken = 0;
    let mut told = Told { overrides, json: flags.json, runs: Vec::new() };
    in_order(&jobs, overrides, |job, outcome, last_of_its_kind| {
        broken += told.tell(job, outcome, last_of_its_kind)?;
        Ok(())
    })?;
    if broken > 0 {
        bail!("{broken} bounds do not hold");
    }
    Ok(())
}

fn chosen(name: &str) -> Result<Vec<Scenario>, WrongUse> {
    if name == "all" {
        return Scenario::all().map_err(WrongUse::of);
    }
    name.split(',').map(|name| Scenario::find(name).map_err(WrongUse::of)).collect()
}

fn rules(name: &str) -> Result<RulesName, WrongUse> {
    name.parse().map_err(WrongUse::of)
}

/// `--seed 3`, `--seeds 1..=20`; None: those that the scenario's bounds are meant for.
fn seeds(flags: &Simulate) -> Result<Option<RangeInclusive<u64>>, WrongUse> {
    if let Some(seed) = flags.seed {
        return Ok(Some(seed..=seed));
    }
    let Some(text) = &flags.seeds else { return Ok(None) };
    let ends = text.split_once("..=").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    match ends {
        Some((from, to)) if from <= to && to - from < MOST_SEEDS => Ok(Some(from..=to)),
        Some((from, to)) if from <= to => Err(WrongUse(format!("{text} are more than {MOST_SEEDS} seeds"))),
        _ => Err(WrongUse(format!("seeds read like 1..=20, not {text}"))),
    }
}

/// Makes all runs on all cores and hands the outcomes over in their order; `true` with the last of a scenario and rules.
fn in_order(
    jobs: &[Job<'_>],
    overrides: Overrides,
    mut tell: impl FnMut(&Job<'_>, Outcome, bool) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let catalogue = Arc::new(Catalogue::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    std::thread::scope(|scope| {
        let (done, outcomes) = mpsc::channel();
        for _ in 0..cores {
            let (done, catalogue, next) = (done.clone(), Arc::clone(&catalogue), &next);
            scope.spawn(move || {
                while let Some(index) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&index| index < jobs.len()) {
                    let began = Instant::now();
                    let job = &jobs[index];
                    let outcome = job.scenario.run(job.seed, job.rules, overrides, &catalogue).map(|mut outcome| {
                        outcome.report.wall_s = (began.elapsed().as_secs_f64() * 1e3).round() / 1e3;
                        outcome
                    });
                    if done.send((index, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut waiting: std::collections::BTreeMap<usize, _> = std::collections::BTreeMap::new();
        let mut due = 0;
        for (index, outcome) in outcomes {
            waiting.insert(index, outcome);
            while let Some(outcome) = waiting.remove(&due) {
                let is_same =
                    |after: &Job<'_>| after.scenario.name == jobs[due].scenario.name && after.rules == jobs[due].rules;
                let last = !jobs.get(due + 1).is_some_and(is_same);
                tell(&jobs[due], outcome.map_err(WrongUse::of)?, last)?;
                due += 1;
            }
        }
        Ok(())
    })
}

/// Prints what comes and remembers it for the medians.
struct Told {
    overrides: Overrides,
    json: bool,
    runs: Vec<Outcome>,
}

impl Told {
    /// Answers how many bounds were broken.
    fn tell(&mut self, job: &Job<'_>, outcome: Outcome, last: bool) -> anyhow::Result<usize> {
        let judged = job.rules == RulesName::Tutti && self.overrides == Overrides::default();
        let line = if self.json { serde_json::to_string(&outcome.report)? } else { row(&outcome.report) };
        crate::out::line(&line)?;
        for breach in &outcome.breaches {
            self.fail(&format!("{} seed {}: {breach}", job.scenario.name, job.seed))?;
        }
        let mut broken = outcome.breaches.len();
        self.runs.push(outcome);
        if last {
            if judged {
                for breach in job.scenario.median_breaches(&self.runs) {
                    self.fail(&format!("{}, median of {} runs: {breach}", job.scenario.name, self.runs.len()))?;
                    broken += 1;
                }
            }
            self.runs.clear();
        }
        Ok(broken)
    }

    /// Beside the reports when those are for a program.
    fn fail(&self, text: &str) -> anyhow::Result<()> {
        if self.json {
            eprintln!("FAIL  {text}");
        } else {
            crate::out::line(&format!("FAIL  {text}"))?;
        }
        Ok(())
    }
}

fn heading() -> String {
    format!(
        "{:<24} {:<8} {:<9} {:>3} {:>4} {:>6}  {:>14}  {:>13}  {:>15}  {:>7}  {:>4}  {:>6} {:>7}",
        "scenario",
        "rules",
        "profile",
        "of",
        "seed",
        "hours",
        "spread ms",
        "follow s",
        "acts",
        "false",
        "req",
        "bound",
        "speed"
    )
}

fn row(report: &Report) -> String {
    let two = |one: Option<f64>, other: Option<f64>, digits: usize| {
        let shown = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.digits$}"));
        format!("{} / {}", shown(one), shown(other))
    };
    let actions = &report.actions;
    let acts = format!("{} +{} ?{} −{}", actions.followed, actions.superseded, actions.ambiguous, actions.missed);
    let speed = report.virtual_s / report.wall_s.max(1e-3);
    format!(
        "{:<24} {:<8} {:<9} {:>3} {:>4} {:>6.2}  {:>14}  {:>13}  {:>15}  {:>7}  {:>4}  {:>6} {:>6.0}k",
        report.scenario,
        report.rules,
        report.profile,
        report.members,
        report.seed,
        report.virtual_s / 3_600.0,
        two(report.spread_ms.p50, report.spread_ms.p95, 0),
        two(report.propagation_s.p50, report.propagation_s.p95, 2),
        acts,
        format!("{} / {}", report.takeovers.wrong, report.false_moves),
        report.requests_member_minute.all.map_or("–".to_owned(), |rate| format!("{rate:.0}")),
        report.bound_true.map_or("–".to_owned(), |share| format!("{:.2}", share * 100.0)),
        speed / 1e3,
    )
}
