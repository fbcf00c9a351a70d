//! How slow everything is: latency profiles and what is drawn from them.

mod trouble;

use std::fmt;
use std::str::FromStr;

pub use trouble::{Ration, Trouble, WrongCommands, WrongReadings, WrongRequests};

use crate::random::Random;

/// z of the 95th percentile of a normal distribution: turns p50 and p95 into a lognormal's σ.
const Z95: f64 = 1.644_854;

/// A named set of [`Latencies`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Everything at once and exact: for measuring the engine alone.
    Ideal,
    /// A wired network, quick devices.
    Lan,
    /// A home connection to Spotify.
    #[default]
    Broadband,
    /// The real world as reports describe it on a usual day.
    Mobile,
    /// The worst that reports describe.
    Hostile,
}

/// The numbers of one profile. All times in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latencies {
    /// Round trip of a GET, median and 95th percentile.
    pub get_round_trip_ms: (f64, f64),
    /// Round trip of a command, median and 95th percentile. Commands take about half as long again
    /// as readings: they are passed on towards the device before they are answered.
    pub command_round_trip_ms: (f64, f64),
    /// From a command's arrival at the server to its effect on the device: median and σ of ln.
    pub effect_ms: (f64, f64),
    /// From a command's arrival at the server until answers show it (uniform), never before its effect.
    pub visible_ms: (f64, f64),
    /// Reported position minus what is heard, constant for each device: low, mode, high (triangular).
    pub audible_offset_ms: (f64, f64, f64),
}

/// One exchange with the server: the instant of the answer lies anywhere inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Way there, µs.
    pub up_us: i64,
    /// Way back, µs.
    pub down_us: i64,
}

impl Profile {
    pub const ALL: [Profile; 5] = [Profile::Ideal, Profile::Lan, Profile::Broadband, Profile::Mobile, Profile::Hostile];

    pub fn latencies(self) -> Latencies {
        match self {
            Profile::Ideal => Latencies {
                get_round_trip_ms: (0.0, 0.0),
                command_round_trip_ms: (0.0, 0.0),
                effect_ms: (0.0, 0.0),
                visible_ms: (0.0, 0.0),
                audible_offset_ms: (0.0, 0.0, 0.0),
            },
            Profile::Lan => Latencies {
                get_round_trip_ms: (10.0, 16.0),
                command_round_trip_ms: (15.0, 24.0),
                effect_ms: (250.0, 0.05),
                visible_ms: (150.0, 600.0),
                audible_offset_ms: (0.0, 265.0, 1000.0),
            },
            Profile::Broadband => Latencies {
                get_round_trip_ms: (80.0, 140.0),
                command_round_trip_ms: (120.0, 210.0),
                effect_ms: (250.0, 0.25),
                visible_ms: (150.0, 600.0),
                audible_offset_ms: (0.0, 265.0, 1000.0),
            },
            Profile::Mobile => Latencies {
                get_round_trip_ms: (130.0, 250.0),
                command_round_trip_ms: (270.0, 450.0),
                effect_ms: (450.0, 0.35),
                visible_ms: (300.0, 2000.0),
                audible_offset_ms: (0.0, 265.0, 1000.0),
            },
            Profile::Hostile => Latencies {
                get_round_trip_ms: (180.0, 700.0),
                command_round_trip_ms: (350.0, 1200.0),
                effect_ms: (800.0, 0.6),
                visible_ms: (1000.0, 4000.0),
                audible_offset_ms: (0.0, 265.0, 1000.0),
            },
        }
    }

    /// How long one reading (or sign-in request) travels.
    pub fn get_exchange(self, random: &mut Random) -> Exchange {
        Exchange::draw(self.latencies().get_round_trip_ms, random)
    }

    /// How long one command travels.
    pub fn command_exchange(self, random: &mut Random) -> Exchange {
        Exchange::draw(self.latencies().command_round_trip_ms, random)
    }

    /// From a command's arrival to its effect, µs.
    pub fn effect_us(self, random: &mut Random) -> i64 {
        let (median, sigma) = self.latencies().effect_ms;
        us(random.lognormal(median, sigma))
    }

    /// From a command's arrival until answers show it, µs (the effect may be later still).
    pub fn visible_us(self, random: &mut Random) -> i64 {
        let (low, high) = self.latencies().visible_ms;
        us(random.between(low, high))
    }

    /// Reported minus heard position of one device, µs.
    pub fn audible_offset_us(self, random: &mut Random) -> i64 {
        let (low, mode, high) = self.latencies().audible_offset_ms;
        us(random.triangular(low, mode, high))
    }
}

impl Exchange {
    /// The round trip is lognormal; which part of it is the way there is drawn independently and
    /// uniformly, so that a client gains nothing by assuming the middle.
    fn draw((p50, p95): (f64, f64), random: &mut Random) -> Self {
        if p50 <= 0.0 {
            return Self { up_us: 0, down_us: 0 };
        }
        let sigma = libm::log(p95 / p50) / Z95;
        let round_trip = random.lognormal(p50, sigma);
        let up = round_trip * random.unit();
        Self { up_us: us(up), down_us: us(round_trip - up) }
    }

    pub fn round_trip_us(self) -> i64 {
        self.up_us + self.down_us
    }
}

fn us(ms: f64) -> i64 {
    libm::round(ms * 1000.0) as i64
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Profile::Ideal => "ideal",
            Profile::Lan => "lan",
            Profile::Broadband => "broadband",
            Profile::Mobile => "mobile",
            Profile::Hostile => "hostile",
        })
    }
}

/// The name of a profile was not one of those in [`Profile::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile \"{0}\"; there are: ideal, lan, broadband, mobile, hostile")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Profile::ALL
            .into_iter()
            .find(|profile| profile.to_string() == name)
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_profiles_go_both_ways() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse::<Profile>().unwrap(), profile);
        }
        let error = "fibre".parse::<Profile>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no profile \"fibre\"; there are: ideal, lan, broadband, mobile, hostile"
        );
    }

    #[test]
    fn round_trips_have_the_profiles_percentiles_and_split_anywhere() {
        let mut random = Random::new(3);
        let drawn: Vec<Exchange> = (0..20_000).map(|_| Profile::Broadband.get_exchange(&mut random)).collect();
        let mut trips: Vec<i64> = drawn.iter().map(|exchange| exchange.round_trip_us()).collect();
        trips.sort_unstable();
        assert!((trips[10_000] - 80_000).abs() < 1_500, "p50 {}", trips[10_000]);
        assert!((trips[19_000] - 140_000).abs() < 4_000, "p95 {}", trips[19_000]);
        let early = drawn.iter().filter(|e| e.up_us * 10 < e.round_trip_us()).count();
        assert!((1_700..2_300).contains(&early), "{early} of 20000 in the first tenth");
    }

    #[test]
    fn nothing_waits_in_the_ideal_profile() {
        let mut random = Random::new(4);
        assert_eq!(Profile::Ideal.command_exchange(&mut random).round_trip_us(), 0);
        assert_eq!(Profile::Ideal.effect_us(&mut random), 0);
        assert_eq!(Profile::Ideal.visible_us(&mut random), 0);
        assert_eq!(Profile::Ideal.audible_offset_us(&mut random), 0);
    }
}
