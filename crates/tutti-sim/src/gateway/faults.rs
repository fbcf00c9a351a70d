//! The faults of the gateway that stand against one account: some last, some are used up by requests.

use super::AcceptedAs;
use crate::fault::Fault;

#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    faults: Vec<(i64, Fault)>,
}

impl Standing {
    pub(super) fn add(&mut self, now_us: i64, fault: Fault) {
        // What is counted stays until it is used up.
        let for_us = if is_counted(&fault) { i64::MAX / 4 } else { fault.for_us() };
        self.faults.push((now_us + for_us, fault));
    }

    /// Drops what is over.
    pub(super) fn forget(&mut self, now_us: i64) {
        if !self.faults.is_empty() {
            self.faults.retain(|(until_us, _)| now_us < *until_us);
        }
    }

    pub(super) fn take_reset(&mut self) -> Option<bool> {
        self.take(|fault| match fault {
            Fault::Reset { count, executes } => Some((count, *executes)),
            _ => None,
        })
    }

    pub(super) fn take_gateway_stall(&mut self) -> Option<i64> {
        self.take(|fault| match fault {
            Fault::GatewayStall { count, delay_ms } => Some((count, us(*delay_ms))),
            _ => None,
        })
    }

    pub(super) fn take_server_error(&mut self) -> Option<(u16, bool)> {
        self.take(|fault| match fault {
            Fault::ServerError { status, count, executes } => Some((count, (*status, *executes))),
            _ => None,
        })
    }

    pub(super) fn take_slow_body(&mut self) -> Option<i64> {
        self.take(|fault| match fault {
            Fault::SlowBody { count, over_ms } => Some((count, us(*over_ms))),
            _ => None,
        })
    }

    pub(super) fn take_truncated(&mut self) -> bool {
        let taken = self.take(|fault| match fault {
            Fault::Truncated { count } => Some((count, ())),
            _ => None,
        });
        taken.is_some()
    }

    pub(super) fn take_html(&mut self) -> bool {
        let taken = self.take(|fault| match fault {
            Fault::NotJson { count } => Some((count, ())),
            _ => None,
        });
        taken.is_some()
    }

    /// Seconds, with the header, as plain text.
    pub(super) fn take_rate_limit(&mut self) -> Option<(i64, bool, bool)> {
        self.take_once(|fault| match fault {
            Fault::RateLimited { retry_after_s, header, plain } => Some((seconds(*retry_after_s), *header, *plain)),
            _ => None,
        })
    }

    pub(super) fn take_quota(&mut self) -> Option<i64> {
        self.take_once(|fault| match fault {
            Fault::Quota { retry_after_s } => Some(seconds(*retry_after_s)),
            _ => None,
        })
    }

    pub(super) fn burst_percent(&self, now_us: i64) -> Option<u64> {
        self.find(now_us, |fault| match fault {
            Fault::Burst { percent, .. } => Some(*percent),
            _ => None,
        })
    }

    pub(super) fn delay_us(&self, now_us: i64) -> i64 {
        let found = self.find(now_us, |fault| match fault {
            Fault::SlowAnswer { delay_ms, .. } => Some(us(*delay_ms)),
            _ => None,
        });
        found.unwrap_or(0)
    }

    pub(super) fn accepted_as(&self, now_us: i64) -> AcceptedAs {
        let found = self.find(now_us, |fault| match fault {
            Fault::AcceptedText { .. } => Some(AcceptedAs::Text),
            Fault::Accepted202 { lost, .. } => Some(AcceptedAs::Later { lost: *lost }),
            _ => None,
        });
        found.unwrap_or_default()
    }

    pub(super) fn owner_lapsed(&self, now_us: i64) -> bool {
        self.find(now_us, |fault| matches!(fault, Fault::OwnerLapsed { .. }).then_some(())).is_some()
    }

    pub(super) fn not_allowed(&self, now_us: i64) -> bool {
        self.find(now_us, |fault| matches!(fault, Fault::NotAllowed { .. }).then_some(())).is_some()
    }

    fn find<T>(&self, now_us: i64, look: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.faults.iter().filter(|(until_us, _)| now_us < *until_us).find_map(|(_, fault)| look(fault))
    }

    /// Uses up one of a counted fault.
    fn take<T>(&mut self, look: impl Fn(&mut Fault) -> Option<(&mut u64, T)>) -> Option<T> {
        for (until_us, fault) in &mut self.faults {
            if let Some((count, found)) = look(fault) {
                if *count > 0 {
                    *count -= 1;
                    return Some(found);
                }
                *until_us = i64::MIN;
            }
        }
        None
    }

    fn take_once<T>(&mut self, look: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let place = self.faults.iter().position(|(_, fault)| look(fault).is_some())?;
        look(&self.faults.remove(place).1)
    }
}

fn is_counted(fault: &Fault) -> bool {
    fault.for_us() == 0
}

fn us(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX).min(10_i64.pow(12)) * 1000
}

fn seconds(s: u64) -> i64 {
    i64::try_from(s).unwrap_or(i64::MAX).min(10_i64.pow(9))
}
