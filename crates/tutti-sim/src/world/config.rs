//! Which room to run: its members, what they do, what goes wrong, and by which rules they are kept together.

use std::fmt;
use std::str::FromStr;

use tutti_core::member::Preferences;

use crate::catalogue::{ContextRef, Market};
use crate::exchanges::Link;
use crate::fault::Fault;
use crate::player::{Hand, Product, Settings};
use crate::profile::Profile;
use crate::workload::Planned;

/// A room and what happens in it.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// Its name in reports.
    pub scenario: String,
    pub rules: RulesName,
    /// Of members that have none of their own; its ration is Spotify's.
    pub profile: Profile,
    pub members: Vec<MemberConfig>,
    pub seed: u64,
    pub seconds: u32,
    pub workload: Workload,
    /// Beside the workload.
    pub hands: Vec<Planned>,
    pub incidents: Vec<PlannedIncident>,
    /// Write down everything that is handed in to the engine of this member.
    pub records: Option<usize>,
}

/// One member: their account, their device, their machine.
#[derive(Debug, Clone)]
pub struct MemberConfig {
    /// None: the world's.
    pub profile: Option<Profile>,
    /// None: the market that the profile has for this place in the list.
    pub market: Option<Market>,
    pub product: Product,
    /// The account's settings; the market in them is not used.
    pub settings: Settings,
    /// What the owner set before the room began.
    pub switches: Vec<Hand>,
    /// Which of the account's devices is active: phone, laptop, TV, kitchen radio, Jam, browser.
    pub device: &'static str,
    /// The user chose that device in Tutti: it may be started.
    pub chosen: bool,
    /// What is loaded; None: an album by the place in the list.
    pub loaded: Option<ContextRef>,
    /// Members with the same name share a client id and its ration; None: their own.
    pub client: Option<String>,
    /// The owner wants few requests.
    pub thrifty: bool,
    /// What the owner prefers, where the engine leaves a choice.
    pub preferences: Preferences,
    /// By how much the machine's clock is fast.
    pub drift_ppm: i64,
    /// Way to the hub and back, ms, half each; 0 is a hub in the same process.
    pub hub_ms: f64,
    /// The room's clock is known through exchanges over this link only; None: it is compared every 10 s, to 2 ms.
    pub hub_link: Option<Link>,
    /// The trim is set to the device's true delay.
    pub trimmed: bool,
    /// When they join, s.
    pub joins_s: f64,
    /// When they leave, s.
    pub leaves_s: Option<f64>,
    /// They may lead; without, what they do by hand is for their own player alone.
    pub may_lead: bool,
    /// Whether they count in spread and propagation; otherwise as members that no command can reach.
    pub counts: bool,
}

impl Default for MemberConfig {
    fn default() -> Self {
        Self {
            profile: None,
            market: None,
            product: Product::Premium,
            settings: Settings::default(),
            switches: Vec::new(),
            device: "phone",
            chosen: false,
            loaded: None,
            client: None,
            thrifty: false,
            preferences: Preferences::default(),
            drift_ppm: 0,
            hub_ms: 0.0,
            hub_link: None,
            trimmed: true,
            joins_s: 0.0,
            leaves_s: None,
            may_lead: true,
            counts: true,
        }
    }
}

impl WorldConfig {
    /// Members who differ in nothing but their names.
    pub fn room(members: usize, profile: Profile, seed: u64, seconds: u32, workload: Workload) -> Self {
        Self {
            scenario: workload.to_string(),
            rules: RulesName::Tutti,
            profile,
            members: vec![MemberConfig::default(); members],
            seed,
            seconds,
            workload,
            hands: Vec::new(),
            incidents: Vec::new(),
            records: None,
        }
    }
}

/// What is done by hand at random.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Workload {
    /// Nothing.
    #[default]
    Quiet,
    /// The demo's script: an action every 9 s or so.
    Demo,
    /// All kinds of actions at Poisson times with this mean.
    Poisson { mean_s: f64 },
    /// Two actions at a time, 8 to 20 s apart, after ten minutes of quiet.
    Pairs,
}

impl Workload {
    /// An action every 2 min.
    pub const STANDARD: Self = Self::Poisson { mean_s: 120.0 };
    /// An action every 15 min.
    pub const CALM: Self = Self::Poisson { mean_s: 900.0 };
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiet => f.write_str("quiet"),
            Self::Demo => f.write_str("demo"),
            Self::Pairs => f.write_str("pairs"),
            &Self::STANDARD => f.write_str("standard"),
            &Self::CALM => f.write_str("calm"),
            Self::Poisson { mean_s } => write!(f, "every {mean_s} s"),
        }
    }
}

/// Something that happens to somebody, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedIncident {
    pub at_us: i64,
    pub who: Who,
    pub incident: Incident,
}

/// Whom it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Member(usize),
    Everybody,
    /// Who leads then, by the last hand action.
    Leader,
    /// The first who does not.
    Follower,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Incident {
    /// One of the simulator's faults, as over HTTP.
    Fault(Fault),
    /// The machine sleeps; the music may play on elsewhere.
    Sleep { for_us: i64 },
    /// No network for Tutti.
    NetworkAway { for_us: i64 },
    /// The user's switch.
    Sync { on: bool },
}

impl Incident {
    /// A short name for reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.kind(),
            Self::Sleep { .. } => "sleep",
            Self::NetworkAway { .. } => "network_away",
            Self::Sync { .. } => "sync_off",
        }
    }

    /// Its end is known from its beginning on, µs later; what happens once has none.
    pub fn for_us(&self) -> i64 {
        match self {
            Self::Fault(fault) => fault.for_us(),
            Self::Sleep { for_us } | Self::NetworkAway { for_us } => *for_us,
            Self::Sync { .. } => 0,
        }
    }
}

/// By which rules a room is kept together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RulesName {
    /// The engine.
    #[default]
    Tutti,
    /// Those of the script that Tutti began as.
    Original,
    Syncplay,
    /// Knows every position and every action at once; its commands are as slow as everybody's.
    Oracle,
}

impl RulesName {
    pub const ALL: [Self; 4] = [Self::Tutti, Self::Original, Self::Syncplay, Self::Oracle];

    pub fn name(self) -> &'static str {
        match self {
            Self::Tutti => "tutti",
            Self::Original => "original",
            Self::Syncplay => "syncplay",
            Self::Oracle => "oracle",
        }
    }
}

/// The name was not one of those in [`RulesName::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no rules \"{0}\"; there are: tutti, original, syncplay, oracle")]
pub struct UnknownRules(pub String);

impl FromStr for RulesName {
    type Err = UnknownRules;

    fn from_str(name: &str) -> Result<Self, UnknownRules> {
        Self::ALL.into_iter().find(|rules| rules.name() == name).ok_or_else(|| UnknownRules(name.to_owned()))
    }
}
