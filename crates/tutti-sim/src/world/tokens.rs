//! Access tokens of the members, as far as they can be felt: they run out, they are refreshed, or they cannot be.

use tutti_core::reading::Failure;

use crate::fault::Fault;

const LASTS_US: i64 = 3_600_000_000;
/// A refused request, a refresh, and the request once more.
const REFRESH_US: i64 = 200_000;
/// Consents end after six months.
const CONSENT_DAYS: u64 = 183;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Token {
    /// When it was refreshed last.
    since_us: i64,
    expired: bool,
    /// The user removed the app.
    revoked: bool,
    age_days: u64,
}

impl Token {
    /// One of the faults that are the tokens' own.
    pub fn fault(&mut self, fault: &Fault) {
        match fault {
            Fault::TokenExpired {} => self.expired = true,
            Fault::TokenRevoked {} => self.revoked = true,
            Fault::TokenAged { days } => self.age_days += days,
            Fault::Clear {} => *self = Self { since_us: self.since_us, ..Self::default() },
            _ => {}
        }
    }

    /// How much later a request is answered because of the token, µs.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn delays(&mut self, now_us: i64, accounts_down: bool) -> Result<i64, Failure> {
        if self.revoked {
            return Err(Failure::NeedsLogin);
        }
        if !self.expired && now_us - self.since_us < LASTS_US {
            return Ok(0);
        }
        if accounts_down {
            return Err(Failure::Server);
        }
        if self.age_days >= CONSENT_DAYS {
            return Err(Failure::NeedsLogin);
        }
        (self.expired, self.since_us) = (false, now_us);
        Ok(REFRESH_US)
    }
}
