//! The language that everything is said in: one for the whole program, chosen at its start, changed at any time.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A language that Tutti speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    En,
    De,
}

/// Place in [`Language::ALL`]. English until another one is set, so that tests read the same everywhere.
static SPOKEN: AtomicU8 = AtomicU8::new(0);

impl Language {
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// What `TUTTI_LANG` asks for, else the language of the system; English where Tutti does not speak it.
    pub fn of_system() -> Self {
        let asked = std::env::var("TUTTI_LANG").ok().filter(|asked| !asked.is_empty());
        asked.or_else(sys_locale::get_locale).as_deref().and_then(Self::of).unwrap_or(Self::En)
    }

    /// The language of a locale: `de`, `de-AT`, `de_DE.UTF-8`.
    pub fn of(locale: &str) -> Option<Self> {
        let language = locale.split(['-', '_', '.', '@']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(language))
    }

    /// As locales begin.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

/// From now on everything is said in this language, also what is shown again.
pub fn set_language(language: Language) {
    SPOKEN.store(language as u8, Ordering::Relaxed);
}

/// The language that is set.
pub fn language() -> Language {
    #[cfg(test)]
    if let Some(language) = HERE.get() {
        return language;
    }
    Language::ALL.into_iter().find(|known| *known as u8 == SPOKEN.load(Ordering::Relaxed)).unwrap_or(Language::En)
}

#[cfg(test)]
thread_local! {
    static HERE: std::cell::Cell<Option<Language>> = const { std::cell::Cell::new(None) };
}

/// Says something in this language, whatever others say at the same time.
#[cfg(test)]
pub(crate) fn speaking<T>(language: Language, say: impl FnOnce() -> T) -> T {
    let before = HERE.replace(Some(language));
    let said = say();
    HERE.set(before);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_language_in_every_spelling() {
        for german in ["de", "DE", "de-AT", "de_CH.UTF-8", "de@euro", "de.UTF-8"] {
            assert_eq!(Language::of(german), Some(Language::De), "{german}");
        }
        assert_eq!(Language::of("en_GB.UTF-8"), Some(Language::En));
        for unknown in ["", "C", "POSIX", "C.UTF-8", "fr-FR", "deu", "xx"] {
            assert_eq!(Language::of(unknown), None, "{unknown}");
        }
    }
}
