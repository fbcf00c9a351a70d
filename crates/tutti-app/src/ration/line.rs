//! The lines of a ledger's file: one a request, one a wait; wall-clock stamps in ms since 1970.

use tutti_core::limit::{Class, Wait};
use tutti_core::time::{LocalTime, Span};

use crate::clock;

/// The longest wait that is believed: a week, as when it was asked for.
pub(super) const LONGEST_WAIT_MS: i64 = 7 * DAY_MS;
/// Older requests count no longer.
pub(super) const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Processes read the clock one after the other; a stamp that is further ahead was made before the clock was set back.
const AHEAD_MS: i64 = 2_000;

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Made { class: Class, at_ms: i64 },
    Wait { since_ms: i64, until_ms: i64, quota: bool },
}

/// Both clocks at one moment: turns local time into stamps and back.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    pub now: LocalTime,
    pub wall_ms: i64,
}

impl Clocks {
    pub fn read() -> Self {
        Self { now: clock::now(), wall_ms: clock::wall_ms() }
    }

    pub fn ms(self, at: LocalTime) -> i64 {
        self.wall_ms + (at - self.now).floor_ms()
    }

    pub fn local(self, ms: i64) -> LocalTime {
        let from_now = ms.saturating_sub(self.wall_ms).clamp(-LONGEST_WAIT_MS, LONGEST_WAIT_MS);
        self.now + Span::from_millis(from_now)
    }
}

impl Line {
    pub fn made(class: Class, at: LocalTime, clocks: Clocks) -> Self {
        Self::Made { class, at_ms: clocks.ms(at) }
    }

    pub fn wait(wait: Wait, clocks: Clocks) -> Self {
        Self::Wait { since_ms: clocks.ms(wait.since), until_ms: clocks.ms(wait.until), quota: wait.quota }
    }

    /// Whether it can say anything about the present.
    pub fn counts(self, wall_ms: i64) -> bool {
        match self {
            Self::Made { at_ms, .. } => at_ms <= wall_ms + AHEAD_MS && wall_ms - at_ms < DAY_MS,
            // It slows everything down for an hour after its end.
            Self::Wait { until_ms, .. } => until_ms - wall_ms <= LONGEST_WAIT_MS && wall_ms - until_ms < DAY_MS,
        }
    }

    pub fn write(self, text: &mut String) {
        use std::fmt::Write;
        let written = match self {
            Self::Made { class: Class::Read, at_ms } => writeln!(text, "r {at_ms}"),
            Self::Made { class: Class::Command, at_ms } => writeln!(text, "c {at_ms}"),
            Self::Wait { since_ms, until_ms, quota } => {
                writeln!(text, "w {since_ms} {until_ms} {}", if quota { "quota" } else { "rate" })
            }
        };
        written.expect("a string takes what is written to it");
    }

    /// `None` for what was torn, or written by something else. A torn stamp is an old one, which counts no longer; a
    /// torn wait lacks its last word.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let kind = words.next()?;
        let mut number = || words.next()?.parse::<u64>().ok().and_then(|ms| i64::try_from(ms).ok());
        let read = match kind {
            "r" => Self::Made { class: Class::Read, at_ms: number()? },
            "c" => Self::Made { class: Class::Command, at_ms: number()? },
            "w" => {
                let (since_ms, until_ms) = (number()?, number()?);
                let quota = match words.next()? {
                    "quota" => true,
                    "rate" => false,
                    _ => return None,
                };
                Self::Wait { since_ms, until_ms, quota }
            }
            _ => return None,
        };
        words.next().is_none().then_some(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lines_come_back_as_they_were_written() {
        let lines = [
            Line::Made { class: Class::Read, at_ms: 1_800_000_000_000 },
            Line::Made { class: Class::Command, at_ms: 1_800_000_000_001 },
            Line::Wait { since_ms: 1_800_000_000_002, until_ms: 1_800_000_900_000, quota: true },
            Line::Wait { since_ms: 1_800_000_000_002, until_ms: 1_800_000_900_000, quota: false },
        ];
        let mut text = String::new();
        lines.iter().for_each(|line| line.write(&mut text));

        assert_eq!(text.lines().map(|line| Line::read(line).unwrap()).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_line_that_was_torn_anywhere_says_nothing_about_the_present() {
        let wall_ms = 1_800_000_000_000;
        let mut text = String::new();
        Line::Made { class: Class::Read, at_ms: wall_ms - 5 }.write(&mut text);
        Line::Wait { since_ms: wall_ms, until_ms: wall_ms + 900_000, quota: true }.write(&mut text);
        for line in text.lines() {
            for kept in 0..line.len() {
                let torn = Line::read(&line[..kept]);
                assert!(torn.is_none_or(|line| !line.counts(wall_ms)), "{torn:?} of {line}");
            }
        }
    }

    #[test]
    fn foreign_lines_are_passed_over() {
        for line in ["", "r", "r -5", "r 1 2", "x 5", "{\"version\":1}", "w 1 2 3", "r 99999999999999999999", "\u{0}"] {
            assert_eq!(Line::read(line), None, "{line}");
        }
    }
}
