//! A member's connection to its hub: a pair of typed channels, within this process or one day across the network.

use tokio::sync::mpsc;
use tutti_core::room::{HubToMember, MemberId, MemberToHub};

/// A message that the hub does not take in time is no longer needed: every state is sent whole.
const WAITING: usize = 64;

/// The member's end.
#[derive(Debug)]
pub struct Link {
    member: MemberId,
    to_hub: mpsc::UnboundedSender<ToHub>,
    from_hub: mpsc::Receiver<HubToMember>,
}

/// The hub's end of one member's link.
#[derive(Debug)]
pub struct HubEnd(mpsc::Sender<HubToMember>);

/// What reaches the hub.
#[derive(Debug)]
pub struct ToHub {
    pub from: MemberId,
    pub message: Option<MemberToHub>,
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
        if self.to_hub.send(ToHub { from: self.member, message: Some(message) }).is_err() {
            tracing::debug!("the hub is gone");
        }
    }

    /// The next message of the hub; `None` when it is gone.
    pub async fn receive(&mut self) -> Option<HubToMember> {
        self.from_hub.recv().await
    }
}

impl Drop for Link {
    /// Leaves the room.
    fn drop(&mut self) {
        // An error means that the hub is gone, and with it the room.
        let _ = self.to_hub.send(ToHub { from: self.member, message: None });
    }
}

impl HubEnd {
    pub fn send(&self, message: HubToMember) {
        if self.0.try_send(message).is_err() {
            tracing::warn!("a member does not keep up with its hub");
        }
    }
}
