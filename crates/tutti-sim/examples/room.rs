//! Runs one scenario and prints everything that happened: `cargo run --example room -- SCENARIO [SEED] [FROM_S] [TO_S]`.

use std::sync::Arc;

use tutti_sim::catalogue::Catalogue;
use tutti_sim::report::{missed, report};
use tutti_sim::scenario::{Overrides, Scenario};
use tutti_sim::world::{RulesName, run_with};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: f64| args.get(index).map_or(Ok(default), |arg| arg.parse::<f64>());
    let scenario = Scenario::find(args.first().map_or("standard", String::as_str))?;
    let rules = std::env::var("RULES").map_or(Ok(RulesName::Tutti), |name| name.parse())?;
    let (seed, from_s, to_s) = (number(1, 1.0)? as u64, number(2, 0.0)?, number(3, f64::MAX)?);
    let config = scenario.world(seed, rules, Overrides::default())?;
    let trace = run_with(&config, &Arc::new(Catalogue::new()));
    let mut lines: Vec<(i64, String)> = Vec::new();
    lines.extend(missed(&trace).iter().map(|hand| (hand.at_us, format!("MISSED {} {:?}", hand.member, hand.kind))));
    lines.extend(trace.hands.iter().map(|hand| (hand.at_us, format!("HAND {} {:?}", hand.member, hand.kind))));
    lines.extend(trace.incidents.iter().map(|incident| (incident.from_us, format!("BEGINS {incident:?}"))));
    lines.extend(trace.incidents.iter().map(|incident| (incident.until_us, format!("ENDS {incident:?}"))));
    lines.extend(trace.events.iter().map(|logged| (logged.at_us, format!("  {} {:?}", logged.member, logged.event))));
    lines.extend(trace.rooms.iter().map(|room| (room.at_us, format!("  room {room:?}"))));
    // The truth, every second: what plays where.
    for sample in trace.samples.iter().step_by(10) {
        let player = |player: &tutti_sim::report::PlayerTruth| {
            let uri = player.uri.as_deref().unwrap_or("-");
            format!(
                "{}{}@{:.0}",
                if player.playing { "" } else { "|" },
                &uri[uri.len().min(14)..][..3],
                player.reported_ms
            )
        };
        let players: Vec<String> = sample.players.iter().map(player).collect();
        lines.push((sample.at_us, format!("    truth {}", players.join(" "))));
    }
    lines.sort_by_key(|line| line.0);
    for (at, line) in lines {
        let at_s = at as f64 / 1e6;
        if !line.contains("Predicted") && from_s <= at_s && at_s <= to_s {
            println!("{at_s:9.3} {line}");
        }
    }
    println!("{}", serde_json::to_string(&report(&trace))?);
    Ok(())
}
