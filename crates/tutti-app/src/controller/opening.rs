//! What is on its way to a room: which, what the window says meanwhile, and giving it up.

use tokio_util::task::AbortOnDropHandle;

use super::{Controller, Message};
use crate::api::{self, Screen};
use crate::texts::t;

/// A room that is being opened or gone into.
pub(super) struct Opening {
    attempt: u64,
    to: To,
    /// Ends with this, so that accounts which were on their way are free at once.
    task: Option<AbortOnDropHandle<()>>,
}

/// What is waited for.
pub(super) enum To {
    /// Simulated friends.
    Demo,
    /// Several accounts of this computer.
    Together,
    /// A session of one's own: at this relay, or here.
    Host { relay: Option<String> },
    /// Somebody's session: who hosts it, if the invite says so, and where it is.
    Join { host: Option<String>, place: String },
}

impl Opening {
    fn shown(&self) -> api::Waiting {
        let (text, long) = match &self.to {
            To::Demo => (t("opening.demo", &[]), t("opening.demo.long", &[])),
            To::Together => (t("opening.host", &[]), t("opening.host.long", &[])),
            To::Host { relay: None } => (t("opening.host", &[]), t("opening.host.long", &[])),
            To::Host { relay: Some(relay) } => (t("opening.host", &[]), t("opening.relay.long", &[("address", relay)])),
            To::Join { host, place } => {
                let host = host.clone().unwrap_or_else(|| t("join.somebody", &[]));
                (t("opening.join", &[("host", &host)]), t("opening.join.long", &[("address", place)]))
            }
        };
        api::Waiting { text, long }
    }
}

impl Controller {
    /// The window waits for a room from now on; what comes of it carries the number that is answered.
    pub(super) fn begin_opening(&mut self, to: To) -> u64 {
        let attempt = self.next_attempt();
        // Whatever was on its way is given up for this; its accounts are free when its task has ended.
        let before = self.opening.take().and_then(|opening| opening.task);
        self.opening = Some(Opening { attempt, to, task: before });
        self.screen = Screen::Room;
        attempt
    }

    /// Does it in the background, until it is given up.
    pub(super) fn open_with(&mut self, task: impl Future<Output = Message> + Send + 'static) {
        let to_self = self.to_self.clone();
        let before = self.opening.as_mut().and_then(|opening| opening.task.take());
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                before.abort();
                // An error means that it was aborted, as it should be.
                let _ = before.await;
            }
            // An error means that the program has ended.
            let _ = to_self.send(task.await);
        });
        if let Some(opening) = &mut self.opening {
            opening.task = Some(AbortOnDropHandle::new(task));
        }
    }

    /// What came of this attempt is here, and still wanted: it is waited for no more.
    pub(super) fn end_opening(&mut self, attempt: u64) -> bool {
        self.opening.take_if(|opening| opening.attempt == attempt).is_some()
    }

    /// Nothing is waited for any more: a session that runs goes on.
    pub(super) fn give_up_opening(&mut self) {
        if self.opening.take().is_some() {
            self.screen = self.home_screen();
        }
    }

    /// Where somebody is who is nowhere else.
    pub(super) fn home_screen(&self) -> Screen {
        match (self.room.is_some() || self.opening.is_some(), self.settings.accounts.is_empty()) {
            (true, _) => Screen::Room,
            (false, true) => Screen::Welcome,
            (false, false) => Screen::Lobby,
        }
    }

    pub(super) fn waiting_shown(&self) -> Option<api::Waiting> {
        self.opening.as_ref().map(Opening::shown)
    }
}
