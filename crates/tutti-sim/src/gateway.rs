//! What becomes of a request before and after the player sees it: a pure state that virtual time and HTTP share.

mod faults;
mod ration;

use crate::fault::Fault;
use crate::profile::{Ration, Trouble};
use crate::random::Random;
use crate::sign_in::Apps;
use faults::Standing;
use ration::Rations;

pub use ration::Exceeded;

/// Words of Spotify's for denials.
const TOO_MANY: &str = "API rate limit exceeded";
const QUOTA: &str = "Too many requests";
const NOT_REGISTERED: &str = "User not registered in the Developer Dashboard";
const LAPSED: &str = "Active premium subscription required for the owner of the app. When the subscription status \
                      changes, it can take a few hours before requests are allowed again.";

/// Somebody asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Place in the list of accounts.
    pub user: usize,
    pub client_id: &'a str,
    /// Does it change anything?
    pub command: bool,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The player answers; this happens to the answer.
    Through(Dress),
    Denied(Denial),
    /// The connection ends without an answer.
    Cut {
        executes: bool,
    },
}

/// What happens to an answer on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dress {
    /// It waits so long after it was made.
    pub delay_us: i64,
    /// Its JSON ends in the middle.
    pub truncated: bool,
    /// It is a page of HTML.
    pub html: bool,
    /// Its body comes in pieces, over so long.
    pub over_us: i64,
    pub accepted: AcceptedAs,
}

/// How the acceptance of a command is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcceptedAs {
    /// 204, or sometimes 200 with some text.
    #[default]
    Usual,
    /// 200 with some text.
    Text,
    /// 202; perhaps nothing comes of it.
    Later { lost: bool },
}

/// An answer instead of the player's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub status: u16,
    pub message: &'static str,
    pub shape: Shape,
    /// For the header `Retry-After`, s.
    pub retry_after_s: Option<i64>,
    /// It comes so late.
    pub delay_us: i64,
    /// A command is executed all the same.
    pub executes: bool,
}

/// In which form a denial is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"error": {"status", "message"}}`
    Error,
    /// The same with this `reason`.
    Reason(&'static str),
    Plain,
    /// No body at all.
    Empty,
}

/// Faults, rations and apps. Every instant is in µs and comes from the caller.
#[derive(Debug)]
pub struct Gateway {
    /// By account.
    troubles: Vec<Trouble>,
    random: Random,
    rations: Rations,
    /// By account.
    standing: Vec<Standing>,
    /// Until when the accounts service is down, and the status that it answers.
    accounts_down: Option<(i64, u16)>,
    pub apps: Apps,
}

impl Gateway {
    pub fn new(accounts: usize, trouble: Trouble, ration: Ration, seed: u64) -> Self {
        Self {
            troubles: vec![trouble; accounts],
            random: Random::named(seed, "gateway"),
            rations: Rations::new(ration),
            standing: vec![Standing::default(); accounts],
            accounts_down: None,
            apps: Apps::default(),
        }
    }

    /// What goes wrong by itself for this account, from now on.
    pub fn set_trouble(&mut self, user: usize, trouble: Trouble) {
        if let Some(of_user) = self.troubles.get_mut(user) {
            *of_user = trouble;
        }
    }

    /// Decides about one request; counts it.
    pub fn judge(&mut self, now_us: i64, request: Request<'_>) -> Verdict {
        if let Some(standing) = self.standing.get_mut(request.user) {
            standing.forget(now_us);
        }
        self.accident(now_us, request)
            .or_else(|| self.over_ration(now_us, request))
            .or_else(|| self.not_wanted(now_us, request))
            .unwrap_or_else(|| Verdict::Through(self.dress(now_us, request)))
    }

    /// The status with which the accounts service answers everybody now, if it is down.
    pub fn accounts_are_down(&self, now_us: i64) -> Option<u16> {
        self.accounts_down.filter(|&(until_us, _)| now_us < until_us).map(|(_, status)| status)
    }

    /// Something goes wrong for this account from now on. Faults of the player and of tokens are not the gateway's.
    pub fn fault(&mut self, now_us: i64, user: usize, fault: Fault) {
        match fault {
            Fault::AccountsDown { status, .. } => self.accounts_down = Some((now_us + fault.for_us(), status)),
            Fault::Clear {} => {
                self.standing[user] = Standing::default();
                self.accounts_down = None;
                self.rations.forgive();
            }
            fault => self.standing[user].add(now_us, fault),
        }
    }

    pub fn ration(&self) -> Ration {
        self.rations.limits
    }

    /// Other limits from now on; windows that are closed stay closed.
    pub fn set_ration(&mut self, ration: Ration) {
        self.rations.limits = ration;
    }

    /// What happens to anybody: cuts, server errors, stalls.
    fn accident(&mut self, now_us: i64, request: Request<'_>) -> Option<Verdict> {
        let rates = self.troubles.get(request.user).copied().unwrap_or_default().requests;
        let mut by_chance = |rate: f64| rate > 0.0 && self.random.chance(rate);
        let executes = by_chance(if rates.server_error > 0.0 { 0.5 } else { 0.0 });
        let (cut, stall, error, burst) = (
            by_chance(rates.reset),
            by_chance(rates.gateway_stall),
            by_chance(rates.server_error),
            by_chance(rates.burst),
        );
        let standing = self.standing.get_mut(request.user)?;
        if burst {
            standing.add(now_us, Fault::Burst { for_ms: 60_000, percent: 50 });
        }
        if let Some(executes) = standing.take_reset().or(cut.then_some(executes)) {
            return Some(Verdict::Cut { executes });
        }
        if let Some(delay_us) = standing.take_gateway_stall().or(stall.then_some(35_000_000)) {
            return Some(Verdict::Denied(Denial { delay_us, ..Denial::failure(504, false) }));
        }
        if let Some((status, executes)) = standing.take_server_error() {
            return Some(Verdict::Denied(Denial::failure(status, executes)));
        }
        let failing = standing.burst_percent(now_us).is_some_and(|percent| self.random.chance(percent as f64 / 100.0));
        let status = [500, 502, 503, 504][self.random.below(4)];
        (failing || error).then(|| Verdict::Denied(Denial::failure(status, executes)))
    }

    /// Counts the request and refuses what is too much.
    fn over_ration(&mut self, now_us: i64, request: Request<'_>) -> Option<Verdict> {
        let developer = self.apps.developer(request.client_id);
        let standing = self.standing.get_mut(request.user)?;
        if let Some((retry_after_s, header, plain)) = standing.take_rate_limit() {
            self.rations.close_client(now_us, request.client_id, retry_after_s, header, plain);
        }
        if let Some(retry_after_s) = standing.take_quota() {
            self.rations.close_developer(now_us, &developer, retry_after_s);
        }
        let exceeded = self.rations.count(now_us, request.client_id, &developer)?;
        Some(Verdict::Denied(match exceeded {
            Exceeded::Rate { retry_after_s, header, plain } => Denial {
                status: 429,
                message: if plain { QUOTA } else { TOO_MANY },
                shape: if plain { Shape::Plain } else { Shape::Error },
                retry_after_s: header.then_some(retry_after_s),
                delay_us: 0,
                executes: false,
            },
            Exceeded::Quota { retry_after_s } => Denial {
                status: 429,
                message: QUOTA,
                shape: Shape::Reason("QUOTA_EXCEEDED"),
                retry_after_s: Some(retry_after_s),
                delay_us: 0,
                executes: false,
            },
        }))
    }

    /// The app's owner and its list of users.
    fn not_wanted(&mut self, now_us: i64, request: Request<'_>) -> Option<Verdict> {
        let standing = self.standing.get(request.user)?;
        let denial =
            |message, shape| Denial { status: 403, message, shape, retry_after_s: None, delay_us: 0, executes: false };
        if standing.owner_lapsed(now_us) || !self.apps.owner_pays(request.client_id) {
            return Some(Verdict::Denied(denial(LAPSED, Shape::Plain)));
        }
        if standing.not_allowed(now_us) || !self.apps.allows(request.client_id, request.user) {
            return Some(Verdict::Denied(denial(NOT_REGISTERED, Shape::Error)));
        }
        None
    }

    fn dress(&mut self, now_us: i64, request: Request<'_>) -> Dress {
        let rates = self.troubles.get(request.user).copied().unwrap_or_default().requests;
        let mut by_chance = |rate: f64| rate > 0.0 && self.random.chance(rate);
        let (truncated, slow, later) =
            (by_chance(rates.truncated), by_chance(rates.slow_body), by_chance(rates.accepted_202));
        let Some(standing) = self.standing.get_mut(request.user) else {
            return Dress::default();
        };
        let accepted = match standing.accepted_as(now_us) {
            AcceptedAs::Usual if later => AcceptedAs::Later { lost: false },
            accepted => accepted,
        };
        let slow_body_us = standing.take_slow_body().unwrap_or(0);
        Dress {
            delay_us: standing.delay_us(now_us),
            truncated: standing.take_truncated() || truncated,
            html: standing.take_html(),
            over_us: if slow { slow_body_us.max(2_000_000) } else { slow_body_us },
            accepted,
        }
    }
}

impl Denial {
    fn failure(status: u16, executes: bool) -> Self {
        let (message, shape) = match status {
            500 => ("Server error", Shape::Error),
            502 => ("Bad gateway.", Shape::Error),
            503 => ("Service unavailable", Shape::Error),
            504 => ("upstream request timeout", Shape::Plain),
            _ => ("", Shape::Empty),
        };
        Self { status, message, shape, retry_after_s: None, delay_us: 0, executes }
    }
}

#[cfg(test)]
mod tests;
