//! Measures what asking the shared ledger costs a request: `cargo run --release -p tutti-app --example ledger`.
//!
//! Every request opens, locks, reads on and adds to a file. Prints figures as JSON.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tutti_app::ration::Rations;
use tutti_app::settings::Home;
use tutti_core::limit::Class;

/// A client id may make so many commands at once; the first of each also makes the file.
const REQUESTS: usize = 45;
const CLIENT_IDS: usize = 60;
/// Threads fall asleep in between, as between the requests of a room.
const PAUSE: Duration = Duration::from_millis(1);

fn main() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("tutti-ledger-{}", std::process::id()));
    let home = Home::at(&folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut figures = described("alone", runtime.block_on(ask(Rations::kept(home.clone()), "alone", REQUESTS)));
    let two = runtime.block_on(async {
        // Each counts as a process of its own: they know of each other only by the files.
        let other = tokio::spawn(ask(Rations::kept(home.clone()), "two", REQUESTS / 2));
        let mut took = ask(Rations::kept(home), "two", REQUESTS / 2).await;
        took.extend(other.await.unwrap_or_default());
        took
    });
    figures.extend(described("two at once", two));
    figures.extend(described("in memory", runtime.block_on(ask(Rations::default(), "memory", REQUESTS))));
    std::fs::remove_dir_all(&folder)?;
    println!("{}", Value::Array(figures));
    Ok(())
}

/// µs of each request after the first of its client id.
async fn ask(rations: Rations, name: &str, requests: usize) -> Vec<f64> {
    let mut took_us = Vec::new();
    for id in 0..CLIENT_IDS {
        let ration = rations.of(&format!("{name} {id}"));
        for request in 0..requests {
            tokio::time::sleep(PAUSE).await;
            let begun = Instant::now();
            let admitted = ration.admit(Class::Command).await.is_ok();
            if admitted && request > 0 {
                took_us.push(begun.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    took_us
}

fn described(when: &str, mut took_us: Vec<f64>) -> Vec<Value> {
    took_us.sort_by(f64::total_cmp);
    let at = |share: f64| (took_us[((took_us.len() - 1) as f64 * share) as usize] * 10.0).round() / 10.0;
    let figure =
        |name: &str, share| json!({ "name": format!("ledger, {when}, {name}"), "value": at(share), "unit": "µs" });
    vec![figure("p50", 0.5), figure("p99", 0.99)]
}
