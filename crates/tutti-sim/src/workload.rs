//! What the members of a pretend room do by hand, and when: seeded scripts for the demo and for whole hours.

use crate::catalogue::{Catalogue, ItemKind};
use crate::player::{Hand, VirtualPlayer};
use crate::random::Random;

/// Before the first action; everybody has joined by then.
const LEAD_IN_US: i64 = 3_000_000;
/// The demo's actions are 9 s apart, and up to so much more.
const DEMO_GAP_US: (i64, i64) = (9_000_000, 600_000);
/// The workloads' seeks are no smaller.
const LEAST_SEEK_MS: i64 = 1_500;
/// How long a natural transition is away after the demo goes near an item's end.
const NEAR_END_MS: i64 = 6_500;

/// Something a member is to do by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub at_us: i64,
    pub member: usize,
    pub deed: Deed,
}

/// A deed, before it is known what plays by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Song {
        uri: String,
    },
    /// From this album, playlist or show.
    SongIn {
        uri: String,
        context: String,
    },
    /// To another device of theirs, whose name ends so.
    Transfer {
        ending: &'static str,
    },
    /// This button, whatever plays.
    Just(Hand),
    /// To so many ms.
    SeekTo(i64),
    /// By so many ms from where it is.
    SeekBy(i64),
    /// Shortly before the end, so that the item ends by itself.
    NearEnd,
    Pause,
    Resume,
    Next,
    Previous,
}

impl Deed {
    /// What the member does in their app, given what their player does now. A deed that makes no sense any more
    /// (pausing what is paused) becomes its counterpart, so that every planned action is one.
    pub fn hand(&self, player: &mut VirtualPlayer, now_us: i64) -> Hand {
        let truth = player.truth(now_us);
        let item = truth.uri.as_deref().and_then(|uri| player.catalogue().find(uri));
        let duration_ms = item.map_or(0, |item| player.catalogue().duration_us(item) / 1_000);
        let seek = |to: i64| Hand::Seek { position_ms: to.clamp(0, (duration_ms - 3_000).max(0)) as u32 };
        match self {
            Deed::Song { uri } => Hand::song(uri),
            Deed::SongIn { uri, context } => {
                Hand::Play { uri: Some(uri.clone()), context_uri: Some(context.clone()), position_ms: None }
            }
            Deed::Transfer { ending } => {
                let device = player.devices(now_us).into_iter().find(|device| device.name.ends_with(ending));
                Hand::Transfer { device_id: device.and_then(|device| device.id).unwrap_or_default() }
            }
            Deed::Just(hand) => hand.clone(),
            Deed::SeekTo(to) => seek(*to),
            // Where an end of the item leaves no room for it, it goes the other way.
            Deed::SeekBy(by) => {
                let (here, last) = (truth.reported_ms as i64, (duration_ms - 3_000).max(0));
                let there = (here + by).clamp(0, last);
                seek(if (there - here).abs() < by.abs().min(LEAST_SEEK_MS) { here - by } else { there })
            }
            Deed::NearEnd => seek(duration_ms - NEAR_END_MS),
            Deed::Pause | Deed::Resume if truth.playing => Hand::Pause,
            Deed::Pause | Deed::Resume => Hand::resume(),
            Deed::Next => Hand::Next,
            Deed::Previous => Hand::Previous,
        }
    }
}

/// The demo's script: song, seek forward, pause, resume, seek back, another song, a natural transition and next, by
/// all members in turn, at least 9 s apart; as many as fit into `seconds`, at least three. Every deed but the resume
/// is by another member than the one before.
pub fn demo(catalogue: &Catalogue, members: usize, seconds: u32, seed: u64) -> Vec<Planned> {
    let mut random = Random::named(seed, "demo");
    let mut songs = long_tracks(catalogue);
    random.shuffle(&mut songs);
    let mut songs = songs.into_iter().cycle();
    let mut song = || Deed::Song { uri: songs.next().unwrap_or_default() };
    let mut order: Vec<usize> = (0..members).collect();
    random.shuffle(&mut order);
    let (mut planned, mut at_us, mut turn) = (Vec::new(), LEAD_IN_US, 0);
    let end_us = i64::from(seconds) * 1_000_000 - 7_000_000;
    while at_us <= end_us || planned.len() < 3 {
        let round = planned.len() % 8;
        let deed = match round {
            0 | 5 => song(),
            1 => Deed::SeekBy(20_000 + random.below(40_000) as i64),
            2 => Deed::Pause,
            3 => Deed::Resume,
            4 => Deed::SeekBy(-(8_000 + random.below(10_000) as i64)),
            6 => Deed::NearEnd,
            _ => Deed::Next,
        };
        turn += usize::from(round != 3);
        planned.push(Planned { at_us, member: order[turn % order.len()], deed });
        at_us += DEMO_GAP_US.0 + random.below(DEMO_GAP_US.1 as usize) as i64;
    }
    planned
}

/// Actions at Poisson times with this mean, at least 5 s apart, of all kinds, by any member.
pub fn standard(catalogue: &Catalogue, members: usize, seconds: u32, mean_s: f64, seed: u64) -> Vec<Planned> {
    at_waits(catalogue, members, seconds, Random::named(seed, "standard"), |random, _| {
        let wait_us = (-libm::log(1.0 - random.unit()) * mean_s * 1e6) as i64;
        wait_us.max(5_000_000)
    })
}

/// Two actions at a time, of all kinds, by any member: the second 8 to 20 s after the first, and then ten minutes and a
/// half of quiet, so that every first one meets a calm room.
pub fn pairs(catalogue: &Catalogue, members: usize, seconds: u32, seed: u64) -> Vec<Planned> {
    const QUIET_US: i64 = 630_000_000;
    const APART_US: (i64, usize) = (8_000_000, 12_000_000);
    at_waits(catalogue, members, seconds, Random::named(seed, "pairs"), |random, planned| {
        if planned % 2 == 0 { APART_US.0 + random.below(APART_US.1) as i64 } else { QUIET_US }
    })
}

/// Whether an action is followed is judged for half a minute: none is made so late that this cannot be seen.
const LAST_US: i64 = 30_000_000;

/// A song, and then actions of all kinds, by any member, after these waits; `wait_us` is told how many came before.
fn at_waits(
    catalogue: &Catalogue,
    members: usize,
    seconds: u32,
    mut random: Random,
    wait_us: impl Fn(&mut Random, usize) -> i64,
) -> Vec<Planned> {
    let songs = long_tracks(catalogue);
    let song = |random: &mut Random| Deed::Song { uri: songs[random.below(songs.len())].clone() };
    let mut planned = vec![Planned { at_us: LEAD_IN_US, member: random.below(members), deed: song(&mut random) }];
    let mut at_us = LEAD_IN_US;
    loop {
        at_us += wait_us(&mut random, planned.len());
        if at_us > i64::from(seconds) * 1_000_000 - LAST_US {
            return planned;
        }
        let deed = match random.below(7) {
            0 => song(&mut random),
            1 => Deed::Next,
            2 => Deed::Previous,
            3 => Deed::SeekBy(1_500 + random.below(58_500) as i64),
            4 => Deed::SeekBy(-(1_500 + random.below(58_500) as i64)),
            5 => Deed::Pause,
            _ => Deed::Resume,
        };
        let member = random.below(members);
        planned.push(Planned { at_us, member, deed });
    }
}

/// Tracks that neither end within a demo by themselves nor are among the last of their album.
fn long_tracks(catalogue: &Catalogue) -> Vec<String> {
    const TO_GO: usize = 3;
    catalogue
        .refs()
        .map(|reference| catalogue.item(reference))
        .filter(|item| item.kind == ItemKind::Track && item.duration_ms > 150_000)
        .filter(|item| item.number as usize + TO_GO <= catalogue.context_items(item.home).len())
        .map(|item| item.uri.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ninety_seconds_hold_eight_actions_of_all_kinds_by_three_members() {
        let catalogue = Catalogue::new();
        for seed in 0..50 {
            let script = demo(&catalogue, 4, 90, seed);
            let members: BTreeSet<usize> = script.iter().map(|planned| planned.member).collect();
            let takeovers = script.windows(2).filter(|pair| pair[0].member != pair[1].member).count();
            assert!(script.len() >= 8, "seed {seed}: {}", script.len());
            assert!(script.windows(2).all(|pair| pair[1].at_us - pair[0].at_us >= 9_000_000), "seed {seed}");
            assert!(members.len() >= 3 && takeovers >= 3, "seed {seed}");
            assert!(script.iter().any(|planned| planned.deed == Deed::NearEnd), "seed {seed}");
            assert!(script.iter().all(|planned| planned.at_us <= 83_000_000), "seed {seed}");
        }
    }

    #[test]
    fn pairs_are_two_actions_at_a_time_and_ten_minutes_apart() {
        let script = pairs(&Catalogue::new(), 5, 36_000, 1);
        let waits: Vec<i64> = script.windows(2).map(|pair| (pair[1].at_us - pair[0].at_us) / 1_000_000).collect();
        assert!(waits.len() > 100, "{}", waits.len());
        let (second, first): (Vec<_>, Vec<_>) = waits.iter().enumerate().partition(|(index, _)| index % 2 == 1);
        assert!(first.iter().all(|(_, wait)| **wait == 630), "{first:?}");
        assert!(second.iter().all(|(_, wait)| (8..20).contains(*wait)), "{second:?}");
    }

    #[test]
    fn a_short_run_has_three_actions() {
        assert_eq!(demo(&Catalogue::new(), 2, 10, 1).len(), 3);
    }
}
