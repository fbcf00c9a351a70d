//! What happens in truth: hands, faults, sleep, lost networks; and what is written down of it.

use tutti_core::command::Outcome;
use tutti_core::reading::{Failure, Seen};

use super::config::{Incident, PlannedIncident};
use super::rules::{Happened, Known};
use super::stage::{Due, Stage};
use crate::player::Line;
use crate::report::{Hand, HandKind, HappenedTo, PlayerTruth, Sample};
use crate::workload::Planned;

/// What moves a standing player by less is no action that anybody could follow.
const LEAST_MOVE_MS: f64 = 1_000.0;
/// An incident without an end yet.
const OPEN_US: i64 = i64::MAX / 4;

impl Stage {
    pub fn hand(&mut self, planned: &Planned) {
        let Some(player) = self.spotify.players.get_mut(planned.member) else { return };
        let hand = planned.deed.hand(player, self.now);
        let kind = HandKind::of(&hand);
        let before = player.truth(self.now);
        // A button without effect (next on the last item of a stopped list) is no action that anybody could follow.
        let pressed = player.hand(self.now, hand).is_ok();
        let after = player.truth(self.now);
        let same = after.uri == before.uri && after.playing == before.playing;
        let hardly = same && !after.playing && (after.reported_ms - before.reported_ms).abs() < LEAST_MOVE_MS;
        if !pressed || (hardly && kind != HandKind::Transfer) || (after == before && kind != HandKind::Transfer) {
            return;
        }
        if kind != HandKind::Pause {
            self.end_open("stepped_out", planned.member);
        }
        if !self.config.members[planned.member].may_lead {
            // What they do is nothing that anybody should follow.
            let act = format!("guest_{kind:?}").to_lowercase();
            return self.note_incident(&act, planned.member, self.now, self.now, true);
        }
        self.trace.hands.push(Hand { at_us: self.now, member: planned.member, kind });
        if kind != HandKind::Transfer {
            self.leader = Some(planned.member);
            self.tell(planned.member, Happened::Acted(kind));
        }
    }

    pub fn begin(&mut self, planned: &PlannedIncident) {
        for member in self.meant(planned.who) {
            let incident = &planned.incident;
            let until_us = self.now + incident.for_us();
            match incident {
                Incident::Fault(fault) => {
                    self.spotify.fault(self.now, member, fault.clone());
                    let excused = takes_control(fault.kind());
                    self.note_incident(fault.kind(), member, self.now, until_us, excused);
                    continue;
                }
                Incident::Sleep { .. } => self.machines[member].asleep = true,
                Incident::NetworkAway { .. } => {
                    self.machines[member].offline = true;
                    self.tell(member, Happened::Network(false));
                }
                Incident::Sync { on } => {
                    self.tell(member, Happened::Sync(*on));
                    self.switched(member, *on);
                    continue;
                }
            }
            self.note_incident(incident.kind(), member, self.now, until_us, true);
            self.agenda.plan(until_us, Due::Over(member, incident.clone()));
        }
    }

    pub fn end(&mut self, member: usize, incident: &Incident) {
        match incident {
            Incident::Sleep { .. } => {
                self.machines[member].asleep = false;
                self.tell(member, Happened::Awake);
                let missed = std::mem::take(&mut self.machines[member].missed);
                for what in missed {
                    self.tell(member, cut_off(what));
                }
            }
            Incident::NetworkAway { .. } => {
                self.machines[member].offline = false;
                self.tell(member, Happened::Network(true));
            }
            Incident::Fault(_) | Incident::Sync { .. } => {}
        }
    }

    /// Sync off lasts until it is on again.
    fn switched(&mut self, member: usize, on: bool) {
        if on { self.end_open("sync_off", member) } else { self.begin_open("sync_off", member) }
    }

    /// From now on this member is in no line, until it says otherwise.
    pub fn begin_open(&mut self, kind: &str, member: usize) {
        self.end_open(kind, member);
        self.note_incident(kind, member, self.now, OPEN_US, true);
    }

    pub fn end_open(&mut self, kind: &str, member: usize) {
        let open = |incident: &&mut HappenedTo| {
            incident.kind == kind && incident.member == member && incident.until_us == OPEN_US
        };
        if let Some(incident) = self.trace.incidents.iter_mut().rev().find(open) {
            incident.until_us = self.now;
        }
    }

    pub fn note_incident(&mut self, kind: &str, member: usize, from_us: i64, until_us: i64, excused: bool) {
        self.trace.incidents.push(HappenedTo { kind: kind.to_owned(), member, from_us, until_us, excused });
    }

    /// Compares what is claimed to be known with the truth.
    pub fn check(&mut self, member: usize, known: &Known) {
        let truth = self.spotify.players[member].line(self.now);
        let (catalogue, item) = (&self.spotify.catalogue, truth.item);
        let (looked_us, then_ms) = self.machines[member].looked.unwrap_or((self.now, truth.reported_ms));
        let rate = if truth.playing { truth.speed } else { 0.0 };
        let ran_ms = (self.now - looked_us) as f64 / 1e3 * rate;
        let moved = (truth.reported_ms - then_ms - ran_ms).abs() > 1.0;
        if item != catalogue.find(&known.uri) || truth.playing != known.playing || moved {
            // Something happened since the reading: nobody can know it yet.
            return;
        }
        let error_us = known.position_us - (truth.reported_ms * 1e3) as i64;
        self.trace.bounds.0 += u64::from(error_us.abs() <= known.bound_us);
        self.trace.bounds.1 += 1;
    }

    pub fn sample(&mut self) {
        let now = self.now;
        let players = self.spotify.players.iter_mut().map(|player| player.line(now)).collect::<Vec<_>>();
        let players = players.into_iter().map(|Line { item, playing, reported_ms, audible_ms, speed }| PlayerTruth {
            uri: item.map(|item| self.spotify.uri(item)),
            duration_ms: item.map_or(0.0, |item| self.spotify.catalogue.duration_us(item) as f64 / 1e3),
            playing,
            reported_ms,
            audible_ms,
            speed,
        });
        let players = players.collect();
        self.trace.samples.push(Sample { at_us: now, players });
    }
}

/// Answers that were on their way when the machine fell asleep find no connection when it wakes.
fn cut_off(what: Happened) -> Happened {
    match what {
        Happened::Reading(mut reading) => {
            reading.seen = Seen::Failed(Failure::Network);
            Happened::Reading(reading)
        }
        Happened::Queue(_) => Happened::Queue((None, None)),
        Happened::Answered(mut answered) => {
            answered.outcome = Outcome::Failed(Failure::Network);
            Happened::Answered(answered)
        }
        what => what,
    }
}

/// While one of these lasts no rules could keep this member in step: what is measured is how soon they are afterwards.
fn takes_control(kind: &str) -> bool {
    const THOSE: &[&str] = &[
        "stall",
        "buffering",
        "offline",
        "gone",
        "asleep",
        "unlisted",
        "ad",
        "unavailable",
        "past_end",
        "phantom_jump",
        "seek_ignored",
        "seek_restarts",
        "lost_commands",
        "private_session",
        "restricted",
        "premium_lost",
        "gateway_stall",
        "rate_limited",
        "quota",
        "not_allowed",
        "owner_lapsed",
        "token_revoked",
        "accounts_down",
        "burst",
        "idle_state",
        "no_content",
        "null_progress",
        "null_item",
        "progress_zero",
    ];
    THOSE.contains(&kind)
}
