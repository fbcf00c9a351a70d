//! The question of an invite: asked by a link, answered by whoever read it, and asked again when there is an account.

use super::Controller;
use super::meeting::{Way, places_of};
use crate::api::{self, Screen};
use crate::invite::Invite;
use crate::problem::Problem;
use crate::texts::t;

/// A question that is on the screen.
pub(super) struct Asked {
    id: u64,
    invite: Invite,
}

impl Controller {
    /// A link asks; it never does anything by itself.
    pub(super) fn open_invite(&mut self, text: &str) {
        match Invite::parse(text) {
            Ok(invite) => {
                for code in ["bad_invite", "already_there"] {
                    self.notices.clear(code);
                }
                self.postponed = None;
                if self.is_here(&invite) {
                    self.screen = Screen::Room;
                    self.notices.say(&Problem::new("already_there"));
                } else {
                    self.ask(invite);
                }
                self.show_window();
            }
            Err(problem) => {
                self.notices.say(&problem);
                self.show_window();
            }
        }
    }

    fn ask(&mut self, invite: Invite) {
        let id = self.next_attempt();
        self.question = Some(Asked { id, invite });
    }

    /// Only what was read counts: whoever is asked something else in the moment of a click has not answered that.
    pub(super) fn answer_invite(&mut self, id: u64, join: bool) {
        let Some(Asked { invite, .. }) = self.question.take_if(|asked| asked.id == id).filter(|_| join) else { return };
        if self.chosen_accounts().next().is_some() {
            return self.meet(Way::Join(invite), true);
        }
        // Nobody to take along yet: the same question comes again as soon as there is.
        self.postponed = Some(invite);
        self.screen = if self.settings.accounts.is_empty() { Screen::Connect } else { Screen::Lobby };
        self.refresh_devices();
    }

    /// An account has come, or was chosen: an invite may have waited for it.
    pub(super) fn ask_again(&mut self) {
        if self.chosen_accounts().next().is_some()
            && let Some(invite) = self.postponed.take()
        {
            self.ask(invite);
        }
    }

    pub(super) fn question_shown(&self) -> Option<api::Question> {
        let Asked { id, invite } = self.question.as_ref()?;
        Some(api::Question {
            id: *id,
            host: invite.host.clone().unwrap_or_else(|| t("join.somebody", &[])),
            place: places_of(invite),
            accounts: self.chosen_accounts().map(|account| account.name.clone()).collect(),
            own_device: invite.user.is_some(),
            leaves: self.room.is_some(),
        })
    }
}
