//! What happened in one run of a scenario, a line an event: `cargo run --example trace -- SCENARIO SEED [FROM_S [TO_S]]`.

use tutti_sim::report::{missed, report};
use tutti_sim::scenario::{Overrides, Scenario};
use tutti_sim::world::{RulesName, run};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let second = |index: usize, default: f64| args.get(index).map_or(Ok(default), |text| text.parse());
    let (from, to) = (second(2, 0.0)?, second(3, f64::INFINITY)?);
    let scenario = Scenario::find(args.first().map_or("standard", String::as_str)).map_err(anyhow::Error::msg)?;
    let seed = args.get(1).map_or(Ok(1), |text| text.parse())?;
    let world = scenario.world(seed, RulesName::Tutti, Overrides::default()).map_err(anyhow::Error::msg)?;
    let trace = run(&world);
    let mut lines: Vec<(i64, String)> = Vec::new();
    lines.extend(missed(&trace).iter().map(|hand| (hand.at_us, format!("MISSED {} {:?}", hand.member, hand.kind))));
    lines.extend(trace.hands.iter().map(|hand| (hand.at_us, format!("HAND {} {:?}", hand.member, hand.kind))));
    lines.extend(trace.incidents.iter().map(|incident| (incident.from_us, format!("INCIDENT {incident:?}"))));
    lines.extend(trace.events.iter().map(|logged| (logged.at_us, format!("  {} {:?}", logged.member, logged.event))));
    let mut before = String::new();
    for room in &trace.rooms {
        let now = format!("{:?} {} {:?}", room.leader, room.actions, room.line.as_ref().map(|line| (&line.0, line.1)));
        if now != before {
            lines.push((room.at_us, format!("  room {room:?}")));
        }
        before = now;
    }
    for sample in trace.samples.iter().filter(|sample| sample.at_us % 1_000_000 == 0) {
        let places: Vec<(bool, i64)> =
            sample.players.iter().map(|player| (player.playing, player.reported_ms as i64)).collect();
        lines.push((sample.at_us, format!("    truth {places:?}")));
    }
    lines.sort_by_key(|line| line.0);
    for (at_us, line) in lines {
        let at = at_us as f64 / 1e6;
        if from <= at && at <= to && !line.contains("Predicted") {
            println!("{at:9.3} {line}");
        }
    }
    println!("{}", serde_json::to_string(&report(&trace))?);
    Ok(())
}
