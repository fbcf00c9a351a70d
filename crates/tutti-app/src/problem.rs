//! What a user is told when something did not work: a stable code, the sentence, and the way out.

use std::fmt;

use crate::api::{Action, Notice, NoticeKind, Screen, Trouble, WayOut};
use crate::settings::{BadServer, HomeError};
use crate::texts::{has, t};

/// Something that went wrong, in words for the user: a notice in a window, an error in a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    code: &'static str,
    values: Vec<(&'static str, String)>,
    way_out: Option<(&'static str, Action)>,
}

impl Problem {
    /// The code is the last part of the text's key: `notice.CODE`, or `trouble.CODE` for what may also stand beside a
    /// member.
    pub fn new(code: &'static str) -> Self {
        Self { code, values: Vec::new(), way_out: None }
    }

    /// Fills in a placeholder of the sentence.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// What the user can do about it with one click: the label's key is `wayout.LABEL`.
    pub fn way_out(mut self, label: &'static str, action: Action) -> Self {
        self.way_out = Some((label, action));
        self
    }

    /// What could not be done for the keychain can be tried again: once it is unlocked, or let Tutti in. Where there is
    /// none, nothing helps but to start anew.
    pub fn again(self, action: Action) -> Self {
        let passes = matches!(self.code, "keychain_locked" | "keychain_denied" | "keychain_other");
        if passes { self.way_out("try_again", action) } else { self }
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn text(&self) -> String {
        let values: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let notice = format!("notice.{}", self.code);
        if has(&notice) { t(&notice, &values) } else { t(&format!("trouble.{}", self.code), &values) }
    }

    pub fn to_notice(&self, id: u64) -> Notice {
        let kind = if self.is_good_news() { NoticeKind::Info } else { NoticeKind::Problem };
        Notice { id, kind, code: self.code.into(), text: self.text(), way_out: self.way() }
    }

    /// The same beside an account.
    pub fn to_trouble(&self) -> Trouble {
        Trouble { code: self.code.into(), text: self.text(), way_out: self.way() }
    }

    fn way(&self) -> Option<WayOut> {
        self.way_out.as_ref().map(|(label, action)| way_out(label, action.clone()))
    }

    /// Nothing but a new sign-in helps.
    pub fn needs_sign_in(&self) -> bool {
        matches!(self.code, "needs_login" | "sign_in_gone")
    }

    /// Said in the same place, but nothing went wrong.
    fn is_good_news(&self) -> bool {
        matches!(
            self.code,
            "signed_in"
                | "invite_copied"
                | "already_there"
                | "session_left"
                | "signed_out"
                | "everything_deleted"
                | "in_tray"
                | "closing_ends"
                | "closing_ends_as_set"
                | "already_signed_in"
                | "tray_missing"
                | "tray_gone"
                | "keychain_until_restart"
                | "update_found"
                | "update_ends"
                | "update_installed"
        )
    }
}

/// A labelled way out; the label's key is `wayout.LABEL`.
pub fn way_out(label: &str, action: Action) -> WayOut {
    WayOut { label: t(&format!("wayout.{label}"), &[]), action }
}

/// The way to a sign-in.
pub fn to_connect() -> Action {
    Action::Show { screen: Screen::Connect }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for Problem {}

impl From<BadServer> for Problem {
    fn from(error: BadServer) -> Self {
        match error {
            BadServer::Address { address } => Self::new("bad_server_address").with("address", address),
            BadServer::OnlyOne { missing } => Self::new("one_server_address").with("missing", missing),
        }
    }
}

impl From<HomeError> for Problem {
    fn from(error: HomeError) -> Self {
        Self::new("no_home").with("why", error.to_string())
    }
}
