//! What each hub bore, and the figures that come of it: ours, the others beside it, and ratios turn by turn.

use serde_json::{Value, json};

/// What one server bore, a number a turn.
#[derive(Default)]
pub struct Borne {
    pub bytes: Vec<f64>,
    pub p50: Vec<f64>,
    pub p95: Vec<f64>,
    pub a_cpu_second: Vec<f64>,
    pub a_second: Vec<f64>,
    pub crowd_p50: Vec<f64>,
    pub crowd_p95: Vec<f64>,
}

/// All who were measured.
#[derive(Default)]
pub struct All {
    pub relay: Borne,
    pub bare: Borne,
    /// None: Node's `ws` is not here.
    pub ws: Option<Borne>,
}

const BARE: &str = "bare epoll";
const WS: &str = "Node's ws";

/// How exact a figure is: parts of its unit.
const WHOLE: f64 = 1.0;
const THOUSANDTHS: f64 = 1_000.0;

/// Rooms of eight.
pub fn of_rooms(all: &All) -> Vec<Value> {
    let (memory, p95) = ("memory of a connection, rooms of 8", "8,000 deliveries a second: latency p95");
    let saturated = "saturated: deliveries a server-cpu-second";
    let mut figures = vec![
        all.figure(memory, "bytes", WHOLE, |borne| &borne.bytes, json!({ "goal": 8192 })),
        all.figure("8,000 deliveries a second: latency p50", "ms", THOUSANDTHS, |borne| &borne.p50, noisy()),
        all.figure(p95, "ms", THOUSANDTHS, |borne| &borne.p95, noisy()),
        ratio(
            &format!("{p95} over bare epoll's"),
            &all.relay.p95,
            &all.bare.p95,
            json!({ "goal": 1.5, "noisy": true }),
        ),
        all.figure(
            saturated,
            "/s",
            WHOLE,
            |borne| &borne.a_cpu_second,
            json!({ "goal": 120_000, "at_least": true, "noisy": true }),
        ),
        all.figure(
            "saturated: deliveries a second, clients on the same processors",
            "/s",
            WHOLE,
            |borne| &borne.a_second,
            json!({ "at_least": true, "noisy": true }),
        ),
    ];
    if let Some(ws) = &all.ws {
        let more = json!({ "at_least": true, "noisy": true });
        figures.extend([
            ratio(&format!("{memory}, over ws's"), &all.relay.bytes, &ws.bytes, json!({})),
            ratio(&format!("{p95} over ws's"), &all.relay.p95, &ws.p95, noisy()),
            ratio(&format!("{saturated} over ws's"), &all.relay.a_cpu_second, &ws.a_cpu_second, more),
        ]);
    }
    figures
}

/// A room of a thousand.
pub fn of_crowd(all: &All) -> Vec<Value> {
    let name = |what: &str| format!("a room of 1,000, 8,000 deliveries a second: latency {what}");
    let mut figures = vec![
        all.figure(&name("p50"), "ms", THOUSANDTHS, |borne| &borne.crowd_p50, noisy()),
        all.figure(&name("p95"), "ms", THOUSANDTHS, |borne| &borne.crowd_p95, noisy()),
    ];
    if let Some(ws) = &all.ws {
        figures.push(ratio(&name("p95 over ws's"), &all.relay.crowd_p95, &ws.crowd_p95, noisy()));
    }
    figures
}

impl All {
    /// Ours, with the others beside it; `says` is what else the figure has.
    fn figure(&self, name: &str, unit: &str, parts: f64, of: impl Fn(&Borne) -> &Vec<f64>, says: Value) -> Value {
        let value = |borne: &Borne| (middle(of(borne)) * parts).round() / parts;
        let mut beside = json!({ BARE: value(&self.bare) });
        if let Some(ws) = &self.ws {
            beside[WS] = json!(value(ws));
        }
        with(json!({ "name": name, "value": value(&self.relay), "unit": unit, "beside": beside }), says)
    }
}

/// The middle of what each turn's were.
fn ratio(name: &str, ours: &[f64], theirs: &[f64], says: Value) -> Value {
    let middle = middle(&ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>());
    with(json!({ "name": name, "value": (middle * 100.0).round() / 100.0, "unit": "" }), says)
}

fn noisy() -> Value {
    json!({ "noisy": true })
}

fn with(mut figure: Value, says: Value) -> Value {
    for (name, value) in says.as_object().into_iter().flatten() {
        figure[name] = value.clone();
    }
    figure
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
