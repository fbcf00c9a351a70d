//! One number with its goal, what it may change by, and other rules' numbers beside it.

use std::fmt;

use serde_json::{Value, json};

/// How much worse than what is kept a number may get before that is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tolerance {
    /// Of the kept value.
    pub share: f64,
    /// In the figure's unit.
    pub absolute: f64,
}

impl Tolerance {
    /// Nothing at all: what is counted and must not happen.
    pub const NONE: Self = Self { share: 0.0, absolute: 0.0 };
    /// A percentile of a distance, ms.
    pub const DISTANCE: Self = Self { share: 0.08, absolute: 1.0 };
    /// A percentile of a time, s.
    pub const TIME: Self = Self { share: 0.06, absolute: 0.05 };
    /// A rate, a ratio, a mean.
    pub const RATE: Self = Self { share: 0.08, absolute: 0.03 };
    /// A share of 100 %.
    pub const SHARE: Self = Self { share: 0.0, absolute: 0.05 };
    /// A count of what happens now and then in the worst rooms.
    pub const COUNT: Self = Self { share: 0.15, absolute: 3.0 };
    /// Real time: another day, other numbers.
    pub const NOISY: Self = Self { share: 0.5, absolute: 1.0 };
}

#[derive(Debug, Clone)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub goal: Option<f64>,
    /// The goal is the least, and more is better.
    pub at_least: bool,
    pub tolerance: Tolerance,
    /// Measured in real time.
    pub noisy: bool,
    /// The same by other rules.
    pub beside: Vec<(&'static str, f64)>,
}

impl Figure {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, tolerance: Tolerance) -> Self {
        let name = name.into();
        // More digits than any of these numbers deserves, and the same everywhere.
        let value = (value * 1e5).round() / 1e5 + 0.0;
        Self { name, value, unit, goal: None, at_least: false, tolerance, noisy: false, beside: Vec::new() }
    }

    /// No more than this.
    pub fn goal(mut self, goal: f64) -> Self {
        self.goal = Some(goal);
        self
    }

    /// No less than this.
    pub fn at_least(mut self, goal: f64) -> Self {
        (self.goal, self.at_least) = (Some(goal), true);
        self
    }

    pub fn noisy(mut self) -> Self {
        self.noisy = true;
        self
    }

    pub fn beside(mut self, beside: Vec<(&'static str, f64)>) -> Self {
        self.beside = beside;
        self
    }

    pub fn json(&self) -> Value {
        let beside: serde_json::Map<_, _> =
            self.beside.iter().map(|(rules, value)| ((*rules).to_owned(), json!(value))).collect();
        json!({
            "name": self.name, "value": self.value, "unit": self.unit, "goal": self.goal, "at_least": self.at_least,
            "tolerance": { "share": self.tolerance.share, "absolute": self.tolerance.absolute },
            "noisy": self.noisy, "beside": beside,
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<60} {:>10} {:<4}", self.name, self.value, self.unit)?;
        if let Some(goal) = self.goal {
            let met = if self.at_least { self.value >= goal } else { self.value <= goal };
            write!(f, " {} {goal}{}", if self.at_least { "≥" } else { "≤" }, if met { "" } else { " MISSED" })?;
        }
        for (rules, value) in &self.beside {
            write!(f, "  {rules} {value}")?;
        }
        Ok(())
    }
}
