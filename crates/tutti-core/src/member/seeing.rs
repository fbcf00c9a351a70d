//! What a member makes of a reading: its line, what it names, what is wrong.

use super::*;

/// After a first look that failed, the next one comes so soon.
const LOOK_AGAIN: Span = Span::from_millis(500);
/// After so many commands without effect the user is told.
const NO_EFFECT_SAID: u32 = 3;

impl Member {
    pub(super) fn reading(&mut self, reading: &Reading, now: LocalTime) {
        if !matches!(reading.seen, Seen::Failed(_)) {
            self.looked = Some(reading.asked);
        }
        let predicted = self.observer.line().map(|line| (line.item.uri.clone(), line.estimate.position(reading.asked)));
        let at_rest = self.open.is_none() && !self.observer.in_flight(now) && !self.observer.may_have_moved(now);
        self.observer.leads(self.leads());
        self.observer.expects(self.goes_on_with());
        let finding = self.observer.observe(reading, now);
        self.reach.looked(!matches!(finding, Finding::Gone), now);
        self.notice_lost(reading.asked);
        self.note_trouble(reading, &finding, now);
        match finding {
            Finding::Steady => {
                if let Some((uri, position)) = predicted.filter(|_| at_rest) {
                    self.say(Event::Predicted { at: reading.asked, uri, position });
                }
                self.steady(now);
            }
            Finding::Baseline => {
                if !self.observer.line().is_some_and(Line::playing) {
                    self.plays_on = None;
                }
                self.follow.anew(now);
                self.put_right(LeaderLost::Sight, now);
                self.brisk_until = now + BRISK;
                self.lead.fitted(self.room.as_ref());
                self.publish(now);
            }
            Finding::Landed { id, .. } => {
                self.landing = Some(id);
                self.no_effect = 0;
                self.learn_landing(false);
                self.follow.landed();
                self.plays_after_all();
                self.brisk_until = now + BRISK;
                self.lead.fitted(self.room.as_ref());
                if self.lead.undoes(self.leads()) {
                    self.follow.anew(now);
                    self.put_right(LeaderLost::Command, now);
                }
                self.publish(now);
            }
            Finding::Misplaced(id) => {
                self.went_wrong(id, now);
                self.publish(now);
            }
            Finding::PassedOver(_) => {
                self.passed_over(now);
                self.publish(now);
            }
            Finding::Named(named) => self.named(&named, now),
            Finding::LookAgain(at) => {
                self.doubt_since.get_or_insert(now);
                self.schedule.urge(at, Reason::SecondLook);
            }
            Finding::LeftOut(why) => self.say(Event::LeftOut(why)),
            Finding::Ad => self.hears_ad(now),
            Finding::Gone => {}
        }
        if !self.observer.in_doubt() {
            self.doubt_since = None;
        }
        if self.look_first.is_some_and(|from| reading.asked >= from - JUST_LOOKED) {
            self.look_first = None;
        }
        self.plan(reading, now);
    }

    pub(super) fn steady(&mut self, now: LocalTime) {
        self.lead.fitted(self.room.as_ref());
        if self.observer.line().is_some_and(|line| line.estimate.readings() >= 2 && line.estimate.speed_known()) {
            self.learn_landing(true);
        }
        if let Some((error, bound)) = self.timing(now)
            && !self.leads()
        {
            self.follow.saw_error(error, bound);
        }
        self.publish(now);
    }

    /// Takes the landing of the last command into the learned latencies: at once, and better with a second reading.
    pub(super) fn learn_landing(&mut self, again: bool) {
        if let Some(id) = self.landing
            && let Some(after) = self.observer.learn_latency(id, again)
        {
            self.say(Event::Landed { id, after });
        }
        if again {
            self.landing = None;
        }
    }

    pub(super) fn named(&mut self, named: &crate::name::Named, now: LocalTime) {
        // What plays now says nothing about how the last command landed.
        self.landing = None;
        self.brisk_until = now + BRISK;
        let when = crate::room::When {
            earliest: self.clock.to_room(named.earliest),
            latest: self.clock.to_room(named.latest),
        };
        self.say(Event::Named { what: named.what.clone(), author: named.author, when });
        if let What::NaturalTransition { .. } = &named.what
            && let Some(line) = self.observer.line()
        {
            self.follow.player_moved_on(&line.item.uri);
        }
        match (named.act(), &named.what) {
            (Some(act), _) if !self.joins_in(act) => self.follow.anew(now),
            (Some(act), _) if self.sync && !self.may_lead() => self.acted_alone(act, now),
            (Some(act), _) if self.sync && self.pauses.acted(act, now) => self.claim(act.clone(), when, now),
            (Some(_), _) if self.pauses.is_out() => {
                self.say(Event::SteppedOut);
            }
            (_, What::DeviceChanged) => {
                // What the device before did not do says nothing about this one.
                self.no_effect = 0;
                self.follow.anew(now);
                self.publish(now);
            }
            (_, What::Ended) => {
                self.follow.player_ended();
                self.publish_ended(now);
            }
            (_, What::Phantom(_)) => {
                self.follow.phantom(now);
                self.put_right(LeaderLost::Place, now);
                self.publish(now);
            }
            (_, What::Stalled(_)) => {
                self.follow.lost_time(now);
                self.put_right(LeaderLost::Time, now);
                self.publish(now);
            }
            (_, What::Drifted(by)) => {
                self.follow.drifted(*by, now);
                self.publish(now);
            }
            _ => self.publish(now),
        }
        self.lead.fitted(self.room.as_ref());
    }

    /// A command was accepted and nothing came of it by `now`.
    pub(super) fn notice_lost(&mut self, now: LocalTime) {
        if let Some(id) = self.observer.take_lost(now) {
            self.went_wrong(id, now);
        }
    }

    /// A command was accepted and did not do what it should.
    fn went_wrong(&mut self, id: CommandId, now: LocalTime) {
        let Some((_, kind, why)) = self.sent.as_ref().filter(|(sent, ..)| *sent == id) else { return };
        self.follow.had_no_effect(kind, *why, self.commanded.unwrap_or(now), now);
        self.no_effect += 1;
        self.say(Event::NoEffect { id });
    }

    /// The leader's player lost its place without anybody acting: the room goes on, and the leader is put right (A4, A5,
    /// A6), if it can be.
    pub(super) fn put_right(&mut self, lost: LeaderLost, now: LocalTime) {
        let room_plays = self.room.as_ref().and_then(|room| room.playback.as_ref()).is_some_and(|room| room.playing);
        let controllable = !self.not_premium && !matches!(self.trouble, Some(Trouble::Restricted));
        let alone = lost == LeaderLost::Sight && self.went_on_alone(now);
        let moves = room_plays || lost == LeaderLost::Command;
        if self.leads() && self.sync && moves && controllable && !alone {
            let item = self.observer.line().map(|line| line.item.uri.as_str());
            self.lead.put_right(lost, item, now);
        }
    }

    pub(super) fn queue(&mut self, of: Option<String>, next: Option<Vec<Arc<Item>>>, now: LocalTime) {
        let playing = self.observer.line().map(|line| line.item.uri.clone());
        self.lead.queue_read(of, next, playing);
        self.publish(now);
    }

    pub(super) fn note_trouble(&mut self, reading: &Reading, finding: &Finding, now: LocalTime) {
        // One look that failed says nothing yet, unless the service gave a reason: the next one comes at once.
        let first = self.reach.unread_looks() == 1 && self.trouble.is_none();
        let trouble = match (&reading.seen, finding) {
            (Seen::Failed(Failure::Network | Failure::Server) | Seen::Nothing, Finding::Gone) if first => {
                self.schedule.urge(now + LOOK_AGAIN, Reason::Planned);
                None
            }
            (Seen::Failed(failure), _) => Some(Trouble::Failure(failure.clone())),
            (_, Finding::Gone) => Some(Trouble::NoDevice),
            (_, Finding::Ad) => Some(Trouble::Ad),
            (Seen::Player(seen), _) if seen.device.as_ref().is_some_and(|device| device.restricted) => {
                Some(Trouble::Restricted)
            }
            (Seen::Nothing, _) => self.trouble.clone(),
            _ if let Some(title) = self.lacked() => Some(Trouble::Unavailable(title.to_owned())),
            _ if self.pauses.is_out() => Some(Trouble::SteppedOut),
            _ if self.not_premium => Some(Trouble::NotPremium),
            _ if let Some((own, room)) = self.other_speed() => Some(Trouble::OtherSpeed(own, room)),
            _ => (self.no_effect >= NO_EFFECT_SAID).then_some(Trouble::NoEffect),
        };
        if trouble.is_none() && matches!(self.trouble, Some(Trouble::NoDevice)) {
            self.say(Event::Named {
                what: What::Back,
                author: Author::Unknown,
                when: crate::room::When::exactly(self.clock.to_room(now)),
            });
        }
        self.trouble = trouble;
        // One such answer comes while music plays, too: nothing is started for it (A2, F8).
        let again = self.reach.unread_looks() > 1;
        let away = again && matches!((&reading.seen, finding), (Seen::Nothing, Finding::Gone));
        self.away_since = away.then(|| self.away_since.unwrap_or(now));
    }
}
