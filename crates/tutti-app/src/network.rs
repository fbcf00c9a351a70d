//! Rooms on the network: how this process's members reach their hub, keep reaching it, and find the next one.

mod connection;
mod heir;
pub(crate) mod member;
pub mod nearby;
mod places;
mod session;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tutti_core::clock::{Exchange, RoomClock};
use tutti_core::proof::{AccountMark, RoomSecret, UserKey};
use tutti_core::room::{MemberId, RoomState};
use tutti_core::time::LocalTime;
use tutti_core::wire::shown::Seen;
use tutti_core::wire::{self, MembersSent, WhoLeads};

use crate::invite::HubAddress;
use crate::link::Link;
use crate::local_room::Report;
use crate::problem::Problem;
pub use heir::Heir;
pub use places::Places;

/// Whoever joins hears of the hub within this, or is told that it does not answer.
const FIRST_ANSWER: Duration = Duration::from_secs(20);

/// A good-bye is one message; a hub that does not take it finds out by itself.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// One room as all members of this process meet in it.
pub struct Meeting {
    pub secret: RoomSecret,
    pub user: UserKey,
    /// The name of this computer.
    pub device: String,
    /// Whether the room is opened if the hub does not have it: by its host, and by whoever was in it.
    pub opens: bool,
    pub places: Places,
    /// Where this process could hold the hub.
    pub heir: Option<Heir>,
    reports: mpsc::UnboundedSender<Report>,
    tasks: TaskTracker,
    wishes: Mutex<Vec<mpsc::UnboundedSender<Wish>>>,
}

/// What the host changes of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    MayLead(WhoLeads),
    Lock(bool),
    Remove(MemberId),
}

/// What a hub says of its room, and how it is reached.
#[derive(Debug)]
pub enum Told {
    State(LocalTime, Arc<RoomState>),
    Clock(RoomClock),
    /// From which the clock was learned.
    Exchanged(Exchange),
    Members(MembersSent),
    Seen(MemberId, Box<Seen>),
    /// This account's connection.
    Reached(String, Reached),
    /// This account's number is another member's by now: it is to be brought in anew.
    Taken(String),
}

/// How a hub is reached at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    Yes,
    /// Not now; it is tried again.
    Not,
    /// It does not let this account in, and will not by itself.
    Refused(wire::Trouble),
}

impl Meeting {
    pub fn new(
        secret: RoomSecret,
        user: UserKey,
        hubs: Vec<HubAddress>,
        opens: bool,
        heir: Option<Heir>,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Arc<Self> {
        let device = device_name();
        Arc::new(Self {
            secret,
            user,
            device,
            opens,
            places: Places::new(hubs),
            heir,
            reports,
            tasks: TaskTracker::new(),
            wishes: Mutex::default(),
        })
    }

    /// Brings one account in; its connection is kept by a task until the link is dropped.
    ///
    /// # Errors
    /// No hub answers, or it does not let the account in.
    pub async fn join(self: &Arc<Self>, account: &str, name: &str) -> Result<Link, Problem> {
        let who = member::Who { account: account.to_owned(), mark: AccountMark::of(account), name: name.to_owned() };
        let (first, joined) = oneshot::channel();
        let (to_wish, wishes) = mpsc::unbounded_channel();
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).push(to_wish);
        self.tasks.spawn(member::run(Arc::clone(self), who, first, wishes));
        match tokio::time::timeout(FIRST_ANSWER, joined).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(self.places.unreachable()),
        }
    }

    /// Where whoever is invited now finds the room.
    pub fn to_invite(&self) -> Vec<HubAddress> {
        let held = self.heir.as_ref().filter(|heir| heir.holds()).map(Heir::addresses);
        self.places.to_invite(held.unwrap_or_default())
    }

    /// The host's wish, over whichever connection takes it: a hub refuses what others wish.
    pub fn wish(&self, wish: &Wish) {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        wishes.retain(|to| to.send(wish.clone()).is_ok());
    }

    /// Waits until all members have said good-bye, whose links are dropped; a hub that was held here ends after them.
    pub async fn end(&self) {
        self.tasks.close();
        if tokio::time::timeout(GOOD_BYE, self.tasks.wait()).await.is_err() {
            tracing::warn!("the hub did not take everybody's good-bye");
        }
        if let Some(heir) = &self.heir {
            heir.end().await;
        }
    }

    fn tell(&self, told: Told) {
        // An error means that nobody watches this room.
        let _ = self.reports.send(Report::Network(told));
    }
}

/// The name that others see of this computer.
fn device_name() -> String {
    named(host_name())
}

/// A network's name for the computer, `Annas-Mac.local`, is known by its first part.
fn named(host: Option<String>) -> String {
    let own = host.as_deref().and_then(|name| name.trim().split('.').next()).and_then(crate::settings::tidy_name);
    own.unwrap_or_else(|| "computer".into())
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// What a hub's refusal is called in the file of texts.
pub fn refusal_code(trouble: wire::Trouble) -> &'static str {
    use wire::Trouble;
    match trouble {
        Trouble::WrongSecret => "hub_wrong_secret",
        Trouble::TooManyAttempts => "hub_too_many_attempts",
        Trouble::WrongUser => "hub_wrong_user",
        Trouble::VersionTooOld => "hub_version_old",
        Trouble::VersionTooNew => "hub_version_new",
        Trouble::NoSuchRoom => "room_gone",
        Trouble::RoomFull => "room_full",
        Trouble::RoomLocked => "room_locked",
        Trouble::Removed => "room_removed",
        Trouble::AccountElsewhere => "account_elsewhere",
        Trouble::TooManyConnections => "too_many_devices",
        Trouble::TooManyFromAddress | Trouble::HubFull => "hub_full",
        _ => "hub_trouble",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_is_called_as_its_network_calls_it_without_the_network_s_name() {
        let called = |name: &str| named(Some(name.to_owned()));
        assert_eq!(called("Annas-Mac.local"), "Annas-Mac");
        assert_eq!(called("desk\n"), "desk");
        for unusable in ["", " ", ".local"] {
            assert_eq!(called(unusable), "computer", "{unusable:?}");
        }
        assert_eq!(named(None), "computer");
        assert_ne!(device_name(), "computer", "this machine has a name");
    }
}
