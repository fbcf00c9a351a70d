//! What befalls the programs of an evening, and when nobody acts by hand because of it.

use std::time::Duration;

use tokio::time::sleep_until;
use tutti_sim::report::HappenedTo;
use tutti_sim::workload::{Deed, Planned};

use super::programs::{House, now_us};
use crate::demo::apart::wire::Link;
use crate::problem::Problem;

/// Something that befalls them, so many seconds after the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub at_s: i64,
    pub befalls: Befalls,
}

/// Everybody is back before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Befalls {
    /// A member's program is killed, and started again after so many seconds.
    Killed { place: usize, back_after_s: u32 },
    /// The relay is killed, and started again. `acted`: the second member acts meanwhile.
    Relay { back_after_s: u32, acted: bool },
    /// Of the first user's programs the one that drives is closed, and later started again.
    Closed { back_after_s: u32 },
    /// The same, killed.
    DeviceKilled { back_after_s: u32 },
    /// A member's link is so for so long.
    Link { place: usize, link: Link, for_s: u32 },
}

/// For ten minutes and five users.
pub const LONG: &[Fault] = &[
    Fault { at_s: 40, befalls: Befalls::Killed { place: 2, back_after_s: 10 } },
    Fault { at_s: 100, befalls: Befalls::Relay { back_after_s: 3, acted: false } },
    Fault { at_s: 140, befalls: Befalls::Closed { back_after_s: 5 } },
    Fault { at_s: 180, befalls: Befalls::DeviceKilled { back_after_s: 5 } },
    Fault { at_s: 225, befalls: Befalls::Link { place: 3, link: Link::Cut, for_s: 1 } },
    Fault { at_s: 255, befalls: Befalls::Link { place: 3, link: Link::Silent, for_s: 30 } },
    Fault { at_s: 330, befalls: Befalls::Killed { place: 4, back_after_s: 15 } },
    Fault { at_s: 395, befalls: Befalls::Relay { back_after_s: 3, acted: true } },
    Fault { at_s: 440, befalls: Befalls::Link { place: 2, link: Link::Cut, for_s: 12 } },
    Fault { at_s: 490, befalls: Befalls::Closed { back_after_s: 5 } },
    Fault { at_s: 525, befalls: Befalls::DeviceKilled { back_after_s: 5 } },
    Fault { at_s: 565, befalls: Befalls::Link { place: 3, link: Link::Cut, for_s: 1 } },
];

/// For less than a minute and three users.
pub const SHORT: &[Fault] = &[
    Fault { at_s: 8, befalls: Befalls::Killed { place: 2, back_after_s: 1 } },
    Fault { at_s: 16, befalls: Befalls::Relay { back_after_s: 1, acted: false } },
    Fault { at_s: 24, befalls: Befalls::Closed { back_after_s: 2 } },
];

/// Seconds of quiet before something that is not to meet an action on its way.
const BEFORE_S: i64 = 7;
/// Whoever lost the hub unseen for longer than this is away.
const SHORT_S: u32 = 3;
/// A program that starts has so long until it is looked at as one that can act.
const SETTLES_S: i64 = 20;

/// What befell, and what it came to. Instants are µs of the simulator's clock.
#[derive(Debug, Default)]
pub(super) struct Befell {
    pub incidents: Vec<HappenedTo>,
    /// Nothing but a fault happened then: nobody's music moves.
    pub quiet: Vec<(i64, i64)>,
    /// When the hub was away for all.
    pub outages: Vec<(i64, i64)>,
    /// Processes that were killed: whose, and when.
    pub killed: Vec<(usize, i64)>,
    /// Until another device drove, and until all had the relay back, s.
    pub closed_s: Vec<f64>,
    pub killed_s: Vec<f64>,
    pub back_s: Vec<f64>,
}

impl Befell {
    /// Who could not hear, on the machine's clock.
    pub fn away(&self, boot_to_trace_us: i64, members: usize) -> Vec<(usize, i64, i64)> {
        let one = self.incidents.iter().map(|incident| (incident.member, incident.from_us, incident.until_us));
        let all = self.outages.iter().flat_map(|&(from, until)| (0..members).map(move |place| (place, from, until)));
        one.chain(all).map(|(place, from, until)| (place, from - boot_to_trace_us, until - boot_to_trace_us)).collect()
    }
}

/// The script as it is played around the faults: nobody acts who is away, nor while a fault is to be seen alone.
pub(super) fn around(script: Vec<Planned>, faults: &[Fault], members: usize) -> Vec<Planned> {
    let is_away = |member: usize, at_s: f64| {
        faults.iter().filter_map(Fault::away).any(|(place, from, until)| place == member && within(at_s, from, until))
    };
    let is_quiet = |at_s: f64| faults.iter().filter_map(Fault::quiet).any(|(from, until)| within(at_s, from, until));
    let mut played = Vec::new();
    for planned in script {
        let at_s = planned.at_us as f64 / 1e6;
        let member = (0..members).map(|step| (planned.member + step) % members).find(|&member| !is_away(member, at_s));
        if let Some(member) = member.filter(|_| !is_quiet(at_s)) {
            played.push(Planned { member, ..planned });
        }
    }
    let acted = faults.iter().filter(|fault| matches!(fault.befalls, Befalls::Relay { acted: true, .. }));
    // A second after the relay was killed.
    played.extend(acted.map(|fault| Planned {
        at_us: (fault.at_s + 1) * 1_000_000,
        member: 1,
        deed: Deed::SeekTo(60_000),
    }));
    played.sort_by_key(|planned| planned.at_us);
    played
}

fn within(at_s: f64, from: i64, until: i64) -> bool {
    from as f64 <= at_s && at_s < until as f64
}

impl Fault {
    /// Who cannot act, from and until.
    fn away(&self) -> Option<(usize, i64, i64)> {
        let (place, takes_s) = match self.befalls {
            Befalls::Killed { place, back_after_s } => (place, back_after_s),
            Befalls::Link { place, for_s, .. } if for_s > SHORT_S => (place, for_s),
            _ => return None,
        };
        Some((place, self.at_s - BEFORE_S, self.at_s + i64::from(takes_s) + SETTLES_S))
    }

    /// When nobody acts, from and until.
    fn quiet(&self) -> Option<(i64, i64)> {
        let after_s = match self.befalls {
            Befalls::Relay { back_after_s, .. } => i64::from(back_after_s) + 9,
            Befalls::Closed { .. } => 6,
            Befalls::DeviceKilled { .. } => 16,
            Befalls::Link { for_s, .. } if for_s <= SHORT_S => i64::from(for_s) + 5,
            _ => return None,
        };
        Some((self.at_s - BEFORE_S, self.at_s + after_s))
    }
}

/// Does all of it, each at its time after `zero_us` of the simulator's clock.
pub(super) async fn befall(house: &mut House<'_>, faults: &[Fault], zero_us: i64) -> Result<Befell, Problem> {
    let mut befell = Befell::default();
    for fault in faults {
        let due_us = (zero_us + fault.at_s * 1_000_000).max(0) as u64;
        sleep_until(house.play().origin() + Duration::from_micros(due_us)).await;
        tracing::info!(?fault, "befalls");
        one(house, fault.befalls, &mut befell).await?;
    }
    Ok(befell)
}

async fn one(house: &mut House<'_>, befalls: Befalls, befell: &mut Befell) -> Result<(), Problem> {
    let from_us = house.play().now_us();
    let happened =
        |kind: &str, member, until_us| HappenedTo { kind: kind.into(), member, from_us, until_us, excused: true };
    match befalls {
        Befalls::Killed { place, back_after_s } => {
            house.kill(place);
            befell.killed.push((place, from_us));
            pause(back_after_s).await;
            house.start(place).await?;
            befell.incidents.push(happened("killed", place, house.play().now_us()));
        }
        Befalls::Relay { back_after_s, acted } => {
            // Somebody may be back before the start of the relay is known here: whoever is reached from now on is.
            let killed = now_us();
            house.kill_relay();
            pause(back_after_s).await;
            house.start_relay().await?;
            let again_us = house.play().now_us();
            all_reached(house, killed).await?;
            let back_us = house.play().now_us();
            befell.back_s.push((back_us - again_us) as f64 / 1e6);
            befell.outages.push((from_us, back_us));
            if !acted {
                befell.quiet.push((from_us, back_us));
            }
        }
        Befalls::Closed { back_after_s } => {
            let (drives, other) = house.devices();
            let closed = now_us();
            house.interrupt(drives).await?;
            befell.closed_s.push(taken_over(house, other, closed).await?);
            befell.quiet.push((from_us, house.play().now_us()));
            pause(back_after_s).await;
            house.start(drives).await?;
        }
        Befalls::DeviceKilled { back_after_s } => {
            let (drives, other) = house.devices();
            let killed = now_us();
            house.kill(drives);
            befell.killed.push((0, from_us));
            befell.killed_s.push(taken_over(house, other, killed).await?);
            let until_us = house.play().now_us();
            befell.quiet.push((from_us, until_us));
            befell.incidents.push(happened("device_killed", 0, until_us));
            pause(back_after_s).await;
            house.start(drives).await?;
        }
        Befalls::Link { place, link, for_s } => {
            house.wire(place).is(link);
            pause(for_s).await;
            house.wire(place).is(Link::Whole);
            let whole = now_us();
            if link == Link::Cut || for_s > SHORT_S {
                let back = |said: &super::super::said::Said| {
                    said.reached.get(&place).is_some_and(|&(at_us, on)| on && (at_us > whole || link == Link::Silent))
                };
                house.until("the member whose link was away is back", back).await?;
            }
            let until_us = house.play().now_us();
            if for_s > SHORT_S {
                befell.incidents.push(happened("link", place, until_us));
            } else {
                befell.quiet.push((from_us, until_us));
                befell.incidents.push(happened("short_link", place, until_us));
            }
        }
    }
    Ok(())
}

/// The time that is told is that of what befalls, not of a test.
async fn pause(seconds: u32) {
    tokio::time::sleep(Duration::from_secs(seconds.into())).await;
}

async fn all_reached(house: &House<'_>, since: i64) -> Result<(), Problem> {
    let programs = house.count();
    let back = |said: &super::super::said::Said| {
        (0..programs).all(|number| said.reached.get(&number).is_some_and(|&(at_us, on)| on && at_us > since))
    };
    house.until("all have the relay back", back).await
}

/// How long it took until that program drove, s.
async fn taken_over(house: &House<'_>, number: usize, since: i64) -> Result<f64, Problem> {
    let drives =
        |said: &super::super::said::Said| said.drives.get(&number).is_some_and(|&(at_us, on)| on && at_us > since);
    house.until("the other device drives", drives).await?;
    let at_us = house.said().drives.get(&number).map_or(since, |&(at_us, _)| at_us);
    Ok((at_us - since) as f64 / 1e6)
}
