//! Episodes run at their listener's speed: what looks like a jump may be the speed (E7).

use super::*;
use crate::speed::Speeds;

/// Jump or another speed: a further look tells, after so long, and after so many readings it is taken for a jump.
const TELLS_AFTER: Span = Span::from_millis(700);
const TELLS_AT_MOST: usize = 6;

/// What two readings of an episode mean that miss its line.
pub(super) enum Bend {
    /// One speed fits all readings of the line.
    OneSpeed(Estimate),
    /// From somewhere on it runs at another speed.
    Changed(Speeds),
    /// Look again.
    Undecided,
    /// The speed does not explain it.
    Jump,
}

impl Observer {
    /// The line that begins with this reading: an episode's at the speed at which this account heard the last one.
    pub(super) fn begin(&self, item: &Item, running: bool, mark: Mark) -> Estimate {
        if item.episode {
            Estimate::of_episode(self.episode_speed, running, mark, &self.quality)
        } else {
            Estimate::new(running, mark, &self.quality)
        }
    }

    /// The speed at which this account hears episodes, as far as it is known.
    pub fn episode_speed(&self) -> Option<Speed> {
        self.episode_speed
    }

    pub(super) fn note_speed(&mut self) {
        if let Some(line) = self.line.as_ref().filter(|line| line.estimate.is_episode() && line.playing())
            && line.estimate.speed_known()
        {
            self.episode_speed = Some(line.estimate.speed());
        }
    }

    /// Can this be one more reading of the candidate's line? An episode's at any speed.
    pub(super) fn goes_on(&self, candidate: &Candidate, mark: Mark) -> bool {
        let estimate = &candidate.estimate;
        if !(estimate.is_episode() && estimate.running()) {
            return estimate.miss(mark, &self.quality).is_none();
        }
        self.at_one_speed(estimate, mark).is_some()
    }

    /// This line of an episode with one more reading, if one speed fits them all.
    pub(super) fn at_one_speed(&self, estimate: &Estimate, mark: Mark) -> Option<Estimate> {
        let with = Estimate::of_episode(None, true, mark, &self.quality);
        estimate.joined(&with, &self.quality).filter(|_| estimate.is_episode() && estimate.running())
    }

    /// Nothing happened to the line: it runs at this speed.
    pub(super) fn runs_so(&mut self, estimate: Estimate, asked: LocalTime, stamp: Option<i64>) -> Finding {
        self.candidate = None;
        self.lags.clear();
        self.left.settled();
        if let Some(line) = &mut self.line {
            line.estimate = estimate;
            (line.fitted, line.stamp) = (asked, stamp);
        }
        Finding::Steady
    }

    /// `candidate`: all readings that miss the line.
    pub(super) fn bend(&self, line: &Line, candidate: &Candidate, now: LocalTime) -> Bend {
        let (old, new) = (&line.estimate, &candidate.estimate);
        let both_run = old.running() && new.running() && new.is_episode();
        if !both_run || !line.item.same_recording(&candidate.item) {
            return Bend::Jump;
        }
        if let Some(estimate) = old.joined(new, &self.quality) {
            return Bend::OneSpeed(estimate);
        }
        let Some(speeds) = new.speeds_that_fit(&self.quality) else { return Bend::Jump };
        let jump = new.position(candidate.asked) - old.position(candidate.asked);
        let about = old.bound(candidate.asked) + new.bound(now) + (candidate.answered - candidate.asked);
        let since = candidate.answered - line.fitted;
        if !old.speed_known() || !speeds.could_bend(old.speed(), jump, about, since) {
            return Bend::Jump;
        }
        match speeds.contains(old.speed()) {
            false => Bend::Changed(speeds),
            true if new.readings() < TELLS_AT_MOST => Bend::Undecided,
            true => Bend::Jump,
        }
    }

    /// When the next look tells a jump from another speed.
    pub(super) fn tells(asked: LocalTime) -> LocalTime {
        asked + TELLS_AFTER
    }
}
