//! The one actor that owns the program's state: actions and reports go in one by one, whole snapshots come out.

mod account;
mod asking;
mod checks;
mod connect;
mod demo;
mod desktop;
mod ending;
mod hosting;
mod meeting;
mod opening;
mod publish;
mod resume;
mod settings;
mod updates;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tutti_core::room::MemberId;
use tutti_core::time::LocalTime;

use crate::accounts::Accounts;
use crate::announce::Announcer;
use crate::api::{Action, LanguageChoice, Ration, Screen, Snapshot};
use crate::clock;
use crate::cover::Covers;
use crate::invite::Invite;
use crate::link::Link;
use crate::local_room::Report;
use crate::network::{Meeting, Wish};
use crate::notices::Notices;
use crate::problem::Problem;
use crate::program::Options;
use crate::ration::Rationed;
use crate::settings::{AccountSettings, Settings};
use crate::shell::{News, Shell};
use crate::texts::set_language;
use crate::tray;
use crate::trouble::DASHBOARD;
use crate::view::{self, Change};
use account::AccountState;
use asking::Asked;
use connect::Connecting;
pub(crate) use connect::Opened;
use hosting::Hosted;
use opening::Opening;
use publish::Publisher;
use resume::WayBack;
use settings::Pane;
use updates::Updating;

/// What reaches the actor.
pub(crate) enum Message {
    Action(Action),
    Tray(tray::Entry),
    Desktop(News),
    /// An earlier run ended in the middle of this session.
    WayBack(Invite),
    /// What a task that was started earlier has come to.
    SignIn(u64, connect::News),
    /// What a sign-in of an earlier run has come to.
    Resumed(connect::News),
    /// A link that the system opened.
    Link(Opened),
    Checked(u64, checks::News),
    Devices(String, account::Found),
    Opened(u64, Vec<hosting::Opened>),
    Met(u64, Box<Result<meeting::Met, Problem>>),
    /// Somebody whose number was another's has come in anew, or could not.
    Anew(Weak<Meeting>, String, Arc<Rationed>, Result<Link, Problem>),
    SignedOut(String, Result<(), Problem>),
    Deleted(Result<(), Problem>),
    Stage(u64, Box<Result<crate::demo::Stage, Problem>>),
    Said(Problem),
    Update(updates::News),
    Stop(oneshot::Sender<()>),
}

/// What other processes took from the rations is read this often, and what could not be written is tried again.
const SAVE_EVERY: Duration = Duration::from_secs(20);

pub(crate) struct Controller {
    options: Options,
    shell: Arc<dyn Shell>,
    to_self: mpsc::UnboundedSender<Message>,
    covers: Covers,
    reach: Accounts,
    settings: Settings,
    /// Ids of all accounts that this run has had: what else the file has, another program signed in.
    known: BTreeSet<String>,
    accounts: BTreeMap<String, AccountState>,
    notices: Notices,
    screen: Screen,
    connecting: Option<Connecting>,
    checking: Option<checks::Checking>,
    room: Option<Hosted>,
    /// Waits for a yes or no.
    question: Option<Asked>,
    /// Is asked again as soon as there is an account to take along.
    postponed: Option<Invite>,
    /// Counts tasks, so that the answer of one that was given up is known as such.
    attempts: u64,
    opening: Option<Opening>,
    /// None where nobody would come back: without a window, and in a demo.
    way_back: Option<WayBack>,
    publisher: Publisher,
    pane: Pane,
    updating: Updating,
    announcer: Announcer,
}

impl Controller {
    pub fn new(
        options: Options,
        shell: Arc<dyn Shell>,
        to_self: mpsc::UnboundedSender<Message>,
        covers: Covers,
    ) -> Self {
        let loaded = Settings::load(&options.home);
        if loaded.settings.choices.language != LanguageChoice::System {
            set_language(loaded.settings.choices.language.spoken());
        }
        let mut notices = Notices::default();
        if let Some(aside) = loaded.put_aside {
            notices.say(&Problem::new("settings_broken").with("path", aside.display().to_string()));
        }
        let first = publish::empty(&options);
        let mut reach = Accounts::new(options.home.clone(), options.endpoints.clone(), Arc::clone(&options.secrets));
        if !options.way.is_the_network() {
            // What Spotify is not asked counts nowhere but here.
            reach.rations = crate::ration::Rations::default();
        }
        reach.way = options.way.clone();
        let to = to_self.clone();
        let reach = reach.telling(move |problem| {
            // An error means that the program has ended.
            let _ = to.send(Message::Said(problem));
        });
        reach.rations.same_developer(&loaded.settings.same_developer);
        reach.rations.thrifty(loaded.settings.thrifty);
        let screen = if loaded.settings.accounts.is_empty() { Screen::Welcome } else { Screen::Lobby };
        let mut controller = Self {
            options,
            shell,
            to_self,
            covers,
            reach,
            known: loaded.settings.accounts.iter().map(|account| account.account_id.clone()).collect(),
            settings: loaded.settings,
            accounts: BTreeMap::new(),
            notices,
            screen,
            connecting: None,
            checking: None,
            room: None,
            question: None,
            postponed: None,
            attempts: 0,
            opening: None,
            way_back: None,
            publisher: Publisher::new(first),
            pane: Pane::default(),
            updating: Updating::default(),
            announcer: Announcer::default(),
        };
        controller.try_home();
        controller.look_at_desktop();
        if let Some(demo) = controller.options.demo.clone() {
            controller.start_demo(demo);
        }
        controller.look_for_way_back();
        controller.look_for_update();
        let snapshot = controller.snapshot();
        controller.publisher.publish(snapshot);
        controller
    }

    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.publisher.subscribe()
    }

    /// Runs until it is told to stop, or until every handle is gone.
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        let mut save = tokio::time::interval(SAVE_EVERY);
        save.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stopped = loop {
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(Message::Stop(done)) => break Some(done),
                    Some(message) => self.take(message).await,
                    None => break None,
                },
                report = next_report(&mut self.room) => {
                    if self.report(report) == Change::Numbers {
                        self.publisher.moved();
                        continue;
                    }
                }
                () = self.publisher.due() => {
                    let snapshot = self.snapshot();
                    self.notice(&snapshot);
                    self.publisher.publish(snapshot);
                    continue;
                }
                () = self.announcer.due() => {
                    self.announce();
                    continue;
                }
                _ = save.tick() => {
                    self.save_ledgers().await;
                    self.tell_endings();
                    // Other processes use up rations too, and waits end.
                    if !self.update_due() && self.rations_shown(clock::now()) == self.publisher.newest().rations {
                        continue;
                    }
                }
            }
            self.publisher.changed();
        };
        self.leave().await;
        self.save_ledgers().await;
        // A keychain that hangs must cost nothing else.
        tokio::join!(self.way_back_written(), self.reach.renewals.end());
        if self.pane.deleted {
            settings::delete_window_files(&self.reach.home);
        }
        if let Some(done) = stopped {
            // An error means that nobody waits any more.
            let _ = done.send(());
        }
    }

    async fn take(&mut self, message: Message) {
        match message {
            Message::Action(action) => self.act(action).await,
            Message::Tray(entry) => self.tray(entry).await,
            Message::Desktop(news) => self.desktop_news(news),
            Message::WayBack(invite) => self.offer_way_back(invite),
            Message::SignIn(attempt, news) => self.sign_in_news(attempt, news),
            Message::Resumed(news) => self.resumed(news),
            Message::Link(Opened::Answer(query)) => self.answered(query),
            Message::Link(Opened::Invite(invite)) => self.open_invite(&invite),
            Message::Checked(attempt, news) => self.checked(attempt, news),
            Message::Devices(account, found) => self.devices_found(&account, found),
            Message::Opened(attempt, opened) => self.opened(attempt, opened).await,
            Message::Met(attempt, met) => self.met(attempt, *met).await,
            Message::Anew(meeting, account, player, link) => self.came_anew(&meeting, &account, player, link),
            Message::SignedOut(account, outcome) => self.signed_out(&account, outcome).await,
            Message::Deleted(outcome) => self.deleted(outcome),
            Message::Stage(attempt, stage) => self.staged(attempt, *stage).await,
            Message::Said(problem) => self.notices.say(&problem),
            Message::Update(news) => self.update_news(news).await,
            Message::Stop(_) => unreachable!("the loop ends at this message"),
        }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Show { screen: Screen::Settings } => self.open_settings(),
            Action::Show { screen } => self.show(screen),
            Action::CloseSettings => self.close_settings(),
            Action::Set { setting } => self.set(setting),
            Action::Quit => self.shell.quit(),
            Action::OpenLogFolder => self.open_log_folder(),
            Action::LookForUpdate => self.look_for_update(),
            Action::InstallUpdate { ends_session } => self.install_update(ends_session).await,
            Action::DeleteEverything => self.delete_everything().await,
            Action::StartDemo => {
                self.forget_left();
                self.leave().await;
                let demo = self.options.demo.clone().unwrap_or_else(crate::program::DemoOptions::from_env);
                self.start_demo(demo);
            }
            Action::Connect { client_id, name, way } => self.connect(&client_id, name, way),
            Action::RunChecks => self.run_checks(),
            Action::OpenSignInPage => self.open_sign_in_page(),
            Action::CancelSignIn => self.cancel_sign_in(),
            Action::SignOut { account } => self.sign_out(&account),
            Action::ChooseAccount { account, chosen } => self.choose_account(&account, chosen),
            Action::ChooseDevice { account, device } => self.choose_device(&account, device),
            Action::RefreshDevices => self.refresh_devices(),
            Action::LookAgain { member } => self.look_again(member),
            Action::Host => self.host(),
            Action::HostSession { relay, listen } => self.host_session(relay.as_deref(), listen.as_deref()),
            Action::OpenInvite { invite } => self.open_invite(&invite),
            Action::AnswerInvite { question, join } => self.answer_invite(question, join),
            Action::Join { invite } => self.join_room(&invite),
            Action::MayLead { who } => self.wish(&Wish::MayLead(who.into())),
            Action::Lock { on } => self.wish(&Wish::Lock(on)),
            Action::Remove { member } => self.wish(&Wish::Remove(MemberId(member))),
            Action::Leave => {
                self.forget_left();
                self.leave().await;
            }
            Action::GiveUp => self.give_up_opening(),
            Action::Sync { on } => self.sync(on),
            Action::Trim { member, ms } => self.trim(member, ms),
            Action::Hand { member, hand } => self.hand(member, hand),
            Action::Dismiss { notice } => self.notices.dismiss(notice),
            Action::OpenLink { link } => self.open_link(&link),
        }
    }

    /// While a session runs there is nothing to do in the lobby: the way back leads to the session.
    fn show(&mut self, screen: Screen) {
        self.screen = match (screen, self.room.is_some()) {
            (Screen::Lobby | Screen::Welcome, true) => Screen::Room,
            (Screen::Room, false) if self.opening.is_none() => return,
            _ => screen,
        };
        if screen == Screen::Lobby {
            self.refresh_devices();
        }
    }

    /// Only what the snapshot carries is opened, and only at Spotify.
    fn open_link(&mut self, link: &str) {
        let shown = self.room.as_ref().is_some_and(|room| room.shown.link() == Some(link));
        if link == DASHBOARD || (shown && link.starts_with("https://open.spotify.com/")) {
            self.open(link);
        } else {
            tracing::warn!("a link that is not shown was not opened");
        }
    }

    fn open(&self, address: &str) {
        // The opener's words would repeat the address, which must not be logged; the window shows it anyway.
        if self.shell.open_address(address).is_err() {
            tracing::warn!("the browser could not be opened");
        }
    }

    fn next_attempt(&mut self) -> u64 {
        self.attempts += 1;
        self.attempts
    }

    /// Runs in the background; what comes of it arrives as a message.
    fn later(&self, task: impl Future<Output = Message> + Send + 'static) {
        let to_self = self.to_self.clone();
        tokio::spawn(async move {
            // An error means that the program has ended.
            let _ = to_self.send(task.await);
        });
    }

    async fn save_ledgers(&self) {
        let rations = self.reach.rations.clone();
        if tokio::task::spawn_blocking(move || rations.save()).await.is_err() {
            tracing::error!("the request ledgers could not be written");
        }
    }

    /// Of those in the room, else of all accounts of the profile.
    fn rations_shown(&self, now: LocalTime) -> Vec<Ration> {
        match &self.room {
            Some(room) => view::rations(room.rations(), now),
            None => {
                let of = |account: &'_ AccountSettings| self.reach.rations.of(&account.client_id);
                let accounts = self.settings.accounts.iter();
                view::rations(accounts.map(|account| (account.name.as_str(), of(account))), now)
            }
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        let now = clock::now();
        let accounts = self.accounts_shown();
        let mut room = self.room.as_mut().map(|room| room.picture(now));
        if let Some(room) = &mut room {
            self.say_endings(room);
        }
        let in_demo = room.as_ref().is_some_and(|room| room.demo.is_some());
        let shown = self.room.iter().flat_map(|room| room.shown.covers());
        self.covers.show(shown);
        Snapshot {
            screen: self.screen,
            notices: self.notices.list(),
            accounts,
            sign_in: self.sign_in_shown(),
            sign_in_way: self.options.links.way(self.settings.sign_in_way),
            client_id: self.settings.client_id.clone(),
            room,
            question: self.question_shown(),
            waiting: self.waiting_shown(),
            checks: self.checking.as_ref().map(|checking| checking.shown.clone()),
            rations: self.rations_shown(now),
            settings: self.settings_shown(),
            // The demo says itself that its phones are simulated.
            other_server: self.endpoints().shown().filter(|_| !in_demo),
            ..publish::empty(&self.options)
        }
    }
}

async fn next_report(room: &mut Option<Hosted>) -> Report {
    match room {
        Some(room) => room.reports.recv().await.expect("the room keeps a sender of its reports"),
        None => std::future::pending().await,
    }
}
