//! Since when a member's hub only stands in for another one: what it brings to the next hub as `since`.

use super::parts::RoomSent;
use crate::room::RoomState;

/// Where a member's hub is, of places `P`, and the one it stands in for as long as nothing was done by hand there.
#[derive(Debug, Clone)]
pub struct StandsIn<P> {
    /// Where the hub was reached last.
    hub: Option<P>,
    other: Option<Other<P>>,
}

/// The room when its hub was last another.
#[derive(Debug, Clone)]
struct Other<P> {
    order: (u64, u64, u64),
    /// How much had been done by hand.
    actions: u64,
    hub: P,
}

impl<P> Default for StandsIn<P> {
    fn default() -> Self {
        Self { hub: None, other: None }
    }
}

impl<P: Clone + PartialEq> StandsIn<P> {
    /// The member is in at this place, where the room is `room`; it knew the room as `known`.
    pub fn welcomed(&mut self, known: Option<&RoomState>, room: &RoomSent, place: &P) {
        if let Some(known) = known.filter(|known| known.term != room.term) {
            let before = self.hub.take().filter(|hub| hub != place);
            self.other = match self.other.take() {
                // Back there: nobody stands in any more.
                Some(other) if other.hub == *place => None,
                Some(other) => Some(other),
                None => before.map(|hub| Other { order: known.order(), actions: known.actions, hub }),
            };
        }
        self.hub = Some(place.clone());
        self.acted(room.actions);
    }

    /// From something done by hand on, this hub's room is the room.
    pub fn acted(&mut self, actions: u64) {
        self.other = self.other.take().filter(|other| other.actions == actions);
    }

    /// The room's term, epoch and seq when its hub was last another.
    pub fn since(&self) -> Option<(u64, u64, u64)> {
        self.other.as_ref().map(|other| other.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member who comes from hub to hub.
    #[derive(Default)]
    struct Ben {
        stands_in: StandsIn<u8>,
        room: Option<RoomState>,
    }

    impl Ben {
        /// The hub at this place lets it in, with a room of this term, changes and acts.
        fn is_welcomed(&mut self, place: u8, term: u64, seq: u64, actions: u64) {
            let room = RoomSent { seq, actions, ..RoomSent::from(&RoomState::new(term)) };
            self.stands_in.welcomed(self.room.as_ref(), &room, &place);
            self.room = Some(room.into());
        }

        fn hears(&mut self, term: u64, seq: u64, actions: u64) {
            let room = RoomSent { seq, actions, ..RoomSent::from(&RoomState::new(term)) };
            self.stands_in.acted(actions);
            self.room = Some(room.into());
        }

        fn since(&self) -> Option<(u64, u64, u64)> {
            self.stands_in.since()
        }
    }

    #[test]
    fn a_hub_stands_in_for_the_one_before_until_somebody_acts_there() {
        let mut ben = Ben::default();
        ben.is_welcomed(1, 1, 7, 3);
        assert_eq!(ben.since(), None, "it is the first one that it knows");
        ben.is_welcomed(1, 1, 8, 3);
        assert_eq!(ben.since(), None, "it is the same one");

        ben.is_welcomed(2, 5, 8, 3);
        assert_eq!(ben.since(), Some((1, 0, 8)));
        // The next item begins by itself, and a further hub stands in for the one that stood in.
        ben.hears(5, 9, 3);
        ben.is_welcomed(3, 9, 9, 3);
        assert_eq!(ben.since(), Some((1, 0, 8)), "what it stands in for is the first one still");

        ben.hears(9, 10, 4);
        assert_eq!(ben.since(), None, "what was done by hand there is the room's");
    }

    #[test]
    fn a_hub_at_which_somebody_acted_before_the_member_came_stands_in_for_nobody() {
        let mut ben = Ben::default();
        ben.is_welcomed(1, 1, 7, 3);

        ben.is_welcomed(2, 5, 8, 4);

        assert_eq!(ben.since(), None);
    }

    #[test]
    fn back_at_the_first_hub_nobody_stands_in_and_the_next_one_does_so_from_then_on() {
        let mut ben = Ben::default();
        ben.is_welcomed(1, 1, 7, 3);
        ben.is_welcomed(2, 5, 7, 3);

        ben.is_welcomed(1, 9, 12, 3);
        assert_eq!(ben.since(), None);
        ben.hears(9, 13, 3);
        ben.is_welcomed(2, 14, 13, 3);

        assert_eq!(ben.since(), Some((9, 0, 13)), "the first one may not have gone on since then");
    }

    #[test]
    fn a_relay_that_came_back_at_its_place_stands_in_for_nobody() {
        let mut ben = Ben::default();
        ben.is_welcomed(1, 1, 7, 3);

        ben.is_welcomed(1, 5, 7, 3);

        assert_eq!(ben.since(), None);
    }
}
