//! What the user chose on the Settings screen, with the defaults of what was never chosen.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use tutti_core::member;

use crate::api::{Correction, LanguageChoice, LeadersAd, MayLead, PauseByOthers, Theme};
use crate::texts::Language;
use crate::window::Place;

/// The choices, each with its default; start at login is kept by the system itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    #[serde(deserialize_with = "known")]
    pub correction: Correction,
    #[serde(deserialize_with = "known")]
    pub pause_by_others: PauseByOthers,
    #[serde(deserialize_with = "known")]
    pub ad: LeadersAd,
    /// In sessions that are hosted from now on.
    #[serde(deserialize_with = "known")]
    pub may_lead: MayLead,
    /// Where sessions are hosted; none = in this program.
    #[serde(deserialize_with = "known")]
    pub relay: Option<String>,
    #[serde(deserialize_with = "known")]
    pub language: LanguageChoice,
    #[serde(deserialize_with = "known")]
    pub theme: Theme,
    pub close_to_tray: bool,
    pub notifications: bool,
    /// It was said once that the program goes on in the tray.
    pub tray_said: bool,
    /// Where the window stood last.
    #[serde(deserialize_with = "known")]
    pub window: Option<Place>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            correction: Correction::default(),
            pause_by_others: PauseByOthers::default(),
            ad: LeadersAd::default(),
            may_lead: MayLead::default(),
            relay: None,
            language: LanguageChoice::default(),
            theme: Theme::default(),
            close_to_tray: true,
            notifications: true,
            tray_said: false,
            window: None,
        }
    }
}

impl Choices {
    /// Those that the engine asks for.
    pub fn preferences(&self) -> member::Preferences {
        member::Preferences {
            correction: match self.correction {
                Correction::Gentle => member::Correction::Gentle,
                Correction::Normal => member::Correction::Normal,
                Correction::Tight => member::Correction::Tight,
            },
            pause_by_others: match self.pause_by_others {
                PauseByOthers::Everybody => member::PauseByOthers::Everybody,
                PauseByOthers::OnlyTheirs => member::PauseByOthers::OnlyTheirs,
            },
            ad: match self.ad {
                LeadersAd::GoOn => member::LeadersAd::GoOn,
                LeadersAd::Wait => member::LeadersAd::Wait,
            },
        }
    }
}

impl LanguageChoice {
    /// The chosen one, else the system's.
    pub fn spoken(self) -> Language {
        match self {
            Self::System => Language::of_system(),
            Self::En => Language::En,
            Self::De => Language::De,
        }
    }
}

/// A value that this version does not know, of a newer one or by hand, counts as never chosen: it must not cost the
/// accounts that stand in the same file.
fn known<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(given: D) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(given)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_never_chosen_is_what_the_engine_does_by_itself() {
        assert_eq!(Choices::default().preferences(), member::Preferences::default());
        let chosen = Choices { correction: Correction::Tight, ad: LeadersAd::Wait, ..Choices::default() };
        let other = member::Preferences {
            correction: member::Correction::Tight,
            ad: member::LeadersAd::Wait,
            ..member::Preferences::default()
        };
        assert_eq!(chosen.preferences(), other);
    }

    #[test]
    fn what_a_newer_version_chose_counts_as_never_chosen() {
        let text = r#"{"theme": "sepia", "may_lead": "host", "relay": 7, "later": true}"#;

        let choices: Choices = serde_json::from_str(text).unwrap();

        assert_eq!(choices, Choices { may_lead: MayLead::Host, ..Choices::default() });
    }
}
