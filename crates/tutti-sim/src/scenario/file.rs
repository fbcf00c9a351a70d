//! A scenario's TOML, as it is written, and the world it stands for.

use serde::Deserialize;
use tutti_core::member::Preferences;

use super::names::{
    self, AdWord, CorrectionWord, DeviceWord, LinkWord, MarketWord, PauseByOthersWord, ProductWord, ProfileWord,
    WhoWord, WorkloadWord,
};
use super::{MOST_HOURS, MOST_MEMBERS, Overrides, ScenarioError};
use crate::catalogue::Catalogue;
use crate::fault::Fault;
use crate::player::{Hand, Repeat, Settings};
use crate::profile::Profile;
use crate::random::Random;
use crate::workload::{Deed, Planned};
use crate::world::{Incident, MemberConfig, PlannedIncident, RulesName, Who, Workload, WorldConfig};

const MINUTES: f64 = 60.0;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub says: String,
    #[serde(default)]
    pub shows: Vec<String>,
    #[serde(default = "one")]
    pub seeds: u64,
    profile: Option<ProfileWord>,
    members: Option<usize>,
    minutes: Option<f64>,
    #[serde(default)]
    workload: WorkloadWord,
    /// Instead of a workload: actions at Poisson times with this mean.
    every_s: Option<f64>,
    #[serde(default)]
    member: Vec<MemberTable>,
    #[serde(default)]
    hand: Vec<HandTable>,
    #[serde(default)]
    fault: Vec<FaultTable>,
    #[serde(default)]
    event: Vec<EventTable>,
    #[serde(default)]
    pub expect: toml::Table,
    #[serde(default)]
    pub expect_median: toml::Table,
}

/// In what some members differ.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberTable {
    who: WhoWord,
    profile: Option<ProfileWord>,
    market: Option<MarketWord>,
    product: Option<ProductWord>,
    device: Option<DeviceWord>,
    chosen: Option<bool>,
    loaded: Option<String>,
    client: Option<String>,
    thrifty: Option<bool>,
    correction: Option<CorrectionWord>,
    pause_by_others: Option<PauseByOthersWord>,
    ad: Option<AdWord>,
    drift_ppm: Option<i64>,
    hub_ms: Option<f64>,
    hub_link: Option<LinkWord>,
    trimmed: Option<bool>,
    may_lead: Option<bool>,
    counts: Option<bool>,
    joins_s: Option<f64>,
    leaves_s: Option<f64>,
    crossfade_ms: Option<u32>,
    autoplay: Option<bool>,
    speed_permille: Option<u32>,
    ads_every: Option<u32>,
    shuffle: Option<bool>,
    repeat: Option<RepeatWord>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RepeatWord {
    Off,
    One,
    All,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandTable {
    at_s: f64,
    /// "everybody": all at once; "leader" and "follower" are not known before the run.
    who: WhoWord,
    does: DeedWord,
    /// "album 3 item 0", for `plays`.
    what: Option<String>,
    /// For `seeks_by` and `seeks_to`.
    ms: Option<i64>,
    to: Option<DeviceWord>,
    times: Option<u32>,
    every_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeedWord {
    Plays,
    SeeksBy,
    SeeksTo,
    NearEnd,
    Pauses,
    Resumes,
    /// Pauses what plays, resumes what does not.
    Toggles,
    Next,
    Previous,
    Transfers,
    ShufflesOn,
    ShufflesOff,
    RepeatsOne,
    RepeatsOff,
}

#[derive(Debug, Clone, Deserialize)]
struct FaultTable {
    at_s: f64,
    who: WhoWord,
    /// Again and again, ± 30 %.
    every_s: Option<f64>,
    #[serde(flatten)]
    fault: Fault,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventTable {
    at_s: f64,
    who: WhoWord,
    every_s: Option<f64>,
    does: EventWord,
    #[serde(default)]
    for_s: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventWord {
    Sleeps,
    LosesNetwork,
    SyncOff,
    SyncOn,
}

fn one() -> u64 {
    1
}

impl File {
    /// The world of one run.
    pub fn world(
        &self,
        name: &str,
        seed: u64,
        rules: RulesName,
        overrides: Overrides,
    ) -> Result<WorldConfig, ScenarioError> {
        let members = overrides.members.or(self.members).unwrap_or(5);
        if !(2..=MOST_MEMBERS).contains(&members) {
            return Err(ScenarioError::Members(members));
        }
        let hours = overrides.hours.unwrap_or(self.minutes.unwrap_or(10.0) / MINUTES);
        if !(hours > 0.0 && hours <= MOST_HOURS) {
            return Err(ScenarioError::Hours(hours.to_string()));
        }
        let broken = |why: String| ScenarioError::Broken { name: name.to_owned(), why };
        let profile = self.profile.map_or(Profile::Broadband, |word| word.0);
        let workload = self.every_s.map_or(self.workload.into(), |mean_s| Workload::Poisson { mean_s });
        let seconds = (hours * 3_600.0).ceil() as u32;
        let mut world = WorldConfig::room(members, profile, seed, seconds, workload);
        (world.scenario, world.rules) = (name.to_owned(), rules);
        let known = |who: Who| match who {
            Who::Member(place) if place >= members => {
                Err(ScenarioError::NoMember { name: name.to_owned(), place, members })
            }
            who => Ok(who),
        };
        let catalogue = Catalogue::new();
        for table in &self.member {
            for place in places(known(table.who.0)?, members) {
                table.apply(&mut world.members[place], &catalogue).map_err(broken)?;
            }
        }
        for table in &self.hand {
            let who = known(table.who.0)?;
            let deed = table.deed(&catalogue).map_err(broken)?;
            world.hands.extend(table.planned(&places(who, members), &deed));
        }
        let mut random = Random::named(seed, "incidents");
        for table in &self.fault {
            let incident = Incident::Fault(table.fault.clone());
            let times = times(table.at_s, table.every_s, seconds, &mut random);
            let who = known(table.who.0)?;
            let planned = |at_us| PlannedIncident { at_us, who, incident: incident.clone() };
            world.incidents.extend(times.map(planned));
        }
        for table in &self.event {
            let for_us = us(table.for_s);
            let incident = match table.does {
                EventWord::Sleeps => Incident::Sleep { for_us },
                EventWord::LosesNetwork => Incident::NetworkAway { for_us },
                EventWord::SyncOff => Incident::Sync { on: false },
                EventWord::SyncOn => Incident::Sync { on: true },
            };
            let times = times(table.at_s, table.every_s, seconds, &mut random);
            let who = known(table.who.0)?;
            let planned = |at_us| PlannedIncident { at_us, who, incident: incident.clone() };
            world.incidents.extend(times.map(planned));
        }
        Ok(world)
    }
}

impl MemberTable {
    fn apply(&self, member: &mut MemberConfig, catalogue: &Catalogue) -> Result<(), String> {
        let Settings { crossfade_ms, autoplay, speed_permille, ads_every, market } = member.settings;
        member.settings = Settings {
            crossfade_ms: self.crossfade_ms.unwrap_or(crossfade_ms),
            autoplay: self.autoplay.unwrap_or(autoplay),
            speed_permille: self.speed_permille.unwrap_or(speed_permille),
            ads_every: self.ads_every.unwrap_or(ads_every),
            market,
        };
        member.profile = self.profile.map(|word| word.0).or(member.profile);
        member.market = self.market.map(|word| word.0).or(member.market);
        member.product = self.product.map_or(member.product, Into::into);
        member.device = self.device.map_or(member.device, DeviceWord::ending);
        member.chosen = self.chosen.unwrap_or(member.chosen);
        member.client = self.client.clone().or(member.client.take());
        member.thrifty = self.thrifty.unwrap_or(member.thrifty);
        let Preferences { correction, pause_by_others, ad } = member.preferences;
        member.preferences = Preferences {
            correction: self.correction.map_or(correction, Into::into),
            pause_by_others: self.pause_by_others.map_or(pause_by_others, Into::into),
            ad: self.ad.map_or(ad, Into::into),
        };
        member.drift_ppm = self.drift_ppm.unwrap_or(member.drift_ppm);
        member.hub_ms = self.hub_ms.unwrap_or(member.hub_ms);
        member.hub_link = self.hub_link.map(|word| word.0).or(member.hub_link);
        member.trimmed = self.trimmed.unwrap_or(member.trimmed);
        member.may_lead = self.may_lead.unwrap_or(member.may_lead);
        member.counts = self.counts.unwrap_or(member.counts);
        member.joins_s = self.joins_s.unwrap_or(member.joins_s);
        member.leaves_s = self.leaves_s.or(member.leaves_s);
        if let Some(words) = &self.loaded {
            let loaded = names::context(catalogue, words);
            member.loaded = Some(loaded.ok_or_else(|| format!("there is no \"{words}\" that could be loaded"))?);
        }
        if let Some(on) = self.shuffle {
            member.switches.push(Hand::Shuffle { on, smart: false });
        }
        if let Some(repeat) = self.repeat {
            member.switches.push(Hand::Repeat { repeat: repeat.into() });
        }
        Ok(())
    }
}

impl From<RepeatWord> for Repeat {
    fn from(word: RepeatWord) -> Self {
        match word {
            RepeatWord::Off => Self::Off,
            RepeatWord::One => Self::Track,
            RepeatWord::All => Self::Context,
        }
    }
}

impl HandTable {
    fn deed(&self, catalogue: &Catalogue) -> Result<Deed, String> {
        let ms = || self.ms.ok_or("a seek needs ms");
        Ok(match self.does {
            DeedWord::Plays => {
                let what = self.what.as_deref().ok_or("who plays needs what, like \"album 0 item 2\"")?;
                let (uri, context) =
                    names::item(catalogue, what).ok_or_else(|| format!("there is no \"{what}\" to play"))?;
                Deed::SongIn { uri, context }
            }
            DeedWord::SeeksBy => Deed::SeekBy(ms()?),
            DeedWord::SeeksTo => Deed::SeekTo(ms()?),
            DeedWord::NearEnd => Deed::NearEnd,
            DeedWord::Pauses => Deed::Just(Hand::Pause),
            DeedWord::Resumes => Deed::Just(Hand::resume()),
            DeedWord::Toggles => Deed::Pause,
            DeedWord::Next => Deed::Next,
            DeedWord::Previous => Deed::Previous,
            DeedWord::Transfers => {
                let to = self.to.ok_or("who transfers needs to, like \"laptop\"")?;
                Deed::Transfer { ending: to.ending() }
            }
            DeedWord::ShufflesOn => Deed::Just(Hand::Shuffle { on: true, smart: false }),
            DeedWord::ShufflesOff => Deed::Just(Hand::Shuffle { on: false, smart: false }),
            DeedWord::RepeatsOne => Deed::Just(Hand::Repeat { repeat: Repeat::Track }),
            DeedWord::RepeatsOff => Deed::Just(Hand::Repeat { repeat: Repeat::Off }),
        })
    }

    fn planned(&self, members: &[usize], deed: &Deed) -> Vec<Planned> {
        let every_us = i64::try_from(self.every_ms.unwrap_or(0)).unwrap_or(0) * 1_000;
        let at = |time: u32| us(self.at_s) + i64::from(time) * every_us;
        let times = 0..self.times.unwrap_or(1);
        times
            .flat_map(|time| members.iter().map(move |&member| (at(time), member)))
            .map(|(at_us, member)| Planned { at_us, member, deed: deed.clone() })
            .collect()
    }
}

/// Leaders and followers are not known before the run: hands and settings are those of nobody then.
fn places(who: Who, members: usize) -> Vec<usize> {
    match who {
        Who::Member(place) => vec![place],
        Who::Everybody => (0..members).collect(),
        Who::Leader | Who::Follower => Vec::new(),
    }
}

/// Once, or from then on every so often ± 30 %.
fn times(at_s: f64, every_s: Option<f64>, seconds: u32, random: &mut Random) -> impl Iterator<Item = i64> {
    let mut all = vec![us(at_s)];
    if let Some(every_s) = every_s.filter(|&every_s| every_s > 0.0) {
        let mut at_s = at_s;
        loop {
            at_s += every_s * random.between(0.7, 1.3);
            if at_s > f64::from(seconds) {
                break;
            }
            all.push(us(at_s));
        }
    }
    all.into_iter()
}

fn us(s: f64) -> i64 {
    (s * 1e6) as i64
}
