//! Whether a member can be read and is in place: told to the hub, which passes the lead on by it (L4).

use super::*;
use crate::room::Presence;

/// A leader that could not be read so often in a row, over so long, is gone.
const GONE_LOOKS: u32 = 3;
const GONE_AFTER: Span = Span::from_secs(8);
/// In place: no further off than this.
const IN_PLACE: Span = Span::from_millis(250);
/// A change of the error that the hub should know.
const WORTH_TELLING: Span = Span::from_millis(30);

/// Looks in a row that read nothing, and what the hub knows.
#[derive(Debug, Default)]
pub(super) struct Reach {
    unread: Option<(LocalTime, u32)>,
    told: Option<Presence>,
}

impl Reach {
    /// How many looks in a row read nothing.
    pub(super) fn unread_looks(&self) -> u32 {
        self.unread.map_or(0, |(_, looks)| looks)
    }

    /// Since when nothing could be read.
    pub(super) fn unread_since(&self) -> Option<LocalTime> {
        self.unread.map(|(since, _)| since)
    }

    pub(super) fn looked(&mut self, read: bool, now: LocalTime) {
        let (since, looks) = self.unread.unwrap_or((now, 0));
        self.unread = (!read).then_some((since, looks + 1));
    }

    fn is_gone(&self, now: LocalTime) -> bool {
        self.unread.is_some_and(|(since, looks)| looks >= GONE_LOOKS && now - since >= GONE_AFTER)
    }
}

impl Member {
    /// Tells the hub what changed since it was told.
    pub(super) fn tell_presence(&mut self, now: LocalTime) {
        let presence = self.presence(now);
        let news = match (self.reach.told, presence) {
            (Some(Presence::InPlace { off: told }), Presence::InPlace { off }) => (off - told).abs() > WORTH_TELLING,
            (told, presence) => told != Some(presence),
        };
        if news && self.room.is_some() {
            self.reach.told = Some(presence);
            self.tell(MemberToHub::Presence(presence));
        }
    }

    fn presence(&self, now: LocalTime) -> Presence {
        // Who stepped out is in no line: if they led, somebody else does from now on (L6).
        if self.reach.is_gone(now) || self.pauses.is_out() {
            return Presence::Away;
        }
        let stands = |want: &Playback, playing: bool| !want.playing && !playing;
        match (self.wanted(now), self.observer.line()) {
            _ if !self.sync || self.plays_on() || self.reach.unread_looks() > 0 => Presence::Elsewhere,
            _ if let Some((own, _)) = self.other_speed() => Presence::OwnSpeed(own),
            (Some(want), Some(line)) if stands(&want, line.playing()) => Presence::InPlace { off: Span::ZERO },
            _ => match self.timing(now) {
                Some((error, _)) if error.abs() <= IN_PLACE => Presence::InPlace { off: error.abs() },
                _ => Presence::Elsewhere,
            },
        }
    }
}
