//! What a method knew along a trace, against the truth.

use tutti_core::clock::Exchange;
use tutti_core::time::LocalTime;

use super::trace::{Step, Trace};

/// Something that learns the hub's clock from exchanges.
pub trait Method {
    fn take(&mut self, exchange: Exchange);
    /// What was known is of no use any more.
    fn suspended(&mut self, at: LocalTime);
    fn known(&self, at: LocalTime) -> Option<Known>;
}

/// Room time minus local time, µs, and how far off that says it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    pub offset_us: f64,
    pub bound_us: Option<f64>,
}

/// How well it knew.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// |known − true| whenever the truth is known, sorted, ms.
    pub errors_ms: Vec<f64>,
    /// The stated bounds, sorted, ms.
    pub bounds_ms: Vec<f64>,
    /// How many of them were true.
    pub true_bounds: usize,
    /// The truth was known and the method knew nothing.
    pub unknown: usize,
}

impl Quality {
    pub fn join(&mut self, other: Self) {
        self.errors_ms.extend(other.errors_ms);
        self.bounds_ms.extend(other.bounds_ms);
        self.true_bounds += other.true_bounds;
        self.unknown += other.unknown;
        self.errors_ms.sort_by(f64::total_cmp);
        self.bounds_ms.sort_by(f64::total_cmp);
    }

    /// The error that so many of a hundred do not exceed, ms.
    pub fn error_ms(&self, percent: usize) -> f64 {
        percentile(&self.errors_ms, percent)
    }

    pub fn bound_ms(&self, percent: usize) -> f64 {
        percentile(&self.bounds_ms, percent)
    }

    /// The share of stated bounds that were true, %.
    pub fn bound_true_percent(&self) -> f64 {
        100.0 * self.true_bounds as f64 / self.bounds_ms.len().max(1) as f64
    }
}

pub fn measure(trace: &Trace, method: &mut dyn Method) -> Quality {
    let mut quality = Quality::default();
    for step in &trace.steps {
        match *step {
            Step::Exchange(exchange) => method.take(exchange),
            Step::Suspended(at) => method.suspended(at),
            Step::Truth(at, truth) => {
                let Some(Known { offset_us, bound_us }) = method.known(at) else {
                    quality.unknown += 1;
                    continue;
                };
                let error_us = (offset_us - truth.as_micros() as f64).abs();
                quality.errors_ms.push(error_us / 1e3);
                if let Some(bound_us) = bound_us {
                    quality.bounds_ms.push(bound_us / 1e3);
                    // The truth, too, is a whole µs.
                    quality.true_bounds += usize::from(error_us <= bound_us + 1.0);
                }
            }
        }
    }
    quality.join(Quality::default());
    quality
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}
