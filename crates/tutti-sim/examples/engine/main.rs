//! Measures the engine on virtual time, beside other rules in the same rooms. `--json` prints figures, `--plots FOLDER`
//! draws them instead, `--only WORD` measures the parts whose name has that word.

mod cost;
mod figure;
mod hours;
mod plots;
mod rooms;
mod runs;
mod scenarios;

use std::path::PathBuf;

use figure::Figure;
use runs::Bench;

/// What is measured, one after the other.
type Part = (&'static str, fn(&Bench) -> anyhow::Result<Vec<Figure>>);

/// What takes real time comes first, while nothing else runs.
const PARTS: &[Part] = &[
    ("cost", cost::figures),
    ("timing", cost::timing),
    ("scenarios", scenarios::figures),
    ("baselines", rooms::baselines),
    ("many", rooms::many),
    ("hours", hours::figures),
];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (mut json, mut plots, mut only) = (false, None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--plots" => plots = arguments.next().map(PathBuf::from),
            "--only" => only = arguments.next(),
            other => anyhow::bail!("{other} is not known: --json, --plots FOLDER, --only WORD"),
        }
    }
    let bench = Bench::new();
    if let Some(folder) = plots {
        return plots::draw(&bench, &folder);
    }
    let mut figures = Vec::new();
    for (name, measure) in PARTS.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| name.contains(only))) {
        let before_s = runs::cpu_of_all_s();
        let seen = measure(&bench)?;
        eprintln!("{name}: {:.0} s of processor time", runs::cpu_of_all_s() - before_s);
        if !json {
            seen.iter().for_each(|figure| println!("{figure}"));
        }
        figures.extend(seen);
    }
    if json {
        println!("{}", serde_json::Value::from(figures.iter().map(Figure::json).collect::<Vec<_>>()));
    }
    Ok(())
}
