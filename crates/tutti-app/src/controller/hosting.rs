//! The room that this program hosts: who sits in it, what is asked of it, how it ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tutti_core::clock::RoomClock;
use tutti_core::limit::Left;
use tutti_core::room::MemberId;
use tutti_core::time::{LocalTime, Span};

use super::meeting::Networked;
use super::opening::To;
use super::{Controller, Message};
use crate::agent;
use crate::api::{self, Action, Screen};
use crate::clock;
use crate::demo::Stage;
use crate::link::Link;
use crate::local_room::{LocalRoom, Report, Seat};
use crate::lock::AccountLock;
use crate::problem::Problem;
use crate::ration::{Ration, Rationed};
use crate::running::RunningFile;
use crate::settings::{AccountSettings, Endpoints};
use crate::view::{Change, MemberRequests, MemberShown, Requests, RoomName, RoomShown};

/// The largest correction for speakers: ten times what any is known to need would be a slip of the hand.
const LARGEST_TRIM_MS: i32 = 2_000;

/// A room in this process, with everything that belongs to it.
pub(super) struct Hosted {
    pub room: LocalRoom,
    pub shown: RoomShown,
    pub reports: mpsc::UnboundedReceiver<Report>,
    players: BTreeMap<MemberId, Arc<Rationed>>,
    locks: BTreeMap<String, AccountLock>,
    endpoints: Endpoints,
    pub stage: Option<Stage>,
    /// Simulated friends, who go with the room.
    pub friends: Option<AbortOnDropHandle<()>>,
    /// Set where members meet over a network.
    pub network: Option<Networked>,
    /// For `tutti status`; None in a demo, or where it cannot be written.
    pub running: Option<RunningFile>,
    /// Kept so that the stream of reports does not end before the room.
    _to_reports: mpsc::UnboundedSender<Report>,
}

/// An account on its way into a room.
pub(crate) struct Opened {
    account: AccountSettings,
    outcome: Result<(Arc<Rationed>, AccountLock), Problem>,
}

/// Who is to join.
pub(super) struct Guest {
    pub account_id: String,
    pub name: String,
    pub seat: Seat,
}

impl Hosted {
    pub fn open(name: RoomName, endpoints: Endpoints, stage: Option<Stage>) -> Self {
        let (to_reports, reports) = mpsc::unbounded_channel();
        let songs = stage.as_ref().map(|stage| stage.songs.clone());
        Self {
            room: LocalRoom::open(to_reports.clone()),
            // The hub runs in this process: its clock is this machine's.
            shown: RoomShown::new(name, songs, RoomClock::same_machine(), clock::now()),
            reports,
            players: BTreeMap::new(),
            locks: BTreeMap::new(),
            endpoints,
            stage,
            friends: None,
            network: None,
            running: None,
            _to_reports: to_reports,
        }
    }

    /// A room whose hub is on the network; its reports come with it.
    pub fn on_network(
        name: RoomName,
        endpoints: Endpoints,
        network: Networked,
        (to_reports, reports): (mpsc::UnboundedSender<Report>, mpsc::UnboundedReceiver<Report>),
    ) -> Self {
        Self {
            room: LocalRoom::meet(Arc::clone(&network.meeting), to_reports.clone()),
            // Until something is known of the hub's clock.
            shown: RoomShown::new(name, None, RoomClock::same_machine(), clock::now()),
            reports,
            players: BTreeMap::new(),
            locks: BTreeMap::new(),
            endpoints,
            stage: None,
            friends: None,
            network: Some(network),
            running: None,
            _to_reports: to_reports,
        }
    }

    /// Somebody of this process whom the hub on the network let in.
    pub fn sit(&mut self, guest: Guest, link: Link) {
        let player = Arc::clone(&guest.seat.player);
        let member = self.room.sit(guest.seat, link);
        self.players.insert(member, player);
        self.shown.joined(member, guest.account_id, guest.name);
        if let Some(network) = &mut self.network {
            network.ours.insert(member);
        }
    }

    /// No other room of this computer has this account meanwhile.
    pub fn holds(&mut self, account_id: &str, lock: AccountLock) {
        self.locks.insert(account_id.to_owned(), lock);
    }

    /// Somebody of this process stands up, to sit down again under another number.
    pub fn rise(&mut self, account_id: &str) -> Option<Arc<Rationed>> {
        let member = self.member_of(account_id)?;
        self.room.leave(member);
        self.shown.left(member);
        if let Some(network) = &mut self.network {
            network.ours.remove(&member);
            network.driven.remove(&member);
        }
        self.players.remove(&member)
    }

    pub async fn seat(&mut self, guest: Guest) {
        let player = Arc::clone(&guest.seat.player);
        let member = self.room.join(guest.seat).await;
        self.players.insert(member, player);
        self.shown.joined(member, guest.account_id, guest.name);
    }

    /// The account was signed in anew: from now on its member plays with what that opened.
    pub fn plays_with(&mut self, account_id: &str, player: &Arc<Rationed>) {
        let Some(member) = self.member_of(account_id) else { return };
        let Some(old) = self.players.get_mut(&member).filter(|old| !Arc::ptr_eq(old, player)) else { return };
        *old = Arc::clone(player);
        self.room.player(member, Arc::clone(player));
    }

    pub fn member_of(&self, account_id: &str) -> Option<MemberId> {
        self.shown.members().iter().find(|member| member.account == account_id).map(|member| member.id)
    }

    /// One account leaves; its music stays as it is, and the others play on.
    pub fn part(&mut self, account_id: &str) {
        if let Some(member) = self.member_of(account_id) {
            self.room.leave(member);
            self.players.remove(&member);
            self.shown.left(member);
            self.locks.remove(account_id);
            if let Some(network) = &mut self.network {
                network.ours.remove(&member);
                network.driven.remove(&member);
            }
        }
    }

    /// No account of this computer is in it any more.
    pub fn is_nobodys(&self) -> bool {
        self.players.is_empty()
    }

    /// Each member's name and ration.
    pub fn rations(&self) -> impl Iterator<Item = (&str, Ration)> {
        let of = |member: &MemberShown| self.players.get(&member.id).map(|player| player.ration().clone());
        self.shown.members().iter().filter_map(move |member| Some((member.name.as_str(), of(member)?)))
    }

    pub fn picture(&mut self, now: LocalTime) -> api::Room {
        let rations: Vec<_> = self.players.values().map(|player| player.ration()).collect();
        let least = |left: Left, other: Left| Left {
            in_30_s: left.in_30_s.min(other.in_30_s),
            in_hour: left.in_hour.min(other.in_hour),
            in_day: left.in_day.min(other.in_day),
        };
        let nothing_used = Left { in_30_s: u32::MAX, in_hour: u32::MAX, in_day: u32::MAX };
        let requests = Requests {
            minute: self.players.values().map(|player| player.requests_minute()).sum(),
            left: rations.iter().map(|ration| ration.left()).reduce(least).unwrap_or(nothing_used),
            waiting: rations.iter().filter_map(|ration| ration.waiting()).max_by_key(|wait| wait.until),
        };
        let players = &self.players;
        let requests_of = |member| {
            let of = |player: &Arc<Rationed>| MemberRequests {
                minute: player.requests_minute(),
                asked_to_wait: player.ration().waiting().is_some(),
            };
            // Of others it is known only that they wait.
            players.get(&member).map(of).unwrap_or(MemberRequests { minute: 0, asked_to_wait: true })
        };
        let mut picture = self.shown.picture(now, &self.endpoints, requests, requests_of);
        if let Some(network) = &self.network {
            picture.network = Some(network.picture());
            for member in &mut picture.members {
                member.place = network.place(member.id);
            }
        }
        if let Some((demo, stage)) = picture.demo.as_mut().zip(self.stage.as_ref()) {
            demo.heard = stage.heard(self.shown.members());
        }
        if let Some(running) = &mut self.running {
            running.show(&picture);
        }
        picture
    }

    /// Nothing more goes out to any player; what is left are the accounts' locks.
    async fn close(self) -> BTreeMap<String, AccountLock> {
        drop(self.friends);
        self.room.close().await;
        if let Some(stage) = self.stage {
            stage.strike().await;
        }
        self.locks
    }
}

impl Controller {
    /// The server that is in force: the demo's while it runs.
    pub(super) fn endpoints(&self) -> &Endpoints {
        self.room.as_ref().map_or(&self.reach.endpoints, |room| &room.endpoints)
    }

    pub(super) fn is_chosen(&self, account: &AccountSettings) -> bool {
        match &self.options.chosen {
            Some(chosen) => chosen.contains(&account.account_id),
            None => account.chosen,
        }
    }

    /// Brings the chosen accounts together; their players are opened in the background.
    pub(super) fn host(&mut self) {
        let chosen: Vec<_> = self.settings.accounts.iter().filter(|account| self.is_chosen(account)).cloned().collect();
        if chosen.len() < 2 {
            let lobby = Action::Show { screen: Screen::Lobby };
            return self.notices.say(&Problem::new("need_two_accounts").way_out("choose_accounts", lobby));
        }
        if self.room.is_some() || self.opening.is_some() {
            return;
        }
        for code in
            ["need_two_accounts", "account_busy", "needs_login", "sign_in_gone", "signed_in", "already_signed_in"]
        {
            self.notices.clear(code);
        }
        let attempt = self.begin_opening(To::Together);
        let reach = self.reach.clone();
        let open = move |account: AccountSettings| {
            let reach = reach.clone();
            async move {
                let outcome = match reach.lock(&account) {
                    Ok(lock) => reach.open(&account).await.map(|player| (player, lock)),
                    Err(problem) => Err(problem),
                };
                Opened { account, outcome }
            }
        };
        self.open_with(async move {
            let opened = futures::future::join_all(chosen.into_iter().map(open)).await;
            Message::Opened(attempt, opened)
        });
    }

    pub(super) async fn opened(&mut self, attempt: u64, opened: Vec<Opened>) {
        if !self.end_opening(attempt) {
            return;
        }
        let mut hosted = Hosted::open(RoomName::Here, self.reach.endpoints.clone(), None);
        for (place, Opened { account, outcome }) in opened.into_iter().enumerate() {
            // Signed out meanwhile.
            if self.settings.account(&account.account_id).is_none() {
                continue;
            }
            match outcome {
                Ok((player, lock)) => {
                    self.accounts.entry(account.account_id.clone()).or_default().player = Some(Arc::clone(&player));
                    hosted.locks.insert(account.account_id.clone(), lock);
                    let seat = Seat {
                        player,
                        device: account.device,
                        trim: Span::from_millis(account.trim_ms.into()),
                        seed: self.options.seed.map_or_else(rand::random, |seed| seed.wrapping_add(place as u64)),
                        after: None,
                    };
                    hosted.seat(Guest { account_id: account.account_id, name: account.name, seat }).await;
                }
                Err(problem) => self.notices.say(&problem),
            }
        }
        if hosted.shown.members().len() < 2 {
            self.screen = self.home_screen();
            hosted.close().await;
            return;
        }
        self.opens(hosted);
    }

    /// A room of signed-in accounts is open from now on.
    pub(super) fn opens(&mut self, mut hosted: Hosted) {
        hosted.running = RunningFile::open(&self.reach.home).ok();
        self.room = Some(hosted);
        self.prefer();
        self.screen = Screen::Room;
    }

    /// Ends the room, or what is on the way to one; the music stays as it is.
    pub(super) async fn leave(&mut self) {
        self.give_up_opening();
        for code in ["already_there", "in_a_room"] {
            self.notices.clear(code);
        }
        let Some(demo) = self.room.as_ref().map(|room| room.stage.is_some()) else { return };
        self.leave_for_another().await;
        let nobody = self.settings.accounts.is_empty();
        self.screen = if demo && nobody { Screen::Welcome } else { Screen::Lobby };
        if self.screen == Screen::Lobby {
            self.refresh_devices();
        }
    }

    /// Ends the room for another one, which gets the locks of its accounts.
    pub(super) async fn leave_for_another(&mut self) -> BTreeMap<String, AccountLock> {
        let Some(room) = self.room.take() else { return BTreeMap::new() };
        self.covers.allow(self.reach.endpoints.shown());
        self.notices.clear("invite_copied");
        room.close().await
    }

    /// Whether the room that is there drives this account.
    pub(super) fn drives(&self, account_id: &str) -> bool {
        self.room.as_ref().is_some_and(|room| room.locks.contains_key(account_id))
    }

    pub(super) fn report(&mut self, report: Report) -> Change {
        if let Some(tap) = &self.options.tap {
            tap.report(&report);
        }
        let Some(room) = &mut self.room else { return Change::Numbers };
        let now = clock::now();
        match report {
            Report::State(at, state) => return room.shown.changed(state, at),
            Report::Member(member, agent::Report::View(view)) => return room.shown.seen(member, *view, now),
            Report::Member(member, agent::Report::Event(at, event)) => return room.shown.heard(member, &event, at),
            Report::Member(member, agent::Report::Devices(devices)) => self.devices_told(member, devices),
            Report::Member(member, agent::Report::NotMoved(outcome)) => self.not_moved(member, outcome),
            Report::Member(member, agent::Report::Drives(here)) => {
                if let Some(network) = &mut room.network {
                    if here {
                        network.driven.insert(member)
                    } else {
                        network.driven.remove(&member)
                    };
                }
            }
            Report::Network(told) => return self.told(told),
        }
        Change::News
    }

    pub(super) fn sync(&mut self, on: bool) {
        if let Some(room) = &mut self.room {
            room.shown.sync = on;
            room.room.sync(on);
        }
    }

    pub(super) fn trim(&mut self, member: u32, ms: i32) {
        let ms = ms.clamp(-LARGEST_TRIM_MS, LARGEST_TRIM_MS);
        let Some(room) = &self.room else { return };
        let Some(shown) = room.shown.member(member) else { return };
        room.room.trim(shown.id, Span::from_millis(ms.into()));
        let account = shown.account.clone();
        if let Some(account) = self.settings.account_mut(&account) {
            account.trim_ms = ms;
            self.save_settings();
        }
    }
}
