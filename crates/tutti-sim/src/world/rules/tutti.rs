//! Tutti's own rules: a `Member` of the engine for everybody and a `Hub`, each machine on its own clock.

use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::command::{Answered, Outcome};
use tutti_core::event::Event;
use tutti_core::hub::Hub;
use tutti_core::member::{Input, Member, Output};
use tutti_core::reading::{Failure, Reading, Seen};
use tutti_core::room::{HubToMember, MemberId, MemberToHub};
use tutti_core::time::{LocalTime, RoomTime, Span};

use super::{Happened, Known, Rules, Wish};
use crate::player::VirtualPlayer;
use crate::report::RoomChange;
use crate::world::clock::MachineClock;
use crate::world::config::{MemberConfig, WorldConfig};
use crate::world::hub_link::HubLink;
use crate::world::recording::Recording;
use crate::world::spotify::{Spotify, instant};

/// Clocks are compared so often, and known so well in between.
const COMPARED_EVERY_US: i64 = 10_000_000;
const COMPARED_BOUND_US: i64 = 2_000;

pub struct Tutti {
    hub: Hub,
    seats: Vec<Seat>,
    seed: u64,
    records: Option<usize>,
    recording: Option<Recording>,
    /// The instant of the hub's tick that was wished for.
    hub_due_at: Option<i64>,
}

/// One machine.
struct Seat {
    config: MemberConfig,
    clock: MachineClock,
    trim: Span,
    device: Option<String>,
    sharing: u32,
    joined: Option<(MemberId, Member)>,
    /// How the room's clock is learned, if that takes a network.
    hub_link: Option<HubLink>,
    /// When the clocks were last compared.
    compared_us: i64,
    /// The instant of the tick that was wished for.
    woken_at: Option<i64>,
    network: bool,
    /// What could not be sent while the network was away.
    held: Vec<MemberToHub>,
}

impl Tutti {
    pub fn new(config: &WorldConfig, spotify: &Spotify) -> Self {
        let sharing = |client: &Option<String>| match client {
            None => 1,
            client => config.members.iter().filter(|member| member.client == *client).count() as u32,
        };
        let seats = config.members.iter().zip(&spotify.players).enumerate().map(|(place, (member, player))| Seat {
            // Machines have been on for different times.
            clock: MachineClock::new(3_600_000_000 * (place as i64 + 1), member.drift_ppm),
            trim: trim(member, player),
            device: member.chosen.then(|| active_device(player)).flatten(),
            sharing: sharing(&member.client),
            config: member.clone(),
            joined: None,
            hub_link: None,
            compared_us: 0,
            woken_at: None,
            network: true,
            held: Vec::new(),
        });
        let (seats, seed, records) = (seats.collect(), config.seed, config.records);
        Self { hub: Hub::new(1), seats, seed, records, recording: None, hub_due_at: None }
    }

    fn joins(&mut self, now_us: i64, place: usize, wishes: &mut Vec<Wish>) {
        let id = self.hub.join();
        let seat = &mut self.seats[place];
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(place as u64);
        let now = seat.clock.local(now_us);
        seat.compared_us = now_us;
        let link = seat.config.hub_link;
        seat.hub_link = link.map(|link| HubLink::connected(link, seat.clock, seed, now_us));
        let known = seat.learned(now_us).unwrap_or_else(|| seat.clock.compared(now_us, seat.bound_us()));
        let mut member = Member::new(id, known, seed, now);
        let settings = [
            Some(Input::Trim(seat.trim)),
            seat.device.clone().map(|device| Input::Device(Some(device))),
            (seat.sharing > 1).then_some(Input::Sharing(seat.sharing)),
            seat.config.thrifty.then_some(Input::Thrifty(true)),
            Some(Input::Preferences(seat.config.preferences)),
        ];
        if self.records == Some(place) {
            self.recording = Some(Recording::of(id, known, seed, now));
        }
        for input in settings.into_iter().flatten() {
            if let Some(recording) = self.recording.as_mut().filter(|_| self.records == Some(place)) {
                recording.note(now, &input);
            }
            member.handle(input, now);
        }
        seat.joined = Some((id, member));
        self.let_lead();
        self.deliver(now_us, wishes);
        self.drain(now_us, place, wishes);
    }

    /// The host says who may lead, where not everybody may.
    fn let_lead(&mut self) {
        if self.seats.iter().any(|seat| !seat.config.may_lead) {
            let may = self.seats.iter().filter(|seat| seat.config.may_lead);
            self.hub.let_lead(Some(may.filter_map(|seat| Some(seat.joined.as_ref()?.0)).collect()));
        }
    }

    fn leaves(&mut self, now_us: i64, place: usize, wishes: &mut Vec<Wish>) {
        if let Some((id, _)) = self.seats[place].joined.take() {
            self.hub.leave(id);
            self.deliver(now_us, wishes);
            self.note_room(now_us, wishes);
        }
    }

    fn at_hub(&mut self, now_us: i64, place: usize, message: MemberToHub, wishes: &mut Vec<Wish>) {
        if let Some((id, _)) = &self.seats[place].joined {
            self.hub.handle(*id, message, RoomTime::from_micros(now_us));
            self.note_room(now_us, wishes);
            self.deliver(now_us, wishes);
            self.await_hub(place, wishes);
        }
    }

    /// The hub has something to decide later: `place` carries the tick, whoever that is.
    fn await_hub(&mut self, place: usize, wishes: &mut Vec<Wish>) {
        let due_at = self.hub.deadline().map(RoomTime::as_micros);
        if let Some(at_us) = due_at.filter(|_| due_at != self.hub_due_at) {
            wishes.push(Wish::Later(place, at_us, Happened::HubDue));
        }
        self.hub_due_at = due_at;
    }

    fn hub_due(&mut self, now_us: i64, place: usize, wishes: &mut Vec<Wish>) {
        self.hub.tick(RoomTime::from_micros(now_us));
        self.note_room(now_us, wishes);
        self.deliver(now_us, wishes);
        self.await_hub(place, wishes);
    }

    fn note_room(&self, now_us: i64, wishes: &mut Vec<Wish>) {
        let mut change = RoomChange::of(now_us, self.hub.state(), 0);
        change.leader = self.hub.state().leader.and_then(|leader| self.place_of(leader));
        wishes.push(Wish::Room(change));
    }

    fn place_of(&self, id: MemberId) -> Option<usize> {
        self.seats.iter().position(|seat| seat.joined.as_ref().is_some_and(|(of, _)| *of == id))
    }

    /// Sends what the hub has to say; what finds no network is lost.
    fn deliver(&mut self, now_us: i64, wishes: &mut Vec<Wish>) {
        while let Some((to, message)) = self.hub.poll() {
            if let Some(place) = self.place_of(to)
                && self.seats[place].network
            {
                wishes.push(Wish::Later(place, now_us + self.seats[place].way_us(), Happened::FromHub(message)));
            }
        }
    }

    fn input(&mut self, now_us: i64, place: usize, input: Input, wishes: &mut Vec<Wish>) {
        let seat = &mut self.seats[place];
        let now = seat.clock.local(now_us);
        if seat.joined.is_none() {
            return;
        }
        if let Some(recording) = self.recording.as_mut().filter(|_| self.records == Some(place)) {
            recording.note(now, &input);
        }
        if let Some(known) = seat.learned(now_us)
            && let Some((_, member)) = &mut seat.joined
        {
            member.handle(Input::Clock(known), now);
        }
        let Some((_, member)) = &mut seat.joined else { return };
        if seat.config.hub_link.is_none()
            && seat.config.drift_ppm != 0
            && seat.network
            && now_us - seat.compared_us >= COMPARED_EVERY_US
        {
            seat.compared_us = now_us;
            member.handle(Input::Clock(seat.clock.compared(now_us, COMPARED_BOUND_US)), now);
        }
        member.handle(input, now);
        self.drain(now_us, place, wishes);
    }

    fn drain(&mut self, now_us: i64, place: usize, wishes: &mut Vec<Wish>) {
        let seat = &mut self.seats[place];
        let Some((_, member)) = &mut seat.joined else { return };
        let now = seat.clock.local(now_us);
        while let Some(output) = member.poll() {
            match output {
                Output::Look => wishes.push(Wish::Look(place)),
                Output::LookQueue => wishes.push(Wish::LookQueue(place)),
                Output::Command(command) => wishes.push(Wish::Command(place, command)),
                Output::ToHub(message) if seat.network => {
                    let at_us = now_us + way_us(&seat.config);
                    wishes.push(Wish::Later(place, at_us, Happened::AtHub(message)));
                }
                Output::ToHub(message) => seat.held.push(message),
                Output::Event(event) => {
                    if let Event::Predicted { .. } = &event
                        && let Some((item, playing, position, bound)) = member.known_line(now)
                    {
                        let known = Known {
                            uri: item.uri.clone(),
                            playing,
                            position_us: position.as_micros(),
                            bound_us: bound.as_micros(),
                        };
                        wishes.push(Wish::Known(place, known));
                    }
                    wishes.push(Wish::Event(place, in_world_time(event, seat.clock)));
                }
            }
        }
        let deadline = member.deadline(now).map(|(at, _)| seat.clock.world(at).max(now_us));
        if let Some(at_us) = deadline
            && seat.woken_at != Some(at_us)
        {
            seat.woken_at = Some(at_us);
            wishes.push(Wish::Wake(place, at_us));
        }
    }

    /// Back on the network: what was held goes out, and the room's state comes in.
    fn network(&mut self, now_us: i64, place: usize, there: bool, wishes: &mut Vec<Wish>) {
        let seat = &mut self.seats[place];
        seat.network = there;
        if !there {
            return;
        }
        let way_us = seat.way_us();
        for message in seat.held.drain(..) {
            wishes.push(Wish::Later(place, now_us + way_us, Happened::AtHub(message)));
        }
        let state = HubToMember::Room(Arc::new(self.hub.state().clone()));
        wishes.push(Wish::Later(place, now_us + 2 * way_us, Happened::FromHub(state)));
    }
}

impl Rules for Tutti {
    fn recording(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    fn happen(&mut self, now_us: i64, place: usize, what: Happened, _: &mut Spotify, wishes: &mut Vec<Wish>) {
        let clock = self.seats[place].clock;
        let input = match what {
            Happened::Joins => return self.joins(now_us, place, wishes),
            Happened::Leaves => return self.leaves(now_us, place, wishes),
            Happened::AtHub(message) => return self.at_hub(now_us, place, message, wishes),
            Happened::HubDue => return self.hub_due(now_us, place, wishes),
            Happened::Network(there) => return self.network(now_us, place, there, wishes),
            Happened::Acted(_) => return,
            Happened::Woken => {
                self.seats[place].woken_at = None;
                Input::Tick
            }
            Happened::Reading(reading) => Input::Reading(on_machine(reading, clock)),
            Happened::Queue((of, next)) => Input::Queue { of, next },
            Happened::Answered(answered) => Input::Answered(Answered {
                sent: clock.local(answered.sent.as_micros()),
                answered: clock.local(answered.answered.as_micros()),
                outcome: match answered.outcome {
                    Outcome::Failed(failure) => Outcome::Failed(failure_on_machine(failure, clock)),
                    outcome => outcome,
                },
                ..answered
            }),
            Happened::FromHub(message) => Input::FromHub(message),
            Happened::Awake => {
                // After a suspend the clocks are compared anew before anything else.
                let seat = &mut self.seats[place];
                seat.compared_us = i64::MIN / 2;
                if let Some(link) = &mut seat.hub_link {
                    link.slept(seat.clock, now_us);
                }
                self.network(now_us, place, true, wishes);
                Input::Suspended
            }
            Happened::Sync(on) => Input::Sync(on),
        };
        self.input(now_us, place, input, wishes);
    }
}

impl Seat {
    fn way_us(&self) -> i64 {
        way_us(&self.config)
    }

    /// What exchanges have told of the room's clock by now.
    fn learned(&mut self, now_us: i64) -> Option<RoomClock> {
        let (clock, network) = (self.clock, self.network);
        self.hub_link.as_mut()?.known(clock, now_us, network)
    }

    fn bound_us(&self) -> i64 {
        if self.config.drift_ppm == 0 && self.config.hub_ms == 0.0 { 0 } else { COMPARED_BOUND_US }
    }
}

fn way_us(config: &MemberConfig) -> i64 {
    (config.hub_ms * 500.0) as i64
}

fn trim(member: &MemberConfig, player: &VirtualPlayer) -> Span {
    let delay_ms = player.audible_offset_ms().filter(|_| member.trimmed).unwrap_or(0.0);
    Span::from_micros((delay_ms * 1e3) as i64)
}

fn active_device(player: &VirtualPlayer) -> Option<String> {
    player.clone().truth(0).device_id
}

fn on_machine(reading: Reading, clock: MachineClock) -> Reading {
    Reading {
        asked: clock.local(reading.asked.as_micros()),
        answered: clock.local(reading.answered.as_micros()),
        seen: match reading.seen {
            Seen::Failed(failure) => Seen::Failed(failure_on_machine(failure, clock)),
            seen => seen,
        },
    }
}

fn failure_on_machine(failure: Failure, clock: MachineClock) -> Failure {
    match failure {
        Failure::RateLimited { until, quota } => Failure::RateLimited { until: clock.local(until.as_micros()), quota },
        failure => failure,
    }
}

/// What is compared with the truth carries the world's instants.
fn in_world_time(event: Event, clock: MachineClock) -> Event {
    let world = |at: LocalTime| instant(clock.world(at));
    match event {
        Event::Predicted { at, uri, position } => Event::Predicted { at: world(at), uri, position },
        event => event,
    }
}
