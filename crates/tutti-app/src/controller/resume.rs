//! Back into the session in the middle of which the program ended: kept while one is in it, offered at the next start.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Controller, Message};
use crate::api::Action;
use crate::invite::Invite;
use crate::problem::Problem;
use crate::secrets::{SecretError, SecretStore, forget_session, keep_session, take_session};
use crate::sign_in::blocking;

/// Keeps the way back one write after the other, so that the last word is the one that stays.
pub(super) struct WayBack {
    to_keeper: mpsc::UnboundedSender<Word>,
    /// The link that is kept.
    kept: Option<String>,
}

enum Word {
    Keep(Box<Invite>),
    Forget,
    Written(oneshot::Sender<()>),
}

impl WayBack {
    /// Where there are accounts, looks at once for what an earlier run kept: `offer` gets it.
    pub fn open(secrets: Arc<dyn SecretStore>, looks: bool, offer: impl FnOnce(Invite) + Send + 'static) -> Self {
        let (to_keeper, mut words) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let store = Arc::clone(&secrets);
            // Without accounts nobody is to be asked for a keychain's password.
            match blocking(move || if looks { take_session(&*store) } else { Ok(None) }).await {
                Ok(Some(invite)) => offer(invite),
                Ok(None) => {}
                Err(problem) => tracing::warn!(code = problem.code(), "whether a session was left is not known"),
            }
            while let Some(word) = words.recv().await {
                let store = Arc::clone(&secrets);
                let work: Box<dyn FnOnce() -> Result<(), SecretError> + Send> = match word {
                    Word::Keep(invite) => Box::new(move || keep_session(&*store, &invite)),
                    Word::Forget => Box::new(move || forget_session(&*store)),
                    Word::Written(done) => {
                        // An error means that nobody waits any more.
                        let _ = done.send(());
                        continue;
                    }
                };
                if let Err(problem) = blocking(work).await {
                    tracing::warn!(code = problem.code(), "the way back into the session is not kept");
                }
            }
        });
        Self { to_keeper, kept: None }
    }

    pub fn keep(&mut self, invite: Option<Invite>) {
        let link = invite.as_ref().map(Invite::link);
        if link != self.kept {
            self.kept = link;
            self.say(invite.map_or(Word::Forget, |invite| Word::Keep(Box::new(invite))));
        }
    }

    fn say(&self, word: Word) {
        // An error means that the program is ending.
        let _ = self.to_keeper.send(word);
    }
}

impl Controller {
    /// Who is in the session has changed, or where it is.
    pub(super) fn remember_session(&mut self) {
        let network = self.room.as_ref().and_then(|room| room.network.as_ref());
        let invite = network.and_then(|network| network.way_back());
        if let Some(way_back) = &mut self.way_back {
            way_back.keep(invite);
        }
    }

    /// It was left on purpose: nobody wants to be reminded of it.
    pub(super) fn forget_left(&mut self) {
        self.notices.clear("session_left");
        if let Some(way_back) = &mut self.way_back {
            way_back.keep(None);
        }
    }

    /// What was said last is in the keychain.
    pub(super) async fn way_back_written(&self) {
        let Some(way_back) = &self.way_back else { return };
        let (done, written) = oneshot::channel();
        way_back.say(Word::Written(done));
        // An error means that it is not kept any more.
        let _ = written.await;
    }

    /// An earlier run ended in the middle of this session.
    pub(super) fn offer_way_back(&mut self, invite: Invite) {
        if self.room.is_some() || self.opening.is_some() || self.settings.accounts.is_empty() {
            return;
        }
        let host = invite.host.clone().unwrap_or_else(|| crate::texts::t("join.somebody", &[]));
        let back = Action::Join { invite: invite.link() };
        self.notices.say(&Problem::new("session_left").with("host", host).way_out("go_back", back));
    }

    pub(super) fn look_for_way_back(&mut self) {
        if self.shell.desktop().is_none() || self.options.demo.is_some() {
            return;
        }
        let to_self = self.to_self.clone();
        let looks = !self.settings.accounts.is_empty();
        self.way_back = Some(WayBack::open(Arc::clone(&self.reach.secrets), looks, move |invite| {
            // An error means that the program has ended.
            let _ = to_self.send(Message::WayBack(invite));
        }));
    }
}
