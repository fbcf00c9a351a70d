//! A sign-in that ends within days: said beside its account, in its lane, and outside of the window once a day.

use chrono::{DateTime, Local, Utc};
use tokio::time::Instant;

use super::Controller;
use crate::api;
use crate::problem::Problem;
use crate::settings::AccountSettings;
use crate::sign_in::{Lasts, lasts};

impl Controller {
    /// In the lanes of this program's accounts that have nothing worse to say.
    pub(super) fn say_endings(&self, room: &mut api::Room) {
        if room.demo.is_some() {
            return;
        }
        for member in room.members.iter_mut().filter(|member| member.trouble.is_none()) {
            let account = self.settings.account(&member.account);
            member.trouble = account.and_then(|account| ending(account, Utc::now()));
        }
    }

    /// Outside of the window while nobody looks at it, each account once a day.
    pub(super) fn tell_endings(&mut self) {
        if self.shell.desktop().is_none() || self.pane.focused || !self.settings.choices.notifications {
            return;
        }
        let (now, today) = (Utc::now(), Local::now().date_naive());
        let mut news = false;
        for account in &mut self.settings.accounts {
            if account.ending_told != Some(today)
                && let Some(days) = days_left(account, now)
            {
                account.ending_told = Some(today);
                self.announcer.ends(&account.name, days, Instant::now());
                news = true;
            }
        }
        if news && let Err(error) = self.save() {
            tracing::warn!(%error, "that the end of a sign-in was told is not kept");
        }
    }
}

fn days_left(account: &AccountSettings, now: DateTime<Utc>) -> Option<i64> {
    match lasts(account.signed_in_at?, now) {
        Lasts::Days(days) => Some(days),
        Lasts::Long | Lasts::Over => None,
    }
}

/// A sign-in that ends soon, with the way to make another one in time.
pub(super) fn ending(account: &AccountSettings, now: DateTime<Utc>) -> Option<api::Trouble> {
    let again = api::Action::Connect { client_id: account.client_id.clone(), name: None, way: None };
    let problem = match days_left(account, now)? {
        0 => Problem::new("sign_in_ends_today"),
        days => Problem::new("sign_in_ends").with("days", days.to_string()),
    };
    Some(problem.way_out("sign_in_again", again).to_trouble())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_sign_in_that_ends_is_said_with_the_way_to_another_one() {
        let now: DateTime<Utc> = "2026-11-27T12:00:00Z".parse().unwrap();
        let account = |days: i64| {
            let end = now + chrono::TimeDelta::days(days) + chrono::TimeDelta::hours(1);
            AccountSettings {
                account_id: "a".into(),
                name: "Ana".into(),
                client_id: "c".into(),
                chosen: true,
                device: None,
                trim_ms: 0,
                signed_in_at: end.checked_sub_months(chrono::Months::new(6)),
                ending_told: None,
            }
        };
        let said = |days| ending(&account(days), now);

        assert!(said(12).is_none());
        let soon = said(3).unwrap();
        assert!(matches!(&soon.way_out.unwrap().action, api::Action::Connect { client_id, .. } if client_id == "c"));
        // From the last of May the calendar has six months to the last of November.
        assert!(soon.text.contains('3'), "{}", soon.text);
    }
}
