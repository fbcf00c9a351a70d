//! One number that was measured: its goal, how it compares with what is kept, and how it is printed.

use serde_json::{Map, Value, json};

/// One number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: String,
    /// It should be no more than this; no less where `at_least` is set.
    pub goal: Option<f64>,
    pub at_least: bool,
    /// How much worse than what is kept it may get; None: it is not held against it.
    pub tolerance: Option<Tolerance>,
    /// Measured in real time: the same code gives other numbers another day.
    pub noisy: bool,
    /// The same by other means: name and value.
    pub beside: Vec<(String, f64)>,
}

/// Both together: a share of the kept value, and so much in the figure's unit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance {
    pub share: f64,
    pub absolute: f64,
}

/// What is wrong with a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Its goal is missed, as it was before.
    Missed,
    /// Its goal was met by what is kept, and is missed now.
    Left,
    /// Worse than what is kept by more than the tolerance.
    Worse,
}

impl Figure {
    pub fn of(value: &Value) -> Option<Self> {
        let tolerance =
            |value: &Value| Some(Tolerance { share: value["share"].as_f64()?, absolute: value["absolute"].as_f64()? });
        let beside = value["beside"].as_object().into_iter().flatten();
        Some(Self {
            name: value["name"].as_str()?.to_owned(),
            value: value["value"].as_f64()?,
            unit: value["unit"].as_str()?.to_owned(),
            goal: value["goal"].as_f64(),
            at_least: value["at_least"].as_bool().unwrap_or_default(),
            tolerance: tolerance(&value["tolerance"]),
            noisy: value["noisy"].as_bool().unwrap_or_default(),
            beside: beside.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect(),
        })
    }

    /// Without what is not set.
    pub fn json(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("name", json!(self.name));
        put("value", json!(self.value));
        put("unit", json!(self.unit));
        put("goal", json!(self.goal));
        if self.at_least {
            put("at_least", json!(true));
        }
        if let Some(Tolerance { share, absolute }) = self.tolerance {
            put("tolerance", json!({ "share": share, "absolute": absolute }));
        }
        if self.noisy {
            put("noisy", json!(true));
        }
        if !self.beside.is_empty() {
            let beside: Map<_, _> = self.beside.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            put("beside", Value::Object(beside));
        }
        Value::Object(fields)
    }

    pub fn is_met(&self) -> bool {
        self.goal.is_none_or(|goal| if self.at_least { self.value >= goal } else { self.value <= goal })
    }

    /// Against what is kept, if anything is.
    pub fn verdict(&self, kept: Option<&Self>) -> Verdict {
        let worse_by = |kept: &Self| if self.at_least { kept.value - self.value } else { self.value - kept.value };
        let allowed = |kept: &Self| {
            self.tolerance.map_or(f64::INFINITY, |by| by.share * kept.value.abs() + by.absolute + f64::EPSILON)
        };
        match kept {
            Some(kept) if !self.is_met() && kept.is_met() => Verdict::Left,
            _ if !self.is_met() => Verdict::Missed,
            // What is far within a goal in real time is as good as it was.
            Some(kept) if !(self.noisy && self.goal.is_some()) && worse_by(kept) > allowed(kept) => Verdict::Worse,
            _ => Verdict::Good,
        }
    }
}

/// One line a figure: what it is now, what is kept, by how much it changed, its goal, and others beside it.
pub fn table(figures: &[Figure], kept: &[Figure]) -> String {
    let width = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0).max(20);
    let mut table = format!("{:<width$} {:>10} {:<6} {:>10} {:>8}  goal\n", "", "now", "", "kept", "change");
    for figure in figures {
        let before = kept_of(figure, kept);
        let goal = figure.goal.map(|goal| format!("{} {goal}", if figure.at_least { "≥" } else { "≤" }));
        let beside = figure.beside.iter().map(|(name, value)| match figure.value {
            0.0 => format!("{name} {value}"),
            ours => format!("{name} {value} (× {:.2})", value / ours),
        });
        let words = [
            goal.unwrap_or_default(),
            match figure.verdict(before) {
                Verdict::Good => String::new(),
                Verdict::Missed => "MISSED".to_owned(),
                Verdict::Left => "LEFT".to_owned(),
                Verdict::Worse => "WORSE".to_owned(),
            },
            if figure.noisy { "real time".to_owned() } else { String::new() },
            beside.collect::<Vec<_>>().join(", "),
        ];
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let line = format!(
            "{:<width$} {:>10} {:<6} {:>10} {:>8}  {}",
            figure.name,
            figure.value,
            figure.unit,
            before.map_or("–".to_owned(), |before| before.value.to_string()),
            change(figure, before),
            words.join("  ")
        );
        table += line.trim_end();
        table += "\n";
    }
    table
}

pub fn kept_of<'a>(figure: &Figure, kept: &'a [Figure]) -> Option<&'a Figure> {
    kept.iter().find(|before| before.name == figure.name)
}

fn change(figure: &Figure, before: Option<&Figure>) -> String {
    match before {
        None => "–".to_owned(),
        Some(before) if before.value == figure.value => "=".to_owned(),
        Some(before) if before.value > 0.0 => format!("× {:.2}", figure.value / before.value),
        Some(before) => format!("{:+}", ((figure.value - before.value) * 1e3).round() / 1e3),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn figure(value: f64, goal: Option<f64>) -> Figure {
        let tolerance = Some(Tolerance { share: 0.1, absolute: 1.0 });
        Figure { name: "a".into(), value, unit: "ms".into(), goal, tolerance, ..Figure::default() }
    }

    #[test]
    fn figures_survive_being_kept() {
        let given = [
            Figure { noisy: true, beside: vec![("oracle".into(), 2.5)], ..figure(1.5, Some(2.0)) },
            Figure { name: "b".into(), value: 100.0, unit: "/s".into(), at_least: true, ..Figure::default() },
        ];
        assert_eq!(given.iter().map(|figure| Figure::of(&figure.json()).unwrap()).collect::<Vec<_>>(), given);
    }

    #[test]
    fn a_number_is_worse_beyond_its_tolerance_and_leaves_its_goal_at_once() {
        let kept = figure(30.0, Some(34.0));
        let verdict = |value| figure(value, Some(34.0)).verdict(Some(&kept));
        assert_eq!([26.0, 33.9, 34.1, 40.0].map(verdict), [Verdict::Good, Verdict::Good, Verdict::Left, Verdict::Left]);
        assert_eq!(figure(34.1, None).verdict(Some(&figure(30.0, None))), Verdict::Worse);
        assert_eq!(figure(34.1, None).verdict(None), Verdict::Good);
        assert_eq!(figure(35.0, Some(34.0)).verdict(Some(&figure(36.0, Some(34.0)))), Verdict::Missed);
        let not_held = Figure { tolerance: None, ..figure(900.0, None) };
        assert_eq!(not_held.verdict(Some(&kept)), Verdict::Good);
    }

    #[test]
    fn where_more_is_better_less_is_worse() {
        let share = |value| Figure { at_least: true, ..figure(value, Some(90.0)) };
        assert_eq!(share(99.0).verdict(Some(&share(99.0))), Verdict::Good);
        assert_eq!(share(89.0).verdict(Some(&share(99.0))), Verdict::Left);
        assert!(share(120.0).is_met());
    }

    #[test]
    fn a_table_shows_what_is_kept_the_change_the_goal_and_others() {
        let now = Figure { beside: vec![("original".into(), 30.0)], ..figure(3.0, Some(2.0)) };
        let table = table(&[now], &[figure(2.0, Some(2.0))]);
        let words: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
        let expected = ["a", "3", "ms", "2", "×", "1.50", "≤", "2", "LEFT", "original", "30", "(×", "10.00)"];
        assert_eq!(words, expected);
    }
}
