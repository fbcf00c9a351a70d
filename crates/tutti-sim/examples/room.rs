//! Runs rooms on virtual time and prints their reports: `cargo run --example room -- [members] [seconds] [profile] [seeds] [mean]`.

use tutti_sim::report::{missed, report};
use tutti_sim::world::{Workload, WorldConfig, run};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |index: usize, default: &str| args.get(index).cloned().unwrap_or_else(|| default.to_owned());
    let mean_s: f64 = arg(4, "0").parse()?;
    for seed in 1..=arg(3, "3").parse()? {
        let workload = if mean_s > 0.0 { Workload::Poisson { mean_s } } else { Workload::Demo };
        let profile = arg(2, "broadband").parse()?;
        let mut config = WorldConfig::room(arg(0, "5").parse()?, profile, seed, arg(1, "90").parse()?, workload);
        if std::env::var_os("ONE_CLIENT").is_some() {
            config.members.iter_mut().for_each(|member| member.client = Some("one".to_owned()));
        }
        let trace = run(&config);
        if std::env::var_os("TRACE").is_some() {
            let mut lines: Vec<(i64, String)> = Vec::new();
            lines.extend(
                missed(&trace).iter().map(|hand| (hand.at_us, format!("MISSED {} {:?}", hand.member, hand.kind))),
            );
            lines.extend(trace.hands.iter().map(|hand| (hand.at_us, format!("HAND {} {:?}", hand.member, hand.kind))));
            lines.extend(
                trace.events.iter().map(|logged| (logged.at_us, format!("  {} {:?}", logged.member, logged.event))),
            );
            lines.extend(trace.rooms.iter().map(|room| (room.at_us, format!("  room {room:?}"))));
            lines.sort_by_key(|line| line.0);
            for (at, line) in lines {
                if !line.contains("Predicted") {
                    println!("{:9.3} {line}", at as f64 / 1e6);
                }
            }
        }
        println!("{}", serde_json::to_string(&report(&trace))?);
    }
    Ok(())
}
