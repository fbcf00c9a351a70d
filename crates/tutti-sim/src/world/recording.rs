//! Everything that was handed in to one member's engine: to be handed in again, alone, where it is measured.

use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::member::{Input, Member};
use tutti_core::playback::{Item, Playback};
use tutti_core::reading::{PlayerSeen, Reading, Seen};
use tutti_core::room::{HubToMember, MemberId, RoomState};
use tutti_core::time::LocalTime;

/// How a member joined, and its inputs with their instants. Comparisons of clocks are left out.
#[derive(Debug, Clone)]
pub struct Recording {
    id: MemberId,
    clock: RoomClock,
    seed: u64,
    joined: LocalTime,
    inputs: Vec<(LocalTime, Input)>,
}

impl Recording {
    pub(super) fn of(id: MemberId, clock: RoomClock, seed: u64, joined: LocalTime) -> Self {
        Self { id, clock, seed, joined, inputs: Vec::new() }
    }

    pub(super) fn note(&mut self, at: LocalTime, input: &Input) {
        self.inputs.push((at, input.clone()));
    }

    /// The member as it was before the first input.
    pub fn member(&self) -> Member {
        Member::new(self.id, self.clock, self.seed, self.joined)
    }

    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Each input with its instant, owning everything that is in it: what a member keeps of it is its own.
    pub fn inputs(&self) -> impl Iterator<Item = (LocalTime, Input)> + '_ {
        self.inputs.iter().map(|(at, input)| (*at, owned(input)))
    }
}

fn owned(input: &Input) -> Input {
    match input.clone() {
        Input::Reading(Reading { asked, answered, seen: Seen::Player(seen) }) => {
            let seen = Seen::Player(PlayerSeen { item: seen.item.as_ref().map(own), ..seen });
            Input::Reading(Reading { asked, answered, seen })
        }
        Input::Queue { of, next } => Input::Queue { of, next: next.map(|next| next.iter().map(own).collect()) },
        Input::FromHub(HubToMember::Room(room)) => {
            let playback = room.playback.as_ref().map(|playback| Playback {
                item: own(&playback.item),
                next: playback.next.iter().map(own).collect(),
                ..playback.clone()
            });
            Input::FromHub(HubToMember::Room(Arc::new(RoomState { playback, ..(*room).clone() })))
        }
        input => input,
    }
}

fn own(item: &Arc<Item>) -> Arc<Item> {
    Arc::new((**item).clone())
}
