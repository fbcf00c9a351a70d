//! One member's way to its hub: connects, says hello, keeps the clock and the heartbeats, and comes back when it broke off.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tutti_core::clock::{Exchange, RoomClock};
use tutti_core::proof::AccountMark;
use tutti_core::room::{HubToMember, MemberId, RoomState};
use tutti_core::time::{LocalTime, RoomTime, Span};
use tutti_core::wire::{FromHub, ToHub, Trouble, Welcome};

use super::connection::{Broken, Connection};
use super::heir::Inheritance;
use super::session::{HelloAt, Session};
use super::{Meeting, Reached, Told, Wish, nearby, refusal_code};
use crate::clock::{self, SuspendWatch};
use crate::invite::HubAddress;
use crate::link::{Heard, HubEnd, Link, Said, ToHub as FromAgent};
use crate::problem::Problem;

/// Whoever said nothing since then that the hub answered drives no longer: the hub lets another do it so long after its last
/// answer. What it tells of its own does not count: it may not hear any more.
const DRIVES_FOR: Span = Span::from_secs(8);
/// A hub that was not heard for so long is gone: two heartbeats, and time for the answer.
const GONE_AFTER: Span = Span::from_secs(11);
/// A burst, and those of a connection that is about to be given up.
const MOST_PINGS: usize = 16;
/// A claim that was not answered is sent again.
const AGAIN_AFTER: Span = Span::from_secs(3);
/// The hub says something within this, after it was connected to.
const GREETING: Duration = Duration::from_secs(10);
/// The first try comes after this, each one after twice as long, up to the last; a random part of it is waited.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A hub that was never reached is not there after so many tries…
const FIRST_TRIES: u32 = 4;
/// … and so long after the first of them, where a member's program may be about to take it over: whoever comes back soon
/// after the host's program ended finds who holds it next.
const FIRST_FOR: Duration = Duration::from_secs(4);
const LAST_WAIT: Duration = Duration::from_secs(8);
/// Where one of the members takes the hub over, nobody looks for it less often.
const HEIRS_WAIT: Duration = Duration::from_secs(1);
/// The local network is asked where the hub is, when nobody answers, this often at most.
const LOOKS_APART: Duration = Duration::from_secs(20);
/// The first heir waits so long for the hub to come back, each further one this much longer.
const INHERITS_AFTER: Duration = Duration::from_millis(1_500);
/// Commands show for so long: whoever drives next waits as long.
pub(crate) const SHOWS_FOR: Span = Span::from_millis(4_500);

/// Who comes.
pub struct Who {
    pub account: String,
    pub mark: AccountMark,
    pub name: String,
}

/// How a connection, or the way to one, ended.
enum End {
    /// The member left.
    Left,
    Lost,
    /// The hub ends: be back within a random part of this.
    Leaving(Duration),
    Refused(Trouble),
    /// Somebody else has its number by now: it has to begin as somebody new.
    Taken,
}

struct Online {
    meeting: Arc<Meeting>,
    who: Who,
    session: Session,
    /// Until the first welcome.
    first: Option<oneshot::Sender<Result<Link, Problem>>>,
    to_hub: mpsc::UnboundedSender<FromAgent>,
    from_agent: mpsc::UnboundedReceiver<FromAgent>,
    agent: Option<HubEnd>,
    wishes: mpsc::UnboundedReceiver<Wish>,
    drives: bool,
    /// The hub lets this connection drive.
    granted: bool,
    /// When that was said which the hub answered last.
    answered: LocalTime,
    /// What the hub said before anything was known of its clock.
    waits: Option<Arc<RoomState>>,
    waits_to_drive: Option<Span>,
    heard: LocalTime,
    again: LocalTime,
    /// Those that are not answered yet.
    pings: VecDeque<LocalTime>,
    suspend: SuspendWatch,
}

/// Keeps one member in its room until its agent drops the link.
pub async fn run(
    meeting: Arc<Meeting>,
    who: Who,
    first: oneshot::Sender<Result<Link, Problem>>,
    wishes: mpsc::UnboundedReceiver<Wish>,
) {
    let now = clock::now();
    let (to_hub, from_agent) = mpsc::unbounded_channel();
    let online = Online {
        meeting,
        who,
        session: Session::new(rand::random(), now),
        first: Some(first),
        to_hub,
        from_agent,
        agent: None,
        wishes,
        drives: false,
        granted: false,
        answered: now,
        waits: None,
        waits_to_drive: None,
        heard: now,
        again: now,
        pings: VecDeque::new(),
        suspend: SuspendWatch::new(),
    };
    Box::pin(online.run()).await;
}

impl Online {
    async fn run(mut self) {
        let mut wait = FIRST_WAIT;
        let mut lost_since: Option<Instant> = None;
        let mut tries = 0;
        let mut looked = None;
        loop {
            let was_in = self.session.room.is_some();
            let end = self.attempt().await;
            let reached = matches!(end, End::Leaving(_)) || self.heard_lately();
            if reached {
                (wait, lost_since) = (FIRST_WAIT, None);
            }
            let pause = match end {
                End::Left => return,
                End::Taken => return self.taken().await,
                End::Refused(trouble) if self.first.is_some() || !trouble.may_pass() => {
                    return self.refused(trouble).await;
                }
                End::Leaving(within) => within.mul_f64(rand::rng().random_range(0.0..1.0)),
                End::Lost | End::Refused(_) => wait.mul_f64(rand::rng().random_range(0.3..1.0)),
            };
            if !reached && !self.find_nearby(&mut looked).await {
                return;
            }
            tries += 1;
            let lost = *lost_since.get_or_insert_with(Instant::now);
            let may_come = self.meeting.heir.is_some() && lost.elapsed() < FIRST_FOR;
            if self.first.is_some() && tries >= FIRST_TRIES && !may_come {
                // Whoever waits for it is told that nobody answers.
                return;
            }
            self.tell_reached(Reached::Not);
            if was_in && self.inherits(lost) {
                continue;
            }
            if matches!(self.idle(pause).await, End::Left) {
                return;
            }
            wait = (wait * 2).min(if self.meeting.heir.is_some() { HEIRS_WAIT } else { LAST_WAIT });
        }
    }

    fn heard_lately(&self) -> bool {
        self.agent.is_some() && clock::now() - self.heard < Span::from_secs(2)
    }

    /// The hub does not let it in.
    async fn refused(&mut self, trouble: Trouble) {
        if let Some(first) = self.first.take() {
            let problem = Problem::new(refusal_code(trouble)).with("address", self.meeting.places.shown());
            // An error means that nobody waits any more.
            let _ = first.send(Err(problem));
            return;
        }
        self.rest();
        self.tell_reached(Reached::Refused(trouble));
        while !matches!(self.idle(LAST_WAIT).await, End::Left) {}
    }

    /// Its number is another's: whoever it plays for brings it in anew.
    async fn taken(&mut self) {
        self.rest();
        self.tell_reached(Reached::Not);
        self.meeting.tell(Told::Taken(self.who.account.clone()));
        while !matches!(self.idle(LAST_WAIT).await, End::Left) {}
    }

    /// Nobody answers where the hub was: a member's program that holds it tells the local network. Who is not in yet waits
    /// for what is found; in a room it comes in passing, since it may be this one's turn to hold the hub. False: it left
    /// meanwhile.
    async fn find_nearby(&mut self, looked: &mut Option<Instant>) -> bool {
        let again = looked.is_none_or(|looked| looked.elapsed() >= LOOKS_APART);
        if self.meeting.heir.is_none() || !again {
            return true;
        }
        *looked = Some(Instant::now());
        let room = self.meeting.secret.room();
        if self.first.is_none() {
            let meeting = Arc::downgrade(&self.meeting);
            tokio::spawn(async move {
                let found = nearby::find(room).await;
                if let Some(meeting) = meeting.upgrade() {
                    meeting.places.nearby(found);
                }
            });
            return true;
        }
        tokio::select! {
            found = nearby::find(room) => self.meeting.places.nearby(found),
            _ = self.watch() => return false,
        }
        true
    }

    /// The hub is gone, and it is this process's turn to hold it.
    fn inherits(&self, lost: Instant) -> bool {
        let Some(heir) = self.meeting.heir.as_ref().filter(|heir| heir.waits()) else { return false };
        let (mut before, hubs) = self.meeting.places.before(|hub| heir.is_at(hub));
        if lost.elapsed() < INHERITS_AFTER * (before.len() as u32 + 1) {
            return false;
        }
        let Some(room) = &self.session.room else { return false };
        let mut state = RoomState::clone(room);
        state.term += 1;
        before.extend(hubs);
        let term = state.term;
        let inheritance = Inheritance { state, clock: self.session.clock_now(clock::now()), before };
        match heir.inherit(self.meeting.secret, inheritance) {
            Ok(()) => {
                tracing::info!(term, "the hub is gone: it is held here from now on");
                self.meeting.places.reached(&heir.own());
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the hub cannot be held here");
                false
            }
        }
    }

    /// Tries every place once; stays with the first that lets it in.
    async fn attempt(&mut self) -> End {
        let mut end = End::Lost;
        for place in self.meeting.places.all() {
            let opened = tokio::select! {
                opened = Connection::open(&place) => opened,
                left = self.watch() => return left,
            };
            let connection = match opened {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::info!(%place, %error, "no connection");
                    continue;
                }
            };
            match Box::pin(self.meet(connection, &place)).await {
                Ok(now) => end = now,
                Err(error) => {
                    tracing::info!(%place, %error, "the connection broke off");
                    end = End::Lost;
                }
            }
            match end {
                // Another place may hold the room.
                End::Refused(Trouble::NoSuchRoom | Trouble::NewerHub) => {}
                End::Lost if !self.heard_lately() => {}
                _ => return end,
            }
        }
        end
    }

    /// Says hello and stays for as long as the connection does.
    async fn meet(&mut self, mut connection: Connection, place: &HubAddress) -> Result<End, Broken> {
        let nonce = match self.greeting(&mut connection).await? {
            FromHub::Challenge { nonce, .. } => nonce.0,
            FromHub::Error(refusal) => return Ok(End::Refused(refusal.code)),
            _ => return Err(Broken::Closed),
        };
        let now = clock::now();
        self.expire(now);
        let at = HelloAt { local: connection.local, now, drives: self.drives };
        let hello = self.session.hello(&self.meeting, &self.who, nonce, at);
        connection.say(&ToHub::Hello(Box::new(hello))).await?;
        let welcome = loop {
            match self.greeting(&mut connection).await? {
                FromHub::Welcome(welcome) => break welcome,
                FromHub::Error(refusal) if refusal.code.is_fatal() => return Ok(End::Refused(refusal.code)),
                _ => {}
            }
        };
        if self.session.id.is_some_and(|id| id.0 != welcome.member) {
            // Whoever cannot be told finds out by itself.
            let _ = connection.say(&ToHub::Bye).await;
            connection.close().await;
            return Ok(End::Taken);
        }
        self.meeting.places.reached(place);
        self.welcomed(*welcome, place, now);
        for message in self.session.again().collect::<Vec<_>>() {
            connection.say(&message).await?;
        }
        let end = self.stay(&mut connection).await;
        self.granted = false;
        if matches!(end, Ok(End::Left)) {
            // Whoever cannot be told finds out by itself.
            let _ = connection.say(&ToHub::Bye).await;
            connection.close().await;
        }
        end
    }

    /// What a hub says first. Driving ends in time, also while it is waited for.
    async fn greeting(&mut self, connection: &mut Connection) -> Result<FromHub, Broken> {
        let ends = Instant::now() + GREETING;
        loop {
            let expires = clock::instant(self.answered + DRIVES_FOR);
            tokio::select! {
                heard = connection.hear() => return heard,
                () = sleep_until(expires), if self.drives => self.expire(clock::now()),
                () = sleep_until(ends) => return Err(Broken::Slow),
            }
        }
    }

    /// It is in, at this place, with a hello that was said at `said`.
    fn welcomed(&mut self, welcome: Welcome, place: &HubAddress, said: LocalTime) {
        let now = clock::now();
        self.heard = now;
        self.expire(now);
        self.granted = welcome.drives;
        self.answered = said;
        self.session.welcomed(&welcome, place, now);
        let room = self.session.newer(welcome.room);
        if let Some(first) = self.first.take() {
            let (link, end) = Link::new(MemberId(welcome.member), self.to_hub.clone());
            self.agent = Some(end);
            if first.send(Ok(link)).is_err() {
                tracing::debug!("whoever joined has given up");
            }
        }
        self.tell_reached(Reached::Yes);
        self.tell_members(welcome.members);
        self.waits = room.or(self.waits.take());
        match (welcome.drives, self.drives) {
            (true, false) => self.waits_to_drive = Some(Span::ZERO),
            (false, true) => self.rest(),
            _ => {}
        }
        if !welcome.drives {
            self.session.drives_no_more();
        }
        self.hand_over(now);
    }

    /// What waited for the clock goes to the agent.
    fn hand_over(&mut self, now: LocalTime) {
        let Some(room_clock) = self.session.room_clock(now) else { return };
        if self.waits.is_none() && self.waits_to_drive.is_none() {
            return;
        }
        self.tell_clock(room_clock);
        if let Some(room) = self.waits.take() {
            self.tell_room(room, now);
        }
        if let Some(quiet) = self.waits_to_drive.take() {
            self.session.drives_anew();
            self.drives = true;
            self.tell_agent(Heard::Drive { quiet });
        }
    }

    async fn stay(&mut self, connection: &mut Connection) -> Result<End, Broken> {
        loop {
            let now = clock::now();
            let due = self.due(now);
            tokio::select! {
                message = connection.hear() => {
                    self.heard = clock::now();
                    if let Some(end) = self.take(message?) {
                        return Ok(end);
                    }
                }
                said = self.from_agent.recv() => {
                    let Some(FromAgent { said, .. }) = said else { return Ok(End::Left) };
                    match self.said(said, clock::now()) {
                        Some(None) => return Ok(End::Left),
                        Some(Some(message)) => connection.say(&message).await?,
                        None => {}
                    }
                }
                Some(wish) = self.wishes.recv() => connection.say(&wished(wish)).await?,
                () = sleep_until(clock::instant(due)) => {}
            }
            let now = clock::now();
            if self.suspend.slept() {
                self.session.clock.suspended(now);
            }
            self.expire(now);
            if now - self.heard >= GONE_AFTER {
                return Err(Broken::Slow);
            }
            if self.session.clock.next_exchange() <= now {
                self.session.clock.begin(now);
                self.pings.push_back(now);
                if self.pings.len() > MOST_PINGS {
                    self.pings.pop_front();
                }
                connection.say(&ToHub::Ping { sent_us: now.as_micros() }).await?;
            }
            if self.drives
                && self.session.stands_at(now).is_some_and(|at| at <= now)
                && let Some(standing) = self.session.standing(now)
            {
                connection.say(&standing).await?;
            }
            if now - self.again >= AGAIN_AFTER {
                self.again = now;
                for claim in self.session.claims().cloned().collect::<Vec<_>>() {
                    connection.say(&claim).await?;
                }
            }
        }
    }

    fn due(&self, now: LocalTime) -> LocalTime {
        let stands = self.session.stands_at(now).filter(|_| self.drives);
        let again = self.session.claims().next().map(|_| self.again + AGAIN_AFTER);
        let dues = [Some(self.session.clock.next_exchange()), Some(self.answered + DRIVES_FOR), stands, again];
        let due = dues.into_iter().flatten().filter(|&at| at > now || self.drives).min();
        due.unwrap_or(now + Span::from_secs(1)).max(now + Span::from_millis(2)).min(now + Span::from_secs(1))
    }

    /// One message of the hub.
    fn take(&mut self, message: FromHub) -> Option<End> {
        let now = clock::now();
        match message {
            FromHub::Room(room) => {
                if let Some(room) = self.session.newer(*room) {
                    self.waits = Some(room);
                    self.hand_over(now);
                }
            }
            FromHub::Members(members) => self.tell_members(members),
            FromHub::Standings { list } => {
                for (member, shown) in list {
                    self.meeting.tell(Told::Seen(MemberId(member), Box::new(shown.seen(now))));
                }
            }
            FromHub::Answer { id, accepted } => {
                if let Some(answer) = self.session.answer(id, accepted) {
                    self.tell_agent(Heard::Hub(answer));
                }
            }
            FromHub::Pong { sent_us, received_us, replied_us } => {
                // When it was asked is known here; a hub that says something else has made it up.
                let sent = LocalTime::from_micros(sent_us);
                let at = self.pings.iter().position(|ping| *ping == sent)?;
                self.pings.drain(..=at);
                self.answered = self.answered.max(sent);
                if self.granted && !self.drives && self.waits_to_drive.is_none() && now - self.answered < DRIVES_FOR {
                    // It had stopped, and nobody else began.
                    self.waits_to_drive = Some(Span::ZERO);
                }
                let exchange = Exchange {
                    sent,
                    hub_received: RoomTime::from_micros(received_us),
                    hub_sent: RoomTime::from_micros(replied_us),
                    received: now,
                };
                match self.session.clock.exchange(exchange) {
                    Ok(()) => self.meeting.tell(Told::Exchanged(exchange)),
                    Err(why) => tracing::debug!(%why, "an exchange of clocks is not used"),
                }
                self.hand_over(now);
                if let Some(known) = self.session.room_clock(now) {
                    self.tell_clock(known);
                }
            }
            FromHub::Drive { on: true, quiet_us } => {
                self.granted = true;
                let clock = self.session.room_clock(now);
                let quiet =
                    quiet_us.zip(clock).map(|(until, clock)| clock.to_local(RoomTime::from_micros(until)) - now);
                self.waits_to_drive = Some(quiet.unwrap_or_default().clamp(Span::ZERO, Span::from_secs(10)));
                self.hand_over(now);
            }
            FromHub::Drive { on: false, .. } => {
                self.granted = false;
                self.rest();
            }
            FromHub::Error(refusal) if refusal.code.is_fatal() => return Some(End::Refused(refusal.code)),
            FromHub::Error(refusal) => tracing::info!(code = ?refusal.code, "the hub refused something"),
            FromHub::Leaving { within_ms } => return Some(End::Leaving(Duration::from_millis(within_ms.into()))),
            FromHub::Challenge { .. } | FromHub::Welcome(_) => {}
        }
        None
    }

    /// What the agent says. Some(None): it left; Some(Some(…)): to be sent.
    fn said(&mut self, said: Said, now: LocalTime) -> Option<Option<ToHub>> {
        match said {
            Said::Left => Some(None),
            // Of a member that rests by now.
            _ if !self.drives => None,
            Said::Hub(message) => Some(Some(self.session.sending(message))),
            Said::View(view) => {
                self.session.stands(view);
                None
            }
            Said::Anew => {
                self.session.drives_anew();
                None
            }
            Said::Commands => {
                let until = self.session.room_clock(now)?.to_room(now + SHOWS_FOR);
                Some(Some(ToHub::Commanded { until_us: until.as_micros() }))
            }
        }
    }

    /// Nobody can be reached: what the agent says is kept as far as it matters, and driving ends in time.
    async fn watch(&mut self) -> End {
        loop {
            let expires = clock::instant(self.answered + DRIVES_FOR);
            tokio::select! {
                said = self.from_agent.recv() => {
                    let Some(FromAgent { said, .. }) = said else { return End::Left };
                    if let Some(None) = self.said(said, clock::now()) {
                        return End::Left;
                    }
                }
                () = sleep_until(expires), if self.drives => self.expire(clock::now()),
            }
        }
    }

    async fn idle(&mut self, pause: Duration) -> End {
        tokio::select! {
            left = self.watch() => left,
            () = tokio::time::sleep(pause) => End::Lost,
        }
    }

    fn expire(&mut self, now: LocalTime) {
        if self.drives && now - self.answered >= DRIVES_FOR {
            tracing::info!("the hub was not heard for too long: another device may drive by now");
            self.rest();
        }
    }

    fn rest(&mut self) {
        self.waits_to_drive = None;
        if std::mem::replace(&mut self.drives, false) {
            self.tell_agent(Heard::Rest);
        }
    }

    fn tell_agent(&self, heard: Heard) {
        if let Some(agent) = &self.agent {
            agent.tell(heard);
        }
    }

    fn tell_clock(&self, room_clock: RoomClock) {
        self.tell_agent(Heard::Clock(room_clock));
        self.meeting.tell(Told::Clock(room_clock));
    }

    fn tell_room(&self, room: Arc<RoomState>, now: LocalTime) {
        self.tell_agent(Heard::Hub(HubToMember::Room(Arc::clone(&room))));
        self.meeting.tell(Told::State(now, room));
    }

    fn tell_members(&mut self, members: tutti_core::wire::MembersSent) {
        self.session.members(&members);
        self.meeting.places.members(&members);
        self.meeting.tell(Told::Members(members));
    }

    fn tell_reached(&self, reached: Reached) {
        self.meeting.tell(Told::Reached(self.who.account.clone(), reached));
    }
}

fn wished(wish: Wish) -> ToHub {
    match wish {
        Wish::MayLead(who) => ToHub::MayLead { who },
        Wish::Lock(on) => ToHub::Lock { on },
        Wish::Remove(member) => ToHub::Remove { member: member.0 },
    }
}
