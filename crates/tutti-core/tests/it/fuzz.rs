//! What a member and a hub must bear, whatever comes in: arbitrary bytes become inputs at arbitrary instants.
//!
//! Proptest calls this from `enduring.rs`, cargo-fuzz from the folder fuzz/ at the root. No panic, a bounded number of
//! outputs for an input, no deadline that is due again and again, a state that stays small.

#[path = "fuzz/bytes.rs"]
mod bytes;
#[path = "fuzz/gate.rs"]
mod gate;
#[path = "fuzz/inputs.rs"]
mod inputs;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
pub use gate::{gate, wire};
use inputs::Surroundings;
use tutti_core::clock::RoomClock;
use tutti_core::hub::Hub;
use tutti_core::member::{Input, Member};
use tutti_core::room::{ClaimId, HubToMember, MemberId};
use tutti_core::time::LocalTime;

/// Outputs of one input: a look, one at the queue, a command, a claim, a publication, a presence, and an event for each.
const OUTPUTS: usize = 16;
/// A deadline that has come is dealt with by one tick; a second one may come of it.
const TICKS: usize = 3;
/// The state of a member as text, bytes: more than what it takes in memory. Most of it are lines that were left.
pub const MEMBER_TEXT: usize = 120_000;
/// The same of a hub with [`inputs::MEMBERS`] members.
pub const HUB_TEXT: usize = 120_000;

/// Feeds a member.
pub fn member(bytes: &[u8]) {
    let mut fed = Fed::new(bytes);
    while fed.feed() {}
    let text = fed.text();
    assert!(text <= MEMBER_TEXT, "{text} bytes after {} inputs", fed.inputs);
}

/// A member that is being fed.
pub struct Fed<'a> {
    bytes: Bytes<'a>,
    surroundings: Surroundings,
    member: Member,
    now: LocalTime,
    pub inputs: usize,
}

impl<'a> Fed<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut bytes = Bytes::new(bytes);
        let now = bytes.later(LocalTime::default());
        let clock = if bytes.flag() { RoomClock::same_machine() } else { RoomClock::new(bytes.span(), bytes.span()) };
        let member = Member::new(MemberId(0), clock, bytes.byte().into(), now);
        Self { bytes, surroundings: Surroundings::default(), member, now, inputs: 0 }
    }

    /// One more input with everything that comes of it; false when there are no more.
    pub fn feed(&mut self) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        self.now = self.bytes.later(self.now);
        let input = self.surroundings.input(&mut self.bytes, self.now);
        self.handle(input);
        let mut ticks = 0;
        while let Some((_, why)) = self.member.deadline(self.now).filter(|&(at, _)| at <= self.now) {
            ticks += 1;
            assert!(ticks <= TICKS, "due again and again: {why:?}");
            self.handle(Input::Tick);
        }
        self.member.view(self.now);
        self.member.known_line(self.now);
        self.inputs += 1;
        true
    }

    fn handle(&mut self, input: Input) {
        self.member.handle(input, self.now);
        let mut outputs = 0;
        while let Some(output) = self.member.poll() {
            outputs += 1;
            assert!(outputs <= OUTPUTS, "no end of outputs: {output:?}");
            self.surroundings.take(output);
        }
    }

    /// The size of the member's state as text.
    pub fn text(&self) -> usize {
        format!("{:?}", self.member).len()
    }
}

/// The same claim gets the same answer, as long as no more than so many others of that member came between (L2).
const ANSWERS: usize = 16;

/// Feeds a hub.
pub fn hub(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut hub = Hub::new(bytes.byte().into());
    let mut surroundings = Surroundings::default();
    let mut now = LocalTime::default();
    let mut leaders = BTreeMap::new();
    let mut answers: BTreeMap<MemberId, VecDeque<(ClaimId, bool)>> = BTreeMap::new();
    let mut inputs = 0;
    while !bytes.is_empty() {
        now = bytes.later(now);
        let (epoch, seq) = (hub.state().epoch, hub.state().seq);
        surroundings.at_hub(&mut bytes, &mut hub, now);
        let (mut outputs, mut answered) = (0, 0);
        while let Some((to, message)) = hub.poll() {
            outputs += 1;
            if let HubToMember::Answer { claim, accepted } = message {
                answered += 1;
                let known = answers.entry(to).or_default();
                match known.iter().find(|(id, _)| *id == claim) {
                    Some(&(_, before)) => assert_eq!(before, accepted, "another answer to {claim:?} of {to:?}"),
                    None => known.push_back((claim, accepted)),
                }
                if known.len() > ANSWERS {
                    known.pop_front();
                }
            }
        }
        // Everybody's claim may have waited: all are answered, one wins, and then there is the input itself.
        assert!(answered <= inputs::MEMBERS + 1, "{answered} answers");
        assert!(outputs <= 3 * inputs::MEMBERS + answered, "{outputs} messages");
        let state = hub.state();
        assert!(state.epoch >= epoch && state.seq >= seq, "the room went back");
        let leader = *leaders.entry(state.epoch).or_insert(state.leader);
        assert_eq!(leader, state.leader, "two leaders in epoch {}", state.epoch);
        inputs += 1;
    }
    let text = format!("{hub:?}").len();
    assert!(text <= HUB_TEXT, "{text} bytes after {inputs} inputs");
}
