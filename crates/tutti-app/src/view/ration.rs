//! What is left of a client id's requests, and until when Spotify asked us to wait, in words.

use chrono::{DateTime, Local, TimeDelta, Utc};
use tutti_core::limit::{Left, Wait};
use tutti_core::time::LocalTime;

use crate::api;
use crate::ration::Ration;
use crate::texts::{day, grouped, t};

/// The rations of these accounts (by name, with the ration of each), one a client id.
pub fn pictures<'a>(accounts: impl Iterator<Item = (&'a str, Ration)>, now: LocalTime) -> Vec<api::Ration> {
    let mut groups: Vec<(Ration, Vec<String>)> = Vec::new();
    for (name, ration) in accounts {
        match groups.iter_mut().find(|(known, _)| known.is(&ration)) {
            Some((_, names)) => names.push(name.to_owned()),
            None => groups.push((ration, vec![name.to_owned()])),
        }
    }
    let picture = |(ration, names): (Ration, Vec<String>)| picture(names, ration.left(), ration.waiting(), now);
    groups.into_iter().map(picture).collect()
}

fn picture(accounts: Vec<String>, left: Left, waiting: Option<Wait>, now: LocalTime) -> api::Ration {
    let wall = Utc::now();
    api::Ration {
        accounts,
        left_now: left.in_30_s,
        left_today: left.in_day,
        wait_until_ms: waiting.map(|wait| (wall + ahead(wait, now)).timestamp_millis() as f64),
        text: match waiting {
            Some(wait) => {
                let why = if wait.quota { "ration.asked.quota" } else { "ration.asked.rate" };
                t(why, &[("until", &until(wall, wait, now))])
            }
            None => t("ration.left", &[("today", &grouped(left.in_day)), ("now", &grouped(left.in_30_s))]),
        },
    }
}

/// Until when, as a clock shows it: with the seconds if that is soon, with the day if it is not today.
pub(super) fn until(wall: DateTime<Utc>, wait: Wait, now: LocalTime) -> String {
    let ahead = ahead(wait, now);
    let end = (wall + ahead).with_timezone(&Local);
    let soon = ahead < TimeDelta::minutes(2);
    let time = end.format(if soon { "%H:%M:%S" } else { "%H:%M" }).to_string();
    if end.date_naive() == wall.with_timezone(&Local).date_naive() {
        return time;
    }
    t("ration.until.day", &[("time", &time), ("day", &day(end.date_naive()))])
}

/// Rounded up to what is shown: nothing goes out before the time that stands there.
fn ahead(wait: Wait, now: LocalTime) -> TimeDelta {
    let seconds = ((wait.until - now).as_micros() + 999_999).max(0) / 1_000_000;
    TimeDelta::seconds(seconds)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use tutti_core::time::Span;

    use super::*;

    const NOW: LocalTime = LocalTime::from_micros(1_000_000_000);
    const LEFT: Left = Left { in_30_s: 12, in_hour: 900, in_day: 12_345 };

    fn wait(seconds: i64, quota: bool) -> Wait {
        Wait { since: NOW, until: NOW + Span::from_secs(seconds), quota }
    }

    #[test]
    fn what_is_left_is_said_in_numbers() {
        let shown = picture(vec!["Ana".into()], LEFT, None, NOW);

        assert_eq!(shown.text, "12,345 requests left for the next 24 h, 12 of them for the next half minute");
        assert_eq!((shown.left_now, shown.left_today, shown.wait_until_ms), (12, 12_345, None));
    }

    #[test]
    fn a_wait_is_said_with_its_end_and_its_reason() {
        let rate = picture(Vec::new(), LEFT, Some(wait(600, false)), NOW).text;
        let quota = picture(Vec::new(), LEFT, Some(wait(40_000, true)), NOW).text;

        assert!(rate.starts_with("Spotify asked us to wait until ") && rate.ends_with("too much was asked at once"));
        assert!(quota.starts_with("Spotify asked us to wait until "), "{quota}");
        assert!(quota.ends_with("the developer account of this client id has used up its day’s ration"), "{quota}");
        assert!(!rate.contains(['{', '}']) && !quota.contains(['{', '}']));
    }

    #[test]
    fn an_end_reads_as_on_a_clock() {
        let noon = Local.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).single().map(|noon| noon.to_utc());
        let noon = noon.unwrap_or_default();

        assert_eq!(until(noon, wait(2 * 3_600 + 300, false), NOW), "14:05");
        assert_eq!(until(noon, wait(75, false), NOW), "12:01:15");
        assert_eq!(until(noon, wait(20 * 3_600, true), NOW), "08:00 on 22 Nov");
    }
}
