//! Guessing is limited: an address with too many wrong proofs for a room waits; for other rooms it does not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tutti_core::proof::RoomId;

/// Wrong proofs count for so long.
const WITHIN: Duration = Duration::from_secs(60);
/// Addresses with rooms remembered at once.
const MOST: usize = 10_000;

/// Wrong proofs by address and room: one friend with an old invite holds up nobody else of the household.
#[derive(Debug, Default)]
pub struct Attempts {
    wrong: HashMap<(IpAddr, RoomId), (u32, Instant)>,
}

impl Attempts {
    /// Whether this address has to wait. `most`: so many in a minute are allowed.
    pub fn too_many(&self, from: (IpAddr, RoomId), most: u32, now: Instant) -> bool {
        self.wrong.get(&from).is_some_and(|&(count, last)| count >= most && now.duration_since(last) < WITHIN)
    }

    pub fn wrong(&mut self, from: (IpAddr, RoomId), now: Instant) {
        if self.wrong.len() >= MOST {
            self.wrong.retain(|_, (_, last)| now.duration_since(*last) < WITHIN);
        }
        if self.wrong.len() >= MOST {
            // Whoever has ten thousand addresses is not held up by counting them: 128 bits do that.
            self.wrong.clear();
        }
        let (count, last) = self.wrong.entry(from).or_insert((0, now));
        *count = if now.duration_since(*last) < WITHIN { *count + 1 } else { 1 };
        *last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_so_many_wrong_proofs_an_address_waits_a_minute_and_no_other_does() {
        let (room, another) = (RoomId::new([1; 32]), RoomId::new([2; 32]));
        let guesser = ([127, 0, 0, 1].into(), room);
        let (mut attempts, now) = (Attempts::default(), Instant::now());

        for _ in 0..5 {
            assert!(!attempts.too_many(guesser, 5, now));
            attempts.wrong(guesser, now);
        }

        assert!(attempts.too_many(guesser, 5, now));
        assert!(!attempts.too_many(([127, 0, 0, 2].into(), room), 5, now));
        assert!(!attempts.too_many((guesser.0, another), 5, now));
        assert!(!attempts.too_many(guesser, 5, now + Duration::from_secs(61)));
    }

    #[test]
    fn a_million_guessers_take_no_more_memory_than_ten_thousand() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());

        for from in 0..20_000_u32 {
            attempts.wrong(
                (IpAddr::from(from.to_be_bytes()), RoomId::new([1; 32])),
                now + Duration::from_micros(from.into()),
            );
        }

        assert!(attempts.wrong.len() <= MOST);
    }
}
