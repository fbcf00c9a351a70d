//! Leading: claims for what a hand did, and the leader's line for everybody else (L1, L2, F5).

use std::sync::Arc;

use crate::follow::NEXT_MOST;
use crate::member::Member;
use crate::observe::Line;
use crate::playback::{Item, Playback};
use crate::room::{Act, Claim, ClaimId, MemberToHub, RoomState, When};
use crate::time::{LocalTime, Span};

/// A better estimate of the leader's line is published when it moved by more than this.
const WORTH_PUBLISHING: Span = Span::from_millis(4);

/// The leader's player is given so long to come back to its place; then the room goes where it is.
const PUT_RIGHT: Span = Span::from_secs(12);
/// A leader that loses its place again so soon is followed (A4).
const AGAIN_WITHIN: Span = Span::from_secs(60);
/// Back in its place: no further off than this, or nothing more is to be corrected.
const RIGHT: Span = Span::from_millis(80);

/// A leader tells of the next item sooner than this after the end of the one before, if it can. One that is being put right
/// has nobody to wait for, but may be late by what is still to be put right.
const GOES_ON_AFTER: Span = Span::from_secs(4);
const GOES_ON_WITHOUT_LEADER: Span = Span::from_secs(1);
/// So near to where the list has it after some items, a player is where it went by itself: items start late, or fade.
const BY_LIST: Span = Span::from_secs(15);

/// How the leader's player lost its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaderLost {
    /// It stood.
    Time,
    /// It went elsewhere by itself (A5).
    Place,
    /// It could not be seen for a while.
    Sight,
    /// A command that was on its way undid what its user did.
    Command,
}

/// What a member remembers of claiming and leading.
#[derive(Debug, Default)]
pub struct Lead {
    claims: u64,
    /// The claim whose answer is awaited.
    open: Option<ClaimId>,
    /// The epoch in force when the player was last seen where it was expected.
    epoch_fitted: u64,
    /// The item whose queue was read or asked for, what came next, and whether that was shortly before its end.
    queue_of: Option<String>,
    queue_late: bool,
    next: Vec<Arc<Item>>,
    /// The item during which that was read.
    known_for: Option<String>,
    /// Which items come next has changed since it was published.
    next_changed: bool,
    /// The leader's player is being put right until then; meanwhile it says nothing to the room.
    right_until: Option<LocalTime>,
    /// When it last lost its place by itself.
    lost: Option<LocalTime>,
    /// During this item the player goes elsewhere by itself: the room's line stays (A5).
    astray: Option<String>,
    /// A command landed while the claim for what its user did was on its way.
    undone: bool,
}

impl Lead {
    /// A claim is on its way.
    pub fn claims(&self) -> bool {
        self.open.is_some()
    }

    pub fn answered(&mut self, claim: ClaimId) {
        if self.open == Some(claim) {
            self.open = None;
        }
    }

    /// The room's line stays and this player is put right; not twice in a minute. `item`: what it plays.
    pub fn put_right(&mut self, how: LeaderLost, item: Option<&str>, now: LocalTime) {
        let itself = matches!(how, LeaderLost::Time | LeaderLost::Place);
        let again = itself && self.lost.is_some_and(|lost| now - lost < AGAIN_WITHIN);
        self.right_until =
            if again { self.right_until.filter(|_| how != LeaderLost::Place) } else { Some(now + PUT_RIGHT) };
        if itself {
            self.lost = Some(now);
        }
        if how == LeaderLost::Place {
            self.astray = item.map(str::to_owned);
        }
    }

    /// The leader's player is being put right.
    pub fn is_put_right(&self) -> bool {
        self.right_until.is_some()
    }

    pub fn puts_right_until(&self) -> Option<LocalTime> {
        self.right_until
    }

    /// It was not put right in time: true once.
    pub fn gave_up_putting_right(&mut self, now: LocalTime) -> bool {
        self.right_until.take_if(|until| now >= *until).is_some()
    }

    /// A command landed: had its user acted meanwhile? To be put right when the claim is answered, or at once: true.
    pub fn undoes(&mut self, leads: bool) -> bool {
        self.undone |= self.claims();
        leads && !self.claims() && !self.is_put_right()
    }

    /// A command had landed while the claim was on its way.
    pub fn was_undone(&mut self) -> bool {
        std::mem::take(&mut self.undone)
    }

    /// The player is where it was expected, so what a hand does from now on saw this epoch.
    pub fn fitted(&mut self, room: Option<&Arc<RoomState>>) {
        self.epoch_fitted = room.map_or(0, |room| room.epoch);
    }

    /// This member leads now: what its own queue holds is not known.
    pub fn took_over(&mut self) {
        self.queue_of = None;
        self.queue_late = false;
        self.next.clear();
        self.astray = None;
    }

    /// Should the queue be read now? Once when an item starts and once shortly before it ends; answered yes once.
    pub fn wants_queue(&mut self, playing: Option<String>, late: bool) -> bool {
        let Some(uri) = playing else { return false };
        if self.queue_of.as_ref() != Some(&uri) {
            self.queue_of = Some(uri);
            self.queue_late = false;
            return true;
        }
        let again = late && !self.queue_late;
        self.queue_late |= late;
        again
    }

    /// The queue of this item was read shortly before its end, or is being read.
    pub fn queue_known_late(&self, uri: &str) -> bool {
        self.queue_of.as_deref() == Some(uri) && self.queue_late
    }

    pub fn queue_read(&mut self, of: Option<String>, next: Option<Vec<Arc<Item>>>, playing: Option<String>) {
        // A queue that cannot be read (a free account) is known to be unknown: nobody waits for it.
        if of.is_none() || of != playing {
            return;
        }
        let mut next = next.unwrap_or_default();
        next.truncate(NEXT_MOST);
        self.next_changed |= next != self.next || self.known_for != of;
        self.next = next;
        self.known_for = of;
    }

    /// The item went on: what came next is being played, what follows it still holds until the queue is read again.
    pub(crate) fn next_after(&self, item: &Item) -> Vec<Arc<Item>> {
        let behind = self.next.iter().position(|next| next.uri == item.uri).map_or(0, |index| index + 1);
        self.next[behind..].to_vec()
    }
}

impl Member {
    /// This member's line as the room should see it: its trim taken off.
    fn playback(&self, now: LocalTime) -> Option<Playback> {
        let line = self.observer.line()?;
        Some(Playback {
            item: Arc::clone(&line.item),
            playing: line.playing(),
            position: self.untrimmed(line, now),
            at: self.clock.to_room(now),
            speed: line.estimate.speed(),
            speed_known: line.estimate.speed_known(),
            bound: line.bound(now),
            next: self.lead.next_after(&line.item),
            next_known: self.lead.known_for.as_ref() == Some(&line.item.uri),
        })
    }

    /// Where this member's line is for the room: without its trim.
    fn untrimmed(&self, line: &Line, now: LocalTime) -> Span {
        line.estimate.position(now) - line.estimate.speed().run(self.trim)
    }

    /// How far this line is from where the room is, by its list where nobody told; None: on another item or in another state.
    fn off_the_room(&self, line: &Line, now: LocalTime) -> Option<Span> {
        let room_now = self.clock.to_room(now);
        let known = self.room.as_ref()?.playback.clone()?.gone_on(room_now, self.goes_on_after());
        let same = known.playing == line.playing() && known.item.same_recording(&line.item);
        same.then(|| self.untrimmed(line, now) - known.line_at(room_now))
    }

    /// How long after the end of its item the room is taken to have gone on by its list, if nobody tells.
    pub(crate) fn goes_on_after(&self) -> Span {
        if self.leads() { GOES_ON_WITHOUT_LEADER } else { GOES_ON_AFTER }
    }

    /// Nobody led while the room's item ended, and this player went on with what comes next by itself: there is no other
    /// place for the room to be.
    pub(crate) fn went_on_alone(&self, now: LocalTime) -> bool {
        let (Some(room), Some(line)) = (&self.room, self.observer.line()) else { return false };
        let Some((known, end)) = room.playback.as_ref().and_then(|known| Some((known, known.ends_at()?))) else {
            return false;
        };
        let room_now = self.clock.to_room(now);
        if end >= room_now {
            return false;
        }
        // The same item may have begun anew; who stands in the midst of it, or is still on its way, did not go on.
        let began = self.clock.to_room(line.estimate.passes(Span::ZERO));
        let same = known.item.same_recording(&line.item);
        if known.clone().gone_on(room_now, Span::ZERO).item.same_recording(&known.item) {
            return !line.playing() || !same || began >= end - BY_LIST;
        }
        line.playing() && self.off_the_room(line, now).is_some_and(|off| off.abs() <= BY_LIST)
    }

    /// What this member's player goes on with by itself: the leader's own queue, or the list that was given along.
    pub(crate) fn goes_on_with(&self) -> Vec<Arc<Item>> {
        let Some(line) = self.observer.line() else { return Vec::new() };
        let room = self.room.as_ref().and_then(|room| room.playback.as_ref());
        if self.leads() {
            let known = self.lead.known_for.as_ref() == Some(&line.item.uri);
            return if known { self.lead.next_after(&line.item) } else { Vec::new() };
        }
        match room.filter(|_| self.follow.gave_list()) {
            Some(room) if !room.item.same_recording(&line.item) => vec![Arc::clone(&room.item)],
            Some(room) if room.next_known => room.next.clone(),
            _ => Vec::new(),
        }
    }

    /// A hand acted on this member's player: the room should follow.
    pub(crate) fn claim(&mut self, act: Act, when: When, now: LocalTime) {
        if matches!(act, Act::Started(_)) {
            self.lead.took_over();
        }
        let Some(playback) = self.playback(now) else {
            return;
        };
        let id = ClaimId(self.lead.claims);
        self.lead.claims += 1;
        self.lead.open = Some(id);
        self.lead.undone = false;
        self.lead.right_until = None;
        self.lead.astray = None;
        self.lead.next_changed = false;
        self.tell(MemberToHub::Claim(Claim { id, epoch: self.lead.epoch_fitted, when, act, playback }));
    }

    /// The leader tells where it is, if that is news. In a room where nobody leads yet, whoever plays does.
    pub(crate) fn publish(&mut self, now: LocalTime) {
        if self.pauses.is_out() || self.waits_for_ad() {
            return;
        }
        let Some(line) = self.observer.line() else { return };
        let astray = self.leads() && line.playing() && self.lead.astray.as_ref() == Some(&line.item.uri);
        if self.lead.is_put_right() || astray {
            let off = self.off_the_room(line, now);
            let settles = self.follow.settling(now) || self.observer.in_flight(now);
            let right = if astray { RIGHT } else { self.follow.settles_above(None).max(RIGHT) };
            if self.leads() && (settles || astray) && off.is_none_or(|off| off.abs() > right) {
                return;
            }
            self.lead.right_until = None;
            self.lead.astray = None;
        }
        let Some(line) = self.observer.line() else { return };
        let Some(room) = &self.room else { return };
        if self.lead.claims() {
            return;
        }
        let news = match (&room.leader, &room.playback) {
            (None, _) => line.playing() && self.sync,
            (Some(leader), _) if *leader != self.id => false,
            (Some(_), None) => true,
            (Some(_), Some(known)) => {
                let room_now = self.clock.to_room(now);
                let moved = self.untrimmed(line, now) - known.line_at(room_now);
                // A room that has ended stays at its end, wherever the leader's player went back to.
                let ended = !known.playing && known.position >= known.item.duration && !line.playing();
                let tighter = line.bound(now) * 2 < known.bound;
                let (speed, speed_known) = (line.estimate.speed(), line.estimate.speed_known());
                let other = !known.item.same_recording(&line.item)
                    || known.playing != line.playing()
                    || (known.speed, known.speed_known) != (speed, speed_known);
                // Who leads since another left may stand elsewhere in a room that stands: no command loads an item.
                let elsewhere = !known.item.same_recording(&line.item) && !known.playing && !line.playing();
                !ended && !elsewhere && (other || moved.abs() > WORTH_PUBLISHING || tighter || self.lead.next_changed)
            }
        };
        let epoch = room.epoch;
        if news && let Some(playback) = self.playback(now) {
            self.lead.next_changed = false;
            self.tell(MemberToHub::Publish { epoch, playback });
        }
    }

    /// The leader's last item is over: the room stands at its end, wherever the player itself went back to.
    pub(crate) fn publish_ended(&mut self, now: LocalTime) {
        if !self.leads() {
            return;
        }
        let Some((epoch, mut playback)) =
            self.room.as_ref().and_then(|room| Some((room.epoch, room.playback.clone()?)))
        else {
            return;
        };
        playback.playing = false;
        playback.position = playback.item.duration;
        playback.at = self.clock.to_room(now);
        playback.next.clear();
        self.tell(MemberToHub::Publish { epoch, playback });
    }
}
