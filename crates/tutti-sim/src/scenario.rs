//! Scenarios: rooms written down in TOML, with a sentence, the rules they show, and bounds that must hold.

mod bounds;
mod file;
mod library;
mod names;

use std::ops::RangeInclusive;
use std::sync::Arc;

pub use bounds::{Bound, Breach};
pub use library::names;

use crate::catalogue::Catalogue;
use crate::report::{Report, Trace, measures, report};
use crate::world::{self, RulesName, WorldConfig};

/// Most members of a room, and its longest time: beyond them the numbers of a run do not fit into memory well.
pub const MOST_MEMBERS: usize = 64;
pub const MOST_HOURS: f64 = 1_000.0;

/// A room as it is written down.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    /// One sentence.
    pub says: String,
    /// Rules, rows of the table, faults and complaints that it is for.
    pub shows: Vec<String>,
    /// Seeds that its bounds are meant for.
    pub seeds: RangeInclusive<u64>,
    /// Bounds for every run.
    pub every: Vec<Bound>,
    /// Bounds for the median over the seeds.
    pub median: Vec<Bound>,
    file: file::File,
}

/// Why there is no such scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error("there is no scenario \"{name}\"; there are: {known}")]
    Unknown { name: String, known: String },
    #[error("{path} cannot be read: {why}")]
    Unreadable { path: String, why: String },
    /// Says the line.
    #[error("{name}: {why}")]
    Broken { name: String, why: String },
    #[error("{name} speaks of member {place}, and there are only {members}")]
    NoMember { name: String, place: usize, members: usize },
    #[error("a room has 2 to {MOST_MEMBERS} members, not {0}")]
    Members(usize),
    #[error("a run lasts more than 0 and at most {MOST_HOURS} hours, not {0}")]
    Hours(String),
}

/// What may differ from what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Overrides {
    pub members: Option<usize>,
    pub hours: Option<f64>,
}

/// One run and its numbers.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub report: Report,
    /// The report and everything else that bounds may speak of.
    pub measures: serde_json::Value,
    pub breaches: Vec<Breach>,
}

impl Scenario {
    /// One that comes with the program, by its name.
    ///
    /// # Errors
    /// When there is none of that name; the sentence lists the names.
    pub fn named(name: &str) -> Result<Self, ScenarioError> {
        let Some(text) = library::text(name) else {
            let known = names().collect::<Vec<_>>().join(", ");
            return Err(ScenarioError::Unknown { name: name.to_owned(), known });
        };
        Self::parse(name, text)
    }

    /// By its name, or from a file when it looks like a path.
    ///
    /// # Errors
    /// As [`Scenario::named`] and [`Scenario::parse`], and when the file cannot be read.
    pub fn find(name: &str) -> Result<Self, ScenarioError> {
        if !name.ends_with(".toml") && !name.contains(['/', '\\']) {
            return Self::named(name);
        }
        let unreadable =
            |error: std::io::Error| ScenarioError::Unreadable { path: name.to_owned(), why: error.to_string() };
        let text = std::fs::read_to_string(name).map_err(unreadable)?;
        let stem = std::path::Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Self::parse(&stem.unwrap_or_else(|| name.to_owned()), &text)
    }

    /// All that come with the program, in the order of their names.
    ///
    /// # Errors
    /// When one of them is broken, which the tests forbid.
    pub fn all() -> Result<Vec<Self>, ScenarioError> {
        names().map(Self::named).collect()
    }

    /// From TOML.
    ///
    /// # Errors
    /// A sentence with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let broken = |why: String| ScenarioError::Broken { name: name.to_owned(), why };
        let file: file::File = toml::from_str(text).map_err(|error| broken(in_words(text, &error)))?;
        let every = bounds::read(&file.expect).map_err(broken)?;
        let median = bounds::read(&file.expect_median).map_err(broken)?;
        let scenario = Self {
            name: name.to_owned(),
            says: file.says.clone(),
            shows: file.shows.clone(),
            seeds: 1..=file.seeds.max(1),
            every,
            median,
            file,
        };
        scenario.world(1, RulesName::Tutti, Overrides::default())?;
        Ok(scenario)
    }

    /// The world of one run.
    ///
    /// # Errors
    /// When the room gets too big or too small.
    pub fn world(&self, seed: u64, rules: RulesName, overrides: Overrides) -> Result<WorldConfig, ScenarioError> {
        self.file.world(&self.name, seed, rules, overrides)
    }

    /// One run. Bounds are checked for the engine's rules and the room as written.
    ///
    /// # Errors
    /// As [`Scenario::world`].
    pub fn run(
        &self,
        seed: u64,
        rules: RulesName,
        overrides: Overrides,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Outcome, ScenarioError> {
        let config = self.world(seed, rules, overrides)?;
        let trace: Trace = world::run_with(&config, catalogue);
        let report = report(&trace);
        let measures = measures(&trace, &report);
        let judged = rules == RulesName::Tutti && overrides == Overrides::default();
        let breaches = if judged { bounds::breaches(&self.every, &measures) } else { Vec::new() };
        Ok(Outcome { report, measures, breaches })
    }

    /// What the medians over these runs break.
    pub fn median_breaches(&self, runs: &[Outcome]) -> Vec<Breach> {
        bounds::breaches(&self.median, &bounds::median(&self.median, runs.iter().map(|run| &run.measures)))
    }
}

/// The parser's words, with the line in front and without its picture of the source.
fn in_words(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let words = error.message().replace('\n', ", ");
    line.map_or_else(|| words.clone(), |line| format!("line {line}: {words}"))
}

#[cfg(test)]
mod tests;
