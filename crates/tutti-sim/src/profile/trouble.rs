//! What goes wrong by itself in the profiles mobile and hostile, and how often.

use super::Profile;

/// Probabilities for a single reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WrongReadings {
    pub flag: f64,
    pub null_progress: f64,
    pub null_item: f64,
    pub no_content: f64,
}

/// Probabilities for a single command.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WrongCommands {
    /// Readings answer 204 until it is visible.
    pub empty_until_visible: f64,
    /// A seek while paused springs back.
    pub seek_reverts: f64,
    /// The session seeks by itself after a seek.
    pub phantom: f64,
    /// A redundant one is 500.
    pub redundant_500: f64,
}

/// Probabilities for a single request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WrongRequests {
    pub server_error: f64,
    /// A minute in which half of the account's requests fail begins.
    pub burst: f64,
    pub gateway_stall: f64,
    pub reset: f64,
    pub truncated: f64,
    pub slow_body: f64,
    /// An accepted command is answered with 202.
    pub accepted_202: f64,
}

/// How much a client may ask; what is more gets 429. Spotify's numbers are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ration {
    /// Requests of one client id in any 30 s.
    pub in_30_s: Option<u32>,
    /// Requests under one developer in any 24 h.
    pub in_24_h: Option<u32>,
}

/// Everything that goes wrong by itself in one profile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trouble {
    pub readings: WrongReadings,
    pub commands: WrongCommands,
    pub requests: WrongRequests,
    pub ration: Ration,
    /// Something from the list of a nasty player's habits, at random times with this mean, s.
    pub habit_every_s: Option<f64>,
    /// Paused for so long, no device is active any more, s.
    pub asleep_after_s: Option<i64>,
    /// Accounts live in so many markets.
    pub markets: usize,
    /// Half of the accounts have timestamps that do not change on seeks.
    pub timestamps_differ: bool,
}

impl Profile {
    /// Ideal, lan and broadband have none. The shares of mobile that no source gives are our choice.
    pub fn trouble(self) -> Trouble {
        match self {
            Profile::Ideal | Profile::Lan | Profile::Broadband => Trouble { markets: 1, ..Trouble::default() },
            Profile::Mobile => Trouble {
                readings: WrongReadings { flag: 0.0005, null_progress: 0.001, null_item: 0.0005, no_content: 0.001 },
                requests: WrongRequests { server_error: 0.001, ..WrongRequests::default() },
                ration: Ration { in_30_s: Some(180), in_24_h: Some(40_000) },
                asleep_after_s: Some(1800),
                markets: 2,
                ..Trouble::default()
            },
            Profile::Hostile => Trouble {
                readings: WrongReadings { flag: 0.005, null_progress: 0.005, null_item: 0.003, no_content: 0.005 },
                commands: WrongCommands {
                    empty_until_visible: 0.3,
                    seek_reverts: 0.5,
                    phantom: 0.05,
                    redundant_500: 0.3,
                },
                requests: WrongRequests {
                    server_error: 0.005,
                    burst: 0.0003,
                    gateway_stall: 0.0003,
                    reset: 0.002,
                    truncated: 0.001,
                    slow_body: 0.001,
                    accepted_202: 0.05,
                },
                ration: Ration { in_30_s: Some(90), in_24_h: Some(40_000) },
                habit_every_s: Some(240.0),
                asleep_after_s: Some(120),
                markets: 3,
                timestamps_differ: true,
            },
        }
    }

    /// In how many markets the accounts live.
    pub fn markets(self) -> usize {
        self.trouble().markets
    }
}
