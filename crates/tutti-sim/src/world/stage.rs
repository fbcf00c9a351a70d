//! The run itself: what is due happens, the rules hear of it, and what they wish is done.

use std::sync::Arc;

use tutti_core::event::Event;
use tutti_core::limit::{Ledger, Limits};
use tutti_core::reading::Reading;

use super::agenda::Agenda;
use super::config::{Incident, MemberConfig, PlannedIncident, RulesName, Who, Workload, WorldConfig};
use super::requests::Request;
use super::rules::{self, Happened, Rules, Wish};
use super::spotify::Spotify;
use crate::catalogue::Catalogue;
use crate::player::Product;
use crate::random::Random;
use crate::report::{Logged, SAMPLE_US, Trace};
use crate::workload::{self, Planned};

/// After the last action everybody has so long to follow: calm rooms are looked at every 9.75 s at the latest.
const SETTLE_US: i64 = 12_000_000;

pub(super) enum Due {
    Happens(usize, Happened),
    Request(usize, Request),
    Hand(Planned),
    Incident(PlannedIncident),
    /// The end of what happened to a member's machine.
    Over(usize, Incident),
    Sample,
}

/// One member's machine and its network.
pub(super) struct Machine {
    pub network: Random,
    /// Whose ration is used, and under which client id.
    pub ledger: usize,
    pub client_id: String,
    pub asleep: bool,
    pub offline: bool,
    /// The instant of the pending tick.
    pub woken_at: Option<i64>,
    /// What came in while the machine slept.
    pub missed: Vec<Happened>,
    /// When the last reading was true, and where the player was then, ms.
    pub looked: Option<(i64, f64)>,
}

pub(super) struct Stage {
    pub now: i64,
    pub agenda: Agenda<Due>,
    pub config: WorldConfig,
    pub spotify: Spotify,
    pub machines: Vec<Machine>,
    pub ledgers: Vec<Ledger>,
    rules: Box<dyn Rules>,
    pub trace: Trace,
    /// By the last hand action.
    pub leader: Option<usize>,
}

impl Stage {
    pub fn set(config: &WorldConfig, catalogue: &Arc<Catalogue>) -> Self {
        let names: Vec<String> = (0..config.members.len()).map(|index| format!("member {index}")).collect();
        let spotify = Spotify::new(config, &names, catalogue);
        let machine = |(place, name): (usize, &String)| {
            let client = config.members[place].client.as_ref();
            let shares = |other: &&MemberConfig| other.client.as_ref() == client;
            let ledger = client.and_then(|_| config.members.iter().position(|other| shares(&other))).unwrap_or(place);
            Machine {
                network: Random::named(config.seed, &format!("network of {name}")),
                ledger,
                client_id: client.unwrap_or(name).clone(),
                asleep: false,
                offline: false,
                woken_at: None,
                missed: Vec::new(),
                looked: None,
            }
        };
        // The script and Syncplay know no trims: they are measured without.
        let trims_known = matches!(config.rules, RulesName::Tutti | RulesName::Oracle);
        let trimmed = |member: &MemberConfig| member.trimmed && trims_known;
        let trims = spotify.players.iter().zip(&config.members);
        let trace = Trace {
            scenario: config.scenario.clone(),
            rules: config.rules.name(),
            profile: config.profile.to_string(),
            seed: config.seed,
            trims_ms: trims
                .map(|(player, member)| player.audible_offset_ms().filter(|_| trimmed(member)).unwrap_or(0.0))
                .collect(),
            uncontrollable: (0..names.len())
                .filter(|&place| config.members[place].product == Product::Free || !config.members[place].counts)
                .collect(),
            ..Trace::default()
        };
        let machines: Vec<Machine> = names.iter().enumerate().map(machine).collect();
        let clients = machines.iter().map(|machine| machine.ledger).collect();
        Self {
            now: 0,
            agenda: Agenda::new(),
            machines,
            ledgers: config.members.iter().map(|member| Ledger::new(limits(member))).collect(),
            rules: rules::of(config, &spotify),
            spotify,
            trace: Trace { members: names, clients, ..trace },
            config: config.clone(),
            leader: None,
        }
    }

    pub fn run(mut self) -> Trace {
        let end_us = self.plan();
        while let Some((at_us, due)) = self.agenda.next(end_us) {
            self.now = at_us;
            self.happen(due);
        }
        self.trace.ended_us = end_us;
        self.trace.recording = self.rules.recording();
        self.trace
    }

    /// Plans everything that does not depend on the rules; answers when the run ends.
    fn plan(&mut self) -> i64 {
        let (config, catalogue) = (self.config.clone(), Arc::clone(&self.spotify.catalogue));
        let (members, seconds, seed) = (config.members.len(), config.seconds, config.seed);
        let mut hands = match config.workload {
            Workload::Quiet => Vec::new(),
            Workload::Demo => workload::demo(&catalogue, members, seconds, seed),
            Workload::Poisson { mean_s } => workload::standard(&catalogue, members, seconds, mean_s, seed),
            Workload::Pairs => workload::pairs(&catalogue, members, seconds, seed),
        };
        hands.extend(config.hands);
        hands.sort_by_key(|planned| planned.at_us);
        let last = hands.last().map_or(0, |planned| planned.at_us + SETTLE_US);
        for (place, member) in config.members.iter().enumerate() {
            self.agenda.plan(us(member.joins_s), Due::Happens(place, Happened::Joins));
            if member.joins_s > 0.0 {
                self.note_incident("join", place, 0, us(member.joins_s), true);
            }
            if let Some(leaves_s) = member.leaves_s {
                self.agenda.plan(us(leaves_s), Due::Happens(place, Happened::Leaves));
                self.note_incident("leave", place, us(leaves_s), i64::MAX / 4, true);
            }
        }
        for hand in hands {
            self.agenda.plan(hand.at_us, Due::Hand(hand));
        }
        for incident in config.incidents {
            self.agenda.plan(incident.at_us, Due::Incident(incident));
        }
        self.agenda.plan(0, Due::Sample);
        (i64::from(seconds) * 1_000_000).max(last)
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Happens(member, Happened::Woken) => {
                if self.machines[member].woken_at == Some(self.now) && !self.machines[member].asleep {
                    self.machines[member].woken_at = None;
                    self.tell(member, Happened::Woken);
                }
            }
            Due::Happens(member, what) => self.tell(member, what),
            Due::Request(member, request) => self.request(member, request),
            Due::Hand(planned) => self.hand(&planned),
            Due::Incident(planned) => self.begin(&planned),
            Due::Over(member, incident) => self.end(member, &incident),
            Due::Sample => {
                self.sample();
                self.agenda.plan(self.now + SAMPLE_US, Due::Sample);
            }
        }
    }

    /// Tells a member's rules what happened, unless its machine sleeps.
    pub fn tell(&mut self, member: usize, what: Happened) {
        let machine = &mut self.machines[member];
        // The hub is another machine's.
        if machine.asleep && !matches!(what, Happened::HubDue) {
            match what {
                Happened::Woken | Happened::FromHub(_) => {}
                what => machine.missed.push(what),
            }
            return;
        }
        if let Happened::Reading(Reading { answered, .. }) = &what {
            debug_assert!(answered.as_micros() <= self.now, "an answer from the future");
        }
        let mut wishes = Vec::new();
        self.rules.happen(self.now, member, what, &mut self.spotify, &mut wishes);
        for wish in wishes {
            self.grant(wish);
        }
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Look(member) => self.ask(member, Request::Look),
            Wish::LookQueue(member) => self.ask(member, Request::LookQueue),
            Wish::Command(member, command) => self.ask(member, Request::Command(command)),
            Wish::Wake(member, at_us) => {
                let at_us = at_us.max(self.now);
                self.machines[member].woken_at = Some(at_us);
                self.agenda.plan(at_us, Due::Happens(member, Happened::Woken));
            }
            Wish::Later(member, at_us, what) => self.agenda.plan(at_us.max(self.now), Due::Happens(member, what)),
            Wish::Event(member, event) => {
                match event {
                    Event::SteppedOut => self.begin_open("stepped_out", member),
                    Event::PlaysOn(true) => self.begin_open("plays_on", member),
                    Event::PlaysOn(false) => self.end_open("plays_on", member),
                    _ => {}
                }
                self.trace.events.push(Logged { at_us: self.now, member, event });
            }
            Wish::Room(mut change) => {
                // Markets call the same item by other names; in the trace it has one.
                if let Some((uri, ..)) = &mut change.line
                    && let Some(item) = self.spotify.catalogue.find(uri)
                {
                    *uri = self.spotify.uri(item).to_string();
                }
                self.trace.note_room(change);
            }
            Wish::Known(member, known) => self.check(member, &known),
        }
    }

    /// Whom an incident happens to now.
    pub fn meant(&self, who: Who) -> Vec<usize> {
        let everybody = 0..self.machines.len();
        match who {
            Who::Member(member) => everybody.filter(|&place| place == member).collect(),
            Who::Everybody => everybody.collect(),
            Who::Leader => self.leader.into_iter().collect(),
            Who::Follower => everybody.filter(|&place| Some(place) != self.leader).take(1).collect(),
        }
    }
}

fn limits(member: &MemberConfig) -> Limits {
    if member.thrifty { Limits::THRIFTY } else { Limits::default() }
}

pub(super) fn us(s: f64) -> i64 {
    (s * 1e6) as i64
}
