//! Rooms on the network: hosting one, going into one by an invite, and what its hub says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use tokio::sync::mpsc;
use tokio::time::Instant;
use tutti_core::proof::{RoomSecret, UserKey};
use tutti_core::room::MemberId;
use tutti_core::time::Span;
use tutti_core::wire::{self, MembersSent};

use super::hosting::{Guest, Hosted};
use super::opening::To;
use super::{Controller, Message};
use crate::accounts::Accounts;
use crate::api::{self, Action, Screen};
use crate::clock;
use crate::invite::{HubAddress, Invite};
use crate::link::Link;
use crate::local_room::{Report, Seat};
use crate::lock::AccountLock;
use crate::network::member::SHOWS_FOR;
use crate::network::{Heir, Meeting, Reached, Told, Wish, refusal_code};
use crate::problem::Problem;
use crate::ration::Rationed;
use crate::secrets::{keep_user_key, user_key};
use crate::settings::{AccountSettings, tidy_name};
use crate::sign_in::blocking;
use crate::texts::t;
use crate::view::{Change, RoomName};

/// Where a hub listens if nobody says: all addresses of this computer, any free port.
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// What was said of an earlier try, and on the way here.
const MEETING_NOTICES: [&str; 16] = [
    "hub_unreachable",
    "hub_unreachable_host",
    "hub_unreachable_here",
    "relay_unreachable",
    "room_full",
    "room_locked",
    "hub_full",
    "already_there",
    "invite_copied",
    "need_an_account",
    "in_a_room",
    "room_gone",
    "account_busy",
    "cannot_listen",
    "signed_in",
    "already_signed_in",
];

/// What a room on the network is beside its members.
pub(super) struct Networked {
    pub meeting: Arc<Meeting>,
    invite: Invite,
    user: UserKey,
    members: MembersSent,
    reached: BTreeMap<String, Reached>,
    /// Members of this process, and those of them that are driven here.
    pub ours: BTreeSet<MemberId>,
    pub driven: BTreeSet<MemberId>,
}

/// A room that was met, with everybody who came in.
pub(crate) struct Met {
    meeting: Arc<Meeting>,
    invite: Invite,
    user: UserKey,
    to_reports: mpsc::UnboundedSender<Report>,
    reports: mpsc::UnboundedReceiver<Report>,
    entered: Vec<Entered>,
    problems: Vec<Problem>,
    /// It is this process that opened the room.
    hosts: bool,
}

struct Entered {
    account: AccountSettings,
    player: Arc<Rationed>,
    /// None if the room of before has it.
    lock: Option<AccountLock>,
    link: Link,
}

/// Which room, and as what.
pub(super) enum Way {
    Host { relay: Option<HubAddress>, listen: SocketAddr },
    Join(Invite),
}

impl Way {
    fn to(&self) -> To {
        match self {
            Self::Host { relay, .. } => To::Host { relay: relay.as_ref().map(HubAddress::authority) },
            Self::Join(invite) => To::Join { host: invite.host.clone(), place: places_of(invite) },
        }
    }

    /// To ask for the same once more.
    fn anew(&self) -> Action {
        match self {
            Self::Host { relay, listen } => Action::HostSession {
                relay: relay.as_ref().map(HubAddress::to_string),
                listen: Some(listen.to_string()),
            },
            Self::Join(invite) => Action::OpenInvite { invite: invite.link() },
        }
    }

    /// What is said when nobody came in, with what to do about it.
    fn again(&self) -> impl FnOnce(Problem) -> Problem + use<> {
        let relay = match self {
            Self::Host { relay, .. } => relay.as_ref().map(HubAddress::authority),
            Self::Join(_) => None,
        };
        let anew = self.anew();
        move |problem| match relay {
            Some(relay) if is_unreachable(&problem) => {
                let settings = Action::Show { screen: Screen::Settings };
                Problem::new("relay_unreachable").with("address", relay).way_out("settings", settings)
            }
            _ if may_pass(&problem) => problem.way_out("try_again", anew),
            _ => problem,
        }
    }
}

fn is_unreachable(problem: &Problem) -> bool {
    problem.code().starts_with("hub_unreachable")
}

/// The same invite may let somebody in later.
fn may_pass(problem: &Problem) -> bool {
    is_unreachable(problem) || ["room_full", "room_locked", "hub_full"].contains(&problem.code())
}

pub(super) fn places_of(invite: &Invite) -> String {
    invite.hubs.iter().map(HubAddress::authority).collect::<Vec<_>>().join(", ")
}

impl Controller {
    pub(super) fn host_session(&mut self, relay: Option<&str>, listen: Option<&str>) {
        let relay = match relay.map(|text| HubAddress::parse(text).ok_or(text)).transpose() {
            Ok(relay) => relay,
            Err(text) => return self.notices.say(&Problem::new("bad_relay").with("address", text)),
        };
        let listen = match listen.map(|text| text.parse().map_err(|_| text)).transpose() {
            Ok(listen) => listen.unwrap_or(ANYWHERE),
            Err(text) => return self.notices.say(&Problem::new("bad_listen").with("address", text)),
        };
        self.meet(Way::Host { relay, listen }, false);
    }

    pub(super) fn join_room(&mut self, invite: &str) {
        match Invite::parse(invite) {
            Ok(invite) => self.meet(Way::Join(invite), false),
            Err(problem) => self.notices.say(&problem),
        }
    }

    /// The invite leads to the room that is there.
    pub(super) fn is_here(&self, invite: &Invite) -> bool {
        let network = self.room.as_ref().and_then(|room| room.network.as_ref());
        network.is_some_and(|network| network.meeting.secret.room() == invite.secret.room())
    }

    pub(super) fn chosen_accounts(&self) -> impl Iterator<Item = &AccountSettings> {
        self.settings.accounts.iter().filter(|account| self.is_chosen(account))
    }

    /// A room that is there goes on until the other one has let somebody in, and only if it is met `instead`.
    pub(super) fn meet(&mut self, way: Way, instead: bool) {
        let chosen: Vec<_> = self.chosen_accounts().cloned().collect();
        if chosen.is_empty() {
            let lobby = Action::Show { screen: Screen::Lobby };
            return self.notices.say(&Problem::new("need_an_account").way_out("choose_accounts", lobby));
        }
        if (self.room.is_some() || self.opening.is_some()) && !instead {
            return self.notices.say(&Problem::new("in_a_room").way_out("leave", Action::Leave));
        }
        self.postponed = None;
        for code in MEETING_NOTICES {
            self.notices.clear(code);
        }
        let attempt = self.begin_opening(way.to());
        let reach = self.reach.clone();
        let chosen = chosen.into_iter().map(|account| (self.drives(&account.account_id), account)).collect();
        self.open_with(async move { Message::Met(attempt, Box::new(meet(&reach, way, chosen).await)) });
    }

    pub(super) async fn met(&mut self, attempt: u64, met: Result<Met, Problem>) {
        if !self.end_opening(attempt) {
            // It was given up: whoever came in goes again.
            return;
        }
        let mut met = match met {
            Ok(met) => met,
            Err(problem) => {
                self.screen = self.home_screen();
                return self.notices.say(&problem);
            }
        };
        // Whoever signed out meanwhile is not taken along.
        met.entered.retain(|entered| self.settings.account(&entered.account.account_id).is_some());
        if met.entered.is_empty() {
            self.screen = self.home_screen();
            return;
        }
        // A command for the room of before may still come through.
        let after = self.room.as_ref().map(|_| Instant::now() + clock::duration(SHOWS_FOR));
        let mut locks = self.leave_for_another().await;
        for problem in &met.problems {
            self.notices.say(problem);
        }
        let name = match &met.invite.host {
            Some(host) => RoomName::Of(host.clone()),
            None => RoomName::Network,
        };
        let networked = Networked {
            meeting: Arc::clone(&met.meeting),
            invite: met.invite,
            user: met.user,
            members: MembersSent::default(),
            reached: BTreeMap::new(),
            ours: BTreeSet::new(),
            driven: BTreeSet::new(),
        };
        let mut hosted =
            Hosted::on_network(name, self.reach.endpoints.clone(), networked, (met.to_reports, met.reports));
        for (place, Entered { account, player, lock, link }) in met.entered.into_iter().enumerate() {
            // The player of a sign-in that was replaced meanwhile is none any more.
            let now = self.settings.account(&account.account_id);
            let anew = now.is_some_and(|now| now.signed_in_at != account.signed_in_at);
            let newer = self.accounts.get(&account.account_id).and_then(|state| state.player.clone());
            let player = newer.filter(|_| anew).unwrap_or(player);
            self.accounts.entry(account.account_id.clone()).or_default().player = Some(Arc::clone(&player));
            let seat = Seat {
                player,
                device: account.device,
                trim: Span::from_millis(account.trim_ms.into()),
                seed: self.options.seed.map_or_else(rand::random, |seed| seed.wrapping_add(place as u64)),
                after,
            };
            let guest = Guest { account_id: account.account_id, name: account.name, seat };
            if let Some(lock) = lock.or_else(|| locks.remove(&guest.account_id)) {
                hosted.holds(&guest.account_id, lock);
            }
            hosted.sit(guest, link);
        }
        self.opens(hosted);
        self.notices.clear("session_left");
        self.remember_session();
        if met.hosts {
            self.hand_out();
        }
        if met.hosts && self.settings.choices.may_lead == api::MayLead::Host {
            self.wish(&Wish::MayLead(wire::WhoLeads::Host));
        }
    }

    pub(super) fn wish(&self, wish: &Wish) {
        if let Some(network) = self.room.as_ref().and_then(|room| room.network.as_ref()) {
            network.meeting.wish(wish);
        }
    }

    /// The number of one of ours is another's: it comes in anew, under the next one.
    fn comes_anew(&mut self, account: String) {
        let Some(room) = &mut self.room else { return };
        let Some(meeting) = room.network.as_ref().map(|network| Arc::downgrade(&network.meeting)) else { return };
        let Some(player) = room.rise(&account) else { return };
        let name = self.settings.account(&account).map(|account| account.name.clone()).unwrap_or_default();
        self.later(async move {
            let link = loop {
                // The room was left meanwhile: nobody waits for it.
                let Some(now) = meeting.upgrade() else { break Err(Problem::new("room_gone")) };
                match now.join(&account, &name).await {
                    Err(problem) if problem.code().starts_with("hub_unreachable") => {}
                    link => break link,
                }
            };
            Message::Anew(meeting, account, player, link)
        });
    }

    pub(super) fn came_anew(
        &mut self,
        meeting: &Weak<Meeting>,
        account: &str,
        player: Arc<Rationed>,
        link: Result<Link, Problem>,
    ) {
        let seed = self.options.seed.unwrap_or_else(rand::random);
        let Some(room) = &mut self.room else { return };
        let same = |network: &Networked| std::ptr::eq(Arc::as_ptr(&network.meeting), meeting.as_ptr());
        if !room.network.as_ref().is_some_and(same) {
            return;
        }
        match (link, self.settings.account(account)) {
            (Ok(link), Some(account)) => {
                let trim = Span::from_millis(account.trim_ms.into());
                let seat = Seat { player, device: account.device.clone(), trim, seed, after: None };
                room.sit(Guest { account_id: account.account_id.clone(), name: account.name.clone(), seat }, link);
            }
            (Ok(_), None) => {}
            (Err(problem), _) => self.notices.say(&problem),
        }
    }

    /// What the hub on the network says.
    pub(super) fn told(&mut self, told: Told) -> Change {
        if let Told::Taken(account) = told {
            self.comes_anew(account);
            return Change::News;
        }
        let Some(room) = &mut self.room else { return Change::Numbers };
        let Some(network) = &mut room.network else { return Change::Numbers };
        match told {
            // Each connection of this process tells it; one may be behind another.
            Told::State(_, state) if room.shown.knows_later_than(&state) => return Change::Numbers,
            Told::State(at, state) => return room.shown.changed(state, at),
            Told::Clock(known) => {
                room.shown.clock(known);
                return Change::Numbers;
            }
            Told::Members(members) => {
                room.shown.members_are(&members);
                let host = members.list.iter().find(|member| member.host);
                if let Some(host) = host.and_then(|host| tidy_name(&host.name)) {
                    // Whose session it is by now: whoever began it may have gone.
                    room.shown.name = RoomName::Of(host.clone());
                    network.invite.host = Some(host);
                }
                if members.list.len() > network.ours.len() {
                    // The invite has done what it was copied for.
                    self.notices.clear("invite_copied");
                }
                network.members = members;
                self.remember_session();
            }
            Told::Seen(member, _) if network.driven.contains(&member) => return Change::Numbers,
            Told::Seen(member, seen) => return room.shown.seen_afar(member, *seen, clock::now()),
            Told::Reached(account, reached) => {
                if let Reached::Refused(trouble) = reached {
                    // Nobody is let in again who was sent away.
                    if let Some(way_back) = &mut self.way_back {
                        way_back.keep(None);
                    }
                    self.notices
                        .say(&Problem::new(refusal_code(trouble)).with("address", network.meeting.places.shown()));
                }
                network.reached.insert(account, reached);
            }
            // The clock that comes of it is told by itself.
            Told::Exchanged(_) => return Change::Numbers,
            Told::Taken(_) => {}
        }
        Change::News
    }
}

impl Networked {
    pub fn picture(&self) -> api::Network {
        let invite = Invite { hubs: self.meeting.to_invite(), ..self.invite.clone() };
        let own = Invite { user: Some(self.user), ..invite.clone() };
        let host = self.members.list.iter().find(|member| member.host).map(|member| MemberId(member.id));
        let reached = |wanted: &Reached| self.reached.values().any(|reached| reached == wanted);
        let refused = self.reached.values().find_map(|reached| match reached {
            Reached::Refused(trouble) => Some(refusal_code(*trouble)),
            Reached::Yes | Reached::Not => None,
        });
        let connection = match refused {
            _ if reached(&Reached::Not) => reached_as("reconnecting", t("network.reconnecting", &[])),
            Some(code) if !reached(&Reached::Yes) => {
                reached_as(code, Problem::new(code).with("address", self.meeting.places.shown()).text())
            }
            _ => reached_as("connected", t("network.connected", &[])),
        };
        api::Network {
            invite: invite.link(),
            page: invite.page(),
            near: !is_relay(&invite.hubs),
            own_device: own.link(),
            connection,
            host: host.is_some_and(|host| self.ours.contains(&host)),
            who_leads: match &self.members.who_leads {
                wire::WhoLeads::Anyone => api::WhoLeads::Anyone,
                wire::WhoLeads::Host => api::WhoLeads::Host,
                wire::WhoLeads::Members(members) => api::WhoLeads::Members(members.clone()),
            },
            locked: self.members.locked,
        }
    }

    /// An invite for this program itself, for when it comes back. A session that is only here ends with it.
    pub fn way_back(&self) -> Option<Invite> {
        let heir = self.meeting.heir.as_ref();
        let alone = self.members.list.len() <= self.ours.len();
        let is_own = |hub: &HubAddress| heir.is_some_and(|heir| heir.is_at(hub));
        let places = self.meeting.places.to_invite(Vec::new());
        let hubs: Vec<_> = places.into_iter().filter(|hub| !is_own(hub)).collect();
        let ends_with_us = hubs.is_empty() || (heir.is_some_and(Heir::holds) && alone);
        (!ends_with_us).then(|| Invite { hubs, ..self.invite.clone() })
    }

    /// Where this member is.
    pub fn place(&self, member: u32) -> Option<api::Place> {
        let sent = self.members.list.iter().find(|sent| sent.id == member)?;
        Some(api::Place {
            here: self.ours.contains(&MemberId(member)),
            drives_here: self.driven.contains(&MemberId(member)),
            devices: sent.devices.clone(),
            reconnecting: sent.reconnecting,
            host: sent.host,
        })
    }
}

fn reached_as(code: &str, text: String) -> api::Status {
    api::Status { code: code.into(), text }
}

impl From<api::WhoLeads> for wire::WhoLeads {
    fn from(who: api::WhoLeads) -> Self {
        match who {
            api::WhoLeads::Anyone => Self::Anyone,
            api::WhoLeads::Host => Self::Host,
            api::WhoLeads::Members(members) => Self::Members(members),
        }
    }
}

/// Opens the accounts' players, finds the hub, and brings everybody in.
///
/// Beside each account: whether the room of before drives it, and with that has its lock.
async fn meet(reach: &Accounts, way: Way, chosen: Vec<(bool, AccountSettings)>) -> Result<Met, Problem> {
    let secrets = Arc::clone(&reach.secrets);
    let own = blocking(move || user_key(&*secrets)).await.map_err(|problem| problem.again(way.anew()))?;
    let host = chosen.first().map(|(_, account)| account.name.clone());
    let again = way.again();
    let name = host.clone().unwrap_or_default();
    let (to_reports, reports) = mpsc::unbounded_channel();
    let hosts = matches!(way, Way::Host { .. });
    let mut kept = None;
    let (meeting, invite, user) = match way {
        Way::Host { relay: Some(relay), .. } => {
            let secret = RoomSecret::new(rand::random());
            let invite = Invite { secret, hubs: vec![relay.clone()], host, user: None };
            (Meeting::new(secret, own, vec![relay], true, None, to_reports.clone()), invite, own)
        }
        Way::Host { relay: None, listen } => {
            let secret = RoomSecret::new(rand::random());
            let heir = bind(listen, &name)?;
            heir.open(secret.room()).map_err(|error| cannot_listen(listen, &error))?;
            let invite = Invite { secret, hubs: heir.addresses(), host, user: None };
            let hubs = vec![heir.own()];
            (Meeting::new(secret, own, hubs, true, Some(heir), to_reports.clone()), invite, own)
        }
        Way::Join(invite) => {
            kept = invite.user;
            let user = invite.user.unwrap_or(own);
            let hubs = invite.hubs.clone();
            // A relay comes back by itself; the program of a host does not, so that everybody in it can hold the hub.
            let loopback = hubs.iter().all(|hub| hub.host.parse().is_ok_and(|at: std::net::IpAddr| at.is_loopback()));
            let listen = if loopback { SocketAddr::from(([127, 0, 0, 1], 0)) } else { ANYWHERE };
            let heir = if is_relay(&hubs) { None } else { Some(bind(listen, &name)?) };
            let shared = Invite { user: None, ..invite };
            (Meeting::new(shared.secret, user, hubs, false, heir, to_reports.clone()), shared, user)
        }
    };
    let mut met = Met { meeting, invite, user, to_reports, reports, entered: Vec::new(), problems: Vec::new(), hosts };
    let mut chosen = chosen.into_iter();
    // The first one finds the room, and opens one's own; where nobody answers them, nobody answers the others either.
    for (drives, account) in chosen.by_ref() {
        match enter(reach, &met.meeting, account, drives).await {
            Ok(entered) => met.entered.push(entered),
            Err(problem) => met.problems.push(problem),
        }
        if !met.entered.is_empty() || met.problems.iter().any(is_unreachable) {
            break;
        }
    }
    if met.entered.is_empty() {
        let problem = met.problems.pop().expect("nobody came in, and why is known");
        met.meeting.end().await;
        return Err(again(problem));
    }
    let others = chosen.map(|(drives, account)| enter(reach, &met.meeting, account, drives));
    for entered in futures::future::join_all(others).await {
        match entered {
            Ok(entered) => met.entered.push(entered),
            Err(problem) => met.problems.push(problem),
        }
    }
    if let Some(key) = kept {
        // The next start is the same user without the link.
        let secrets = Arc::clone(&reach.secrets);
        if let Err(problem) = blocking(move || keep_user_key(&*secrets, key)).await {
            met.problems.push(problem);
        }
    }
    Ok(met)
}

async fn enter(
    reach: &Accounts,
    meeting: &Arc<Meeting>,
    account: AccountSettings,
    drives: bool,
) -> Result<Entered, Problem> {
    let lock = if drives { None } else { Some(reach.lock(&account)?) };
    let player = reach.open(&account).await?;
    let link = meeting.join(&account.account_id, &account.name).await?;
    Ok(Entered { account, player, lock, link })
}

fn bind(listen: SocketAddr, host: &str) -> Result<Heir, Problem> {
    Heir::bind(listen, host).map_err(|error| cannot_listen(listen, &error))
}

fn cannot_listen(listen: SocketAddr, why: &std::io::Error) -> Problem {
    Problem::new("cannot_listen").with("address", listen.to_string()).with("why", why.to_string())
}

/// A relay has a name, or speaks TLS; a host's program has an address.
fn is_relay(hubs: &[HubAddress]) -> bool {
    hubs.iter().any(|hub| hub.secure || hub.host.parse::<std::net::IpAddr>().is_err())
}
