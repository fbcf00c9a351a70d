//! When a member looks next, and what that depends on (P1).

use super::*;

impl Member {
    pub(super) fn situation(&self, now: LocalTime) -> Situation {
        let crossfade = self.observer.crossfade().expected();
        let near_end = |left: Span| left <= TRANSITION_BEFORE + crossfade && left > -BRISK;
        let transition = self.observer.line().is_some_and(|line| line.playing() && near_end(line.left(now)))
            || self
                .wanted(now)
                .and_then(|want| want.ends_at())
                .is_some_and(|end| near_end(end - self.clock.to_room(now)));
        let settled = !self.leads() && self.sync && self.is_settled(now);
        Situation {
            leads: self.leads(),
            // An advertisement is over within half a minute, and its member is to be in line again at once.
            lively: now - self.acted < LIVELY || matches!(self.trouble, Some(Trouble::Ad)),
            paused_for: self.paused_since.map(|since| now - since),
            away_for: self.reach.unread_since().map(|since| now - since),
            brisk: transition || (now < self.brisk_until && !settled),
            sharing: self.sharing,
            thrifty: self.thrifty,
        }
    }

    /// In place by two readings on its line, or by one after a correction; or standing in a room that stands, with
    /// nothing on its way: nothing more to look at in a hurry.
    pub(super) fn is_settled(&self, now: LocalTime) -> bool {
        let Some(line) = self.observer.line() else { return false };
        if !line.playing() && self.paused_since.is_some() {
            return self.open.is_none() && !self.observer.in_flight(now);
        }
        let enough = if self.follow.corrected() { 1 } else { 2 };
        line.estimate.readings() >= enough
            && self.timing(now).is_some_and(|(error, _)| error.abs() <= Span::from_millis(60))
    }

    pub(super) fn plan(&mut self, reading: &Reading, now: LocalTime) {
        let interval = self.situation(now).interval();
        self.observer.plan(interval);
        self.schedule.answered(reading.asked, interval);
        if let Seen::Failed(Failure::RateLimited { until, .. }) = &reading.seen {
            self.schedule.hold(*until);
        }
        // Be there when the transition comes.
        let line = self.observer.line().filter(|line| line.playing());
        let crossfade = self.observer.crossfade().expected();
        if let Some(end) =
            line.map(|line| line.estimate.passes(line.item.duration - crossfade) + Span::from_millis(300))
            && end > now
        {
            self.schedule.urge(end, Reason::Planned);
        }
        // A command that is still to be seen.
        if let Some(at) = self.observer.landing().filter(|_| self.observer.in_flight(now)) {
            self.schedule.urge(at.max(now + Span::from_millis(400)), Reason::Landing);
        }
    }

    /// When the leader's queue should be read again: shortly before the end of the item.
    pub(super) fn queue_due(&self) -> Option<LocalTime> {
        let line = self.observer.line().filter(|line| self.leads() && line.playing())?;
        (!self.lead.queue_known_late(&line.item.uri))
            .then(|| line.estimate.passes(line.item.duration) - QUEUE_BEFORE_END)
    }
}
