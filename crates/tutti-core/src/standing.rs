//! What can be shown of a member: where it stands, how far it is off, what is wrong.

use std::sync::Arc;

use crate::follow::Pace;
use crate::member::{Member, Trouble};
use crate::playback::Item;
use crate::reading::Device;
use crate::speed::Speed;
use crate::time::{LocalTime, Span};

/// How a member takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known yet.
    Joining,
    /// Nobody has played anything in the room yet.
    Waiting,
    Leads,
    InPlace,
    CatchingUp,
    /// In order: the room stands.
    Paused,
    /// On the room's episode, at another speed (E7).
    OwnSpeed,
    /// Others have paused the room, and this member prefers not to pause for that.
    PlaysOn,
    Away,
    /// Sync is off.
    Watching,
}

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub standing: Standing,
    /// Timing error (+ is ahead of the room) and its honest bound; None while there is nothing to compare.
    pub timing: Option<(Span, Span)>,
    pub trim: Span,
    pub player: Option<Player>,
    pub device: Option<Device>,
    pub trouble: Option<Trouble>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Player {
    pub item: Arc<Item>,
    pub playing: bool,
    /// At the instant of the view.
    pub position: Span,
    /// How fast the position runs while it plays.
    pub speed: Speed,
}

impl Member {
    pub fn view(&self, now: LocalTime) -> View {
        let player = self.observer.line().map(|line| Player {
            item: Arc::clone(&line.item),
            playing: line.playing(),
            position: line.estimate.position(now).min(line.item.duration).max(Span::ZERO),
            speed: line.estimate.speed(),
        });
        View {
            standing: self.standing(now),
            timing: self.timing(now),
            trim: self.trim,
            player,
            device: self.observer.device().cloned(),
            trouble: self.trouble.clone(),
        }
    }

    /// The line by which the player is known: its item, whether it plays, its position now and that position's bound.
    pub fn known_line(&self, now: LocalTime) -> Option<(&Arc<Item>, bool, Span, Span)> {
        let line = self.observer.line()?;
        Some((&line.item, line.playing(), line.estimate.position(now), line.bound(now)))
    }

    /// Timing error and bound, while this member and the room play the same item, at the same speed. The leader's is 0 by definition.
    pub fn timing(&self, now: LocalTime) -> Option<(Span, Span)> {
        let want = self.wanted(now)?;
        let line = self.observer.line()?;
        let comparable = want.playing && line.playing() && line.item.same_recording(&want.item);
        if !comparable || matches!(self.trouble, Some(Trouble::NoDevice | Trouble::Failure(_))) {
            return None;
        }
        let bound = line.bound(now);
        if self.leads() {
            return Some((Span::ZERO, bound));
        }
        if self.pace() != Some(Pace::Same) {
            return None;
        }
        let error = line.estimate.position(now) - want.line_at(self.clock.to_room(now));
        Some((error, bound + want.bound))
    }

    fn standing(&self, now: LocalTime) -> Standing {
        let room = self.room.as_ref().and_then(|room| room.playback.as_ref());
        let line = self.observer.line();
        match (room, line) {
            _ if matches!(self.trouble, Some(Trouble::NoDevice | Trouble::Failure(_))) => Standing::Away,
            (_, None) => Standing::Joining,
            _ if self.leads() => Standing::Leads,
            _ if !self.sync => Standing::Watching,
            (None, _) => Standing::Waiting,
            _ if self.plays_on() => Standing::PlaysOn,
            (Some(want), Some(line)) if !want.playing && !line.playing() => Standing::Paused,
            (Some(want), Some(line)) if want.playing && line.playing() && self.other_speed().is_some() => {
                Standing::OwnSpeed
            }
            _ => match self.timing(now) {
                Some((error, bound)) if error.abs() <= Span::from_millis(250) + bound => Standing::InPlace,
                _ => Standing::CatchingUp,
            },
        }
    }
}
