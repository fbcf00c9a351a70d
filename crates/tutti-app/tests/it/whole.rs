//! The whole program on virtual time: the controller, agents, ration, hub and view, the real client, and the simulator.

mod bench;
mod wire;

use std::time::Duration;

use tokio::time::Instant;
use tutti_sim::player::Hand;

use bench::{Bench, Setting};

#[tokio::test(start_paused = true)]
async fn a_quarter_of_an_hour_passes_in_seconds_and_everybody_follows_a_hand() {
    let really = std::time::Instant::now();
    let bench = Bench::in_step(Setting::default()).await;
    let begun = Instant::now();

    tokio::time::sleep(Duration::from_secs(900)).await;
    bench.hand("ben", Hand::Seek { position_ms: 65_000 });
    let followed = bench.until(Duration::from_secs(10), |now| now.leads("Ben") && now.together()).await;

    assert!(followed.is_some(), "{:#?}", bench.now());
    bench.stop().await;
    let (virtual_s, real_s) = (begun.elapsed().as_secs_f64(), really.elapsed().as_secs_f64());
    println!("{virtual_s:.0} s in {real_s:.2} s: {:.0} times as fast", virtual_s / real_s);
}
