//! When to look next, and why (P1, E3).

use crate::time::{LocalTime, Span};

/// Why the member wakes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The next planned look.
    Planned,
    /// A second look at something that may be a hand's (A2).
    SecondLook,
    /// Before the commands of a takeover (L3).
    BeforeFollowing,
    /// The effect of a command should show.
    Landing,
    /// Something may be decided now.
    Decide,
}

/// What the pace depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    pub leads: bool,
    /// A hand acted in the room within ten minutes.
    pub lively: bool,
    /// How long the room has been paused; None while it plays.
    pub paused_for: Option<Span>,
    /// How long nothing could be read; None while readings come.
    pub away_for: Option<Span>,
    /// A transition is expected about now, or something was confirmed within 3 s.
    pub brisk: bool,
    /// Members whose requests count against the same client id, this one included.
    pub sharing: u32,
    /// The user wants few requests.
    pub thrifty: bool,
}

/// Members of one client id share its ration: planned looks use half of what readings may (33 in 30 s), so that what is
/// urgent does not wait.
const SHARED: Span = Span::from_millis(1_800);
/// 8 requests of a client id in 30 s, 6 of them readings ([`crate::limit::Limits::THRIFTY`]): planned looks use less than
/// four, so that two are left for what an act makes urgent. With 6.5 s as many acts were named sooner as came too late.
const THRIFTY: Span = Span::from_secs(8);

/// Longer waits are dithered by no more than waits of this length, by a second: reports repeat for no longer, and who is
/// looked at seldom is not to wait for more.
const DITHERED_MOST: Span = Span::from_millis(3_300);

/// Between the begins of two looks.
const LEAST_APART: Span = Span::from_millis(40);
/// Nothing could be read: dithered, and with a round trip, the next look comes within 4 s.
const AWAY: Span = Span::from_millis(2_800);

impl Situation {
    /// The planned wait, before it is dithered.
    pub fn interval(self) -> Span {
        if self.sharing > 1 || self.thrifty {
            let alone = Self { sharing: 1, thrifty: false, brisk: false, ..self };
            let share = if self.thrifty { THRIFTY } else { SHARED };
            return alone.interval().max(share * i64::from(self.sharing));
        }
        const MIN: i64 = 60;
        if let Some(away) = self.away_for {
            return if away < Span::from_secs(2 * MIN) { AWAY } else { Span::from_secs(15) };
        }
        if self.brisk {
            return Span::from_secs(1);
        }
        match self.paused_for {
            Some(paused) if paused < Span::from_secs(10 * MIN) => Span::from_millis(2_500),
            Some(paused) if paused < Span::from_secs(60 * MIN) => Span::from_secs(7),
            Some(_) => Span::from_secs(15),
            None => Span::from_millis(match (self.leads, self.lively) {
                (true, true) => 2_000,
                (false, true) => 2_400,
                (true, false) => 5_200,
                (false, false) => 5_800,
            }),
        }
    }
}

/// The looks that are planned; dithered, or polls would alias with reports that repeat (E3).
#[derive(Debug)]
pub struct Schedule {
    random: u64,
    planned: LocalTime,
    urgent: Option<(LocalTime, Reason)>,
    /// No look before this, whatever is urgent: looks that are answered at once must not follow each other without end.
    earliest: LocalTime,
    looking: bool,
}

impl Schedule {
    pub fn new(seed: u64, now: LocalTime) -> Self {
        Self {
            random: seed ^ 0x9E37_79B9_7F4A_7C15,
            planned: now,
            urgent: None,
            earliest: LocalTime::default(),
            looking: false,
        }
    }

    /// Look by then at the latest.
    pub fn urge(&mut self, at: LocalTime, reason: Reason) {
        if self.urgent.is_none_or(|(earlier, _)| at < earlier) {
            self.urgent = Some((at, reason));
        }
    }

    /// A look was answered: the next is planned one dithered interval after it was asked.
    pub fn answered(&mut self, asked: LocalTime, interval: Span) {
        self.looking = false;
        self.earliest = asked + LEAST_APART;
        self.planned = asked + self.dithered(interval);
    }

    /// The pace got quicker: do not wait longer than this from now.
    pub fn hasten(&mut self, now: LocalTime, interval: Span) {
        self.planned = self.planned.min(now + self.dithered(interval));
    }

    fn dithered(&mut self, interval: Span) -> Span {
        let permille = (self.next_random() % 601) as i64 - 300;
        interval + interval.min(DITHERED_MOST).ppm(permille * 1_000)
    }

    /// Nothing may be asked before this instant.
    pub fn hold(&mut self, until: LocalTime) {
        self.planned = self.planned.max(until);
        self.urgent = self.urgent.filter(|&(at, _)| at >= until);
    }

    /// Starts a look if one is due and none is under way.
    pub fn due(&mut self, now: LocalTime) -> bool {
        let Some((at, _)) = self.next() else {
            return false;
        };
        if at > now {
            return false;
        }
        self.looking = true;
        if self.urgent.is_some_and(|(at, _)| at <= now) {
            self.urgent = None;
        }
        true
    }

    /// The next look; none while one is under way.
    pub fn next(&self) -> Option<(LocalTime, Reason)> {
        let planned = (self.planned, Reason::Planned);
        let urgent = self.urgent.filter(|(at, _)| *at < self.planned);
        let (at, reason) = urgent.unwrap_or(planned);
        (!self.looking).then_some((at.max(self.earliest), reason))
    }

    /// xorshift64*: dither needs no quality, only to be the same everywhere.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> LocalTime {
        LocalTime::from_micros(ms * 1_000)
    }

    #[test]
    fn the_pace_follows_the_room() {
        let calm = Situation {
            leads: false,
            lively: false,
            paused_for: None,
            away_for: None,
            brisk: false,
            sharing: 1,
            thrifty: false,
        };
        assert_eq!(calm.interval(), Span::from_millis(5_800));
        assert_eq!(Situation { lively: true, ..calm }.interval(), Span::from_millis(2_400));
        assert_eq!(Situation { lively: true, leads: true, ..calm }.interval(), Span::from_secs(2));
        assert_eq!(Situation { brisk: true, ..calm }.interval(), Span::from_secs(1));
        let shared = Situation { lively: true, brisk: true, sharing: 3, ..calm };
        assert_eq!(shared.interval(), Span::from_millis(5_400), "three accounts of one client id");
        let thrifty = Situation { lively: true, brisk: true, thrifty: true, ..calm };
        assert_eq!(thrifty.interval(), Span::from_secs(8), "few requests, whatever happens");
        assert_eq!(Situation { sharing: 2, ..thrifty }.interval(), Span::from_secs(16));
        assert_eq!(Situation { paused_for: Some(Span::from_secs(700)), ..calm }.interval(), Span::from_secs(7));
        assert_eq!(Situation { paused_for: Some(Span::from_secs(3_601)), ..calm }.interval(), Span::from_secs(15));
        assert_eq!(Situation { away_for: Some(Span::ZERO), ..calm }.interval(), AWAY);
    }

    #[test]
    fn waits_are_dithered_by_thirty_percent() {
        let mut schedule = Schedule::new(7, at(0));
        let waits: Vec<i64> = (0..1_000)
            .map(|_| {
                assert!(schedule.due(at(1_000_000)));
                schedule.answered(at(0), Span::from_secs(2));
                let (next, _) = schedule.next().expect("a look is planned");
                (next - at(0)).floor_ms()
            })
            .collect();
        let (least, most) = (waits.iter().min().copied(), waits.iter().max().copied());
        assert!(
            least >= Some(1_400) && least < Some(1_420) && most <= Some(2_600) && most > Some(2_580),
            "{least:?} {most:?}"
        );
    }

    #[test]
    fn long_waits_are_dithered_by_a_second_at_most() {
        let mut schedule = Schedule::new(7, at(0));
        for _ in 0..1_000 {
            let off = schedule.dithered(Span::from_secs(15)) - Span::from_secs(15);
            assert!(off.abs() <= Span::from_millis(1_000), "{off:?}");
        }
    }

    #[test]
    fn one_look_at_a_time_and_the_urgent_one_first() {
        let mut schedule = Schedule::new(7, at(500));
        schedule.urge(at(100), Reason::SecondLook);
        assert_eq!(schedule.next(), Some((at(100), Reason::SecondLook)));
        assert!(schedule.due(at(100)));
        assert!(!schedule.due(at(600)));
        schedule.answered(at(100), Span::from_secs(2));
        assert!(!schedule.due(at(600)));
    }
}
