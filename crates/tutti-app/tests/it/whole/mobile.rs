//! The demo's script on the mobile network, with the real client: it ends in step.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tutti_sim::profile::Profile;
use tutti_sim::workload;

use super::bench::{Bench, Setting, on_virtual_time};
use super::hostile::USERS;
use super::is_long;
use super::row::{is_near, stands};

/// As long as the demo that is measured.
const SECONDS: u32 = 90;
/// After the last action of the script: looks, commands, and two corrections.
const IN_STEP_WITHIN: Duration = Duration::from_secs(15);
/// In step: right item, right state, no further off for so long. That is what propagation asks for too: a command takes
/// effect after 0.25 to 0.8 s there (5 to 95 of 100), so that corrections leave some 200 ms behind.
const NEAR_MS: f64 = 500.0;
const FOR: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(100);

#[test]
fn the_demo_on_a_mobile_network_ends_in_step() {
    on_virtual_time(async {
        let seeds: &[u64] = if is_long() { &[1, 2, 3, 4, 5, 6, 7, 8] } else { &[1, 2, 7] };
        let mut apart = Vec::new();
        for &seed in seeds {
            match play(seed).await {
                Ok(after) => println!("| mobile | {seed} | {:.1} s |", after.as_secs_f64()),
                Err(stands) => apart.push(format!("seed {seed}: {stands}")),
            }
        }
        assert!(apart.is_empty(), "{apart:#?}");
    });
}

/// How long after the last action everybody was in step; or how they stand when they are not.
async fn play(seed: u64) -> Result<Duration, String> {
    let setting = Setting { members: USERS.len(), profile: Profile::Mobile, seed, ..Setting::default() };
    let bench = Bench::open(setting).await;
    bench.program.dispatch(tutti_app::api::Action::Host);
    assert!(bench.until(IN_STEP_WITHIN, |now| now.0.room.is_some()).await.is_some(), "{:#?}", bench.now());
    let begun = Instant::now();
    for planned in workload::demo(bench.sim.catalogue(), USERS.len(), SECONDS, seed) {
        sleep_until(begun + Duration::from_micros(planned.at_us as u64)).await;
        let user = USERS[planned.member];
        let hand = bench.sim.with_player(user, |player, now_us| planned.deed.hand(player, now_us)).unwrap();
        // A button that the app does not offer by then is no action.
        bench.hand(user, hand);
    }
    let (last, mut near_since) = (Instant::now(), None);
    let mut in_step_after = None;
    while last.elapsed() < IN_STEP_WITHIN + FOR && in_step_after.is_none() {
        near_since = is_near(&bench, NEAR_MS, |_| false).then(|| near_since.unwrap_or(Instant::now()));
        in_step_after = near_since.filter(|since| since.elapsed() >= FOR).map(|since| since - last);
        sleep(STEP).await;
    }
    let stands = stands(&bench);
    assert_eq!(bench.breaches(), Vec::<String>::new());
    bench.stop().await;
    in_step_after.ok_or(stands)
}
