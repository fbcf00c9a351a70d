//! The nasty habits of players in the profile hostile: which fault begins by itself, and when the next one does.

use super::VirtualPlayer;
use super::faults::Event;
use crate::fault::Fault;

impl VirtualPlayer {
    /// Chooses when the first habit shows.
    pub(super) fn plan_habit(&mut self, now_us: i64) {
        if let Some(mean_s) = self.faults.trouble.habit_every_s {
            let wait_us = -libm::log(1.0 - self.faults.random.unit()) * mean_s * 1e6;
            self.later.push((now_us + wait_us as i64, Event::Habit));
        }
    }

    pub(super) fn begin_habit(&mut self, now_us: i64) {
        self.plan_habit(now_us);
        let random = &mut self.faults.random;
        let mut ms = |low: f64, high: f64| random.between(low, high) as u64;
        let faults = [
            Fault::Stall { for_ms: ms(1_000.0, 5_000.0) },
            Fault::Buffering { for_ms: ms(3_000.0, 5_000.0) },
            Fault::Buffering { for_ms: ms(3_000.0, 5_000.0) },
            Fault::Gone { for_ms: ms(5_000.0, 30_000.0) },
            Fault::NoContent { for_ms: ms(2_000.0, 10_000.0) },
            Fault::StaleSnapshot { for_ms: ms(20_000.0, 90_000.0), age_ms: ms(60_000.0, 600_000.0), percent: 30 },
            Fault::Repeated { for_ms: ms(20_000.0, 60_000.0), hold_ms: 1_000 },
            Fault::FrontEnds { for_ms: ms(20_000.0, 60_000.0), skew_ms: 250 },
            Fault::PastEnd { for_ms: ms(5_000.0, 20_000.0) },
            Fault::ZeroAfterResume { for_ms: ms(60_000.0, 120_000.0) },
            Fault::SlowCommands { for_ms: ms(20_000.0, 60_000.0), delay_ms: 2_000 },
            Fault::Reordered { for_ms: ms(10_000.0, 30_000.0) },
            Fault::PhantomJump { position_ms: 62_047, after_ms: 0 },
        ];
        let place = self.faults.random.below(faults.len());
        if let Some(fault) = faults.into_iter().nth(place) {
            self.begin_fault(now_us, fault);
        }
    }
}
