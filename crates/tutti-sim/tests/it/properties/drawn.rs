//! Rooms drawn at random: who is in them, what they do, what goes wrong and when.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use tutti_sim::catalogue::{Catalogue, ItemKind};
use tutti_sim::fault::Fault;
use tutti_sim::profile::Profile;
use tutti_sim::workload::{Deed, Planned};
use tutti_sim::world::{Incident, MemberConfig, PlannedIncident, Who, Workload, WorldConfig};

/// Everything that is drawn happens between these, s.
const FIRST_S: u32 = 10;
const LAST_S: u32 = 180;
/// After the last of it the room goes on for so long: time to come together.
pub const QUIET_S: u32 = 90;
/// Hands act no sooner after each other, s: more often, and nobody can say what should have been followed.
const APART_S: u32 = 8;
/// What never ends, or not within such a room.
const ENDLESS: &[&str] = &["quota", "token_revoked", "token_aged", "unavailable"];
/// What readings tell wrongly about where a player is: a bound cannot contain a truth that is kept from everybody.
const DISHONEST: &[&str] = &[
    "buffering",
    "front_ends",
    "idle_state",
    "past_end",
    "progress_zero",
    "repeated",
    "silent",
    "slow_answer",
    "stale_snapshot",
    "stall",
    "zero_after_resume",
];

#[derive(Debug, Clone)]
pub struct Room {
    profile: Profile,
    members: Vec<Drawn>,
    hands: Vec<HandDrawn>,
    wrong: Vec<Wrong>,
    seed: u64,
}

#[derive(Debug, Clone)]
struct Drawn {
    drift_ppm: i64,
    hub_ms: u32,
    joins_s: u32,
    leaves_s: Option<u32>,
    shares_client: bool,
}

#[derive(Debug, Clone)]
struct HandDrawn {
    after_s: u32,
    member: usize,
    does: Does,
}

#[derive(Debug, Clone)]
enum Does {
    Song(usize),
    SeekBy(i64),
    PauseOrResume,
    Next,
    Previous,
    NearEnd,
}

#[derive(Debug, Clone)]
struct Wrong {
    at_s: u32,
    member: usize,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Fault(&'static str),
    Sleep(u32),
    NetworkAway(u32),
    SyncOff(u32),
}

/// Rooms of these profiles; `wrong`: things go wrong beyond what the profile does by itself.
pub fn room(profiles: &'static [Profile], wrong: bool) -> impl Strategy<Value = Room> {
    let wrongs = vec(went_wrong(), 0..if wrong { 4 } else { 1 });
    let wrongs = wrongs.prop_map(move |wrongs| if wrong { wrongs } else { Vec::new() });
    let members = vec(member(), 2..=6);
    (select(profiles), members, vec(hand(), 1..8), wrongs, 0..1_000_000_u64)
        .prop_map(|(profile, members, hands, wrong, seed)| Room { profile, members, hands, wrong, seed })
}

fn member() -> impl Strategy<Value = Drawn> {
    let joins_s = prop_oneof![4 => Just(0), 1 => 1..LAST_S];
    let leaves_s = option::weighted(0.1, FIRST_S..LAST_S);
    (-100..=100_i64, prop_oneof![2 => Just(0), 1 => 1..200_u32], joins_s, leaves_s, prop::bool::weighted(0.1)).prop_map(
        |(drift_ppm, hub_ms, joins_s, leaves_s, shares_client)| Drawn {
            drift_ppm,
            hub_ms,
            joins_s,
            leaves_s: leaves_s.filter(|&leaves_s| leaves_s > joins_s),
            shares_client,
        },
    )
}

fn hand() -> impl Strategy<Value = HandDrawn> {
    let does = prop_oneof![
        (0..400_usize).prop_map(Does::Song),
        (2_000..60_000_i64).prop_map(Does::SeekBy),
        (2_000..60_000_i64).prop_map(|by| Does::SeekBy(-by)),
        Just(Does::PauseOrResume),
        Just(Does::Next),
        Just(Does::Previous),
        Just(Does::NearEnd),
    ];
    (APART_S..60, 0..6_usize, does).prop_map(|(after_s, member, does)| HandDrawn { after_s, member, does })
}

fn went_wrong() -> impl Strategy<Value = Wrong> {
    let kinds: Vec<&'static str> =
        Fault::all().into_iter().map(|about| about.kind).filter(|kind| !ENDLESS.contains(kind)).collect();
    let what = prop_oneof![
        6 => select(kinds).prop_map(What::Fault),
        1 => (5..60_u32).prop_map(What::Sleep),
        1 => (5..60_u32).prop_map(What::NetworkAway),
        1 => (5..60_u32).prop_map(What::SyncOff),
    ];
    (FIRST_S..LAST_S, 0..6_usize, what).prop_map(|(at_s, member, what)| Wrong { at_s, member, what })
}

impl Room {
    /// The world of this room.
    pub fn world(&self, catalogue: &Catalogue) -> WorldConfig {
        let members = self.members.len();
        let hands = self.hands(catalogue);
        let incidents: Vec<PlannedIncident> = self.wrong.iter().flat_map(|wrong| wrong.planned(members)).collect();
        let last_hand_us = hands.last().map_or(0, |hand| hand.at_us);
        let last_us = incidents.iter().map(|planned| planned.at_us + ends(&planned.incident)).max().unwrap_or(0);
        let last_s = (last_us.max(last_hand_us) / 1_000_000) as u32;
        let seconds = last_s.max(LAST_S) + QUIET_S;
        let mut world = WorldConfig::room(members, self.profile, self.seed, seconds, Workload::Quiet);
        world.members = self.members.iter().map(Drawn::config).collect();
        // Somebody is there from beginning to end.
        (world.members[0].joins_s, world.members[0].leaves_s) = (0.0, None);
        (world.hands, world.incidents) = (hands, incidents);
        world
    }

    fn hands(&self, catalogue: &Catalogue) -> Vec<Planned> {
        let songs: Vec<&str> = catalogue
            .items()
            .iter()
            .filter(|item| item.kind == ItemKind::Track && item.duration_ms > 150_000)
            .map(|item| item.uri.as_str())
            .collect();
        let song = |number: usize| Deed::Song { uri: songs[number % songs.len()].to_owned() };
        // The first one plays something: before that there is nothing to keep together.
        let first = Planned { at_us: 3_000_000, member: 0, deed: song(self.seed as usize) };
        let mut at_us = first.at_us;
        let others = self.hands.iter().map(|hand| {
            at_us += i64::from(hand.after_s) * 1_000_000;
            let member = hand.member % self.members.len();
            let deed = match hand.does {
                Does::Song(number) => song(number),
                Does::SeekBy(ms) => Deed::SeekBy(ms),
                Does::PauseOrResume => Deed::Pause,
                Does::Next => Deed::Next,
                Does::Previous => Deed::Previous,
                Does::NearEnd => Deed::NearEnd,
            };
            Planned { at_us, member, deed }
        });
        let others: Vec<Planned> = others.collect();
        // Who is not in the room does nothing that it could follow.
        let there = |hand: &Planned| {
            let member = &self.members[hand.member];
            let at_s = (hand.at_us / 1_000_000) as u32;
            hand.member == 0 || (at_s > member.joins_s + 20 && member.leaves_s.is_none_or(|leaves_s| at_s < leaves_s))
        };
        std::iter::once(first).chain(others.into_iter().filter(there)).collect()
    }

    /// Everything by which a property may be awaited: the profile, what goes wrong.
    pub fn has(&self) -> Vec<String> {
        let wrong = self.wrong.iter().map(|wrong| match wrong.what {
            What::Fault(kind) => kind.to_owned(),
            What::Sleep(_) => "sleep".to_owned(),
            What::NetworkAway(_) => "network_away".to_owned(),
            What::SyncOff(_) => "sync_off".to_owned(),
        });
        wrong.chain([format!("profile {}", self.profile)]).collect()
    }

    /// No fault is drawn that tells wrong positions.
    pub fn reports_are_honest(&self) -> bool {
        !self.has().iter().any(|what| DISHONEST.contains(&what.as_str()))
    }
}

fn ends(incident: &Incident) -> i64 {
    match incident.kind() {
        // Evidence that is missing is nothing to recover from.
        "timestamp_stands" | "timestamp_of_fetch" => 0,
        _ => incident.for_us(),
    }
}

impl Drawn {
    fn config(&self) -> MemberConfig {
        MemberConfig {
            drift_ppm: self.drift_ppm,
            hub_ms: self.hub_ms.into(),
            joins_s: self.joins_s.into(),
            leaves_s: self.leaves_s.map(f64::from),
            // Where the user must choose a device first, nobody can promise anything.
            chosen: true,
            client: self.shares_client.then(|| "shared".to_owned()),
            ..MemberConfig::default()
        }
    }
}

impl Wrong {
    fn planned(&self, members: usize) -> Vec<PlannedIncident> {
        let who = Who::Member(self.member % members);
        let at = |s: u32, incident| PlannedIncident { at_us: i64::from(s) * 1_000_000, who, incident };
        let us = |s: u32| i64::from(s) * 1_000_000;
        match self.what {
            What::Fault(kind) => {
                let fault = Fault::from_json(json!({ "kind": kind })).expect("a kind alone is a fault");
                vec![at(self.at_s, Incident::Fault(fault))]
            }
            What::Sleep(s) => vec![at(self.at_s, Incident::Sleep { for_us: us(s) })],
            What::NetworkAway(s) => vec![at(self.at_s, Incident::NetworkAway { for_us: us(s) })],
            What::SyncOff(s) => {
                vec![at(self.at_s, Incident::Sync { on: false }), at(self.at_s + s, Incident::Sync { on: true })]
            }
        }
    }
}
