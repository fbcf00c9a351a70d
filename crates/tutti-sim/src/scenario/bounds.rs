//! Bounds of a scenario: `spread_ms.p50 = "<= 34"`, looked up by name in everything that was measured.

use serde_json::{Map, Value};

/// One number and what it may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Names, joined by dots.
    pub of: String,
    pub relation: Relation,
    pub limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    AtMost,
    AtLeast,
    Equal,
}

/// A bound that does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    pub bound: Bound,
    /// None where there is no such number in this run.
    pub is: Option<f64>,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Bound { of, relation, limit } = &self.bound;
        let sign = match relation {
            Relation::AtMost => "<=",
            Relation::AtLeast => ">=",
            Relation::Equal => "=",
        };
        match self.is {
            Some(is) => write!(f, "{of} is {is}, not {sign} {limit}"),
            None => write!(f, "{of} has no value, and should be {sign} {limit}"),
        }
    }
}

/// Reads a table of bounds.
///
/// # Errors
/// A sentence about the first that cannot be understood.
pub fn read(table: &toml::Table) -> Result<Vec<Bound>, String> {
    let mut bounds = Vec::new();
    collect("", table, &mut bounds)?;
    Ok(bounds)
}

fn collect(prefix: &str, table: &toml::Table, bounds: &mut Vec<Bound>) -> Result<(), String> {
    for (name, value) in table {
        let of = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => collect(&of, inner, bounds)?,
            toml::Value::String(text) => {
                let parts = text.split_once(' ');
                let relation = parts.and_then(|(sign, _)| match sign {
                    "<=" => Some(Relation::AtMost),
                    ">=" => Some(Relation::AtLeast),
                    "=" => Some(Relation::Equal),
                    _ => None,
                });
                let limit = parts.and_then(|(_, limit)| limit.trim().parse().ok());
                let (Some(relation), Some(limit)) = (relation, limit) else {
                    return Err(format!("{of}: a bound reads like \"<= 34\", not {text:?}"));
                };
                bounds.push(Bound { of, relation, limit });
            }
            other => return Err(format!("{of}: a bound reads like \"<= 34\", not {other:?}")),
        }
    }
    Ok(())
}

/// Those that do not hold.
pub fn breaches(bounds: &[Bound], measures: &Value) -> Vec<Breach> {
    let broken = |bound: &&Bound| {
        !number(measures, &bound.of).is_some_and(|is| match bound.relation {
            Relation::AtMost => is <= bound.limit,
            Relation::AtLeast => is >= bound.limit,
            Relation::Equal => is == bound.limit,
        })
    };
    let breach = |bound: &Bound| Breach { bound: bound.clone(), is: number(measures, &bound.of) };
    bounds.iter().filter(broken).map(breach).collect()
}

/// The medians of what these bounds speak of.
pub fn median<'a>(bounds: &[Bound], runs: impl Iterator<Item = &'a Value> + Clone) -> Value {
    let mut medians = Value::Object(Map::new());
    for bound in bounds {
        let mut values: Vec<f64> = runs.clone().filter_map(|run| number(run, &bound.of)).collect();
        values.sort_by(f64::total_cmp);
        if let Some(&middle) = values.get(values.len().saturating_sub(1) / 2) {
            put(&mut medians, &bound.of, middle);
        }
    }
    medians
}

/// What was not counted because it never happened is 0.
fn number(measures: &Value, of: &str) -> Option<f64> {
    const COUNTS: &[&str] = &["named", "left_out", "commands"];
    let mut value = measures;
    for (depth, name) in of.split('.').enumerate() {
        match value.get(name) {
            Some(inner) => value = inner,
            None if depth > 0 && COUNTS.iter().any(|counts| of.starts_with(counts)) => return Some(0.0),
            None => return None,
        }
    }
    value.as_bool().map(f64::from).or(value.as_f64())
}

fn put(into: &mut Value, of: &str, number: f64) {
    let mut value = into;
    for name in of.split('.') {
        let Value::Object(fields) = value else { return };
        value = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    *value = number.into();
}
