//! What an account's owner has set in their own Spotify app, and where they live.

use crate::catalogue::Market;
use crate::profile::Profile;

/// As in `PUT /v1/me/player/repeat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    #[default]
    Off,
    Track,
    Context,
}

impl Repeat {
    /// off, track or context.
    pub fn name(self) -> &'static str {
        match self {
            Repeat::Off => "off",
            Repeat::Track => "track",
            Repeat::Context => "context",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Repeat::Off, Repeat::Track, Repeat::Context].into_iter().find(|repeat| repeat.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub market: Market,
    /// Tracks begin so long before the end of the one before them.
    pub crossfade_ms: u32,
    /// After the end of a list similar music goes on.
    pub autoplay: bool,
    /// Speed of episodes; 1000 is the speed of speech, 500 to 3500 are possible.
    pub speed_permille: u32,
    /// An advertisement after so many items; 0 is none.
    pub ads_every: u32,
}

impl Settings {
    /// Nothing special, in the market that the profile has for the account at this place in the list.
    pub fn of_account(place: usize, profile: Profile) -> Self {
        Self { market: Market::of_account(place, profile.markets()), ..Self::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { market: Market::De, crossfade_ms: 0, autoplay: false, speed_permille: 1000, ads_every: 0 }
    }
}
