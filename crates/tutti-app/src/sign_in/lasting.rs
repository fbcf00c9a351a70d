//! How long a sign-in lasts: Spotify ends each after six months, however often it was renewed.

use chrono::{DateTime, Months, TimeDelta, Utc};

/// Spotify's blog of 2026-06-18: six months from the user's consent.
const LIFE: Months = Months::new(6);
/// It is said this long before.
const WARNING: TimeDelta = TimeDelta::days(7);

/// What is left of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    Long,
    /// It ends within the next days; 0 is today.
    Days(i64),
    /// It should have ended. Spotify's answer has the last word.
    Over,
}

/// What is left at `now` of a sign-in made at `signed_in_at`.
pub fn lasts(signed_in_at: DateTime<Utc>, now: DateTime<Utc>) -> Lasts {
    let Some(end) = signed_in_at.checked_add_months(LIFE) else { return Lasts::Long };
    match end - now {
        left if left > WARNING => Lasts::Long,
        left if left >= TimeDelta::zero() => Lasts::Days(left.num_days()),
        _ => Lasts::Over,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_end_is_said_a_week_before() {
        let signed_in = "2026-05-31T12:00:00Z".parse().unwrap();
        let at = |text: &str| lasts(signed_in, text.parse().unwrap());

        assert_eq!(at("2026-11-22T12:00:00Z"), Lasts::Long);
        assert_eq!(at("2026-11-23T12:00:00Z"), Lasts::Days(7), "the last day of a shorter month");
        assert_eq!(at("2026-11-29T11:00:00Z"), Lasts::Days(1));
        assert_eq!(at("2026-11-30T00:00:00Z"), Lasts::Days(0));
        assert_eq!(at("2026-11-30T12:00:01Z"), Lasts::Over);
    }

    #[test]
    fn a_clock_that_is_wrong_by_years_is_no_panic() {
        assert_eq!(lasts(DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC), Lasts::Long);
    }
}
