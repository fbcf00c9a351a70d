//! Measures how well the room's clock is known over a network, beside other ways. `--json` prints figures, `--trace FILE`
//! measures a recorded trace instead (lines of `t1,t2,t3,t4,truth`).

use std::time::Instant;

use anyhow::Context;
use serde_json::{Value, json};
use tutti_core::clock::ClockSync;
use tutti_core::time::LocalTime;
use tutti_sim::exchanges::{Kalman, LeastRoundTrip, Link, Quality, Recording, Scene, Step, Trace, measure};

const SEEDS: u64 = 20;

/// On the same traces.
#[derive(Default)]
struct SideBySide {
    ours: Quality,
    kalman: Quality,
    least: Quality,
}

impl SideBySide {
    fn add(&mut self, trace: &Trace) {
        self.ours.join(measure(trace, &mut ours()));
        self.kalman.join(measure(trace, &mut Kalman::default()));
        self.least.join(measure(trace, &mut LeastRoundTrip::default()));
    }

    fn join(&mut self, other: Self) {
        self.ours.join(other.ours);
        self.kalman.join(other.kalman);
        self.least.join(other.least);
    }

    fn line(&self, name: &str) -> String {
        let errors = |quality: &Quality| format!("{:.2} / {:.2}", quality.error_ms(50), quality.error_ms(95));
        format!(
            "{name:<28} {:>14} {:>14} {:>14} {:>8.1} {:>9.2} %",
            errors(&self.ours),
            errors(&self.kalman),
            errors(&self.least),
            self.ours.bound_ms(50),
            self.ours.bound_true_percent()
        )
    }

    /// `goal`: of the share of the Kalman filter's error.
    fn figures(&self, name: &str, goal: Option<f64>) -> [Value; 4] {
        let beside = |percent| json!({ "Kalman": digits(self.kalman.error_ms(percent)), "least round trip": digits(self.least.error_ms(percent)) });
        let [p50, p95] = [50, 95].map(|percent| self.ours.error_ms(percent));
        let tolerance = json!({ "share": 0.1, "absolute": 0.02 });
        [
            json!({ "name": format!("{name}, off by, p50"), "value": digits(p50), "unit": "ms", "tolerance": tolerance, "beside": beside(50) }),
            json!({ "name": format!("{name}, off by, p95"), "value": digits(p95), "unit": "ms", "tolerance": tolerance, "beside": beside(95) }),
            json!({ "name": format!("{name}, p95 over the Kalman filter's"), "value": digits(p95 / self.kalman.error_ms(95)), "unit": "", "goal": goal }),
            json!({ "name": format!("{name}, bounds that were true"), "value": digits(self.ours.bound_true_percent()), "unit": "%", "goal": 99.9, "at_least": true }),
        ]
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let title = format!(
        "{:<28} {:>14} {:>14} {:>14} {:>8} {:>11}",
        "off by, p50 / p95, ms", "ours", "Kalman", "least of 16", "bound", "true"
    );
    if let [option, path] = arguments.as_slice()
        && option == "--trace"
    {
        let mut seen = SideBySide::default();
        seen.add(&Trace::recorded(&std::fs::read_to_string(path).with_context(|| path.clone())?)?);
        println!("{title}\n{}", seen.line(path));
        return Ok(());
    }
    let mut figures = Vec::new();
    println!("{title}");
    for link in [Link::LAN, Link::HOME, Link::BAD_MOBILE] {
        let mut all = SideBySide::default();
        for scene in Scene::all(link) {
            let seen = over(&scene);
            println!("{}", seen.line(&format!("{}, {}", link.name, scene.name)));
            all.join(seen);
        }
        println!("{}", all.line(link.name));
        figures.extend(all.figures(link.name, Some(0.5)));
    }
    let even = over(&Scene::of(Link::JITTER_30_MS));
    println!("{}", even.line(Link::JITTER_30_MS.name));
    figures.push(json!({ "name": "jitter of 30 ms both ways, off by, p95", "value": digits(even.ours.error_ms(95)), "unit": "ms", "goal": 5.0,
        "beside": { "Kalman": digits(even.kalman.error_ms(95)), "least round trip": digits(even.least.error_ms(95)) } }));
    for recording in Recording::ALL {
        let mut seen = SideBySide::default();
        seen.add(&recording.trace()?);
        println!("{}", seen.line(recording.name));
        figures.extend(seen.figures(recording.name, None));
    }
    figures.push(
        json!({ "name": "an exchange takes", "value": digits(cost_us()), "unit": "µs", "goal": 20.0, "noisy": true }),
    );
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", Value::from(figures));
    }
    Ok(())
}

fn over(scene: &Scene) -> SideBySide {
    let mut seen = SideBySide::default();
    (1..=SEEDS).for_each(|seed| seen.add(&scene.draw(seed)));
    seen
}

fn ours() -> ClockSync {
    ClockSync::new(1, LocalTime::from_micros(0))
}

/// Of one exchange in an hour on a bad network with a clock that is slewed, processor time.
fn cost_us() -> f64 {
    let trace = Scene::all(Link::BAD_MOBILE)[2].draw(1);
    let exchanges: Vec<_> = trace
        .steps
        .iter()
        .filter_map(|step| if let Step::Exchange(exchange) = step { Some(*exchange) } else { None })
        .collect();
    let started = Instant::now();
    const TIMES: usize = 20;
    for _ in 0..TIMES {
        let mut sync = ours();
        let taken = exchanges.iter().filter(|exchange| sync.exchange(**exchange).is_ok()).count();
        assert_eq!(taken, exchanges.len(), "what was taken once is taken again");
    }
    started.elapsed().as_secs_f64() * 1e6 / (TIMES * exchanges.len()) as f64
}

/// Four significant digits are more than means anything.
fn digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
