//! What is wrong with a member or an account: from the engine's words to the sentence with its way out.

use chrono::{DateTime, Local, TimeDelta, Utc};
use tutti_core::reading::Failure;

use crate::api::{Action, Trouble};
use crate::clock;
use crate::problem::{Problem, to_connect, way_out};
use crate::settings::Endpoints;
use crate::texts::{day, has, t};

/// Where a client id is made, and who may use it is said.
pub const DASHBOARD: &str = "https://developer.spotify.com/dashboard";

/// A trouble that can be shown beside a member, or told as a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    code: &'static str,
    values: Vec<(&'static str, String)>,
    way_out: Option<(&'static str, Action)>,
    /// It is somebody else's, who is not at this program.
    afar: bool,
}

impl Told {
    pub fn new(code: &'static str) -> Self {
        Self { code, values: Vec::new(), way_out: None, afar: false }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    pub fn out(mut self, label: &'static str, action: Action) -> Self {
        self.way_out = Some((label, action));
        self
    }

    /// As it is said of somebody whose player another program drives: this one can do nothing about it, and whoever
    /// reads it is not the one to act.
    pub fn of(mut self, name: &str) -> Self {
        self.values.retain(|(known, _)| *known != "name");
        (self.way_out, self.afar) = (None, true);
        self.with("name", name)
    }

    pub fn into_trouble(self) -> Trouble {
        let values: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let plain = format!("trouble.{}", self.code);
        let of = format!("{plain}.of");
        Trouble {
            code: self.code.into(),
            text: t(if self.afar && has(&of) { &of } else { &plain }, &values),
            way_out: self.way_out.map(|(label, action)| way_out(label, action)),
        }
    }

    pub fn into_problem(self) -> Problem {
        let problem =
            self.values.into_iter().fold(Problem::new(self.code), |problem, (name, value)| problem.with(name, value));
        match self.way_out {
            Some((label, action)) => problem.way_out(label, action),
            None => problem,
        }
    }
}

/// Why a look or a command did not work.
pub fn of_failure(failure: &Failure, name: &str, endpoints: &Endpoints) -> Told {
    match failure {
        Failure::NeedsLogin => Told::new("needs_login").with("name", name).out("sign_in_again", to_connect()),
        Failure::NotAllowedHere => {
            Told::new("not_allowed_here").out("dashboard", Action::OpenLink { link: DASHBOARD.into() })
        }
        Failure::OwnerPremiumLapsed => Told::new("owner_premium_lapsed"),
        Failure::RateLimited { until, quota } => {
            let seconds = ((*until - clock::now()).as_micros() + 999_999).max(1_000_000) / 1_000_000;
            if *quota {
                Told::new("quota").with("until", day_time(Utc::now(), seconds))
            } else {
                Told::new("rate_limited").with("seconds", seconds.to_string())
            }
        }
        Failure::Network => match endpoints.shown() {
            Some(address) => Told::new("other_server_gone").with("address", address),
            None => Told::new("network"),
        },
        Failure::Server => Told::new("server_error"),
    }
}

/// "at 14:05", or with the day if that is not today.
fn day_time(now: DateTime<Utc>, seconds: i64) -> String {
    let until = (now + TimeDelta::seconds(seconds)).with_timezone(&Local);
    let today = until.date_naive() == now.with_timezone(&Local).date_naive();
    let time = until.format("%H:%M").to_string();
    if today {
        t("trouble.until.today", &[("time", &time)])
    } else {
        t("trouble.until.day", &[("time", &time), ("day", &day(until.date_naive()))])
    }
}

/// Why a sign-in did not work, by the client's word for it, as part of a sentence.
pub fn cause(code: &str) -> String {
    let known = match code {
        "unknown_client" => "cause.unknown_client",
        "code_refused" => "cause.code_refused",
        "sign_in_ended" => "cause.sign_in_ended",
        "sign_in_refused" => "cause.sign_in_refused",
        "rate_limited" => "cause.rate_limited",
        "spotify_down" => "cause.spotify_down",
        "unreachable" | "network_unusable" => "cause.unreachable",
        "timeout" | "connection_broken" => "cause.timeout",
        "not_spotify" => "cause.not_spotify",
        _ => "cause.other",
    };
    t(known, &[])
}

#[cfg(test)]
mod tests {
    use tutti_core::time::Span;

    use super::*;

    #[test]
    fn every_failure_has_its_sentence_without_gaps() {
        let until = clock::now() + Span::from_secs(12);
        let failures = [
            Failure::NeedsLogin,
            Failure::NotAllowedHere,
            Failure::OwnerPremiumLapsed,
            Failure::RateLimited { until, quota: false },
            Failure::RateLimited { until, quota: true },
            Failure::Network,
            Failure::Server,
        ];
        for failure in failures {
            let trouble = of_failure(&failure, "Ana", &Endpoints::default()).into_trouble();

            assert!(!trouble.text.starts_with("trouble.") && !trouble.text.contains(['{', '}']), "{trouble:?}");
            let problem = of_failure(&failure, "Ana", &Endpoints::default()).into_problem();
            assert_eq!(problem.text(), trouble.text);
        }
    }

    #[test]
    fn a_wait_is_said_in_whole_seconds_rounded_up() {
        let failure = Failure::RateLimited { until: clock::now() + Span::from_millis(11_900), quota: false };

        let text = of_failure(&failure, "", &Endpoints::default()).into_trouble().text;

        assert!(text.contains("12 s"), "{text}");
    }
}
