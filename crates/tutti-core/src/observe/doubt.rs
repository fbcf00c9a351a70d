//! A difference that nothing explains: it waits for its second reading and is then named (A2, E4).

use super::speeds::Bend;
use super::*;

/// A player that stood and is ahead by more has run.
const RAN: Span = Span::from_millis(50);

impl Observer {
    /// A difference that nothing explains: named at once if two fields agree, else after a second reading (A2).
    pub(super) fn doubt(
        &mut self,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        before: Option<Span>,
        reading: &Reading,
    ) -> Finding {
        let progress = seen.progress.unwrap_or_default();
        let (asked, answered) = (reading.asked, reading.answered);
        let Some(line) = self.line.clone() else {
            return Finding::LeftOut("no line");
        };
        let hold = self.issued.iter().map(Issued::window_ends).max().filter(|&until| until > answered);
        let first = self.candidate.take();
        // Of two readings that contradict each other either may be wrong.
        let contradicts = first.as_ref().is_some_and(|first| !first.small);
        let second = first.filter(|candidate| {
            candidate.item.same_recording(item)
                && candidate.estimate.running() == seen.playing
                && self.goes_on(candidate, mark)
        });
        match second {
            Some(mut candidate) if asked >= candidate.not_before => {
                candidate.estimate.add(mark, &mut self.quality);
                self.jump_or_speed(&line, candidate, reading)
            }
            Some(candidate) => {
                let at = candidate.not_before;
                self.candidate = Some(candidate);
                Finding::LookAgain(at)
            }
            None => {
                let estimate = self.begin(item, seen.playing, mark);
                let not_before = hold.unwrap_or(answered);
                let small = line.item.same_recording(item)
                    && line.playing() == seen.playing
                    && line.estimate.miss(mark, &self.quality).is_some_and(|miss| miss.abs() < WORTH_A_LOOK);
                let item = Arc::clone(item);
                let stamp = seen.timestamp;
                let candidate = Candidate { item, estimate, asked, answered, stamp, before, not_before, small };
                let settled = hold.is_none() && !contradicts && !self.may_be_misread(asked);
                if settled && two_fields_agree(&line, seen, &candidate.item, progress, reading, &self.quality) {
                    return self.confirm(&line, candidate, asked, answered);
                }
                self.candidate = Some(candidate);
                if small { Finding::LeftOut("small difference") } else { Finding::LookAgain(not_before) }
            }
        }
    }

    /// E7: an episode that was heard at one speed all the time, or goes on at another one, was not sought.
    fn jump_or_speed(&mut self, line: &Line, mut candidate: Candidate, reading: &Reading) -> Finding {
        let (asked, answered) = (reading.asked, reading.answered);
        match self.bend(line, &candidate, answered) {
            Bend::Jump => {
                if candidate.estimate.is_episode()
                    && let Some(speeds) = candidate.estimate.speeds_that_fit(&self.quality)
                    && !speeds.contains(candidate.estimate.speed())
                {
                    candidate.estimate.take_speed(speeds, &self.quality);
                }
                self.confirm(line, candidate, asked, answered)
            }
            Bend::OneSpeed(estimate) => self.runs_so(estimate, asked, candidate.stamp),
            Bend::Changed(speeds) => {
                candidate.estimate.take_speed(speeds, &self.quality);
                let speed = candidate.estimate.speed();
                let span = (line.fitted, candidate.answered);
                let Candidate { item, estimate, stamp, .. } = candidate;
                self.replace(Line { item, estimate, began: asked, fitted: asked, stamp, unsure: None }, answered);
                Finding::Named(Named::speed_changed(speed, span))
            }
            Bend::Undecided => {
                self.candidate = Some(candidate);
                Finding::LookAgain(Self::tells(asked))
            }
        }
    }

    pub(super) fn confirm(&mut self, line: &Line, candidate: Candidate, asked: LocalTime, now: LocalTime) -> Finding {
        // An item may have ended by itself on a line that a command of ours made and nobody has read yet.
        let ends: Vec<LocalTime> = self.issued.iter().filter_map(Issued::would_end).collect();
        let touched = self.stamps.touched(line.stamp, candidate.stamp);
        let presumably_touched = self.stamps.presumably_touched(line.stamp, candidate.stamp);
        let mut jumps: Vec<(LocalTime, LocalTime)> = self.issued.iter().filter_map(Issued::jumps).collect();
        if self.left.last_of(&line.item).is_some() {
            jumps.push((line.began - JUST_BEGUN, line.began));
        }
        let moved_at = self.stamps.when(line.stamp, candidate.stamp);
        let ours = self.issued.iter().any(|issued| issued.jumps().is_some() && issued.is_about(&candidate.item));
        let circumstances = Circumstances {
            ends: &ends,
            report_age: self.quality.report_age(),
            touched,
            presumably_touched,
            jumps: &jumps,
            moved_at,
            haunted: self.haunted,
            places: self.places.known(),
            repeats: self.repeats,
            crossfade: &self.crossfade,
            leads: self.leads,
            next: if self.reorders { &[] } else { &self.next },
            ours,
        };
        let named = name::name(line, &candidate, &circumstances);
        if let What::Act(Act::Sought(to)) = named.what
            && to > line.estimate.position(now)
        {
            self.stamps.sought(line.stamp, candidate.stamp);
        }
        if let What::NaturalTransition { .. } | What::Act(Act::Started(_)) = named.what
            && line.playing()
            && candidate.estimate.running()
        {
            let (began, bound) = (candidate.estimate.passes(Span::ZERO), candidate.estimate.bound(now));
            self.stamps.changed_at(line.stamp, candidate.stamp, began, bound);
            self.crossfade.saw(line.estimate.passes(line.item.duration) - candidate.estimate.passes(Span::ZERO));
        }
        self.haunted |= matches!(named.what, What::Phantom(_));
        // Once is a hand's, twice the player's (A5).
        if let (What::Act(Act::Sought(_)), Some(at)) = (&named.what, moved_at.map(|(at, _)| at))
            && name::follows_a_jump(at, &jumps)
        {
            self.places.went_to(candidate.estimate.position(at), at);
        }
        if let What::Act(Act::Paused | Act::Resumed) = named.what {
            self.issued.iter_mut().for_each(|issued| issued.finds(candidate.estimate.running()));
        }
        self.lags.clear();
        let Candidate { item, estimate, stamp, .. } = candidate;
        self.replace(Line { item, estimate, began: asked, fitted: asked, stamp, unsure: None }, now);
        Finding::Named(named)
    }
}

/// The exceptions of A2: the flag says paused *and* the running line passed the position since it last fitted, by more than its
/// interval; or playing *and* the position lies ahead of where it stood, by no more than the time since the last reading;
/// or another item *and* a position that fits into that time.
fn two_fields_agree(
    line: &Line,
    seen: &PlayerSeen,
    item: &Item,
    progress: Span,
    reading: &Reading,
    quality: &Quality,
) -> bool {
    if !line.item.same_recording(item) {
        return seen.playing && progress <= reading.answered - line.fitted;
    }
    if !line.playing() {
        let ahead = progress - line.estimate.position(reading.asked);
        let unsure = line.estimate.bound(reading.asked) + quality.slack() + RAN;
        return seen.playing && ahead > unsure && ahead <= reading.answered - line.fitted;
    }
    let unsure = line.estimate.bound(reading.asked) + quality.slack();
    let behind = line.estimate.position(reading.asked) - unsure;
    // It stands where it was since the last look.
    let passed = progress >= line.estimate.position(line.fitted) - unsure;
    !seen.playing && passed && progress < behind && line.left(reading.answered) > Span::ZERO
}
