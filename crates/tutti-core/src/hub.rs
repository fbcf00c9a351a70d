//! The hub: the state machine that holds a room, decides who leads, and tells everybody (L1, L2, L4, L6).

mod rush;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rush::Rush;

use crate::follow::NEXT_MOST;
use crate::playback::Playback;
use crate::room::{Action, Claim, ClaimId, HubToMember, MemberId, MemberToHub, Presence, RoomState, When};
use crate::speed::Speed;
use crate::time::{RoomTime, Span};

/// A claim about something that ended longer ago than this is not a takeover: the member follows (L2). In a room that has
/// been paused for long, players are looked at every 16 s at the latest; a resume found then must still count.
const STALE_CLAIM: Span = Span::from_secs(25);
/// Answers kept for each member, so that the same claim gets the same answer: more than can be in flight.
const ANSWERS_KEPT: usize = 16;

/// No hand acts twice alike within this: the clocks of two hubs are compared better.
const SAME_INSTANT: Span = Span::from_millis(500);

/// One room.
#[derive(Debug)]
pub struct Hub {
    state: RoomState,
    members: BTreeMap<MemberId, Seat>,
    joined: u32,
    rush: Rush,
    out: VecDeque<(MemberId, HubToMember)>,
    /// The state changed since [`Hub::take_changed`] was asked.
    changed: bool,
}

/// What the hub knows of a member.
#[derive(Debug)]
struct Seat {
    /// The last claims and their answers.
    answers: VecDeque<(ClaimId, bool)>,
    presence: Presence,
}

impl Hub {
    /// An empty room. `term` counts hubs of the same room.
    pub fn new(term: u64) -> Self {
        Self::restored(RoomState::new(term))
    }

    /// A room as its members knew it under another hub; they are not in it yet.
    pub fn restored(state: RoomState) -> Self {
        Self { state, members: BTreeMap::new(), joined: 0, rush: Rush::default(), out: VecDeque::new(), changed: false }
    }

    /// A new member, who is told the room's state.
    pub fn join(&mut self) -> MemberId {
        let id = self.next_id();
        self.join_as(id);
        id
    }

    /// A number that nobody had.
    pub fn next_id(&mut self) -> MemberId {
        let id = MemberId(self.joined);
        self.joined = self.joined.saturating_add(1);
        id
    }

    /// A member with a number of its own: one that another hub gave, or [`Hub::next_id`].
    pub fn join_as(&mut self, id: MemberId) {
        self.joined = self.joined.max(id.0.saturating_add(1));
        self.members.insert(id, Seat { answers: VecDeque::new(), presence: Presence::Elsewhere });
        self.out.push_back((id, HubToMember::Room(Arc::new(self.state.clone()))));
    }

    /// Numbers below this are those of others, who may come back.
    pub fn reserve(&mut self, next: u32) {
        self.joined = self.joined.max(next);
    }

    /// The room as its members knew it under another hub; everybody is told.
    pub fn take_state(&mut self, state: RoomState) {
        self.state = state;
        self.tell_all();
    }

    /// What was to be said last to this member is not.
    pub(crate) fn unsay(&mut self, member: MemberId) {
        if self.out.back().is_some_and(|(to, _)| *to == member) {
            self.out.pop_back();
        }
    }

    /// Another process speaks for this member from now on: it counts its claims from the start.
    pub fn speaks_anew(&mut self, member: MemberId) {
        if let Some(seat) = self.members.get_mut(&member) {
            seat.answers.clear();
        }
        self.rush.take(member);
    }

    /// Who may lead from now on; None: everybody. Whoever leads and may not is followed no longer (L1).
    pub fn let_lead(&mut self, members: Option<Vec<MemberId>>) {
        if self.state.may_lead == members {
            return;
        }
        self.state.may_lead = members;
        match self.state.leader {
            Some(leader) if self.state.may_lead(leader) => self.tell_all(),
            None if self.state.playback.is_none() => self.tell_all(),
            _ => self.pass_on(self.successor()),
        }
    }

    /// Whoever is closest to the room of those who may lead, else who is there longest of them.
    fn successor(&self) -> Option<MemberId> {
        self.closest().or_else(|| self.members.keys().copied().find(|&member| self.state.may_lead(member)))
    }

    /// A member goes. The playback goes on; whoever is closest to it leads if the leader went, else who is there longest.
    pub fn leave(&mut self, member: MemberId) {
        self.members.remove(&member);
        self.note_speeds();
        self.rush.take(member);
        if self.state.leader == Some(member) {
            self.pass_on(self.successor());
        }
    }

    /// The member in place that is least off.
    fn closest(&self) -> Option<MemberId> {
        let off = |seat: &Seat| match seat.presence {
            Presence::InPlace { off } => Some(off),
            Presence::OwnSpeed(_) | Presence::Elsewhere | Presence::Away => None,
        };
        let may = |id: &MemberId| self.state.may_lead(*id);
        self.members
            .iter()
            .filter(|(id, _)| may(id))
            .filter_map(|(&id, seat)| Some((off(seat)?, id)))
            .min()
            .map(|(_, id)| id)
    }

    fn pass_on(&mut self, to: Option<MemberId>) {
        self.state.leader = to;
        self.state.epoch += 1;
        self.tell_all();
    }

    /// L4: a leader that is gone is followed no longer, as soon as somebody else is in place; the playback goes on.
    fn present(&mut self, from: MemberId, presence: Presence) {
        if let Some(seat) = self.members.get_mut(&from) {
            seat.presence = presence;
        }
        self.note_speeds();
        let leader = self.state.leader.and_then(|leader| self.members.get(&leader));
        if leader.is_some_and(|seat| seat.presence == Presence::Away)
            && let Some(next) = self.closest()
        {
            self.pass_on(Some(next));
        }
    }

    /// Everybody is told who hears an episode at a speed of their own (E7).
    fn note_speeds(&mut self) {
        let own = |(&id, seat): (&MemberId, &Seat)| match seat.presence {
            Presence::OwnSpeed(speed) => Some((id, speed)),
            Presence::InPlace { .. } | Presence::Elsewhere | Presence::Away => None,
        };
        let own_speeds: Vec<(MemberId, Speed)> = self.members.iter().filter_map(own).collect();
        if own_speeds != self.state.own_speeds {
            self.state.own_speeds = own_speeds;
            self.tell_all();
        }
    }

    /// When to call [`Hub::tick`] if no message comes before.
    pub fn deadline(&self) -> Option<RoomTime> {
        self.rush.deadline()
    }

    /// The deadline has come: claims that waited are judged.
    pub fn tick(&mut self, now: RoomTime) {
        let mut won = false;
        for (from, claim, arrived) in self.rush.over(now) {
            // Earlier acts do not undo the one that won, whatever they knew of the room.
            if won {
                self.answer(from, claim.id, false);
            } else {
                won = self.judge(from, claim, arrived, now);
            }
        }
    }

    /// A message of a member; messages of strangers are dropped.
    pub fn handle(&mut self, from: MemberId, message: MemberToHub, now: RoomTime) {
        self.tick(now);
        if !self.members.contains_key(&from) {
            return;
        }
        match message {
            MemberToHub::Claim(claim) => {
                let playback = kept(claim.playback);
                self.claim(from, Claim { playback, ..claim }, now);
            }
            MemberToHub::Presence(presence) => self.present(from, presence),
            MemberToHub::Publish { epoch, playback } => self.publish(from, epoch, kept(playback)),
        }
    }

    /// The next message to send.
    pub fn poll(&mut self) -> Option<(MemberId, HubToMember)> {
        self.out.pop_front()
    }

    pub fn state(&self) -> &RoomState {
        &self.state
    }

    /// How many things it has stored: members, answers, what waits and what is to be said.
    pub fn stored(&self) -> usize {
        let answers: usize = self.members.values().map(|seat| seat.answers.len()).sum();
        let speeds = self.state.own_speeds.len() + self.state.may_lead.as_ref().map_or(0, Vec::len);
        self.members.len() + answers + self.rush.stored() + self.out.len() + speeds
    }

    /// Judges a claim, or lets it wait (L6); the same claim gets the same answer (L2).
    fn claim(&mut self, from: MemberId, claim: Claim, now: RoomTime) {
        let answers = self.members.get(&from).map(|seat| &seat.answers);
        let known = answers.and_then(|answers| answers.iter().find(|(known, _)| *known == claim.id));
        if let Some(&(claim, accepted)) = known {
            self.out.push_back((from, HubToMember::Answer { claim, accepted }));
        } else if self.state.leader != Some(from) && self.rush.holds(now) {
            if let Some(replaced) = self.rush.wait(from, claim, now) {
                self.answer(from, replaced.id, false);
            }
        } else {
            // Whose claim waited may lead by now, since another left.
            if let Some(waited) = self.rush.take(from).filter(|waited| waited.id != claim.id) {
                self.answer(from, waited.id, false);
            }
            self.judge(from, claim, now, now);
        }
    }

    /// Whether the room is what the claim says now.
    fn judge(&mut self, from: MemberId, claim: Claim, arrived: RoomTime, now: RoomTime) -> bool {
        let id = claim.id;
        if self.is_in_force(from, &claim) {
            self.answer(from, id, true);
            return true;
        }
        let took_over = self.state.leader.is_some_and(|leader| leader != from);
        let accepted = self.accept(from, claim, arrived);
        if accepted && took_over {
            self.rush.changed(now);
        }
        if accepted {
            self.tell_all();
        }
        self.answer(from, id, accepted);
        accepted
    }

    /// The room is what it is by this act: a hub before this one accepted it, and its answer was lost (L2).
    fn is_in_force(&self, from: MemberId, claim: &Claim) -> bool {
        self.state.action.as_ref().is_some_and(|action| {
            let apart = (action.when.midpoint() - claim.when.midpoint()).abs();
            action.member == from && action.act == claim.act && apart < SAME_INSTANT && claim.epoch < self.state.epoch
        })
    }

    fn answer(&mut self, from: MemberId, claim: ClaimId, accepted: bool) {
        if let Some(seat) = self.members.get_mut(&from) {
            seat.answers.push_back((claim, accepted));
            if seat.answers.len() > ANSWERS_KEPT {
                seat.answers.pop_front();
            }
        }
        self.out.push_back((from, HubToMember::Answer { claim, accepted }));
    }

    /// `arrived`: no act is later than its claim (L2).
    fn accept(&mut self, from: MemberId, claim: Claim, arrived: RoomTime) -> bool {
        let latest = claim.when.latest.min(arrived);
        let when = When { earliest: claim.when.earliest.min(latest), latest };
        let newer = claim.epoch == self.state.epoch
            || self.state.action.as_ref().is_none_or(|action| when.midpoint() > action.when.midpoint());
        let takeover = self.state.leader != Some(from);
        let stale = takeover && arrived - latest > STALE_CLAIM;
        if stale || !newer || claim.epoch > self.state.epoch || !self.state.may_lead(from) {
            return false;
        }
        self.state.action =
            Some(Action { member: from, when, act: claim.act, takeover: takeover && self.state.leader.is_some() });
        self.state.actions += 1;
        self.state.epoch += u64::from(takeover);
        self.state.leader = Some(from);
        self.state.playback = Some(claim.playback);
        self.state.seq += 1;
        true
    }

    fn publish(&mut self, from: MemberId, epoch: u64, playback: Playback) {
        if epoch != self.state.epoch {
            return;
        }
        match self.state.leader {
            Some(leader) if leader == from => {}
            None if !self.state.may_lead(from) => return,
            None => {
                self.state.leader = Some(from);
                self.state.epoch += 1;
            }
            Some(_) => return,
        }
        self.state.playback = Some(playback);
        self.state.seq += 1;
        self.tell_all();
    }

    /// Whether the state changed since this was asked: also in a room without members, which others may listen to.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn tell_all(&mut self) {
        self.changed = true;
        let room = Arc::new(self.state.clone());
        self.out.extend(self.members.keys().map(|&id| (id, HubToMember::Room(Arc::clone(&room)))));
    }
}

/// What is kept for everybody of a playback that a member tells.
fn kept(mut playback: Playback) -> Playback {
    playback.next.truncate(NEXT_MOST);
    playback
}
