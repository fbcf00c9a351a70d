//! A newer version: looked for by itself, offered as a question, and put in place only when the user says so.

use std::time::Duration;

use tokio::time::Instant;

use super::{Controller, Message};
use crate::api::{self, Action};
use crate::problem::{Problem, way_out};
use crate::texts::t;
use crate::updates::{Failure, Install, Update};

/// Versions are days apart, and a program in the tray runs for weeks.
const LOOKS_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a newer version stands.
#[derive(Default)]
enum Standing {
    #[default]
    Looking,
    Newest,
    Found(Update),
    /// On its way. It may be put in place at once, though a session ends with that.
    Fetching {
        version: String,
        ends_session: bool,
    },
    /// Here, and waits for the end of a session, or for a word.
    Waiting(String, Install),
    Installing(String),
    /// What runs is still the old one.
    Installed(String),
    Failed(Failure),
}

/// What is known of newer versions.
#[derive(Default)]
pub(super) struct Updating {
    standing: Standing,
    next_look: Option<Instant>,
    /// That it is there has been said; once is enough.
    offered: bool,
}

/// What comes of what was begun.
pub(crate) enum News {
    Looked(Result<Option<Update>, Failure>),
    Fetched(Result<Install, Failure>),
    Installed(Result<(), Failure>),
}

impl Controller {
    /// At the start, once a day, and when somebody asks. Never while a version is on its way or in place.
    pub(super) fn look_for_update(&mut self) {
        let Some(updates) = self.shell.desktop().and_then(|desktop| desktop.updates()) else { return };
        let under_way = matches!(self.updating.standing, Standing::Looking) && self.updating.next_look.is_some();
        if under_way || self.updating.is_under_way() {
            return;
        }
        self.updating.standing = Standing::Looking;
        self.updating.next_look = Some(Instant::now() + LOOKS_EVERY);
        let look = updates.look();
        self.later(async move { Message::Update(News::Looked(look.await)) });
    }

    /// What time brings: another look, and the offer of what was found during a session. Whether anything changed.
    pub(super) fn update_due(&mut self) -> bool {
        let due = self.updating.next_look.is_some_and(|next| Instant::now() >= next)
            && matches!(self.updating.standing, Standing::Newest | Standing::Failed(_));
        if due {
            self.look_for_update();
        }
        self.offer_update() || due
    }

    pub(super) async fn update_news(&mut self, news: News) {
        match (std::mem::take(&mut self.updating.standing), news) {
            (Standing::Looking, News::Looked(found)) => {
                self.updating.standing = match found {
                    Ok(Some(update)) => Standing::Found(update),
                    Ok(None) => Standing::Newest,
                    Err(why) => Standing::Failed(why),
                };
                self.offer_update();
            }
            (Standing::Fetching { version, ends_session }, News::Fetched(Ok(install))) => {
                self.updating.standing = Standing::Waiting(version, install);
                self.install_update(ends_session).await;
            }
            (Standing::Installing(version), News::Installed(Ok(()))) => {
                let said = Problem::new("update_installed").with("version", version.clone());
                self.notices.say(&said.way_out("quit", Action::Quit));
                self.updating.standing = Standing::Installed(version);
            }
            (_, News::Fetched(Err(why)) | News::Installed(Err(why))) => {
                self.notices.say(&Problem::new("update_failed").with("why", why.text()));
                self.updating.standing = Standing::Failed(why);
            }
            (standing, _) => self.updating.standing = standing,
        }
    }

    /// The yes to an offer. In a session it is asked for once more, for that ends.
    pub(super) async fn install_update(&mut self, ends_session: bool) {
        self.notices.clear("update_found");
        self.notices.clear("update_ends");
        let Some(version) = self.updating.offers() else { return };
        if self.in_session() && !ends_session {
            let yes = Action::InstallUpdate { ends_session: true };
            return self
                .notices
                .say(&Problem::new("update_ends").with("version", version).way_out("end_and_install", yes));
        }
        match std::mem::take(&mut self.updating.standing) {
            Standing::Found(update) => {
                self.updating.standing = Standing::Fetching { version, ends_session };
                let fetch = (update.fetch)();
                self.later(async move { Message::Update(News::Fetched(fetch.await)) });
            }
            Standing::Waiting(version, install) => {
                // The program may end with the installation: whatever it has to put in order comes before.
                self.leave().await;
                self.save_ledgers().await;
                self.updating.standing = Standing::Installing(version);
                self.later(async move {
                    let installed = tokio::task::spawn_blocking(install).await;
                    Message::Update(News::Installed(installed.unwrap_or_else(|error| {
                        tracing::warn!(%error, "a newer version could not be installed");
                        Err(Failure::Other)
                    })))
                });
            }
            standing => self.updating.standing = standing,
        }
    }

    /// The line of the settings; none where there is no place to look.
    pub(super) fn updates_shown(&self) -> Option<api::Updates> {
        self.shell.desktop()?.updates()?;
        let install = Action::InstallUpdate { ends_session: false };
        let (code, value, way) = match &self.updating.standing {
            Standing::Looking => ("looking", String::new(), None),
            Standing::Newest => ("newest", String::new(), Some(("look_again", Action::LookForUpdate))),
            Standing::Found(update) => ("found", update.version.clone(), Some(("install", install))),
            Standing::Fetching { version, .. } => ("fetching", version.clone(), None),
            Standing::Waiting(version, _) => ("waiting", version.clone(), Some(("install", install))),
            Standing::Installing(version) => ("installing", version.clone(), None),
            Standing::Installed(version) => ("installed", version.clone(), Some(("quit", Action::Quit))),
            Standing::Failed(why) => ("failed", why.text(), Some(("try_again", Action::LookForUpdate))),
        };
        let text = t(&format!("update.{code}"), &[("version", &value), ("why", &value)]);
        let way_out = way.map(|(label, action)| way_out(label, action));
        Some(api::Updates { code: code.to_owned(), text, way_out })
    }

    fn in_session(&self) -> bool {
        self.room.is_some() || self.opening.is_some()
    }

    /// Says once what is there, and not in the middle of a session. Whether it did.
    fn offer_update(&mut self) -> bool {
        let Some(version) = self.updating.offers().filter(|_| !self.in_session() && !self.updating.offered) else {
            return false;
        };
        self.updating.offered = true;
        let yes = Action::InstallUpdate { ends_session: false };
        self.notices.say(&Problem::new("update_found").with("version", version).way_out("install", yes));
        true
    }
}

impl Updating {
    /// The version that waits for a yes.
    fn offers(&self) -> Option<String> {
        match &self.standing {
            Standing::Found(update) => Some(update.version.clone()),
            Standing::Waiting(version, _) => Some(version.clone()),
            _ => None,
        }
    }

    fn is_under_way(&self) -> bool {
        matches!(
            self.standing,
            Standing::Fetching { .. } | Standing::Waiting(..) | Standing::Installing(_) | Standing::Installed(_)
        )
    }
}
