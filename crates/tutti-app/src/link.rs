//! A member's connection to its hub: a pair of typed channels, within this process or across the network.

use tokio::sync::mpsc;
use tutti_core::clock::RoomClock;
use tutti_core::room::{HubToMember, MemberId, MemberToHub};
use tutti_core::standing::View;
use tutti_core::time::Span;

/// A message that the hub does not take in time is no longer needed: every state is sent whole.
const WAITING: usize = 64;

/// The member's end.
#[derive(Debug)]
pub struct Link {
    member: MemberId,
    to_hub: mpsc::UnboundedSender<ToHub>,
    from_hub: mpsc::Receiver<Heard>,
}

/// The hub's end of one member's link.
#[derive(Debug, Clone)]
pub struct HubEnd(mpsc::Sender<Heard>);

/// What reaches the hub.
#[derive(Debug)]
pub struct ToHub {
    pub from: MemberId,
    pub said: Said,
}

/// What a member says.
#[derive(Debug)]
pub enum Said {
    Hub(MemberToHub),
    /// How it is now, for those on other machines.
    View(Box<View>),
    /// A command goes out now.
    Commands,
    /// It begins anew under the same number: its claims are counted from the start.
    Anew,
    /// It goes.
    Left,
}

/// What a member hears.
#[derive(Debug)]
pub enum Heard {
    Hub(HubToMember),
    /// What is known of the room's clock by now.
    Clock(RoomClock),
    /// From now on its user's account is driven here, with a baseline; nothing goes out before this has passed.
    Drive {
        quiet: Span,
    },
    /// Another device of its user drives, or the hub was not heard for too long: nothing goes out.
    Rest,
}

impl Link {
    pub fn new(member: MemberId, to_hub: mpsc::UnboundedSender<ToHub>) -> (Self, HubEnd) {
        let (to_member, from_hub) = mpsc::channel(WAITING);
        (Self { member, to_hub, from_hub }, HubEnd(to_member))
    }

    pub fn member(&self) -> MemberId {
        self.member
    }

    pub fn send(&self, message: MemberToHub) {
        self.say(Said::Hub(message));
    }

    pub fn say(&self, said: Said) {
        if self.to_hub.send(ToHub { from: self.member, said }).is_err() {
            tracing::debug!("the hub is gone");
        }
    }

    /// The next message of the hub; `None` when it is gone.
    pub async fn receive(&mut self) -> Option<Heard> {
        self.from_hub.recv().await
    }
}

impl Drop for Link {
    /// Leaves the room.
    fn drop(&mut self) {
        // An error means that the hub is gone, and with it the room.
        let _ = self.to_hub.send(ToHub { from: self.member, said: Said::Left });
    }
}

impl HubEnd {
    pub fn send(&self, message: HubToMember) {
        self.tell(Heard::Hub(message));
    }

    pub fn tell(&self, heard: Heard) {
        if self.0.try_send(heard).is_err() {
            tracing::warn!("a member does not keep up with its hub");
        }
    }
}
