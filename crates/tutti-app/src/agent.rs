//! Drives one member of the engine: does the looking and commanding that it asks for, and wakes it at its deadline.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tutti_core::clock::RoomClock;
use tutti_core::command::Outcome;
use tutti_core::event::Event;
use tutti_core::member::{Input, Member, Output, Preferences, Trouble};
use tutti_core::poll::Reason;
use tutti_core::room::{HubToMember, MemberId, RoomState};
use tutti_core::standing::View;
use tutti_core::time::{LocalTime, Span};

use crate::clock::{self, SuspendWatch};
use crate::link::{Heard, Link, Said};
use crate::local_room::{self, Seat};
use crate::network::member::SHOWS_FOR;
use crate::players::{Listed, Player};
use crate::ration::{Hurry, Rationed};

/// What the user changes of a member.
#[derive(Debug, Clone)]
pub enum Order {
    Sync(bool),
    Trim(Span),
    Device(Option<String>),
    Preferences(Preferences),
    /// The account was signed in anew.
    Player(NewPlayer),
    /// Look at once, and ask for the devices.
    Look,
}

/// A player that takes another one's place.
#[derive(Clone)]
pub struct NewPlayer(pub Arc<Rationed>);

impl fmt::Debug for NewPlayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPlayer")
    }
}

/// What an agent says of its member.
#[derive(Debug)]
pub enum Report {
    /// How it is now; sent when something happened.
    View(Box<View>),
    /// What the engine did or named, and when.
    Event(LocalTime, Event),
    /// The account's devices, as they were asked for; None if that did not work.
    Devices(Option<Vec<Listed>>),
    /// The music could not be moved to the device that was chosen.
    NotMoved(Outcome),
    /// Whether the account is driven here; what is said of it otherwise comes from the hub.
    Drives(bool),
}

/// What belongs to a member whenever it is driven here.
struct Wishes {
    device: Option<String>,
    trim: Span,
    sync: bool,
    seed: u64,
    preferences: Preferences,
}

/// What a request has come to.
enum Done {
    Input(Input),
    /// The list of devices, if it could be had.
    Devices(Option<Vec<Listed>>),
    /// The music was to go on at another device.
    Moved(Outcome),
    Drive(Span),
    Rest,
    Player(Arc<Rationed>),
    /// Nothing that matters to a member that rests.
    Nothing,
}

/// A deadline is never waited for more tightly than this, so that a member that stays due cannot keep a core busy.
const TICK_APART: Duration = Duration::from_millis(2);
/// While no player can be seen, the list of devices is asked so often why: it shows a private session, which looks do not.
const ASK_WHY_EVERY: Span = Span::from_secs(15);

pub(crate) struct Agent {
    id: MemberId,
    member: Member,
    wishes: Wishes,
    /// Another device of the user drives: nothing is asked of the player here.
    rests: bool,
    /// Driving begins then.
    begins: Option<Instant>,
    /// And never before this.
    after: Option<Instant>,
    /// When a command went out last: it may still show.
    commanded: Option<Instant>,
    clock: RoomClock,
    room: Option<Arc<RoomState>>,
    player: Arc<Rationed>,
    link: Link,
    orders: mpsc::UnboundedReceiver<Order>,
    reports: mpsc::UnboundedSender<local_room::Report>,
    /// Requests under way: at most one each: a look, a queue, a command, a list of devices, a move.
    requests: JoinSet<Done>,
    /// When it was last asked why no player can be seen; none while one can.
    asked_why: Option<LocalTime>,
    /// The list of devices is under way.
    asking: bool,
    /// The music is on its way to another device.
    moving: bool,
    /// The device that was chosen meanwhile.
    move_next: Option<String>,
    /// Makes the look that is under way urgent.
    hurry: Hurry,
    /// Hand actions in the room so far, as the hub counts them.
    actions: u64,
    sharers: u32,
    thrifty: bool,
    suspend: SuspendWatch,
    ticked: Instant,
}

impl Wishes {
    /// A member that begins now.
    fn member(&self, id: MemberId, clock: RoomClock) -> Member {
        let now = clock::now();
        let mut member = Member::new(id, clock, self.seed, now);
        member.handle(Input::Device(self.device.clone()), now);
        member.handle(Input::Trim(self.trim), now);
        member.handle(Input::Preferences(self.preferences), now);
        if !self.sync {
            member.handle(Input::Sync(false), now);
        }
        member
    }
}

impl Agent {
    pub fn new(
        seat: Seat,
        clock: RoomClock,
        link: Link,
        drives: bool,
        preferences: Preferences,
        orders: mpsc::UnboundedReceiver<Order>,
        reports: mpsc::UnboundedSender<local_room::Report>,
    ) -> Self {
        let id = link.member();
        let Seat { player, device, trim, seed, after } = seat;
        let wishes = Wishes { device, trim, sync: true, seed, preferences };
        Self {
            id,
            member: wishes.member(id, clock),
            wishes,
            rests: !drives,
            begins: None,
            after,
            commanded: None,
            clock,
            room: None,
            player,
            link,
            orders,
            reports,
            requests: JoinSet::new(),
            asked_why: None,
            asking: false,
            moving: false,
            move_next: None,
            hurry: Hurry::default(),
            actions: 0,
            sharers: 1,
            thrifty: false,
            suspend: SuspendWatch::new(),
            ticked: Instant::now(),
        }
    }

    /// The user's account is driven here from now on: as by somebody who joins, so the first look is a baseline (A6).
    fn drive(&mut self) {
        self.begins = None;
        self.rests = false;
        self.member = self.wishes.member(self.id, self.clock);
        (self.sharers, self.thrifty) = (1, false);
        if let Some(room) = &self.room {
            self.member.handle(Input::FromHub(HubToMember::Room(Arc::clone(room))), clock::now());
        }
        self.report(Report::Drives(true));
    }

    /// Somebody else drives; a request that is under way is not taken back, but its answer is of no use any more.
    async fn rest(&mut self) {
        self.begins = None;
        if !std::mem::replace(&mut self.rests, true) {
            self.give_up_requests().await;
            self.report(Report::Drives(false));
        }
    }

    async fn give_up_requests(&mut self) {
        self.requests.shutdown().await;
        (self.asking, self.moving, self.move_next) = (false, false, None);
    }

    /// What the old player still answers says nothing of the new one, which begins as after a pause of driving.
    async fn play_on(&mut self, player: Arc<Rationed>) {
        self.give_up_requests().await;
        self.player = player;
        if !self.rests {
            self.link.say(Said::Anew);
            // Until then a command of before may still come through, which nobody did by hand.
            let shown = self.commanded.map(|at| at + clock::duration(SHOWS_FOR));
            self.rests = true;
            self.begins = Some(Instant::now().max(shown.unwrap_or_else(Instant::now)));
        }
    }

    /// Runs until the orders end: then nothing more goes out, and the music stays as it is.
    pub async fn run(mut self) {
        let mut planned = false;
        loop {
            if !self.rests {
                self.share();
                self.carry_out(planned);
            }
            let Some(input) = self.next_input().await else { break };
            let slept = self.suspend.slept();
            let now = clock::now();
            if slept {
                tracing::info!(member = self.id.0, "the machine slept");
                self.member.handle(Input::Suspended, now);
            }
            planned = !self.is_urgent(&input, now);
            if !planned {
                self.hurry.hurry();
            }
            self.member.handle(input, now);
        }
        // A request that is under way is not taken back, but its answer is of no use any more.
        self.requests.shutdown().await;
    }

    /// Tells the member how many share its ration, and whether that is a thrifty one, when it changed.
    fn share(&mut self) {
        let sharers = self.player.sharers();
        if sharers != self.sharers {
            self.sharers = sharers;
            self.member.handle(Input::Sharing(sharers), clock::now());
        }
        let thrifty = self.player.ration().is_thrifty();
        if thrifty != self.thrifty {
            self.thrifty = thrifty;
            self.member.handle(Input::Thrifty(thrifty), clock::now());
        }
    }

    async fn next_input(&mut self) -> Option<Input> {
        loop {
            match self.next_done().await? {
                Done::Input(input) => return Some(input),
                Done::Devices(devices) => {
                    self.asking = false;
                    self.report(Report::Devices(devices));
                }
                Done::Moved(outcome) => {
                    self.moved(outcome);
                    return Some(Input::Look);
                }
                Done::Drive(quiet) => {
                    let quiet = Instant::now() + clock::duration(quiet);
                    self.begins = Some(self.after.map_or(quiet, |after| after.max(quiet)));
                }
                Done::Rest => self.rest().await,
                Done::Player(player) => self.play_on(player).await,
                Done::Nothing => {}
            }
            if self.begins.is_some_and(|begins| begins <= Instant::now()) {
                self.drive();
                return Some(Input::Tick);
            }
        }
    }

    async fn next_done(&mut self) -> Option<Done> {
        let deadline = self.member.deadline(clock::now()).filter(|_| !self.rests);
        let tick = deadline.map(|(at, _)| clock::instant(at).max(self.ticked + TICK_APART));
        let tick = [tick, self.begins].into_iter().flatten().min();
        tokio::select! {
            biased;
            order = self.orders.recv() => order.map(|order| self.wish(order)),
            heard = self.link.receive() => heard.map(|heard| self.heard(heard)),
            Some(answer) = self.requests.join_next() => match answer {
                Ok(done) => Some(done),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            () = sleep_until(tick.unwrap_or_else(Instant::now)), if tick.is_some() => {
                self.ticked = Instant::now();
                Some(self.unless_resting(Input::Tick))
            }
        }
    }

    fn wish(&mut self, order: Order) -> Done {
        let input = match order {
            Order::Sync(on) => {
                self.wishes.sync = on;
                Input::Sync(on)
            }
            Order::Trim(trim) => {
                self.wishes.trim = trim;
                Input::Trim(trim)
            }
            Order::Device(device) => {
                self.wishes.device.clone_from(&device);
                if let Some(device) = device.as_ref().filter(|_| !self.rests) {
                    self.takes_up(device);
                }
                Input::Device(device)
            }
            Order::Preferences(preferences) => {
                self.wishes.preferences = preferences;
                Input::Preferences(preferences)
            }
            Order::Player(NewPlayer(player)) => return Done::Player(player),
            Order::Look => {
                if !self.rests {
                    self.ask_devices();
                }
                Input::Look
            }
        };
        self.unless_resting(input)
    }

    /// A device was chosen: what sounds on another one goes on there. Where nothing sounds, the engine starts it (F8).
    fn takes_up(&mut self, device: &str) {
        let view = self.member.view(clock::now());
        let seen = !matches!(view.trouble, Some(Trouble::NoDevice | Trouble::Failure(_)));
        if seen && view.device.is_some_and(|active| active.id.as_deref() != Some(device)) {
            self.move_to(device.to_owned());
        }
    }

    /// One move at a time, so that the last choice has the last word.
    fn move_to(&mut self, device: String) {
        if std::mem::replace(&mut self.moving, true) {
            self.move_next = Some(device);
            return;
        }
        self.link.say(Said::Commands);
        let player = Arc::clone(&self.player);
        self.requests.spawn(async move { Done::Moved(player.transfer(device).await) });
    }

    fn moved(&mut self, outcome: Outcome) {
        self.moving = false;
        match (self.move_next.take(), outcome) {
            (Some(device), _) => self.move_to(device),
            (None, Outcome::Accepted) => {}
            (None, outcome) => self.report(Report::NotMoved(outcome)),
        }
    }

    fn heard(&mut self, heard: Heard) -> Done {
        match heard {
            Heard::Hub(message) => {
                if let HubToMember::Room(room) = &message {
                    self.room = Some(Arc::clone(room));
                }
                self.unless_resting(Input::FromHub(message))
            }
            Heard::Clock(clock) => {
                self.clock = clock;
                self.unless_resting(Input::Clock(clock))
            }
            Heard::Drive { quiet } => Done::Drive(quiet),
            Heard::Rest => Done::Rest,
        }
    }

    fn unless_resting(&self, input: Input) -> Done {
        if self.rests { Done::Nothing } else { Done::Input(input) }
    }

    /// Whether what follows from this input cannot wait for its turn: somebody acted, a command was answered, or the
    /// member wakes for another reason than its next planned look.
    fn is_urgent(&mut self, input: &Input, now: LocalTime) -> bool {
        match input {
            Input::Tick => !matches!(self.member.deadline(now), Some((_, Reason::Planned))),
            Input::FromHub(HubToMember::Room(room)) => {
                std::mem::replace(&mut self.actions, room.actions) != room.actions
            }
            Input::Answered(_) | Input::Sync(true) | Input::Device(_) | Input::Look => true,
            _ => false,
        }
    }

    /// Does everything that the member wants done by now; a look that was only planned takes its turn.
    fn carry_out(&mut self, planned: bool) {
        let now = clock::now();
        while let Some(output) = self.member.poll() {
            let player = Arc::clone(&self.player);
            match output {
                Output::Look => {
                    self.hurry = if planned { Hurry::default() } else { Hurry::urgent() };
                    let hurry = self.hurry.clone();
                    self.requests.spawn(async move { Done::Input(Input::Reading(player.look_in_turn(hurry).await)) });
                }
                Output::LookQueue => {
                    self.requests.spawn(async move {
                        let coming = player.queue().await.ok();
                        let (of, next) = coming.map_or((None, None), |coming| (coming.of, Some(coming.next)));
                        Done::Input(Input::Queue { of, next })
                    });
                }
                Output::Command(command) => {
                    self.link.say(Said::Commands);
                    self.commanded = Some(Instant::now());
                    self.requests.spawn(async move { Done::Input(Input::Answered(player.command(command).await)) });
                }
                Output::ToHub(message) => self.link.send(message),
                Output::Event(event) => {
                    tracing::debug!(member = self.id.0, ?event, "engine");
                    self.report(Report::Event(now, event));
                }
            }
        }
        let view = self.member.view(now);
        self.ask_why(view.trouble.as_ref(), now);
        self.link.say(Said::View(Box::new(view.clone())));
        self.report(Report::View(Box::new(view)));
    }

    fn ask_why(&mut self, trouble: Option<&Trouble>, now: LocalTime) {
        if !matches!(trouble, Some(Trouble::NoDevice)) {
            self.asked_why = None;
        } else if self.asked_why.is_none_or(|asked| now - asked >= ASK_WHY_EVERY) {
            self.asked_why = Some(now);
            self.ask_devices();
        }
    }

    /// One list at a time.
    fn ask_devices(&mut self) {
        if !std::mem::replace(&mut self.asking, true) {
            let player = Arc::clone(&self.player);
            self.requests.spawn(async move { Done::Devices(player.devices().await.ok()) });
        }
    }

    fn report(&self, report: Report) {
        // An error means that nobody watches this room.
        let _ = self.reports.send(local_room::Report::Member(self.id, report));
    }
}
