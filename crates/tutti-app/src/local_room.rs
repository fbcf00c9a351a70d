//! A room of members in this process: the task around the hub, and one agent for each member.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;
use tutti_core::clock::RoomClock;
use tutti_core::hub::Hub;
use tutti_core::room::{MemberId, RoomState};
use tutti_core::time::{LocalTime, Span};

use crate::agent::{self, Agent, Order};
use crate::clock;
use crate::link::{HubEnd, Link, ToHub};
use crate::ration::Rationed;

/// Who is to sit in the room.
pub struct Seat {
    pub player: Arc<Rationed>,
    /// The device that may be started; none = the active one only.
    pub device: Option<String>,
    pub trim: Span,
    /// Dither of this member's looks.
    pub seed: u64,
}

/// What the room says about itself.
#[derive(Debug)]
pub enum Report {
    /// The room changed, and when.
    State(LocalTime, Arc<RoomState>),
    Member(MemberId, agent::Report),
}

/// A room whose hub runs here. Dropping it ends it; the music stays as it is.
pub struct LocalRoom {
    joins: mpsc::UnboundedSender<oneshot::Sender<Link>>,
    orders: BTreeMap<MemberId, mpsc::UnboundedSender<Order>>,
    reports: mpsc::UnboundedSender<Report>,
    tasks: TaskTracker,
}

impl LocalRoom {
    /// An empty room that reports to `reports`.
    pub fn open(reports: mpsc::UnboundedSender<Report>) -> Self {
        let (joins, asked) = mpsc::unbounded_channel();
        let tasks = TaskTracker::new();
        tasks.spawn(run_hub(asked, reports.clone()));
        Self { joins, orders: BTreeMap::new(), reports, tasks }
    }

    /// Somebody joins; from now on their player is looked at, and moved while sync is on.
    pub async fn join(&mut self, seat: Seat) -> MemberId {
        let (answer, link) = oneshot::channel();
        self.joins.send(answer).expect("the hub's task lives as long as the room");
        let link = link.await.expect("the hub's task answers every join");
        let member = link.member();
        let (to_agent, orders) = mpsc::unbounded_channel();
        self.orders.insert(member, to_agent);
        // The hub runs in this process: its clock is this machine's.
        let agent = Agent::new(seat, RoomClock::same_machine(), link, orders, self.reports.clone());
        self.tasks.spawn(agent.run());
        member
    }

    /// On keeps the members in step; off only watches them.
    pub fn sync(&self, on: bool) {
        for orders in self.orders.values() {
            tell(orders, Order::Sync(on));
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

    /// One member goes, the others stay.
    pub fn leave(&mut self, member: MemberId) {
        self.orders.remove(&member);
    }

    /// Ends the room; returns when nothing more goes out to any player.
    pub async fn close(self) {
        let Self { joins, orders, reports, tasks } = self;
        drop((joins, orders, reports));
        tasks.close();
        tasks.wait().await;
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
                let Some(ToHub { from, message }) = message else { return };
                match message {
                    Some(message) => hub.handle(from, message, room.to_room(clock::now())),
                    None => {
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
