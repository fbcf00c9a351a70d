//! The members of this process in a room: one agent for each, and the hub's task where the room is in this process too.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;
use tutti_core::clock::RoomClock;
use tutti_core::hub::Hub;
use tutti_core::member::Preferences;
use tutti_core::room::{MemberId, RoomState};
use tutti_core::time::{LocalTime, Span};

use crate::agent::{self, Agent, NewPlayer, Order};
use crate::clock;
use crate::link::{HubEnd, Link, Said, ToHub};
use crate::network::{Meeting, Told};
use crate::ration::Rationed;

/// Who is to sit in the room.
pub struct Seat {
    pub player: Arc<Rationed>,
    /// The device that may be started; none = the active one only.
    pub device: Option<String>,
    pub trim: Span,
    /// Dither of this member's looks.
    pub seed: u64,
    /// Nothing is looked at before this: what was asked of the player elsewhere may still show.
    pub after: Option<Instant>,
}

/// What the room says about itself.
#[derive(Debug)]
pub enum Report {
    /// The room changed, and when.
    State(LocalTime, Arc<RoomState>),
    Member(MemberId, agent::Report),
    /// What a hub on the network says of it.
    Network(Told),
}

/// Where the hub is.
enum Meets {
    Here(mpsc::UnboundedSender<oneshot::Sender<Link>>),
    OnNetwork(Arc<Meeting>),
}

/// The members of this process in one room. Dropping it takes them out of it; the music stays as it is.
pub struct LocalRoom {
    meets: Meets,
    orders: BTreeMap<MemberId, mpsc::UnboundedSender<Order>>,
    /// Of all members of this process, also of those who come later.
    preferences: Preferences,
    reports: mpsc::UnboundedSender<Report>,
    tasks: TaskTracker,
}

impl LocalRoom {
    /// An empty room that reports to `reports`.
    pub fn open(reports: mpsc::UnboundedSender<Report>) -> Self {
        let (joins, asked) = mpsc::unbounded_channel();
        let tasks = TaskTracker::new();
        tasks.spawn(run_hub(asked, reports.clone()));
        Self::at(Meets::Here(joins), reports, tasks)
    }

    /// A room whose hub is on the network.
    pub fn meet(meeting: Arc<Meeting>, reports: mpsc::UnboundedSender<Report>) -> Self {
        Self::at(Meets::OnNetwork(meeting), reports, TaskTracker::new())
    }

    fn at(meets: Meets, reports: mpsc::UnboundedSender<Report>, tasks: TaskTracker) -> Self {
        Self { meets, orders: BTreeMap::new(), preferences: Preferences::default(), reports, tasks }
    }

    /// Somebody joins; from now on their player is looked at, and moved while sync is on. Only where the hub is here.
    pub async fn join(&mut self, seat: Seat) -> MemberId {
        let Meets::Here(joins) = &self.meets else { unreachable!("on the network, members come with their links") };
        let (answer, link) = oneshot::channel();
        joins.send(answer).expect("the hub's task lives as long as the room");
        let link = link.await.expect("the hub's task answers every join");
        self.start(seat, link, true)
    }

    /// Somebody whom the hub on the network let in; whether their account is driven here comes over the link.
    pub fn sit(&mut self, seat: Seat, link: Link) -> MemberId {
        self.start(seat, link, false)
    }

    fn start(&mut self, seat: Seat, link: Link, drives: bool) -> MemberId {
        let member = link.member();
        let (to_agent, orders) = mpsc::unbounded_channel();
        self.orders.insert(member, to_agent);
        // A hub in this process has this machine's clock; of another's nothing is known yet.
        let (clock, reports) = (RoomClock::same_machine(), self.reports.clone());
        let agent = Agent::new(seat, clock, link, drives, self.preferences, orders, reports);
        self.tasks.spawn(agent.run());
        member
    }

    /// On keeps the members in step; off only watches them.
    pub fn sync(&self, on: bool) {
        for orders in self.orders.values() {
            tell(orders, Order::Sync(on));
        }
    }

    /// What the user prefers, for all members of this process.
    pub fn set_preferences(&mut self, preferences: Preferences) {
        self.preferences = preferences;
        for orders in self.orders.values() {
            tell(orders, Order::Preferences(preferences));
        }
    }

    pub fn trim(&self, member: MemberId, trim: Span) {
        if let Some(orders) = self.orders.get(&member) {
            tell(orders, Order::Trim(trim));
        }
    }

    pub fn device(&self, member: MemberId, device: Option<String>) {
        if let Some(orders) = self.orders.get(&member) {
            tell(orders, Order::Device(device));
        }
    }

    /// Another player of the same account takes over, as after a new sign-in.
    pub fn player(&self, member: MemberId, player: Arc<Rationed>) {
        if let Some(orders) = self.orders.get(&member) {
            tell(orders, Order::Player(NewPlayer(player)));
        }
    }

    /// Looks at the member's player at once, and asks for its devices.
    pub fn look(&self, member: MemberId) {
        if let Some(orders) = self.orders.get(&member) {
            tell(orders, Order::Look);
        }
    }

    /// One member goes, the others stay.
    pub fn leave(&mut self, member: MemberId) {
        self.orders.remove(&member);
    }

    /// Ends the room; returns when nothing more goes out to any player.
    pub async fn close(self) {
        let Self { meets, orders, reports, tasks, .. } = self;
        drop((orders, reports));
        let meeting = match meets {
            // The hub's task ends when nobody can join any more.
            Meets::Here(joins) => {
                drop(joins);
                None
            }
            Meets::OnNetwork(meeting) => Some(meeting),
        };
        tasks.close();
        tasks.wait().await;
        if let Some(meeting) = meeting {
            meeting.end().await;
        }
    }
}

fn tell(orders: &mpsc::UnboundedSender<Order>, order: Order) {
    if orders.send(order).is_err() {
        tracing::debug!("the member has left");
    }
}

/// The hub's task: ends when nobody can join and nobody is left.
async fn run_hub(mut joins: mpsc::UnboundedReceiver<oneshot::Sender<Link>>, reports: mpsc::UnboundedSender<Report>) {
    let mut hub = Hub::new(1);
    let mut ends: BTreeMap<MemberId, HubEnd> = BTreeMap::new();
    let (to_hub, mut inbox) = mpsc::unbounded_channel::<ToHub>();
    let mut open = true;
    let mut told = (0, 0, None);
    let room = RoomClock::same_machine();
    while open || !ends.is_empty() {
        let due = hub.deadline().map(|at| clock::instant(room.to_local(at)));
        tokio::select! {
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => hub.tick(room.to_room(clock::now())),
            join = joins.recv(), if open => match join {
                Some(answer) => {
                    let member = hub.join();
                    let (link, end) = Link::new(member, to_hub.clone());
                    ends.insert(member, end);
                    // A joiner who is gone has dropped the link, and with it left.
                    let _ = answer.send(link);
                }
                None => open = false,
            },
            message = inbox.recv() => {
                let Some(ToHub { from, said }) = message else { return };
                match said {
                    Said::Hub(message) => hub.handle(from, message, room.to_room(clock::now())),
                    // All members are of this process, which knows how they are and drives them alone.
                    Said::View(_) | Said::Commands => continue,
                    Said::Anew => hub.speaks_anew(from),
                    Said::Left => {
                        ends.remove(&from);
                        hub.leave(from);
                    }
                }
            }
        }
        while let Some((to, message)) = hub.poll() {
            if let Some(end) = ends.get(&to) {
                end.send(message);
            }
        }
        let state = hub.state();
        let now = (state.seq, state.epoch, state.leader);
        if std::mem::replace(&mut told, now) != now {
            // An error means that nobody watches this room.
            let _ = reports.send(Report::State(clock::now(), Arc::new(state.clone())));
        }
    }
}
