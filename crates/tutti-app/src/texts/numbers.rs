//! Numbers and days as the language of the moment writes them.

use chrono::{Datelike, NaiveDate};

use super::t;

/// 12,345 or 12.345
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mark = t("number.group", &[]);
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(&mark)
}

/// 1.5 or 1,5: at most two digits behind the mark, and no mark behind a whole number. Whatever has one is put into a
/// sentence by this.
pub fn decimal(number: f64) -> String {
    let mark = t("number.mark", &[]);
    format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').replace('.', &mark)
}

/// "22 Nov", "22. Nov."
pub fn day(date: NaiveDate) -> String {
    let months = t("date.months", &[]);
    let month = months.split(' ').nth(date.month0() as usize).unwrap_or_default();
    t("date.day", &[("day", &date.day().to_string()), ("month", month)])
}

#[cfg(test)]
mod tests {
    use super::super::{Language, speaking, texts_of};
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 20_000, 1_234_567].map(grouped), ["0", "999", "1,000", "20,000", "1,234,567"]);
        assert_eq!(speaking(Language::De, || grouped(1_234_567)), "1.234.567");
    }

    #[test]
    fn a_number_has_the_mark_of_its_language_and_no_digit_that_says_nothing() {
        let said = |language| speaking(language, || [0.85, 1.2, 1.5, 2.0, 10.0, 1.004].map(decimal));

        assert_eq!(said(Language::En), ["0.85", "1.2", "1.5", "2", "10", "1"]);
        assert_eq!(said(Language::De), ["0,85", "1,2", "1,5", "2", "10", "1"]);
    }

    #[test]
    fn a_day_has_its_month() {
        let days = [(1, 3), (11, 22), (12, 31)];
        let said = days.map(|(month, of)| NaiveDate::from_ymd_opt(2026, month, of).map(day).unwrap_or_default());

        assert_eq!(said, ["3 Jan", "22 Nov", "31 Dec"]);
        for language in Language::ALL {
            assert_eq!(texts_of(language)["date.months"].split(' ').count(), 12, "{language:?}");
        }
    }
}
