//! Every fault in turn on the worst network: how soon its member is read again, and that nothing else is lost by it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tutti_sim::fault::Fault;
use tutti_sim::player::Hand;
use tutti_sim::profile::Profile;

use super::bench::{Bench, Setting, panics};
use super::hostile::{LASTING, USERS};
use super::ration;
use super::wire::Sent;

/// These come at the end: what they leave behind slows a client id down for an hour, or takes a member out.
const LAST: [&str; 2] = ["rate_limited", "premium_lost"];
/// A fault that lasts is made to last so long; one that counts requests counts so many.
const LASTS_MS: u64 = 6_000;
const COUNTS: u64 = 2;
/// A wait is so long: after it half as much may be asked, and most of what was asked before it counts no longer.
const WAITS_S: u64 = 10;
/// A fault whose requests never come is ended after so long.
const UNMET_AFTER: Duration = Duration::from_secs(30);
/// Whoever is not read so long after a fault is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// From a reading to the next fault.
const REST: Duration = Duration::from_secs(3);
/// A look that hangs is given up then, µs.
const GIVEN_UP_US: i64 = 3_500_000;
const STEP: Duration = Duration::from_millis(50);

/// How a run went.
pub struct Run {
    /// Every fault with the time from its end until that look at its member went out which was answered, ms.
    pub read_after_ms: Vec<(&'static str, i64)>,
    pub wrong: Vec<String>,
}

impl Run {
    /// The time within which so many of a hundred were read again, ms.
    pub fn percentile_ms(&self, percent: usize) -> i64 {
        let mut sorted: Vec<i64> = self.read_after_ms.iter().map(|(_, ms)| *ms).collect();
        sorted.sort_unstable();
        sorted[(sorted.len() - 1) * percent / 100]
    }
}

/// Plays one fault after the other, each on the next of five members, while others act by hand.
pub async fn play(seed: u64, shared: bool) -> Run {
    let panics_before = panics();
    let setting = Setting {
        members: USERS.len(),
        profile: Profile::Hostile,
        seed,
        shared,
        rotating: !shared,
        ..Setting::default()
    };
    let bench = Bench::open_room(setting).await;
    let mut run = Run { read_after_ms: Vec::new(), wrong: Vec::new() };
    let all = Fault::all();
    let (last, first): (Vec<_>, Vec<_>) =
        all.iter().filter(|about| !LASTING.contains(&about.kind)).partition(|about| LAST.contains(&about.kind));
    for (place, about) in first.into_iter().chain(last).enumerate() {
        let (user, other) = (USERS[place % USERS.len()], USERS[(place + 1) % USERS.len()]);
        let begun_us = bench.sim.now_us();
        bench.fault(user, &shortened(about.kind, &about.fields));
        // What the app does not offer is no action.
        bench.hand(other, Hand::Seek { position_ms: 20_000 + 1_000 * (place as u32 % 60) });
        let ended_us = end_of(&bench, user, about.kind, &about.fields, begun_us).await;
        match read_again(&bench, user, ended_us).await {
            Some(look_us) => {
                let from_us = undisturbed_from(&bench.sent(), user, ended_us, look_us);
                run.read_after_ms.push((about.kind, (look_us - from_us) / 1_000));
            }
            None => run.wrong.push(format!("{} is stuck after {}", user, about.kind)),
        }
        // The people want to hear music, and what does not play is looked at less.
        if let Some(silent) = USERS.iter().find(|user| !bench.plays(user)) {
            bench.hand(silent, Hand::resume());
        }
        sleep(REST).await;
    }
    run.wrong.extend(bench.breaches());
    run.wrong.extend(ration::blindly_repeated(&bench.sent()));
    bench.stop().await;
    if panics() > panics_before {
        run.wrong.push(format!("{} panics", panics() - panics_before));
    }
    run
}

fn shortened(kind: &str, defaults: &Value) -> Value {
    let mut fault = defaults.clone();
    fault["kind"] = json!(kind);
    for (field, value) in [("for_ms", LASTS_MS), ("count", COUNTS), ("retry_after_s", WAITS_S)] {
        if defaults.get(field).is_some() {
            fault[field] = json!(value);
        }
    }
    fault
}

/// Waits for the end of a fault; when that was, on the simulator's clock.
async fn end_of(bench: &Bench, user: &str, kind: &str, fields: &Value, begun_us: i64) -> i64 {
    if fields.get("for_ms").is_some() {
        sleep(Duration::from_millis(LASTS_MS)).await;
        return bench.sim.now_us();
    }
    let begun = Instant::now();
    while begun.elapsed() < UNMET_AFTER {
        let sent = bench.sent();
        let ended_us = match kind {
            "rate_limited" => sent.iter().filter(|sent| sent.at_us > begun_us).filter_map(ration::waits_until_us).max(),
            // Somebody presses play on the device that fell asleep.
            "asleep" if begun.elapsed() < Duration::from_millis(LASTS_MS) => None,
            "asleep" => Some(bench.hand(user, Hand::resume())).map(|_| bench.sim.now_us()),
            _ if fields.get("count").is_some() => {
                let of_user = sent.iter().filter(|sent| sent.at_us > begun_us && sent.user.as_deref() == Some(user));
                let over_us = |sent: &Sent| if kind == "slow_body" { sent.at_us + GIVEN_UP_US } else { over_us(sent) };
                of_user.map(over_us).nth(COUNTS as usize - 1)
            }
            _ => Some(begun_us),
        };
        if let Some(ended_us) = ended_us.filter(|ended_us| *ended_us <= bench.sim.now_us()) {
            return ended_us;
        }
        sleep(STEP).await;
    }
    bench.fault(user, &json!({"kind": "clear"}));
    bench.sim.now_us()
}

/// When the first look after the fault went out that was answered.
async fn read_again(bench: &Bench, user: &str, ended_us: i64) -> Option<i64> {
    let begun = Instant::now();
    while begun.elapsed() < STUCK_AFTER {
        let sent = bench.sent();
        let mut looks = sent.iter().filter(|sent| sent.at_us > ended_us && sent.user.as_deref() == Some(user));
        let read = looks.find(|sent| sent.target.starts_with("/v1/me/player?") && matches!(sent.status, 200 | 204));
        if let Some(read) = read {
            return Some(read.at_us);
        }
        sleep(STEP).await;
    }
    None
}

/// From the fault's end, or from that of the last accident that this network added before the look.
fn undisturbed_from(sent: &[Sent], user: &str, ended_us: i64, look_us: i64) -> i64 {
    let accidents = sent.iter().filter(|sent| sent.user.as_deref() == Some(user) && sent.at_us < look_us);
    let accidents = accidents.filter(|sent| sent.status == 0 || sent.status >= 500).map(over_us);
    accidents.filter(|over_us| (ended_us..=look_us).contains(over_us)).max().unwrap_or(ended_us)
}

/// When a request was answered, or given up.
fn over_us(sent: &Sent) -> i64 {
    sent.answered_us.unwrap_or(i64::MAX).min(sent.at_us + GIVEN_UP_US)
}
