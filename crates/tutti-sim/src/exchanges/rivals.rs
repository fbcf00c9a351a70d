//! Other ways to know a hub's clock, as others do it: the exchange with the least round trip, and Sendspin's Kalman filter.

use std::collections::VecDeque;

use tutti_core::clock::{ClockSync, Exchange};
use tutti_core::time::LocalTime;

use super::measure::{Known, Method};

impl Method for ClockSync {
    fn take(&mut self, exchange: Exchange) {
        self.begin(exchange.sent);
        // What is refused changes nothing.
        self.exchange(exchange).unwrap_or_default();
    }

    fn suspended(&mut self, at: LocalTime) {
        ClockSync::suspended(self, at);
    }

    fn known(&self, at: LocalTime) -> Option<Known> {
        let clock = self.clock(at)?;
        Some(Known { offset_us: clock.offset().as_micros() as f64, bound_us: Some(clock.bound().as_micros() as f64) })
    }
}

/// The middle of the exchange with the least round trip among the last 16, as NTP's clock filter has it.
#[derive(Debug, Default)]
pub struct LeastRoundTrip {
    last: VecDeque<Exchange>,
}

impl LeastRoundTrip {
    const OF: usize = 16;
}

impl Method for LeastRoundTrip {
    fn take(&mut self, exchange: Exchange) {
        if self.last.len() == Self::OF {
            self.last.pop_front();
        }
        self.last.push_back(exchange);
    }

    fn suspended(&mut self, _: LocalTime) {
        self.last.clear();
    }

    fn known(&self, _: LocalTime) -> Option<Known> {
        let best = self.last.iter().min_by_key(|exchange| round_trip_us(exchange))?;
        Some(Known { offset_us: middle_us(best), bound_us: None })
    }
}

/// The time filter of Sendspin, written after the crate `sendspin` 0.3.8 (`sync/clock.rs`, MIT or Apache-2.0), which cannot be
/// had without its audio output: offset and drift by a Kalman filter, the variance of an exchange (round trip / 2)²,
/// the offset's process 0.01 µs each √µs, the drift's none; after 100 exchanges what misses by more than three quarters of
/// its error makes it forget a little; the drift is used once it is twice its own standard deviation.
///
/// Left out: it throws round trips above 100 ms away. On a bad mobile network nearly nothing would be left for it.
#[derive(Debug, Default)]
pub struct Kalman {
    count: u32,
    at_us: f64,
    offset: f64,
    drift: f64,
    /// Of the offset, of both, of the drift.
    covariance: [f64; 3],
}

impl Kalman {
    const PROCESS_VARIANCE: f64 = 0.01 * 0.01;
    const FORGETTING: f64 = 1.001 * 1.001;
    const CUTOFF: f64 = 0.75;
    /// Two exchanges that are closer say nothing about the drift, µs.
    const BASELINE_US: f64 = 100_000.0;

    fn begin(&mut self, measured: f64, variance: f64, since: f64) {
        if self.count == 1 {
            let run = since.max(Self::BASELINE_US);
            self.drift = if since < Self::BASELINE_US { 0.0 } else { (measured - self.offset) / since };
            self.covariance[2] = (self.covariance[0] + variance) / (run * run);
        }
        self.count += 1;
        (self.offset, self.covariance[0]) = (measured, variance);
    }

    fn update(&mut self, measured: f64, error: f64, since: f64) {
        let [offset, both, drift] = self.covariance;
        let mut predicted = [
            offset + 2.0 * both * since + drift * since * since + since * Self::PROCESS_VARIANCE,
            both + drift * since,
            drift,
        ];
        let expected = self.offset + self.drift * since;
        let residual = measured - expected;
        if self.count < 100 {
            self.count += 1;
        } else if residual.abs() > error * Self::CUTOFF {
            predicted = predicted.map(|covariance| covariance * Self::FORGETTING);
        }
        let [offset, both, drift] = predicted;
        let certainty = 1.0 / (offset + error * error);
        let (offset_gain, drift_gain) = (offset * certainty, both * certainty);
        self.offset = expected + offset_gain * residual;
        self.drift += drift_gain * residual;
        self.covariance = [offset - offset_gain * offset, both - drift_gain * offset, drift - drift_gain * both];
    }
}

impl Method for Kalman {
    fn take(&mut self, exchange: Exchange) {
        let at_us = exchange.received.as_micros() as f64;
        let since = at_us - self.at_us;
        if self.count > 0 && since <= 0.0 {
            return;
        }
        self.at_us = at_us;
        let (measured, error) = (middle_us(&exchange), (round_trip_us(&exchange) / 2).max(1) as f64);
        if self.count < 2 {
            self.begin(measured, error * error, since);
        } else {
            self.update(measured, error, since);
        }
    }

    fn suspended(&mut self, _: LocalTime) {
        *self = Self::default();
    }

    fn known(&self, at: LocalTime) -> Option<Known> {
        if self.count < 2 {
            return None;
        }
        let trusted = self.drift * self.drift >= 4.0 * self.covariance[2];
        let drift = if trusted { self.drift } else { 0.0 };
        Some(Known { offset_us: self.offset + drift * (at.as_micros() as f64 - self.at_us), bound_us: None })
    }
}

fn round_trip_us(exchange: &Exchange) -> i64 {
    ((exchange.received - exchange.sent) - (exchange.hub_sent - exchange.hub_received)).as_micros()
}

/// Room time minus local time, were both ways alike.
fn middle_us(exchange: &Exchange) -> f64 {
    let there = exchange.hub_received.as_micros() - exchange.sent.as_micros();
    let back = exchange.hub_sent.as_micros() - exchange.received.as_micros();
    (there as f64 + back as f64) / 2.0
}
