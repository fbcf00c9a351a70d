//! What our commands made of the player: landed, misplaced, passed over, sprang back, without effect (A1, A7, F6).

use super::*;

/// So many readings on the line after a landing confirm it.
const CONFIRMED: usize = 2;
/// A seek over so much that its effect cannot be taken for anything else.
const FAR: Span = Span::from_secs(5);
/// What was moved so far from a target was not moved there.
const ELSEWHERE: Span = Span::from_millis(500);
/// How far apart the instant of a stamp and that of the effect may be.
const DATED: Span = Span::from_millis(50);

impl Observer {
    /// The newest command that explains what was seen. Those that have landed explain no more once they had their time or
    /// a second reading confirmed where they landed: what was before them is a line that was left, what differs is news.
    pub(super) fn explained(
        &self,
        seen: &PlayerSeen,
        asked: LocalTime,
        answered: LocalTime,
    ) -> Option<(usize, Explains)> {
        let confirmed = self.line.as_ref().is_some_and(|line| line.estimate.readings() >= CONFIRMED);
        self.issued
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, issued)| !(confirmed && issued.stands_from(asked)))
            .filter(|(_, issued)| !(issued.has_landed() && asked >= issued.explains_landed_until()))
            .map(|(index, issued)| (index, issued.explains(seen, asked, answered)))
            .find(|(_, explains)| *explains != Explains::No)
            .or_else(|| {
                let late = self.issued.iter().rposition(|issued| {
                    !(confirmed && issued.stands_from(asked))
                        && issued.explains_late(seen, asked, answered)
                        && !self.was_elsewhere(issued, seen, asked, answered)
                })?;
                Some((late, Explains::After))
            })
    }

    /// By the service's stamp the player was moved at an instant at which the line of this reading passed what a command
    /// aimed at: that command, however late it shows.
    pub(super) fn dated(&self, seen: &PlayerSeen, item: &Item, mark: Mark, answered: LocalTime) -> Option<usize> {
        let line = self.line.as_ref().filter(|_| seen.playing)?;
        let (at, bound) = self.stamps.when(line.stamp, seen.timestamp)?;
        let begun = self.begin(item, true, mark);
        let about = begun.bound(answered) + bound + DATED;
        let confirmed = line.estimate.readings() >= CONFIRMED;
        let candidates = self.issued.iter().enumerate().filter(|(_, issued)| {
            (issued.leaves_running() || !issued.only_moves() && issued.is_about(item))
                && !(confirmed && issued.stands_from(answered))
                && issued.may_take_effect(at - about, at + about)
        });
        let off = |issued: &Issued| issued.target().map(|target| (begun.position(at) - target).abs());
        let near = candidates.filter_map(|(index, issued)| off(issued).map(|off| (off, index)));
        near.filter(|&(off, _)| off <= about).min().map(|(_, index)| index)
    }

    /// By the service's stamp the player was moved at an instant at which it was far from what this command aimed at.
    fn was_elsewhere(&self, issued: &Issued, seen: &PlayerSeen, asked: LocalTime, answered: LocalTime) -> bool {
        let (Some(line), Some(item), Some(progress)) = (&self.line, &seen.item, seen.progress) else { return false };
        let Some((at, bound)) = self.stamps.when(line.stamp, seen.timestamp) else { return false };
        let begun = self.begin(item, true, Mark::of(asked, answered, progress));
        let about = begun.bound(answered) + bound + DATED;
        issued.target().is_some_and(|target| (begun.position(at) - target).abs() > about + ELSEWHERE)
    }

    pub(super) fn land(
        &mut self,
        index: usize,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        asked: LocalTime,
    ) -> Finding {
        let dated = self.dated(seen, item, mark, asked) == Some(index);
        let doubted = dated && self.line.as_ref().is_some_and(|line| line.unsure.is_some());
        if self.issued[index].has_landed() && !doubted {
            // The same landing, seen once more and better: keep one line.
            if let Some(line) = &self.line
                && line.item.same_recording(item)
                && line.playing() == seen.playing
            {
                if line.estimate.miss(mark, &self.quality).is_none() {
                    self.fit(mark, asked, seen.timestamp);
                    return Finding::Steady;
                }
                if line.unsure.is_none()
                    && let Some(estimate) = self.at_one_speed(&line.estimate, mark)
                {
                    return self.runs_so(estimate, asked, seen.timestamp);
                }
            }
        }
        let stamp_before = self.line.as_ref().and_then(|line| line.stamp);
        let unsure = self.unsure_landing(index, seen, item, mark, asked).filter(|_| !dated);
        self.learn_from_seek(index, seen, asked);
        self.start_line(item, mark, seen, asked);
        if let Some(line) = &mut self.line {
            line.unsure = unsure;
        }
        let issued = &mut self.issued[index];
        if let Some(shown_after) = issued.shown_after(asked).filter(|_| unsure.is_none()) {
            self.visibility.saw(shown_after);
        }
        issued.landed();
        let after = match (issued.target(), &self.line) {
            (Some(target), Some(line)) if line.playing() => {
                issued.took_effect(line.estimate.passes(target));
                if unsure.is_none() {
                    let bound = line.estimate.bound(asked);
                    self.stamps.changed_at(stamp_before, seen.timestamp, line.estimate.passes(target), bound);
                }
                Some(line.estimate.passes(target) - issued.sent())
            }
            _ => None,
        };
        let id = issued.id;
        for earlier in &mut self.issued[..index] {
            earlier.landed();
        }
        Finding::Landed { id, after }
    }

    /// Whether a far seek of ours, seen to take effect, moved the stamp.
    fn learn_from_seek(&mut self, index: usize, seen: &PlayerSeen, asked: LocalTime) {
        let (Some(line), Some(progress)) = (&self.line, seen.progress) else { return };
        let issued = &self.issued[index];
        let jump = (progress - line.estimate.position(asked)).abs();
        if issued.only_moves() && !issued.has_landed() && seen.playing && line.playing() && jump > FAR {
            self.stamps.sought(line.stamp, seen.timestamp);
        }
    }

    /// A reading that fits the line before a small seek as well as the one after it: until the seek shows for sure, the
    /// player may be wherever the seek may have put it since.
    fn unsure_landing(
        &self,
        index: usize,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        asked: LocalTime,
    ) -> Option<Unsure> {
        let issued = &self.issued[index];
        let until = issued.surely_shows_from();
        let line =
            self.line.as_ref().filter(|line| line.item.same_recording(item) && line.playing() && seen.playing)?;
        // A line that is unsure itself does not tell its successor apart.
        let may_be_before = line.unsure.is_some() || line.estimate.miss(mark, &self.quality).is_none();
        if !issued.only_moves() || asked >= until || !may_be_before {
            return None;
        }
        let target = issued.target()?;
        let begun = self.begin(item, true, mark);
        let (here, speed) = (begun.position(asked), begun.speed());
        let (first, last) = (target + speed.run(asked - issued.sent()), target + speed.run(asked - until));
        Some(Unsure { until, by: (first - here).abs().max((last - here).abs()) })
    }

    /// The latency of a landed command, from the line as it is known by now; `again`: better than before.
    pub fn learn_latency(&mut self, id: CommandId, again: bool) -> Option<Span> {
        let line = self.line.as_ref().filter(|line| line.playing() && line.estimate.speed_known())?;
        let index = self.issued.iter().position(|issued| issued.id == id)?;
        let issued = &self.issued[index];
        let after = line.estimate.passes(issued.target()?) - issued.sent();
        let kind = issued.latency.clone();
        self.latencies.landed(kind, after, again);
        Some(after)
    }

    /// A command that was accepted, had its time by `now`, and changed nothing; told once.
    pub fn take_lost(&mut self, now: LocalTime) -> Option<CommandId> {
        let issued = self.issued.iter_mut().rev().find(|issued| issued.is_lost(now))?;
        issued.give_up();
        Some(issued.id)
    }

    /// A7: after our play something else plays: by its length and place what we asked for under another id, or a later
    /// entry of the list that we gave.
    pub(super) fn other_than_asked(
        &mut self,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        asked: LocalTime,
    ) -> Option<Finding> {
        let index = self.issued.iter().rposition(|issued| issued.expects_item(asked))?;
        let from_zero = self.begin(item, true, mark).passes(Span::ZERO);
        let issued = &self.issued[index];
        if !seen.playing || issued.is_about(item) {
            return None;
        }
        if issued.lists_later(&item.uri) && issued.effect_by(from_zero) {
            self.land(index, seen, item, mark, asked);
            return Some(Finding::PassedOver(self.issued[index].id));
        }
        let at_target = issued.target().is_some_and(|target| issued.effect_about(from_zero + target));
        let wanted = Arc::clone(issued.item());
        if at_target && self.aliases.learn(item, &wanted) {
            return Some(self.land(index, seen, &wanted, mark, asked));
        }
        None
    }

    /// The item began where the known line ended: answers go on like that while a command is hidden, whatever it did.
    pub(super) fn goes_on_by_itself(&self, seen: &PlayerSeen, item: &Item, mark: Mark) -> bool {
        let Some(line) = self.line.as_ref().filter(|line| line.playing() && seen.playing) else { return false };
        name::is_natural(line.estimate.passes(line.item.duration), self.begin(item, true, mark).passes(Span::ZERO))
    }

    /// A seek or play of ours in flight that started its item from its beginning instead of its target: the device's.
    pub(super) fn misplaced(&self, seen: &PlayerSeen, item: &Item, mark: Mark, asked: LocalTime) -> Option<usize> {
        let from_zero = self.begin(item, true, mark).passes(Span::ZERO);
        self.issued.iter().rposition(|issued| seen.playing && issued.explains_misplaced(item, from_zero, asked))
    }

    /// A paused player that goes back to where it stood before a seek of ours: no hand's (F6).
    pub(super) fn sprang_back(
        &mut self,
        seen: &PlayerSeen,
        item: &Arc<Item>,
        mark: Mark,
        asked: LocalTime,
    ) -> Option<Finding> {
        let line = self.line.as_ref().filter(|line| !line.playing() && !seen.playing)?;
        let recent = |issued: &Issued| asked - issued.sent() <= SPRINGS_BACK;
        let ours = self.issued.iter().any(|issued| issued.only_moves() && issued.has_landed() && recent(issued));
        let old = self.left.last_of(item).filter(|old| !old.running() && line.item.same_recording(item))?;
        if !ours || old.miss(mark, &self.quality).is_some_and(|miss| miss.abs() > WORTH_A_LOOK) {
            return None;
        }
        self.start_line(item, mark, seen, asked);
        Some(Finding::LeftOut("a seek that sprang back"))
    }
}
