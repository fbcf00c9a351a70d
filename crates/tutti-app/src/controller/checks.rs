//! The window's `tutti doctor`: one run at a time, its results as they come.

use super::{Controller, Message};
use crate::api::{Check, Checks};
use crate::doctor;

/// The last run.
pub(super) struct Checking {
    attempt: u64,
    pub shown: Checks,
}

pub(crate) enum News {
    Found(Check),
    Done,
}

impl Controller {
    pub(super) fn run_checks(&mut self) {
        if self.checking.as_ref().is_some_and(|checking| checking.shown.running) {
            return;
        }
        let attempt = self.next_attempt();
        self.checking = Some(Checking { attempt, shown: Checks { running: true, list: Vec::new() } });
        let (reach, settings, to_self) = (self.reach.clone(), self.settings.clone(), self.to_self.clone());
        tokio::spawn(async move {
            let tell = |news| {
                // An error means that the program has ended.
                let _ = to_self.send(Message::Checked(attempt, news));
            };
            doctor::examine(&reach, &settings, |check| tell(News::Found(check))).await;
            tell(News::Done);
        });
    }

    pub(super) fn checked(&mut self, attempt: u64, news: News) {
        let Some(checking) = self.checking.as_mut().filter(|checking| checking.attempt == attempt) else { return };
        match news {
            News::Found(check) => checking.shown.list.push(check),
            News::Done => checking.shown.running = false,
        }
    }
}
