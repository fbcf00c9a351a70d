//! A sign-in from the window's point of view: begin, wait for the browser or a link, keep, tell.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use super::{Controller, Message};
use crate::accounts;
use crate::api::{Action, Screen, SignIn, SignInWay};
use crate::problem::{Problem, way_out};
use crate::secrets::SecretStore;
use crate::sign_in::{self, Answers, Pending, SignedIn, arrival, check_client_id};
use crate::texts::t;

/// An answer that came after a restart is there already.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What a new sign-in makes out of date.
const ABOUT_SIGN_INS: [&str; 8] = [
    "no_client_id",
    "bad_client_id",
    "sign_in_denied",
    "sign_in_timeout",
    "sign_in_failed",
    "sign_in_foreign_state",
    "sign_in_not_waiting",
    "sign_in_answered",
];

/// What trying again makes out of date.
pub(super) const ABOUT_THE_KEYCHAIN: [&str; 3] = ["keychain_locked", "keychain_denied", "keychain_other"];

/// A sign-in under way.
pub(super) struct Connecting {
    attempt: u64,
    client_id: String,
    name: Option<String>,
    way: SignInWay,
    /// Where links go that may be its answer.
    answers: Option<Answers>,
    address: Option<String>,
    task: AbortHandle,
}

/// What became of it.
pub(crate) enum News {
    /// The page to open.
    Address(String),
    /// Something to tell while the wait goes on.
    Told(Problem),
    /// Nobody waits for what came.
    NotWaiting,
    Done(Box<Result<SignedIn, Problem>>),
}

impl Connecting {
    pub fn shown(&self, other: Option<SignInWay>) -> Option<SignIn> {
        let again =
            |way| Action::Connect { client_id: self.client_id.clone(), name: self.name.clone(), way: Some(way) };
        let label = |way| match way {
            SignInWay::Link => "by_link",
            SignInWay::Loopback => "by_loopback",
        };
        Some(SignIn {
            address: self.address.clone()?,
            text: t("sign_in.waiting", &[]),
            other: other.map(|way| way_out(label(way), again(way))),
        })
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Controller {
    pub(super) fn connect(&mut self, client_id: &str, name: Option<String>, way: Option<SignInWay>) {
        self.connecting = None;
        for code in ABOUT_SIGN_INS.into_iter().chain(ABOUT_THE_KEYCHAIN) {
            self.notices.clear(code);
        }
        let client_id = match check_client_id(client_id, &self.reach.endpoints) {
            Ok(client_id) => client_id,
            Err(problem) => return self.notices.say(&problem),
        };
        let way = self.options.links.way(way.or(self.settings.sign_in_way));
        let (answers, links) = match way {
            SignInWay::Link => {
                let (answers, links) = Answers::channel();
                (Some(answers), Some(links))
            }
            SignInWay::Loopback => (None, None),
        };
        let attempt = self.next_attempt();
        let (reach, to_self, id) = (self.reach.clone(), self.to_self.clone(), client_id.clone());
        let task = tokio::spawn(async move {
            let tell = |news| {
                // An error means that the program has ended.
                let _ = to_self.send(Message::SignIn(attempt, news));
            };
            let signed_in = async {
                sign_in::probe(Arc::clone(&reach.secrets)).await?;
                let pending = Pending::begin(&reach.endpoints, &id, links).await?;
                pending.outlive(Arc::clone(&reach.secrets)).await?;
                tell(News::Address(pending.address().to_owned()));
                let signed_in = finish(pending, &reach, sign_in::DEADLINE, &tell).await;
                if way == SignInWay::Link {
                    give_up(Arc::clone(&reach.secrets)).await;
                }
                signed_in
            };
            let outcome = signed_in.await;
            tell(News::Done(Box::new(outcome)));
        });
        let task = task.abort_handle();
        self.connecting = Some(Connecting { attempt, client_id, name, way, answers, address: None, task });
        self.screen = Screen::Connect;
    }

    /// A link came that is the answer of some sign-in's page: of the one that waits, of one that an earlier run began,
    /// or of none.
    pub(super) fn answered(&mut self, query: String) {
        self.show_window();
        if let Some(answers) = self.connecting.as_ref().and_then(|connecting| connecting.answers.as_ref()) {
            if !answers.give(&query) {
                self.notices.say(&Problem::new("sign_in_answered"));
            }
            return;
        }
        let (reach, to_self) = (self.reach.clone(), self.to_self.clone());
        tokio::spawn(async move {
            let tell = |news| {
                // An error means that the program has ended.
                let _ = to_self.send(Message::Resumed(news));
            };
            let (answers, links) = Answers::channel();
            let news = match Pending::resume(&reach.endpoints, Arc::clone(&reach.secrets), links).await {
                Ok(None) => News::NotWaiting,
                Err(problem) => News::Done(Box::new(Err(problem))),
                Ok(Some(pending)) => {
                    answers.give(&query);
                    News::Done(Box::new(finish(pending, &reach, AT_ONCE, &tell).await))
                }
            };
            tell(news);
        });
    }

    pub(super) fn open_sign_in_page(&self) {
        if let Some(address) = self.connecting.as_ref().and_then(|connecting| connecting.address.as_deref()) {
            self.open(address);
        }
    }

    pub(super) fn cancel_sign_in(&mut self) {
        if self.connecting.take().is_some_and(|connecting| connecting.answers.is_some()) {
            tokio::spawn(give_up(Arc::clone(&self.reach.secrets)));
        }
    }

    pub(super) fn sign_in_news(&mut self, attempt: u64, news: News) {
        let Some(connecting) = self.connecting.as_mut().filter(|connecting| connecting.attempt == attempt) else {
            return;
        };
        match news {
            News::Address(address) => {
                connecting.address = Some(address.clone());
                self.open(&address);
            }
            News::Told(problem) => self.notices.say(&problem),
            News::NotWaiting => {}
            News::Done(outcome) => {
                let (client_id, way) = (connecting.client_id.clone(), Some(connecting.way));
                let name = connecting.name.take();
                self.connecting = None;
                match *outcome {
                    Ok(signed_in) => self.signed_in(&signed_in, name.as_deref()),
                    Err(problem) => self.notices.say(&problem.again(Action::Connect { client_id, name, way })),
                }
            }
        }
    }

    /// What a link came to for which an earlier run had waited.
    pub(super) fn resumed(&mut self, news: News) {
        match news {
            News::Address(_) => {}
            News::Told(problem) => self.notices.say(&problem),
            News::NotWaiting => {
                let connect = crate::problem::to_connect();
                self.notices.say(&Problem::new("sign_in_not_waiting").way_out("connect", connect));
            }
            News::Done(outcome) => match *outcome {
                Ok(signed_in) => self.signed_in(&signed_in, None),
                Err(problem) => self.notices.say(&problem),
            },
        }
    }

    /// The other way for the sign-in under way, for when Spotify refuses the redirect.
    pub(super) fn sign_in_shown(&self) -> Option<SignIn> {
        let connecting = self.connecting.as_ref()?;
        let redirects = self.options.links.redirects();
        let other = redirects.iter().map(|redirect| redirect.way).find(|way| *way != connecting.way);
        connecting.shown(other)
    }

    fn signed_in(&mut self, signed_in: &SignedIn, name: Option<&str>) {
        let told = accounts::remember(&mut self.settings, signed_in, name);
        self.save_settings();
        // A new sign-in replaces the player that used the old one.
        self.accounts.remove(&signed_in.account_id);
        for code in ABOUT_SIGN_INS.into_iter().chain(["needs_login", "sign_in_gone"]) {
            self.notices.clear(code);
        }
        self.notices.say(&told);
        self.screen = self.home_screen();
        self.refresh_devices();
        self.ask_again();
    }
}

/// Waits for the answer and keeps the sign-in.
async fn finish(
    pending: Pending,
    reach: &accounts::Accounts,
    deadline: Duration,
    tell: &(impl Fn(News) + Send + Sync),
) -> Result<SignedIn, Problem> {
    let ration = reach.rations.of(pending.client_id());
    let signed_in = pending.finish(&ration, deadline, |problem| tell(News::Told(problem))).await?;
    if let Some(short) = signed_in.keep(Arc::clone(&reach.secrets)).await? {
        tell(News::Told(short));
    }
    Ok(signed_in)
}

/// Nothing stays behind that a later link could answer.
async fn give_up(secrets: Arc<dyn SecretStore>) {
    if let Err(problem) = sign_in::give_up(secrets).await {
        tracing::warn!(code = problem.code(), "what a sign-in waited with stays in the keychain");
    }
}

/// A link of the system's.
pub(crate) enum Opened {
    /// The answer of a sign-in's page: its query.
    Answer(String),
    /// Anything else is taken for an invite, which says what is wrong with it.
    Invite(String),
}

impl Opened {
    pub fn read(link: &str) -> Self {
        arrival::query_of(link).map_or_else(|| Self::Invite(link.to_owned()), Self::Answer)
    }
}
