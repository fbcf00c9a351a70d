//! Percentiles, means and rates.

use serde::Serialize;
use tutti_core::event::Event;

use super::{PredictionError, Requests, Trace};

/// Percentiles of a distance, ms; None without samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub max: Option<f64>,
}

impl Spread {
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { p50: percentile(&values, 50), p95: percentile(&values, 95), max: percentile(&values, 100) }
    }
}

/// Percentiles of a time, s; None without samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
}

impl Times {
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { p50: percentile(&values, 50), p95: percentile(&values, 95) }
    }
}

/// The smallest value that at least `percent` of all values do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|&value| round(value, 2))
}

pub(super) fn round(value: f64, digits: i32) -> f64 {
    let scale = (0..digits).fold(1.0, |scale, _| scale * 10.0);
    // Without the sign of a zero.
    libm::round(value * scale) / scale + 0.0
}

/// Predicted minus true position at the instant of each reading that held.
pub(super) fn prediction_error(trace: &Trace) -> PredictionError {
    let errors: Vec<f64> = trace
        .events
        .iter()
        .filter_map(|logged| match &logged.event {
            Event::Predicted { at, uri, position } => {
                let at_us = at.as_micros() + trace.local_to_trace_us;
                true_position(trace, logged.member, uri, at_us).map(|truth| position.as_ms() - truth)
            }
            _ => None,
        })
        .collect();
    PredictionError::of(errors.into_iter())
}

impl PredictionError {
    /// Of predicted minus true positions, ms.
    pub fn of(errors: impl Iterator<Item = f64> + Clone) -> Self {
        let n = errors.clone().count().max(1) as f64;
        let mean = errors.clone().sum::<f64>() / n;
        let variance = errors.clone().map(|error| (error - mean) * (error - mean)).sum::<f64>() / n;
        Self {
            mean: round(mean, 3),
            mean_abs: round(errors.clone().map(f64::abs).sum::<f64>() / n, 3),
            sd: round(libm::sqrt(variance), 3),
            max: round(errors.fold(0.0, |max, error| error.abs().max(max)), 3),
        }
    }
}

/// Where a player was at an instant between two samples; None if anything happened between them.
fn true_position(trace: &Trace, member: usize, uri: &str, at_us: i64) -> Option<f64> {
    let after = trace.samples.partition_point(|sample| sample.at_us < at_us);
    let (before, after) = (trace.samples.get(after.checked_sub(1)?)?, trace.samples.get(after)?);
    let (a, b) = (&before.players[member], &after.players[member]);
    let ran_ms = |us: i64| if a.playing { us as f64 / 1e3 * a.speed } else { 0.0 };
    let undisturbed = a.playing == b.playing
        && a.uri == b.uri
        && a.uri.as_deref() == Some(uri)
        && (b.reported_ms - a.reported_ms - ran_ms(after.at_us - before.at_us)).abs() < 0.5;
    undisturbed.then(|| a.reported_ms + ran_ms(at_us - before.at_us))
}

/// Requests a member and minute: within ten minutes of a hand action, otherwise, and over all.
pub(super) fn requests(trace: &Trace) -> Requests {
    const LIVELY_US: i64 = 600_000_000;
    let mut lively_us = 0;
    let mut until = trace.started_us;
    let mut stretches = Vec::new();
    for at in std::iter::once(trace.started_us).chain(trace.hands.iter().map(|hand| hand.at_us)) {
        let (from, to) = (at.max(until), (at + LIVELY_US).min(trace.ended_us));
        if to > from {
            lively_us += to - from;
            stretches.push((from, to));
            until = to;
        }
    }
    let total_us = trace.ended_us - trace.started_us;
    let is_lively = |at: i64| {
        let begun = stretches.partition_point(|&(from, _)| from <= at);
        stretches[..begun].last().is_some_and(|&(_, to)| at < to)
    };
    let lively = trace.requests.iter().filter(|&&(at, _)| is_lively(at)).count();
    let rate = |count: usize, us: i64| {
        (us > 0).then(|| round(count as f64 / (us as f64 / 60e6) / trace.members.len().max(1) as f64, 1))
    };
    Requests {
        lively: rate(lively, lively_us),
        calm: rate(trace.requests.len() - lively, total_us - lively_us),
        all: rate(trace.requests.len(), total_us),
    }
}
