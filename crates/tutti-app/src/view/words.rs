//! Acts, times and rooms in words.

use tutti_core::room::Act;
use tutti_core::time::Span;

use crate::texts::t;

/// How a room is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomName {
    /// Everybody is on this computer.
    Here,
    Demo,
    /// On a network, held by somebody.
    Of(String),
    Network,
}

impl RoomName {
    pub fn text(&self) -> String {
        match self {
            Self::Here => t("room.name.here", &[]),
            Self::Demo => t("room.name.demo", &[]),
            Self::Of(host) => t("room.name.of", &[("name", host)]),
            Self::Network => t("room.name.network", &[]),
        }
    }
}

/// "sought to 1:20", "paused", …: what somebody did, behind their name.
pub fn act_words(act: &Act) -> String {
    match act {
        Act::Sought(to) => t("status.sought", &[("to", &minutes(*to))]),
        Act::Paused => t("status.paused", &[]),
        Act::Resumed => t("status.resumed", &[]),
        Act::Started(title) => t("status.started", &[("title", title)]),
    }
}

pub(super) fn act_code(act: &Act) -> &'static str {
    match act {
        Act::Sought(_) => "sought",
        Act::Paused => "paused",
        Act::Resumed => "resumed",
        Act::Started(_) => "started",
    }
}

/// 1:20, or 1:02:03 from an hour on.
pub fn minutes(position: Span) -> String {
    let seconds = position.as_micros().max(0) / 1_000_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_read_as_on_a_player() {
        assert_eq!(minutes(Span::from_millis(80_900)), "1:20");
        assert_eq!(minutes(Span::from_secs(3_723)), "1:02:03");
        assert_eq!(minutes(Span::from_secs(-4)), "0:00");
    }

    #[test]
    fn acts_read_behind_a_name() {
        assert_eq!(act_words(&Act::Sought(Span::from_secs(80))), "sought to 1:20");
        assert_eq!(act_words(&Act::Started("Fog {x}".into())), "started “Fog {x}”");
    }
}
