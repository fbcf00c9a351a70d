//! What a member keeps from one connection to the next: who it is in the room, the clock, the room, what was not answered.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use tutti_core::clock::{ClockSync, RoomClock};
use tutti_core::proof::{Nonce, Token};
use tutti_core::room::{Claim, ClaimId, HubToMember, MemberId, MemberToHub, Presence, RoomState};
use tutti_core::standing::View;
use tutti_core::time::{LocalTime, RoomTime, Span};
use tutti_core::wire::parts::{ActSent, RoomSent};
use tutti_core::wire::shown::Shown;
use tutti_core::wire::since::StandsIn;
use tutti_core::wire::{Brought, Hello, Hex, MembersSent, ToHub, UserSent, VERSION, Welcome};

use super::Meeting;
use super::member::Who;
use crate::invite::HubAddress;

/// Claims that wait for their answers: more than a hand can act before a connection is given up.
const MOST_UNANSWERED: usize = 16;
/// How a member stands is told this often at most, and at once when it is of another kind.
const STANDS_APART: Span = Span::from_millis(500);

/// What is known over all connections of one member.
pub struct Session {
    pub id: Option<MemberId>,
    token: Option<Token>,
    clock_name: Option<String>,
    pub clock: ClockSync,
    seed: u64,
    pub room: Option<Arc<RoomState>>,
    next_member: u32,
    stands_in: StandsIn<HubAddress>,
    /// Counts how often driving began: claims of one are never taken for those of another.
    generation: u32,
    unanswered: VecDeque<(u64, ToHub)>,
    presence: Option<Presence>,
    /// What the others are to see, as soon as it is due.
    view: Option<Box<View>>,
    told: Option<(LocalTime, Shown)>,
}

/// When and from where a hello is said.
pub struct HelloAt {
    pub local: Option<IpAddr>,
    pub now: LocalTime,
    /// The account is driven here, and may be for a while yet.
    pub drives: bool,
}

impl Session {
    pub fn new(seed: u64, now: LocalTime) -> Self {
        Self {
            id: None,
            token: None,
            clock_name: None,
            clock: ClockSync::new(seed, now),
            seed,
            room: None,
            next_member: 0,
            stands_in: StandsIn::default(),
            generation: 0,
            unanswered: VecDeque::new(),
            presence: None,
            view: None,
            told: None,
        }
    }

    /// What is said first.
    pub fn hello(&self, meeting: &Meeting, who: &Who, nonce: Nonce, at: HelloAt) -> Hello {
        let HelloAt { local, now, drives } = at;
        let room = meeting.secret.room();
        let known = self.id.zip(self.room.as_ref()).zip(self.clock.clock(now)).zip(self.clock_name.as_ref());
        let brings = known.map(|(((member, room), clock), name)| Brought {
            member: member.0,
            next_member: self.next_member,
            room: RoomSent::from(&**room),
            now_us: clock.to_room(now).as_micros(),
            clock: name.clone(),
            since: self.stands_in.since(),
        });
        Hello {
            version: VERSION,
            room: Hex(room),
            proof: Hex(meeting.secret.prove(nonce)),
            // Whoever was in it brings it back.
            open: meeting.opens || brings.is_some(),
            name: who.name.clone(),
            device: meeting.device.clone(),
            user: Some(UserSent {
                id: Hex(meeting.user.user(room)),
                proof: Hex(meeting.user.prove(nonce, room)),
                account: Hex(who.mark),
            }),
            resume: self.token.map(Hex),
            drives,
            brings: brings.map(Box::new),
            heir: meeting.heir.as_ref().map(|heir| heir.seen_from(local).authority()),
        }
    }

    /// It is in, at this place. Of another hub's clock nothing is known yet.
    pub fn welcomed(&mut self, welcome: &Welcome, place: &HubAddress, now: LocalTime) {
        self.id = Some(MemberId(welcome.member));
        self.token = Some(welcome.token.0);
        if self.clock_name.as_ref() != Some(&welcome.clock) {
            let before = self.clock.clock(now).map(|clock| clock.to_room(now));
            let ahead = before.map_or(0, |before| welcome.now_us.saturating_sub(before.as_micros()));
            self.unanswered.iter_mut().for_each(|(_, claim)| claim.shift(ahead));
            self.clock = ClockSync::new(self.seed, now);
            self.clock_name = Some(welcome.clock.clone());
        }
        self.told = None;
        self.stands_in.welcomed(self.room.as_deref(), &welcome.room, place);
        self.members(&welcome.members);
    }

    pub fn members(&mut self, members: &MembersSent) {
        let highest = members.list.iter().map(|member| member.id).max();
        self.next_member = self.next_member.max(highest.map_or(0, |id| id.saturating_add(1)));
    }

    /// A room that is news; an older one is none.
    pub fn newer(&mut self, room: RoomSent) -> Option<Arc<RoomState>> {
        let room = RoomState::from(room);
        if self.room.as_ref().is_some_and(|known| known.order() > room.order()) {
            return None;
        }
        self.stands_in.acted(room.actions);
        let room = Arc::new(room);
        self.room = Some(Arc::clone(&room));
        Some(room)
    }

    pub fn room_clock(&self, now: LocalTime) -> Option<RoomClock> {
        self.clock.clock(now)
    }

    /// The room's clock at this moment, for a hub that goes on with it.
    pub fn clock_now(&self, now: LocalTime) -> Option<(String, RoomTime)> {
        Some((self.clock_name.clone()?, self.clock.clock(now)?.to_room(now)))
    }

    /// Another device drives: what was claimed here is nobody's any more.
    pub fn drives_no_more(&mut self) {
        self.unanswered.clear();
    }

    /// Driving begins: what was claimed before is nobody's any more.
    pub fn drives_anew(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.unanswered.clear();
        self.presence = None;
    }

    /// What the member says to its hub, as it travels.
    pub fn sending(&mut self, message: MemberToHub) -> ToHub {
        match message {
            MemberToHub::Claim(Claim { id, epoch, when, act, playback }) => {
                let id = (u64::from(self.generation) << 32) | (id.0 & u64::from(u32::MAX));
                let (when, act) = (when.into(), ActSent::from(&act));
                let claim = ToHub::Claim { id, epoch, when, act, playback: (&playback).into() };
                self.unanswered.push_back((id, claim.clone()));
                if self.unanswered.len() > MOST_UNANSWERED {
                    self.unanswered.pop_front();
                }
                claim
            }
            MemberToHub::Presence(presence) => {
                self.presence = Some(presence);
                ToHub::Presence(presence.into())
            }
            MemberToHub::Publish { epoch, playback } => ToHub::Publish { epoch, playback: (&playback).into() },
        }
    }

    /// What a hub that may not have heard it is told again.
    pub fn again(&self) -> impl Iterator<Item = ToHub> {
        let presence = self.presence.map(|presence| ToHub::Presence(presence.into()));
        presence.into_iter().chain(self.claims().cloned())
    }

    /// Claims whose answers have not come.
    pub fn claims(&self) -> impl Iterator<Item = &ToHub> {
        self.unanswered.iter().map(|(_, claim)| claim)
    }

    /// The answer to a claim, if it is one of whoever drives now.
    pub fn answer(&mut self, id: u64, accepted: bool) -> Option<HubToMember> {
        self.unanswered.retain(|(claimed, _)| *claimed != id);
        let own = id >> 32 == u64::from(self.generation);
        own.then_some(HubToMember::Answer { claim: ClaimId(id & u64::from(u32::MAX)), accepted })
    }

    pub fn stands(&mut self, view: Box<View>) {
        self.view = Some(view);
    }

    /// When what the others see is due.
    pub fn stands_at(&self, now: LocalTime) -> Option<LocalTime> {
        let view = self.view.as_ref()?;
        let of_another_kind = |shown: &Shown| shown.standing != view.standing.into();
        match &self.told {
            Some((at, shown)) if !of_another_kind(shown) => Some(*at + STANDS_APART),
            _ => Some(now),
        }
    }

    /// What the others are to see now; None: nothing new.
    pub fn standing(&mut self, now: LocalTime) -> Option<ToHub> {
        let view = self.view.take()?;
        let shown = Shown::of(&view, self.clock.clock(now)?, now);
        let news = self.told.as_ref().is_none_or(|(_, told)| says_more(told, &shown));
        if !news {
            return None;
        }
        self.told = Some((now, shown.clone()));
        Some(ToHub::Standing(Box::new(shown)))
    }
}

/// A position that ran on as it was told says nothing new.
fn says_more(told: &Shown, shown: &Shown) -> bool {
    let same_player = match (&told.player, &shown.player) {
        (Some(told), Some(shown)) => {
            let ran = if told.playing { shown.at_us - told.at_us } else { 0 };
            let off = shown.position_us - told.position_us - ran;
            (&told.title, told.playing, told.speed_ppm) == (&shown.title, shown.playing, shown.speed_ppm)
                && (told.speed_ppm != 1_000_000 || off.abs() < 20_000)
        }
        (None, None) => true,
        _ => false,
    };
    let apart = |one: Option<i64>, other: Option<i64>| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() >= 1_000,
        (one, other) => one != other,
    };
    !same_player
        || told.standing != shown.standing
        || told.trouble != shown.trouble
        || told.device != shown.device
        || told.trim_us != shown.trim_us
        || apart(told.error_us, shown.error_us)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::sync::mpsc;
    use tutti_core::clock::Exchange;
    use tutti_core::proof::{AccountMark, RoomSecret, UserKey};
    use tutti_core::wire::LimitsSent;

    use super::*;

    const NOW: LocalTime = LocalTime::from_micros(1_000_000);

    /// A hub at this port lets it in, with a room of this term; its clock is the machine's.
    fn is_welcomed(session: &mut Session, port: u16, term: u64) {
        let room = RoomSent::from(&RoomState::new(term));
        let welcome = Welcome {
            member: 1,
            token: Hex(Token::new([1; 16])),
            clock: "one".into(),
            now_us: NOW.as_micros(),
            drives: true,
            limits: LimitsSent { message_bytes: 16_384, messages_s: 20, members: 64, beat_ms: 5_000, missed_pings: 3 },
            room: room.clone(),
            members: MembersSent::default(),
        };
        session.welcomed(&welcome, &place(port), NOW);
        session.newer(room);
        let at = RoomTime::from_micros(NOW.as_micros());
        // The same exchange a second time is none.
        let _ = session.clock.exchange(Exchange { sent: NOW, hub_received: at, hub_sent: at, received: NOW });
    }

    fn place(port: u16) -> HubAddress {
        HubAddress::plain([127, 0, 0, 1].into(), port)
    }

    #[test]
    fn a_member_says_since_when_its_hub_stands_in_until_somebody_acts_there() {
        let (secret, user) = (RoomSecret::new([3; 16]), UserKey::new([4; 16]));
        let meeting = Meeting::new(secret, user, vec![place(1)], false, None, mpsc::unbounded_channel().0);
        let who = Who { account: "ben".into(), mark: AccountMark::of("ben"), name: "Ben".into() };
        let at = || HelloAt { local: None, now: NOW, drives: true };
        let since = |session: &Session| session.hello(&meeting, &who, Nonce::new([2; 32]), at()).brings.unwrap().since;
        let mut session = Session::new(1, NOW);

        is_welcomed(&mut session, 1, 1);
        assert_eq!(since(&session), None);
        is_welcomed(&mut session, 2, 5);
        assert_eq!(since(&session), Some((1, 0, 0)));
        session.newer(RoomSent { seq: 1, actions: 1, ..RoomSent::from(&RoomState::new(5)) });
        assert_eq!(since(&session), None, "what was done by hand there is the room's");
    }
}
