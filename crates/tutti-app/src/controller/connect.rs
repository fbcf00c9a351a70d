//! A sign-in from the window's point of view: begin, wait for the browser, keep, tell.

use std::sync::Arc;

use tokio::task::AbortHandle;

use super::{Controller, Message};
use crate::accounts;
use crate::api::{Screen, SignIn};
use crate::problem::Problem;
use crate::sign_in::{self, Pending, SignedIn, check_client_id};
use crate::texts::t;

/// A sign-in under way.
pub(super) struct Connecting {
    attempt: u64,
    name: Option<String>,
    address: Option<String>,
    task: AbortHandle,
}

/// What became of it.
pub(crate) enum News {
    /// The page to open.
    Address(String),
    /// Something to tell while the wait goes on.
    Told(Problem),
    Done(Box<Result<SignedIn, Problem>>),
}

impl Connecting {
    pub fn shown(&self) -> Option<SignIn> {
        let address = self.address.clone()?;
        Some(SignIn { address, text: t("sign_in.waiting", &[]) })
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Controller {
    pub(super) fn connect(&mut self, client_id: &str, name: Option<String>) {
        self.connecting = None;
        for code in [
            "no_client_id",
            "bad_client_id",
            "sign_in_denied",
            "sign_in_timeout",
            "sign_in_failed",
            "sign_in_foreign_state",
        ] {
            self.notices.clear(code);
        }
        let client_id = match check_client_id(client_id, &self.reach.endpoints) {
            Ok(client_id) => client_id,
            Err(problem) => return self.notices.say(&problem),
        };
        let attempt = self.next_attempt();
        let (reach, to_self) = (self.reach.clone(), self.to_self.clone());
        let task = tokio::spawn(async move {
            let tell = |news| {
                // An error means that the program has ended.
                let _ = to_self.send(Message::SignIn(attempt, news));
            };
            let signed_in = async {
                sign_in::probe(Arc::clone(&reach.secrets)).await?;
                let pending = Pending::begin(&reach.endpoints, &client_id).await?;
                tell(News::Address(pending.address().to_owned()));
                let ration = reach.rations.of(&client_id);
                let told = |problem| tell(News::Told(problem));
                let signed_in = pending.finish(&ration, sign_in::DEADLINE, told).await?;
                if let Some(short) = signed_in.keep(Arc::clone(&reach.secrets)).await? {
                    tell(News::Told(short));
                }
                Ok(signed_in)
            };
            let outcome = signed_in.await;
            tell(News::Done(Box::new(outcome)));
        });
        self.connecting = Some(Connecting { attempt, name, address: None, task: task.abort_handle() });
        self.screen = Screen::Connect;
    }

    pub(super) fn open_sign_in_page(&self) {
        if let Some(address) = self.connecting.as_ref().and_then(|connecting| connecting.address.as_deref()) {
            self.open(address);
        }
    }

    pub(super) fn cancel_sign_in(&mut self) {
        self.connecting = None;
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
            News::Done(outcome) => {
                let name = connecting.name.take();
                self.connecting = None;
                match *outcome {
                    Ok(signed_in) => self.signed_in(&signed_in, name.as_deref()),
                    Err(problem) => self.notices.say(&problem),
                }
            }
        }
    }

    fn signed_in(&mut self, signed_in: &SignedIn, name: Option<&str>) {
        let told = accounts::remember(&mut self.settings, signed_in, name);
        self.save_settings();
        // A new sign-in replaces the player that used the old one.
        self.accounts.remove(&signed_in.account_id);
        self.notices.clear("needs_login");
        self.notices.clear("sign_in_gone");
        self.notices.say(&told);
        self.screen = Screen::Lobby;
        self.refresh_devices();
    }
}
