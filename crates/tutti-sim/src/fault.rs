//! What can go wrong: one enum of faults that virtual time and HTTP share, each with its defaults and a sentence.

mod list;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

pub use list::Fault;

/// Where a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the account's player: what is true, or what answers say about it.
    Player,
    /// In the gateway before it, or the accounts service: what becomes of a request or of a token.
    Gateway,
}

/// What `GET /_sim/faults` says about one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub kind: &'static str,
    pub place: Place,
    pub sentence: &'static str,
    /// The fields and their defaults.
    pub fields: Value,
}

impl Fault {
    /// From `{"kind": …, …}`; fields that are left out take their defaults.
    ///
    /// # Errors
    /// A sentence that says what cannot be understood.
    pub fn from_json(value: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = value else {
            return Err("a fault is an object with a kind".to_owned());
        };
        let Some(Value::String(kind)) = fields.remove("kind") else {
            return Err("a fault needs a kind; GET /_sim/faults lists them".to_owned());
        };
        let fault = Fault::of_kind(&kind, &mut fields)?;
        match fields.keys().next() {
            Some(field) => Err(format!("the fault {kind} has no field {field}")),
            None => Ok(fault),
        }
    }

    /// As the body of `GET /_sim/faults` lists it.
    pub fn list() -> Value {
        let all = Fault::all().into_iter().map(|about| {
            let place = match about.place {
                Place::Player => "player",
                Place::Gateway => "gateway",
            };
            json!({ "kind": about.kind, "acts_on": place, "what": about.sentence, "defaults": about.fields })
        });
        Value::Array(all.collect())
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fault::from_json(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Takes a field, or its default when it is not there or null.
fn field<T: DeserializeOwned>(
    kind: &str,
    fields: &mut Map<String, Value>,
    name: &str,
    default: T,
) -> Result<T, String> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            let shown = value.to_string();
            serde_json::from_value(value).map_err(|_| format!("{name} of the fault {kind} cannot be {shown}"))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_be_asked_for_by_its_name_alone_and_says_a_sentence() {
        let all = Fault::all();
        assert!(all.len() >= 45, "{}", all.len());
        for about in &all {
            let fault = Fault::from_json(json!({ "kind": about.kind })).unwrap();
            assert_eq!((fault.kind(), fault.place()), (about.kind, about.place));
            assert!(about.sentence.ends_with('.') && about.sentence.len() > 20, "{}", about.kind);
        }
    }

    #[test]
    fn fields_change_the_defaults_and_wrong_ones_are_named() {
        let stall: Fault = serde_json::from_str(r#"{"kind": "stall", "for_ms": 900}"#).unwrap();
        assert_eq!(stall, Fault::Stall { for_ms: 900 });
        let words = |text: &str| serde_json::from_str::<Fault>(text).unwrap_err().to_string();
        assert_eq!(words(r#"{"kind": "stall", "polls": 1}"#), "the fault stall has no field polls");
        assert_eq!(words(r#"{"kind": "stall", "for_ms": "x"}"#), "for_ms of the fault stall cannot be \"x\"");
        assert_eq!(words(r#"{"kind": "flood"}"#), "there is no fault \"flood\"; GET /_sim/faults lists them");
        assert_eq!(words("{}"), "a fault needs a kind; GET /_sim/faults lists them");
    }
}
