//! A whole room on virtual time: engines, hub and virtual players, without a network; the same seed, the same run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::command::{Answered, Command, CommandKind, Outcome};
use tutti_core::hub::Hub;
use tutti_core::limit::{Answer, Class, Ledger, Limits};
use tutti_core::member::{Input, Member, Output};
use tutti_core::playback::Item;
use tutti_core::reading::{Device, Failure, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use tutti_core::time::{LocalTime, RoomTime, Span};

use crate::catalogue::{Catalogue, ItemKind, ItemRef, Market};
use crate::gateway::{Gateway, Request, Shape, Verdict};
use crate::player::{self, PlayTarget, PlayerConfig, Refusal, Settings, Shown, VirtualPlayer};
use crate::profile::Profile;
use crate::random::Random;
use crate::report::{Hand, HandKind, Logged, PlayerTruth, RoomChange, SAMPLE_US, Sample, Trace};
use crate::workload::{self, Planned};

/// Which room to run.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    pub members: usize,
    pub profile: Profile,
    pub seed: u64,
    pub seconds: u32,
    pub workload: Workload,
    /// All members use one client id and share its ration; otherwise each has its own.
    pub one_client: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Workload {
    /// The demo's script: an action every 9 s or so.
    Demo,
    /// Poisson times with this mean.
    Poisson { mean_s: f64 },
}

enum Due {
    Tick(usize),
    Look { member: usize, asked: i64, down: i64 },
    LookQueue { member: usize, down: i64 },
    Command { member: usize, sent: i64, down: i64, command: Command },
    Input { member: usize, input: Input },
    Hand(Planned),
    Sample,
}

/// A request that the player does not answer.
struct Fate {
    failure: Failure,
    /// A command is executed all the same.
    executes: bool,
}

/// A room that is being run.
struct World {
    now: i64,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    what: BTreeMap<(i64, u64), Due>,
    count: u64,
    network: Random,
    profile: Profile,
    catalogue: Arc<Catalogue>,
    items: BTreeMap<(usize, Market), Arc<Item>>,
    players: Vec<VirtualPlayer>,
    members: Vec<Member>,
    one_client: bool,
    ledgers: Vec<Ledger>,
    /// The instant of each member's pending tick.
    ticks: Vec<Option<i64>>,
    hub: Hub,
    gateway: Gateway,
    trace: Trace,
}

/// Runs a room from its first join to its end.
pub fn run(config: &WorldConfig) -> Trace {
    let catalogue = Arc::new(Catalogue::new());
    let mut world = World::new(config, &catalogue);
    let script = match config.workload {
        Workload::Demo => workload::demo(&catalogue, config.members, config.seconds, config.seed),
        Workload::Poisson { mean_s } => {
            workload::standard(&catalogue, config.members, config.seconds, mean_s, config.seed)
        }
    };
    let last = script.last().map_or(0, |planned| planned.at_us + 7_000_000);
    let end = (i64::from(config.seconds) * 1_000_000).max(last);
    for planned in script {
        world.at(planned.at_us, Due::Hand(planned));
    }
    world.at(0, Due::Sample);
    world.deliver();
    for member in 0..config.members {
        world.drain(member);
    }
    while let Some(Reverse(key)) = world.due.pop() {
        if key.0 > end {
            break;
        }
        world.now = key.0;
        if let Some(due) = world.what.remove(&key) {
            world.happen(due);
        }
    }
    world.trace.ended_us = end;
    world.trace
}

impl World {
    fn new(config: &WorldConfig, catalogue: &Arc<Catalogue>) -> Self {
        let names: Vec<String> = (0..config.members).map(|index| format!("member {index}")).collect();
        let mut hub = Hub::new(1);
        let mut members = Vec::new();
        let mut players = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let seed = config.seed.wrapping_mul(1_000).wrapping_add(index as u64);
            members.push(Member::new(hub.join(), RoomClock::same_machine(), seed, local(0)));
            let settings = Settings::of_account(index, config.profile);
            let config = PlayerConfig { settings, ..PlayerConfig::new(name, config.profile, config.seed) };
            let mut player = VirtualPlayer::new(config, Arc::clone(catalogue));
            let albums = catalogue.albums().len();
            if let Some(context) = catalogue.find_context(&catalogue.albums()[index % albums].uri) {
                player.load(0, context);
            }
            players.push(player);
        }
        let trace = Trace {
            scenario: "demo".to_owned(),
            profile: config.profile.to_string(),
            seed: config.seed,
            members: names,
            ..Trace::default()
        };
        let mut trace = trace;
        let trouble = config.profile.trouble();
        for (member, player) in members.iter_mut().zip(&players) {
            let trim_ms = player.audible_offset_ms().unwrap_or(0.0);
            member.handle(Input::Trim(Span::from_micros((trim_ms * 1e3) as i64)), local(0));
            trace.trims_ms.push(trim_ms);
            if config.one_client {
                member.handle(Input::Sharing(config.members as u32), local(0));
            }
        }
        Self {
            now: 0,
            due: BinaryHeap::new(),
            what: BTreeMap::new(),
            count: 0,
            network: Random::named(config.seed, "network"),
            profile: config.profile,
            catalogue: Arc::clone(catalogue),
            items: BTreeMap::new(),
            one_client: config.one_client,
            ledgers: (0..config.members).map(|_| Ledger::new(Limits::default())).collect(),
            ticks: vec![None; config.members],
            players,
            members,
            hub,
            gateway: Gateway::new(config.members, trouble, trouble.ration, config.seed),
            trace,
        }
    }

    fn at(&mut self, at: i64, due: Due) {
        self.count += 1;
        let key = (at.max(self.now), self.count);
        self.due.push(Reverse(key));
        self.what.insert(key, due);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Tick(member) => {
                if self.ticks[member] == Some(self.now) {
                    self.ticks[member] = None;
                    self.input(member, Input::Tick);
                }
            }
            Due::Look { member, asked, down } => {
                let (fate, late_us) = self.fate(member, false);
                let seen = fate.map_or_else(|| self.see(member), |fate| Seen::Failed(fate.failure));
                let answered = self.now + down + late_us;
                let reading = Reading { asked: local(asked), answered: local(answered), seen };
                self.at(answered, Due::Input { member, input: Input::Reading(reading) });
            }
            Due::LookQueue { member, down } => {
                let (fate, late_us) = self.fate(member, false);
                if fate.is_some() {
                    // A queue that cannot be read is unknown: nothing is told.
                    return;
                }
                let (current, next) = self.players[member].queue(self.now);
                let market = self.players[member].settings().market;
                let of = current.map(|item| self.item(item, market).uri.clone());
                let next = Some(next.into_iter().map(|item| self.item(item, market)).collect());
                self.at(self.now + down + late_us, Due::Input { member, input: Input::Queue { of, next } });
            }
            Due::Command { member, sent, down, command } => {
                let (fate, late_us) = self.fate(member, true);
                let outcome = match fate {
                    None => self.obey(member, &command),
                    Some(Fate { failure, executes }) => {
                        if executes {
                            self.obey(member, &command);
                        }
                        Outcome::Failed(failure)
                    }
                };
                let answered = self.now + down + late_us;
                let answer = Answered { id: command.id, sent: local(sent), answered: local(answered), outcome };
                self.at(answered, Due::Input { member, input: Input::Answered(answer) });
            }
            Due::Input { member, input } => self.input(member, input),
            Due::Hand(planned) => self.hand(&planned),
            Due::Sample => {
                self.sample();
                self.at(self.now + SAMPLE_US, Due::Sample);
            }
        }
    }

    fn input(&mut self, member: usize, input: Input) {
        self.members[member].handle(input, local(self.now));
        self.drain(member);
    }

    fn drain(&mut self, member: usize) {
        while let Some(output) = self.members[member].poll() {
            match output {
                Output::Look => self.ask(member, |asked, down| Due::Look { member, asked, down }),
                Output::LookQueue => self.ask(member, |_, down| Due::LookQueue { member, down }),
                Output::Command(command) => self.send(member, command),
                Output::ToHub(message) => {
                    let id = tutti_core::room::MemberId(member as u32);
                    self.hub.handle(id, message, RoomTime::from_micros(self.now));
                    let room = RoomChange::of(self.now, self.hub.state(), 0);
                    self.trace.rooms.push(room);
                    self.deliver();
                }
                Output::Event(event) => self.trace.events.push(Logged { at_us: self.now, member, event }),
            }
        }
        let deadline = self.members[member].deadline(local(self.now)).map(|(at, _)| at.as_micros().max(self.now));
        if let Some(at) = deadline
            && self.ticks[member] != Some(at)
        {
            self.ticks[member] = Some(at);
            self.at(at, Due::Tick(member));
        }
    }

    fn deliver(&mut self) {
        while let Some((to, message)) = self.hub.poll() {
            let input = Input::FromHub(message);
            self.at(self.now, Due::Input { member: to.0 as usize, input });
        }
    }

    /// Sends a look once the ration allows it: there after the way up, the answer after the way down.
    fn ask(&mut self, member: usize, due: impl FnOnce(i64, i64) -> Due) {
        let ledger = if self.one_client { 0 } else { member };
        let sent = match self.ledgers[ledger].ask(Class::Read, local(self.now)) {
            Answer::Now => self.now,
            Answer::At(at) => {
                self.ledgers[ledger].ask(Class::Read, at);
                at.as_micros()
            }
        };
        self.trace.requests.push((sent, member));
        let trip = self.profile.get_exchange(&mut self.network);
        self.at(sent + trip.up_us, due(sent, trip.down_us));
    }

    /// Sends a command, or refuses it if the ration has no room: where it aims would be wrong later.
    fn send(&mut self, member: usize, command: Command) {
        let ledger = if self.one_client { 0 } else { member };
        if let Answer::At(until) = self.ledgers[ledger].ask(Class::Command, local(self.now)) {
            let outcome = Outcome::Failed(Failure::RateLimited { until, quota: false });
            let (sent, answered) = (local(self.now), local(self.now));
            let answer = Answered { id: command.id, sent, answered, outcome };
            return self.at(self.now, Due::Input { member, input: Input::Answered(answer) });
        }
        self.trace.requests.push((self.now, member));
        let trip = self.profile.command_exchange(&mut self.network);
        let (sent, down) = (self.now, trip.down_us);
        self.at(self.now + trip.up_us, Due::Command { member, sent, down, command });
    }

    /// What becomes of a request that has arrived, unless the player answers it; and how late the answer is, µs.
    fn fate(&mut self, member: usize, command: bool) -> (Option<Fate>, i64) {
        let client = if self.one_client { 0 } else { member };
        let request = Request { user: member, client_id: &self.trace.members[client], command };
        match self.gateway.judge(self.now, request) {
            Verdict::Through(dress) => {
                // What ends in the middle or is no JSON was executed all the same.
                let spoiled = (dress.truncated || dress.html) && !command;
                let fate = spoiled.then_some(Fate { failure: Failure::Server, executes: true });
                (fate, dress.delay_us + dress.over_us)
            }
            Verdict::Cut { executes } => (Some(Fate { failure: Failure::Network, executes }), 0),
            Verdict::Denied(denial) => {
                let failure = match denial.status {
                    429 => {
                        self.trace.requests_429 += 1;
                        let until = local(self.now + denial.retry_after_s.unwrap_or(30) * 1_000_000);
                        let quota = denial.shape == Shape::Reason("QUOTA_EXCEEDED");
                        self.ledgers[client].wait(local(self.now), until, quota);
                        Failure::RateLimited { until, quota }
                    }
                    403 if denial.shape == Shape::Plain => Failure::OwnerPremiumLapsed,
                    403 => Failure::NotAllowedHere,
                    _ => Failure::Server,
                };
                (Some(Fate { failure, executes: denial.executes }), denial.delay_us)
            }
        }
    }

    fn see(&mut self, member: usize) -> Seen {
        let Some(report) = self.players[member].report(self.now) else {
            return Seen::Nothing;
        };
        let kind = match report.kind {
            Shown::Item => SeenKind::Item,
            Shown::Ad => SeenKind::Ad,
            Shown::Unknown => SeenKind::Unknown,
        };
        let repeat = match report.repeat {
            player::Repeat::Off => Repeat::Off,
            player::Repeat::Track => Repeat::Item,
            player::Repeat::Context => Repeat::Context,
        };
        let (id, name, restricted) = (report.device.id, report.device.name, report.device.restricted);
        Seen::Player(PlayerSeen {
            item: report.item.map(|item| self.item(item, report.market)),
            kind,
            progress: report.progress_ms.map(Span::from_millis),
            playing: report.playing,
            device: Some(Device { id, name, restricted }),
            timestamp: Some(report.timestamp_ms),
            shuffle: report.shuffle,
            repeat,
        })
    }

    fn item(&mut self, item: ItemRef, market: Market) -> Arc<Item> {
        let catalogue = &self.catalogue;
        let known = self.items.entry((item.index(), market)).or_insert_with(|| {
            let of = catalogue.item(item);
            Arc::new(Item {
                uri: catalogue.uri_in(item, market),
                title: of.name.clone(),
                by: catalogue.performer(item).to_owned(),
                album: String::new(),
                cover: None,
                link: None,
                duration: Span::from_millis(i64::from(of.duration_ms)),
                isrc: of.isrc.clone(),
                episode: of.kind == ItemKind::Episode,
            })
        });
        Arc::clone(known)
    }

    fn obey(&mut self, member: usize, command: &Command) -> Outcome {
        let device_id = command.device.clone();
        let ms = |position: Span| u32::try_from(position.floor_ms()).unwrap_or(0);
        let asked = match &command.kind {
            CommandKind::Play { uris, position } => player::Command::Play {
                target: PlayTarget::Items { uris: uris.clone(), offset: None },
                position_ms: Some(ms(*position)),
                device_id,
            },
            CommandKind::Pause => player::Command::Pause { device_id },
            CommandKind::Seek { position } => player::Command::Seek { position_ms: ms(*position), device_id },
            CommandKind::Queue { uri } => player::Command::Queue { uri: uri.clone(), device_id },
        };
        match self.players[member].command(self.now, asked) {
            Ok(_) => Outcome::Accepted,
            Err(Refusal::PremiumRequired) => Outcome::NotPremium,
            Err(Refusal::NoActiveDevice | Refusal::DeviceNotFound) => Outcome::NoDevice,
            Err(Refusal::Restriction | Refusal::NotControllable | Refusal::NoVolume) => Outcome::Restriction,
            Err(Refusal::BadRequest(_) | Refusal::ServerError) => Outcome::Failed(Failure::Server),
        }
    }

    fn hand(&mut self, planned: &Planned) {
        let player = &mut self.players[planned.member];
        let hand = planned.deed.hand(player, self.now);
        let kind = HandKind::of(&hand);
        let before = player.truth(self.now);
        // A button without effect (next on the last item of a stopped list) is no action that anybody could follow.
        if player.hand(self.now, hand).is_ok() && player.truth(self.now) != before {
            self.trace.hands.push(Hand { at_us: self.now, member: planned.member, kind });
        }
    }

    fn sample(&mut self) {
        let (now, catalogue) = (self.now, &self.catalogue);
        let players = self.players.iter_mut().map(|player| player_truth(player, catalogue, now)).collect();
        self.trace.samples.push(Sample { at_us: now, players });
    }
}

/// The truth about one player, for a [`Sample`].
pub fn player_truth(player: &mut VirtualPlayer, catalogue: &Catalogue, now_us: i64) -> PlayerTruth {
    let truth = player.truth(now_us);
    let item = truth.uri.as_deref().and_then(|uri| catalogue.find(uri));
    PlayerTruth {
        duration_ms: item.map_or(0.0, |item| catalogue.duration_us(item) as f64 / 1e3),
        uri: truth.uri,
        playing: truth.playing,
        reported_ms: truth.reported_ms,
        audible_ms: truth.audible_ms,
    }
}

fn local(us: i64) -> LocalTime {
    LocalTime::from_micros(us)
}
