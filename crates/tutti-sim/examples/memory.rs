//! Measures what one member's engine keeps in memory after 24 virtual hours, by a counting allocator. `--json` prints figures.
//!
//! Everything that was handed in to one member of a room is handed in again to a member alone, as copies of its own: what
//! is then still allocated is that member's, and nobody else's.

use std::sync::Arc;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tutti_sim::catalogue::Catalogue;
use tutti_sim::profile::Profile;
use tutti_sim::world::{self, Workload, WorldConfig};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

const HOURS: u32 = 24;
/// A member may keep so much, KiB.
const GOAL_KIB: f64 = 64.0;

fn main() -> anyhow::Result<()> {
    let catalogue = Arc::new(Catalogue::new());
    let mut figures = Vec::new();
    for (workload, profile, name) in [
        (Workload::STANDARD, Profile::Broadband, "an action every 2 min"),
        (Workload::STANDARD, Profile::Hostile, "an action every 2 min, hostile"),
        (Workload::Poisson { mean_s: 20.0 }, Profile::Broadband, "an action every 20 s"),
    ] {
        let records = Some(1);
        let config = WorldConfig { records, ..WorldConfig::room(3, profile, 1, HOURS * 3_600, workload) };
        let trace = world::run_with(&config, &catalogue);
        let recording = trace.recording.ok_or_else(|| anyhow::anyhow!("nothing was recorded"))?;
        let region = Region::new(ALLOCATOR);
        let mut member = recording.member();
        let mut most = 0;
        for (at, input) in recording.inputs() {
            member.handle(input, at);
            while member.poll().is_some() {}
            let now = region.change();
            most = most.max(now.bytes_allocated.saturating_sub(now.bytes_deallocated));
        }
        let kib = |bytes: usize| ((bytes + size_of_val(&member)) as f64 / 1024.0 * 10.0).round() / 10.0;
        let now = region.change();
        let kept = kib(now.bytes_allocated.saturating_sub(now.bytes_deallocated));
        println!("{name}: {} inputs, {kept} KiB in the end, {} KiB at most", recording.len(), kib(most));
        figures.push(serde_json::json!({
            "name": format!("memory of a member after 24 h, {name}"), "value": kib(most), "unit": "KiB", "goal": GOAL_KIB,
            "tolerance": { "share": 0.1, "absolute": 0.5 },
        }));
    }
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", serde_json::Value::from(figures));
    }
    Ok(())
}
