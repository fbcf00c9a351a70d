//! Judges a hello: proofs, limits, who it is, and what it brings to a hub that is new.

use super::people::{DRIVES_FOR, Line, Person};
use super::*;
use crate::gate::limits::Bucket;
use crate::proof::{AccountMark, Nonce, Token};
use crate::wire::parts::short;
use crate::wire::{Brought, FromHub, Hello, Hex, VERSION, Welcome};

/// Longest name of a member, a device, an heir's address, in characters.
const MOST_NAME: usize = 60;
const MOST_ADDRESS: usize = 260;

impl Hello {
    /// What can be judged without a room: the version and the proofs.
    ///
    /// # Errors
    /// Why nobody can come in with it.
    pub fn check(&self, nonce: Nonce) -> Result<(), Refusal> {
        match self.version {
            VERSION => {}
            older if older < VERSION => return Err(Trouble::VersionTooOld.into()),
            _ => return Err(Trouble::VersionTooNew.into()),
        }
        let room = self.room.0;
        if !room.is_proved(nonce, self.proof.0) {
            return Err(Trouble::WrongSecret.into());
        }
        match &self.user {
            Some(user) if !user.id.0.is_proved(nonce, room, user.proof.0) => Err(Trouble::WrongUser.into()),
            _ => Ok(()),
        }
    }
}

impl Gate {
    /// Lets a connection in whose hello was [checked](Hello::check).
    ///
    /// # Errors
    /// Why it cannot come in: to be told to it before it is closed.
    pub fn enter(&mut self, connection: ConnectionId, mut hello: Hello, now: RoomTime) -> Result<MemberId, Refusal> {
        // Who may not come in changes nothing either.
        self.may_enter(&hello)?;
        let had = hello.brings.as_ref().map(|brought| brought.member);
        if let Some(brought) = hello.brings.take() {
            self.take_brought(*brought, now);
        }
        let member = self.admit(&hello, had, now);
        let token = self.dice.token();
        let drove = hello.resume.is_some_and(|token| self.take_up(member, token.0));
        self.lines.insert(
            connection,
            Line {
                member,
                device: short(&hello.device, MOST_NAME),
                token,
                heard: now,
                answered: now,
                bucket: Bucket::full(&self.config.limits, now),
            },
        );
        let person = self.people.get_mut(&member).expect("whoever is admitted is here");
        person.name = short(&hello.name, MOST_NAME);
        person.heir = hello.heir.map(|address| short(&address, MOST_ADDRESS)).or(person.heir.take());
        person.gone = None;
        // Who takes up the connection that drove goes on as it was.
        let at = if drove { 0 } else { person.connections.len() };
        person.connections.insert(at, connection);
        let player = person.user.is_some();
        // Under the hub before, no other of this user's drove.
        let let_go = |account| self.let_go.iter().any(|gone| gone.account == account && now < gone.free_from);
        let alone = person.user.is_some_and(|(user, mark)| !self.driven_twice.contains(&user) && !let_go(mark));
        let still = hello.drives && alone && person.free_from.is_some() && person.free_from == self.old_drivers_until;
        let free = drove || still || person.free_from.is_none_or(|from| now >= from);
        let drives = player && person.driver.is_none() && free;
        if drives {
            person.drives(connection);
            if !drove {
                self.hub.speaks_anew(member);
            }
        }
        self.welcome(connection, member, token, drives, now);
        self.hand_on();
        self.tell_members(now);
        Ok(member)
    }

    fn may_enter(&self, hello: &Hello) -> Result<(), Refusal> {
        let user = hello.user.as_ref().map(|user| (user.id.0, user.account.0));
        if let Some((user, _)) = user.filter(|(user, _)| self.banned.contains(user)) {
            return Err(Refusal::with(Trouble::Removed, format!("{user:?}")));
        }
        if let Some(person) = self.known(hello) {
            let of_theirs =
                |token: Token| self.line_of(token).is_some_and(|line| self.lines[&line].member == person.id);
            let resumes = hello.resume.is_some_and(|token| of_theirs(token.0));
            if person.connections.len() as u32 >= self.config.limits.connections_user && !resumes {
                return Err(Trouble::TooManyConnections.into());
            }
            return Ok(());
        }
        if user.is_some_and(|(_, account)| self.has_account(account)) {
            return Err(Trouble::AccountElsewhere.into());
        }
        if self.locked {
            return Err(Trouble::RoomLocked.into());
        }
        if self.people.len() as u32 >= self.config.limits.members {
            return Err(Trouble::RoomFull.into());
        }
        Ok(())
    }

    /// The member whose user this is.
    fn known(&self, hello: &Hello) -> Option<&Person> {
        let user = hello.user.as_ref().map(|user| (user.id.0, user.account.0))?;
        self.people.values().find(|person| person.user == Some(user))
    }

    /// The member of this hello, who is here from now on.
    fn admit(&mut self, hello: &Hello, had: Option<u32>, now: RoomTime) -> MemberId {
        match self.known(hello) {
            Some(person) => person.id,
            None => self.seat(hello.user.as_ref().map(|user| (user.id.0, user.account.0)), had, now),
        }
    }

    /// Seats somebody new, under the number that they had under another hub if nobody else has it, or had it here.
    fn seat(&mut self, user: Option<(UserId, AccountMark)>, had: Option<u32>, now: RoomTime) -> MemberId {
        let whose = user.map(|(user, _)| user);
        let others = |id: MemberId| self.left.iter().any(|(left, of)| *left == id && *of != whose);
        let free = |id: &MemberId| id.0 < MOST_NUMBER && !self.people.contains_key(id) && !others(*id);
        let had = had.map(MemberId).filter(|id| user.is_some() && free(id));
        let id = had.unwrap_or_else(|| self.next_free());
        if user.is_some() {
            self.hub.join_as(id);
            // What the hub says to a new member is in the welcome.
            self.hand_on_but_to(id);
        }
        let let_go = self.let_go.iter().rfind(|gone| user.is_some_and(|(_, account)| gone.account == account));
        self.people.insert(
            id,
            Person {
                id,
                user,
                name: String::new(),
                connections: Vec::new(),
                driver: None,
                free_from: self.old_drivers_until.max(let_go.map(|gone| gone.free_from)),
                quiet_until: let_go.and_then(|gone| gone.quiet_until),
                gone: Some(now),
                broke_off: VecDeque::new(),
                heir: None,
                standing: None,
            },
        );
        self.apply_who_leads();
        id
    }

    fn next_free(&mut self) -> MemberId {
        loop {
            let id = self.hub.next_id();
            if !self.people.contains_key(&id) {
                return id;
            }
        }
    }

    fn has_account(&self, account: AccountMark) -> bool {
        self.people.values().any(|person| person.user.is_some_and(|(_, known)| known == account))
    }

    fn line_of(&self, token: Token) -> Option<ConnectionId> {
        self.lines.iter().find(|(_, line)| line.token == token).map(|(&id, _)| id)
    }

    /// Takes up a connection that broke off, noticed or not; answers whether it drove.
    fn take_up(&mut self, member: MemberId, token: Token) -> bool {
        let Some(person) = self.people.get_mut(&member) else { return false };
        if let Some(at) = person.broke_off.iter().position(|(known, _)| *known == token) {
            let drove = person.broke_off.remove(at).is_some_and(|(_, drove)| drove);
            return drove && person.driver.is_none();
        }
        let Some(old) = self.line_of(token).filter(|old| self.lines[old].member == member) else { return false };
        self.lines.remove(&old);
        self.out.push_back(Out::Close(old));
        let person = self.people.get_mut(&member).expect("looked up above");
        person.connections.retain(|open| *open != old);
        let drove = person.driver == Some(old);
        person.driver = person.driver.filter(|driver| *driver != old);
        drove
    }

    /// A new hub takes the newest state that members bring, and goes on from there with a higher term. One that meets a
    /// newer state than its own ends: there is another hub, or was, that it never heard of. Everybody comes back to this one.
    /// Not so if that other one only stood in, with nothing done by hand there, while this one has gone on.
    fn take_brought(&mut self, brought: Brought, now: RoomTime) {
        let mut state = RoomState::from(brought.room);
        if brought.clock != self.config.clock {
            state.shift(now - RoomTime::from_micros(brought.now_us));
        }
        let next = brought.next_member.min(MOST_NUMBER);
        let own = self.hub.state();
        let fresh = own.playback.is_none() && own.actions == 0;
        let settles = self.settles_until.is_some();
        // A hub that began with nothing gives way to what was there before, however it counted.
        let began_anew =
            self.brought.is_none() && now - self.opened < self.config.limits.kept && state.term != own.term;
        let was_here = brought.since.is_some_and(|(term, ..)| term == own.term);
        let stood_in = brought.since.is_some_and(|since| own.order() > since);
        let above = state.order() > own.order();
        let newer = !fresh && !settles && ((began_anew && !was_here) || (above && !stood_in));
        let term = own.term.max(state.term).saturating_add(self.dice.rise());
        if state.term != own.term {
            self.old_drivers_until.get_or_insert(self.opened + DRIVES_FOR);
        }
        if state.playback.is_none() {
            if state.order() > own.order() {
                // Nothing was lost but the number, and whoever knows it takes no lower one.
                let own = RoomState { term, ..own.clone() };
                self.hub.take_state(own);
            }
            return self.hub.reserve(next);
        }
        if newer {
            self.dissolve(now);
        } else if above && stood_in && !fresh && !settles {
            // Whoever comes from the other one takes no lower term than it had there.
            let own = RoomState { term, ..own.clone() };
            self.hub.take_state(own);
        }
        self.hub.reserve(next);
        if fresh || newer || (settles && self.brought < Some(state.order())) {
            self.brought = Some(state.order());
            self.settles_until.get_or_insert(now + SETTLES);
            state.term = term;
            // What the host had chosen goes on; by whom it was chosen is not known any more.
            let chosen = state.may_lead.as_ref();
            self.who_leads = chosen.map_or(WhoLeads::Anyone, |members| {
                WhoLeads::Members(
                    members.iter().map(|member| member.0).take(self.config.limits.members as usize).collect(),
                )
            });
            self.hub.take_state(state);
            self.apply_who_leads();
        }
    }

    fn dissolve(&mut self, now: RoomTime) {
        let driven = self.people.values().filter(|person| person.driver.is_some() || person.free_from.is_some());
        self.driven_twice = driven.filter_map(|person| Some(person.user?.0)).collect();
        let all: Vec<ConnectionId> = self.lines.keys().copied().collect();
        for connection in all {
            self.refuse(connection, Trouble::NewerHub.into(), now);
        }
        let members: Vec<MemberId> = self.people.keys().copied().collect();
        for member in members {
            self.forget(member, now);
        }
        // Numbers go on as they are there.
        self.left.clear();
        let next = self.hub.next_id();
        self.hub = Hub::new(0);
        self.hub.reserve(next.0);
        self.brought = None;
        self.old_drivers_until = Some(now + DRIVES_FOR);
    }

    fn welcome(&mut self, connection: ConnectionId, member: MemberId, token: Token, drives: bool, now: RoomTime) {
        let welcome = Welcome {
            member: member.0,
            token: Hex(token),
            clock: self.config.clock.clone(),
            now_us: now.as_micros(),
            drives,
            limits: self.config.limits.sent(),
            room: self.hub.state().into(),
            members: self.everybody(),
        };
        self.tell_one(connection, &FromHub::Welcome(Box::new(welcome)));
        let standings = self.standings_of(self.people.keys().copied());
        if !standings.is_empty() {
            self.tell_one(connection, &FromHub::Standings { list: standings });
        }
    }
}

/// Numbers of members stay far from the end of the numbers.
const MOST_NUMBER: u32 = 1 << 20;
