//! Whether a member hears the room's episode at the room's speed (E7).

use super::*;
use crate::follow::Pace;

impl Member {
    /// How this member's player runs against the room; None while they are on different items.
    pub(crate) fn pace(&self) -> Option<Pace> {
        let want = self.room.as_ref()?.playback.as_ref()?;
        let line = self.observer.line().filter(|line| line.item.same_recording(&want.item))?;
        Some(match (want.speed_known && line.estimate.speed_known(), want.speed.differs(line.estimate.speed())) {
            (false, _) => Pace::Unknown,
            (true, false) => Pace::Same,
            (true, true) => Pace::Other,
        })
    }

    /// The speed of this member's episode and that of the room, where they differ.
    pub(crate) fn other_speed(&self) -> Option<(Speed, Speed)> {
        let line = self.observer.line().filter(|_| self.follow.at_own_speed() && !self.leads())?;
        let room = self.room.as_ref()?.playback.as_ref()?;
        line.item.episode.then(|| (line.estimate.speed(), room.speed))
    }
}
