//! What a user prefers, where the engine leaves a choice; and playing on by oneself while others have paused the room (L6, L7).

use super::*;
pub use crate::follow::Correction;

/// What a user prefers. It may change at any time: [`Input::Preferences`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// How large a timing error is corrected, and how eagerly.
    pub correction: Correction,
    /// What a pause by others does to this member.
    pub pause_by_others: PauseByOthers,
    /// What everybody does while this member leads and hears an advertisement.
    pub ad: LeadersAd,
}

/// What a pause by another member does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PauseByOthers {
    /// The room pauses, and this member with it.
    #[default]
    Everybody,
    /// This member plays on where the room would be, until the room plays again: then it goes where the room is. Call apps
    /// and headphones pause by themselves, and not everybody's music is to stop for that.
    OnlyTheirs,
}

/// What an advertisement at the leader does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LeadersAd {
    /// The others play on, and the leader drops in after it.
    #[default]
    GoOn,
    /// The room stands until it is over: nobody gets ahead of the leader.
    Wait,
}

impl Member {
    pub(super) fn prefer(&mut self, preferences: Preferences) {
        self.follow.correct_by(preferences.correction);
        if preferences.pause_by_others == PauseByOthers::Everybody {
            self.plays_on = None;
        }
        self.preferences = preferences;
    }

    /// The room changed: has somebody else paused what this member goes on playing? It is on the line on which the room was,
    /// like all who do the same.
    pub(super) fn note_pause(&mut self, before: Option<&RoomState>) {
        let Some(room) = &self.room else { return };
        let stands = room.playback.as_ref().is_some_and(|playback| !playback.playing && !playback.has_ended());
        if !stands || self.leads() {
            self.plays_on = None;
            return;
        }
        let theirs = room.action.as_ref().is_some_and(|action| action.act == Act::Paused && action.member != self.id);
        let played = before.and_then(|before| before.playback.as_ref()).filter(|playback| playback.playing);
        let plays = self.observer.line().is_some_and(Line::playing);
        let only_theirs = self.preferences.pause_by_others == PauseByOthers::OnlyTheirs;
        if only_theirs && theirs && plays && self.sync {
            self.plays_on = played.cloned().or(self.plays_on.take());
        }
    }

    /// This member plays on while others have paused the room.
    pub(crate) fn plays_on(&self) -> bool {
        self.plays_on.is_some()
    }

    /// A hand acted on a player that plays on by itself: from here on it is in the room again. Is the act for the room? Who
    /// pauses, too, only does what the room does.
    pub(super) fn joins_in(&mut self, act: &Act) -> bool {
        let alone = self.plays_on.take().is_some();
        !(alone && matches!(act, Act::Paused))
    }

    /// This member hears an advertisement and wants the room to stand: its line says nothing until that is over.
    pub(crate) fn waits_for_ad(&self) -> bool {
        self.preferences.ad == LeadersAd::Wait && matches!(self.trouble, Some(Trouble::Ad))
    }

    /// The leader hears an advertisement: the room stands where it is, if that is the leader's wish. What has just begun, or
    /// is about to, begins after it.
    pub(super) fn hears_ad(&mut self, now: LocalTime) {
        if self.preferences.ad != LeadersAd::Wait || !self.leads() || !self.sync {
            return;
        }
        let room_now = self.clock.to_room(now);
        let room = self.room.as_ref().and_then(|room| Some((room.epoch, room.playback.as_ref()?)));
        let Some((epoch, known)) = room.filter(|(_, known)| known.playing) else { return };
        let mut playback = known.clone().gone_on(room_now, Span::ZERO);
        let begins = !playback.item.same_recording(&known.item);
        let last = (playback.item.duration - Span::from_millis(1)).max(Span::ZERO);
        playback.position = if begins { Span::ZERO } else { playback.position_at(room_now).min(last) };
        playback.at = room_now;
        playback.playing = false;
        self.tell(MemberToHub::Publish { epoch, playback });
    }
}
