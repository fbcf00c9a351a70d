//! What a member does: one command at a time, each resting on a fresh look.

use super::*;

impl Member {
    pub(super) fn act(&mut self, now: LocalTime) {
        if self.leads() {
            if self.lead.gave_up_putting_right(now) {
                self.publish(now);
            }
            let uri = self.observer.line().filter(|line| line.playing()).map(|line| line.item.uri.clone());
            let late = self.queue_due().is_some_and(|at| at <= now);
            if self.lead.wants_queue(uri, late) {
                self.look_queue();
            }
        }
        self.notice_lost(now);
        if let Some((kind, why)) = self.decide(now) {
            // Whatever the reason: a hand may have acted since the last look, and must not be overwritten unread (L3).
            let since_command = self.commanded.is_none_or(|sent| self.looked.is_some_and(|asked| asked >= sent));
            if since_command && self.looked.is_some_and(|asked| now - asked <= FRESH) {
                self.command(kind, why, now);
            } else if self.reach.unread_looks() == 0 {
                // Looks that fail are repeated at their own pace.
                self.schedule.urge(now, Reason::BeforeFollowing);
            }
        }
        if self.schedule.due(now) {
            self.out.push_back(Output::Look);
        }
    }

    pub(super) fn decide(&self, now: LocalTime) -> Option<(CommandKind, Why)> {
        let waits = |since: Option<LocalTime>| since.is_some_and(|since| now - since < PATIENCE);
        let busy = self.open.is_some() || self.observer.in_flight(now) || self.lead.claims();
        let follows = !self.leads() || self.lead.is_put_right();
        if !self.sync
            || (self.lacks_item() && !self.asks_alone(now))
            || self.pauses.is_out()
            || !follows
            || busy
            || waits(self.look_first)
            || waits(self.doubt_since)
        {
            return None;
        }
        if self.not_premium || matches!(self.trouble, Some(Trouble::Restricted | Trouble::Ad)) {
            return None;
        }
        let want = self.wanted(now)?;
        let line = self.observer.line();
        if line.is_none() || self.away_since.is_some() {
            // F8: only a device that the user chose is started, and not over and over.
            let again = self.woken.is_none_or(|woken| now - woken > Span::from_secs(15));
            let heard = (line.is_some() || self.away_since.is_some()) && !self.plays_on();
            if !(heard && self.device.is_some() && again && want.playing && self.away_since.is_some()) {
                return None;
            }
        }
        let silent = self.is_silent(now);
        let new_item = line.is_none_or(|line| !line.item.same_recording(&want.item));
        let device = self.observer.device().and_then(|device| device.id.as_deref());
        let play = CommandKind::Play { uris: Vec::new(), position: Span::ZERO };
        let seek = CommandKind::Seek { position: Span::ZERO };
        let decided = self.follow.decide(&Sight {
            now,
            want: &want,
            room_now: self.clock.to_room(now),
            line: line.filter(|_| self.away_since.is_none()),
            play_latency: self.observer.latencies().expect(&Kind::of(device, &play, silent, new_item)),
            seek_latency: self.observer.latencies().expect(&Kind::of(device, &seek, false, false)),
            seek_scatter: self.observer.latencies().scatter(&Kind::of(device, &seek, false, false)),
            crossfade: self.observer.crossfade().expected(),
            reorders: self.observer.reorders() || self.asks_alone(now),
        });
        // A leader that is put right has its own list.
        decided.filter(|(kind, _)| !self.leads() || !matches!(kind, CommandKind::Queue { .. }))
    }

    pub(super) fn is_silent(&self, now: LocalTime) -> bool {
        let playing = self.observer.line().is_some_and(|line| line.playing());
        !playing && self.paused_since.is_none_or(|since| now - since > SILENT)
    }

    pub(super) fn command(&mut self, kind: CommandKind, why: Why, now: LocalTime) {
        let Some(want) = self.wanted(now) else { return };
        self.asked_alone();
        let id = CommandId(self.commands);
        self.commands += 1;
        self.commanded = Some(now);
        let away = self.away_since.is_some();
        if away {
            self.woken = Some(now);
        }
        let command = Command { id, kind: kind.clone(), device: self.device.clone().filter(|_| away) };
        let line = self.observer.line();
        let silent = self.is_silent(now);
        let new_item = line.is_none_or(|line| !line.item.same_recording(&want.item));
        let item = line.filter(|_| !matches!(kind, CommandKind::Play { .. })).map_or(&want.item, |line| &line.item);
        let item = Arc::clone(item);
        let device = self.observer.device().and_then(|device| device.id.as_deref());
        let latency = Kind::of(device, &kind, silent && matches!(kind, CommandKind::Play { .. }), new_item);
        self.follow.commanded(&kind, why, &item.uri, now);
        if !matches!(kind, CommandKind::Queue { .. }) {
            self.landing = None;
            let episode = item.episode;
            let effect = self.observer.latencies().latest(&latency);
            let times = self.observer.visibility().times(silent, effect);
            let issued = Issued::new(&command, item, latency, times, now);
            self.observer.issue(if episode { issued.of_episode(self.observer.episode_speed()) } else { issued });
        }
        self.say(Event::Commanded { id, kind: kind.clone(), why });
        self.sent = Some((id, kind.clone(), why));
        self.open = Some((id, kind, why));
        self.out.push_back(Output::Command(command));
    }

    pub(super) fn answered(&mut self, answered: &Answered, now: LocalTime) {
        let Some((id, kind, why)) = self.open.take() else {
            return;
        };
        if id != answered.id {
            self.open = Some((id, kind, why));
            return;
        }
        self.say(Event::Answered { id, outcome: answered.outcome.clone() });
        match &answered.outcome {
            Outcome::Accepted => {
                self.observer.answered(id, answered.sent, answered.answered);
                if let Some(at) = self.observer.landing() {
                    self.schedule.urge(at, Reason::Landing);
                }
                return;
            }
            Outcome::Restriction => self.play_refused(&kind, now),
            Outcome::NoDevice => self.trouble = Some(Trouble::NoDevice),
            Outcome::NotPremium => {
                self.not_premium = true;
                self.trouble = Some(Trouble::NotPremium);
            }
            Outcome::Failed(failure) => self.trouble = Some(Trouble::Failure(failure.clone())),
        }
        // Whatever became of it: look, then decide again. No answer at all means that it may still take effect.
        let passing = matches!(answered.outcome, Outcome::Failed(Failure::Network | Failure::Server));
        if !passing {
            self.observer.refused(id);
        }
        self.follow.failed(why, passing, now);
        self.look_first = Some(now);
        self.schedule.urge(now, Reason::BeforeFollowing);
    }
}
