//! Whether Spotify's accounts service can be reached at all, how long an answer takes, and what time it is there.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::DATE;
use reqwest::{Method, Request};
use tokio::time::Instant;

use crate::endpoints::Endpoints;
use crate::error::Transport;
use crate::http::Http;

/// What one request without a sign-in has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// From the request to its answer, with the connection that it needed.
    pub took: Duration,
    /// How far this computer's wall clock is ahead of the server's (negative: behind), to about a second; none if the
    /// answer carries no date.
    pub clock_ahead: Option<TimeDelta>,
}

/// One `HEAD` of the accounts service's front page. Any answer counts.
///
/// # Errors
/// No answer came.
pub async fn reach(http: &Http, endpoints: &Endpoints) -> Result<Reached, Transport> {
    let begun = Instant::now();
    let answer = http.send(Request::new(Method::HEAD, endpoints.accounts.clone())).await?;
    let took = begun.elapsed();
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let clock_ahead = date.and_then(|date| ahead(date, Utc::now(), took));
    answer.drain().await;
    Ok(Reached { took, clock_ahead })
}

/// The date was written half the time ago, give or take, and its second was cut off.
fn ahead(date: &str, now: DateTime<Utc>, took: Duration) -> Option<TimeDelta> {
    let there = DateTime::parse_from_rfc2822(date).ok()?.with_timezone(&Utc);
    let middle = TimeDelta::from_std(took / 2).ok()?;
    now.checked_sub_signed(middle).map(|then| then - there - TimeDelta::milliseconds(500))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_clock_is_compared_with_the_middle_of_the_request() {
        let now = "2026-11-26T10:00:10.500Z".parse().unwrap();
        let at = |date| ahead(date, now, Duration::from_secs(2));

        assert_eq!(at("Thu, 26 Nov 2026 10:00:09 GMT"), Some(TimeDelta::zero()));
        assert_eq!(at("Thu, 26 Nov 2026 09:00:09 GMT"), Some(TimeDelta::hours(1)));
        assert_eq!(at("yesterday"), None);
    }
}
