//! The worst network, five people who act, and every fault at random: nobody may be stuck, and nothing lost.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tutti_app::secrets::SecretStore;
use tutti_sim::fault::Fault;
use tutti_sim::player::Hand;
use tutti_sim::profile::Profile;
use tutti_sim::random::Random;

use super::bench::{Bench, Setting, name_of, panics};
use super::ration;
use super::row::{is_near, stands};

pub const USERS: [&str; 5] = ["anna", "ben", "chiara", "deniz", "emil"];
/// Those that last until the user does something, or for hours: they come at the end, where what is said is looked at.
pub const LASTING: [&str; 4] = ["clear", "quota", "token_revoked", "token_aged"];
/// The longest that a fault is made to last.
const LONGEST_MS: u64 = 20_000;
/// Something goes wrong somewhere, and somebody acts, so often on average.
const FAULT_EVERY_MS: f64 = 8_000.0;
const HAND_EVERY_MS: f64 = 15_000.0;
/// After the last fault everybody is read again, and in step, within this time on that network. Five who share a client id
/// that was told to wait have half a ration, and a planned look each in half a minute.
const READ_WITHIN: Duration = Duration::from_secs(60);
const IN_STEP_WITHIN: Duration = Duration::from_secs(300);
/// In step there: a command takes effect after 0.3 to 2.1 s (5 to 95 of 100).
const NEAR_MS: f64 = 1_500.0;
/// What somebody did is given so long to be followed.
const PRESS_AFTER: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(100);

/// How a run went.
pub struct Run {
    pub faults: usize,
    pub requests: usize,
    pub in_step_after: Option<Duration>,
    /// How many times faster than the clock on the wall.
    pub speed: f64,
    pub wrong: Vec<String>,
}

/// Plays for so long, then lets everything be well again.
pub async fn play(seed: u64, length: Duration, shared: bool) -> Run {
    let (really, panics_before) = (std::time::Instant::now(), panics());
    let setting = Setting {
        members: USERS.len(),
        profile: Profile::Hostile,
        seed,
        shared,
        rotating: shared,
        ..Setting::default()
    };
    let bench = Bench::open_room(setting).await;
    let begun = Instant::now();
    let mut wrong = Vec::new();
    let mut random = Random::new(seed);
    let kinds: Vec<_> = Fault::all().into_iter().filter(|about| !LASTING.contains(&about.kind)).collect();
    let mut without_premium = BTreeSet::new();
    let (mut next_fault, mut next_hand, mut faults) = (begun, begun, 0);
    while begun.elapsed() < length {
        let now = Instant::now();
        if now >= next_fault {
            let about = &kinds[random.below(kinds.len())];
            let user = USERS[random.below(USERS.len())];
            if about.kind == "premium_lost" {
                without_premium.insert(user);
            }
            bench.fault(user, &shortened(about.kind, &about.fields, &mut random));
            faults += 1;
            next_fault = now + after(FAULT_EVERY_MS, &mut random);
        }
        if now >= next_hand {
            let user = USERS[random.below(USERS.len())];
            // What the app does not offer is no action.
            bench.hand(user, hand(&mut random));
            next_hand = now + after(HAND_EVERY_MS, &mut random);
        }
        sleep(STEP).await;
    }
    for user in USERS {
        bench.fault(user, &json!({"kind": "clear"}));
    }
    let in_step_after = recover(&bench, &without_premium, &mut wrong).await;
    revoke_one(&bench, &mut wrong).await;
    use_up_the_quota(&bench, shared, &mut wrong).await;

    wrong.extend(bench.breaches());
    wrong.extend(ration::blindly_repeated(&bench.sent()));
    let speed = begun.elapsed().as_secs_f64() / really.elapsed().as_secs_f64();
    let requests = bench.sent().len();
    keeps_its_tokens(bench, &mut wrong).await;
    if panics() > panics_before {
        wrong.push(format!("{} panics", panics() - panics_before));
    }
    Run { faults, requests, in_step_after, speed, wrong }
}

/// Everybody is read again, and whoever can be moved is in step.
async fn recover(bench: &Bench, without_premium: &BTreeSet<&str>, wrong: &mut Vec<String>) -> Option<Duration> {
    let (ended, ended_us) = (Instant::now(), bench.sim.now_us());
    let wait = bench.waits_until_us();
    let wait = Duration::from_micros((wait - ended_us).max(0) as u64);
    let mut unread: BTreeSet<&str> = USERS.into();
    let mut in_step_after = None;
    let mut next_press = ended + wait;
    while ended.elapsed() < wait + IN_STEP_WITHIN && !(unread.is_empty() && in_step_after.is_some()) {
        // The people want to hear music: whoever is told to presses play, and where all is silent, Anna.
        if Instant::now() >= next_press {
            let told = |user: &&&str| bench.now().trouble(&name_of(user)) == Some("no_device") && !bench.plays(user);
            let silent = || (!USERS.iter().any(|user| bench.plays(user))).then_some(&"anna");
            if let Some(user) = USERS.iter().find(told).or_else(silent) {
                bench.hand(user, Hand::resume());
                next_press = Instant::now() + PRESS_AFTER;
            }
        }
        unread.retain(|user| !bench.read_since(user, ended_us));
        if ended.elapsed() > wait + READ_WITHIN && !unread.is_empty() {
            wrong.push(format!("never read again: {unread:?}; {}", stands(bench)));
            return None;
        }
        let excused =
            |user: &str| without_premium.contains(user) && bench.now().trouble(&name_of(user)) == Some("not_premium");
        if in_step_after.is_none() && is_near(bench, NEAR_MS, excused) {
            in_step_after = Some(ended.elapsed());
        }
        sleep(STEP).await;
    }
    if in_step_after.is_none() {
        wrong.push(format!("not in step {IN_STEP_WITHIN:?} after the last fault: {}", stands(bench)));
    }
    in_step_after
}

/// Emil removes the app from his account: that is said beside him, and the others play on.
async fn revoke_one(bench: &Bench, wrong: &mut Vec<String>) {
    bench.fault("emil", &json!({"kind": "token_revoked"}));
    let said = bench.until(Duration::from_secs(60), |now| now.trouble("Emil") == Some("needs_login")).await;
    if said.is_none() {
        wrong.push(format!("of the revoked one it says {:?}", bench.now().trouble("Emil")));
    }
}

/// Anna's developer has no requests left: that is said to all who use it, and nothing more goes out for them.
async fn use_up_the_quota(bench: &Bench, shared: bool, wrong: &mut Vec<String>) {
    bench.fault("anna", &json!({"kind": "quota"}));
    let others: &[&str] = if shared { &["Anna", "Ben", "Chiara", "Deniz"] } else { &["Anna"] };
    let said = |now: &super::bench::Now| others.iter().all(|name| now.trouble(name) == Some("quota"));
    if bench.until(Duration::from_secs(60), said).await.is_none() {
        let told: Vec<_> = others.iter().map(|name| bench.now().trouble(name).map(str::to_owned)).collect();
        wrong.push(format!("of the quota it says {told:?}"));
    }
    sleep(Duration::from_secs(60)).await;
}

/// What the keychain holds at the end still opens every account but the revoked one.
async fn keeps_its_tokens(bench: Bench, wrong: &mut Vec<String>) {
    let (sim, secrets) = (bench.sim.clone(), bench.secrets.clone());
    bench.stop().await;
    for user in USERS.into_iter().filter(|user| *user != "emil") {
        let login = secrets.load(sim.account_id(user).unwrap()).unwrap().unwrap();
        let now_us = sim.now_us();
        if let Err(error) = sim.sign_in().refresh(now_us, login.refresh.expose(), &login.client_id) {
            wrong.push(format!("{user}'s sign-in is lost: {error}"));
        }
    }
}

/// The fault with its defaults, but not longer than a run can bear.
fn shortened(kind: &str, defaults: &Value, random: &mut Random) -> Value {
    let mut fault = defaults.clone();
    fault["kind"] = json!(kind);
    if let Some(for_ms) = defaults.get("for_ms").and_then(Value::as_u64) {
        fault["for_ms"] = json!(for_ms.min(random.between(2_000.0, LONGEST_MS as f64) as u64));
    }
    fault
}

fn hand(random: &mut Random) -> Hand {
    match random.below(6) {
        0 => Hand::Pause,
        1 | 2 => Hand::resume(),
        3 => Hand::Next,
        4 => Hand::Previous,
        _ => Hand::Seek { position_ms: random.between(0.0, 150_000.0) as u32 },
    }
}

/// At random between nothing and twice the mean.
fn after(mean_ms: f64, random: &mut Random) -> Duration {
    Duration::from_micros(random.between(0.0, 2e3 * mean_ms) as u64)
}
