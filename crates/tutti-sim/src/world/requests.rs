//! A request's way: rationed, there after the way up, judged, answered after the way down.

use tutti_core::command::{Answered, Command, Outcome};
use tutti_core::limit::{Answer, Class};
use tutti_core::reading::{Failure, Reading, Seen};

use super::rules::Happened;
use super::spotify::{Fate, instant};
use super::stage::{Due, Stage};
use crate::report::ToWait;

/// Without a network a request ends after so long, µs.
const NO_NETWORK_US: i64 = 1_000_000;

/// Something asked of Spotify.
#[derive(Debug)]
pub(super) enum Request {
    Look,
    LookQueue,
    Command(Command),
    /// One of these has arrived.
    Arrived {
        what: Box<Request>,
        sent_us: i64,
        down_us: i64,
    },
}

impl Stage {
    /// Sends a request when the ration allows it. A command is refused instead: where it aims would be wrong later.
    pub fn ask(&mut self, member: usize, what: Request) {
        let command = matches!(what, Request::Command(_));
        let ledger = &mut self.ledgers[self.machines[member].ledger];
        let class = if command { Class::Command } else { Class::Read };
        if let Answer::At(until) = ledger.ask(class, instant(self.now)) {
            if let Request::Command(command) = what {
                let failure = Failure::RateLimited { until, quota: false };
                return self.answer(member, self.now, self.now, &Request::Command(command), Err(failure));
            }
            return self.agenda.plan(until.as_micros(), Due::Request(member, what));
        }
        let profile = self.config.members[member].profile.unwrap_or(self.config.profile);
        let machine = &mut self.machines[member];
        if machine.offline || machine.asleep {
            let at_us = self.now + NO_NETWORK_US;
            return self.answer(member, self.now, at_us, &what, Err(Failure::Network));
        }
        self.trace.requests.push((self.now, member));
        let trip = match command {
            true => profile.command_exchange(&mut machine.network),
            false => profile.get_exchange(&mut machine.network),
        };
        let arrived = Request::Arrived { what: Box::new(what), sent_us: self.now, down_us: trip.down_us };
        self.agenda.plan(self.now + trip.up_us, Due::Request(member, arrived));
    }

    pub fn request(&mut self, member: usize, request: Request) {
        match request {
            Request::Arrived { what, sent_us, down_us } => self.arrive(member, &what, sent_us, down_us),
            waiting => self.ask(member, waiting),
        }
    }

    fn arrive(&mut self, member: usize, what: &Request, sent_us: i64, down_us: i64) {
        let client_id = &self.machines[member].client_id;
        let fate = self.spotify.judge(self.now, member, client_id, matches!(what, Request::Command(_)));
        let (late_us, outcome) = match fate {
            Fate::Answered { late_us, lost } => (late_us, Ok(lost)),
            Fate::Failed { failure, late_us, executes } => {
                if let (true, Request::Command(command)) = (executes, what) {
                    self.spotify.obey(member, self.now, command, false);
                }
                (late_us, Err(failure))
            }
            Fate::Limited { until_us, quota } => {
                self.trace.requests_429 += 1;
                let ledger = self.machines[member].ledger;
                self.trace.waits.push(ToWait { client: ledger, from_us: self.now, until_us });
                self.ledgers[ledger].wait(instant(self.now), instant(until_us), quota);
                (0, Err(Failure::RateLimited { until: instant(until_us), quota }))
            }
        };
        let at_us = self.now + late_us + down_us;
        if self.machines[member].offline {
            // It arrived, and the answer finds no way back.
            if let (Request::Command(command), Ok(lost)) = (what, outcome) {
                self.spotify.obey(member, self.now, command, lost);
            }
            return self.answer(member, sent_us, at_us.max(sent_us + NO_NETWORK_US), what, Err(Failure::Network));
        }
        self.answer(member, sent_us, at_us, what, outcome);
    }

    /// Has the player answer, or the failure come, at that instant.
    fn answer(&mut self, member: usize, sent_us: i64, at_us: i64, what: &Request, outcome: Result<bool, Failure>) {
        let happened = match what {
            Request::Look => {
                let seen = match outcome {
                    Ok(_) => {
                        let truth = self.spotify.players[member].line(self.now);
                        self.machines[member].looked = Some((self.now, truth.reported_ms));
                        self.spotify.see(member, self.now)
                    }
                    Err(failure) => Seen::Failed(failure),
                };
                Happened::Reading(Reading { asked: instant(sent_us), answered: instant(at_us), seen })
            }
            // A queue that cannot be read is unknown.
            Request::LookQueue => Happened::Queue(match outcome {
                Ok(_) => self.spotify.queue(member, self.now),
                Err(_) => (None, None),
            }),
            Request::Command(command) => {
                let outcome = match outcome {
                    Ok(lost) => self.spotify.obey(member, self.now, command, lost),
                    Err(failure) => Outcome::Failed(failure),
                };
                let (sent, answered) = (instant(sent_us), instant(at_us));
                Happened::Answered(Answered { id: command.id, sent, answered, outcome })
            }
            Request::Arrived { .. } => return,
        };
        self.agenda.plan(at_us, Due::Happens(member, happened));
    }
}
