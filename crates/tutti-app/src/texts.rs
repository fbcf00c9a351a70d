//! Every sentence that a user reads comes from one file for each language, `texts/en.json` and `texts/de.json`, by its
//! key.

mod language;
mod numbers;

use std::collections::BTreeMap;
use std::sync::LazyLock;

#[cfg(test)]
pub(crate) use language::speaking;
pub use language::{Language, language, set_language};
pub use numbers::{day, decimal, grouped};

/// The file itself, for windows that read it too.
pub const EN: &str = include_str!("../texts/en.json");
const DE: &str = include_str!("../texts/de.json");

type Texts = BTreeMap<String, String>;

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| read(EN));
static GERMAN: LazyLock<Texts> = LazyLock::new(|| read(DE));

fn read(file: &str) -> Texts {
    serde_json::from_str(file).expect("a file of texts is a flat object of strings, held by a test")
}

fn texts_of(language: Language) -> &'static Texts {
    match language {
        Language::En => &ENGLISH,
        Language::De => &GERMAN,
    }
}

/// The text of `key` in the language of the moment with its `{placeholders}` filled in. A missing key answers itself: a
/// bug that tests find.
pub fn t(key: &str, values: &[(&str, &str)]) -> String {
    said(language(), key, values)
}

fn said(language: Language, key: &str, values: &[(&str, &str)]) -> String {
    let Some(text) = texts_of(language).get(key).or_else(|| ENGLISH.get(key)) else {
        tracing::warn!(key, "a text is missing");
        return key.to_owned();
    };
    fill(text, values)
}

/// Whether there is a text of this key.
pub fn has(key: &str) -> bool {
    ENGLISH.contains_key(key)
}

/// Values are put in as they are and never read again, so that a name with braces stays a name.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let end = rest.find('}');
        let value = end.and_then(|end| {
            let name = &rest[1..end];
            values.iter().find(|(given, _)| *given == name).map(|(_, value)| (end, value))
        });
        if let Some((end, value)) = value {
            filled.push_str(value);
            rest = &rest[end + 1..];
        } else {
            filled.push('{');
            rest = &rest[1..];
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn placeholders_are_filled_and_values_are_never_read_as_templates() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
        assert_eq!(fill("{unknown} {", &[("a", "1")]), "{unknown} {");
    }

    #[test]
    fn every_key_that_the_code_names_has_a_text() {
        let mut keys = Vec::new();
        for root in ["src", "../tutti-cli/src", "../../src-tauri"] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
            if root.exists() {
                walk(&root, &mut keys);
            }
        }

        assert!(keys.len() > 20, "the walk found only {keys:?}");
        let missing: Vec<_> = keys.iter().filter(|key| !has(key)).collect();
        assert!(missing.is_empty(), "missing in texts/en.json: {missing:#?}");
    }

    #[test]
    fn every_text_is_said_by_the_program_or_the_window() {
        let mut said = Said::default();
        for root in ["src", "../tutti-cli/src", "../../src-tauri", "../../ui/src", "../../ui/index.html"] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
            said.walk(&root);
        }

        let unsaid: Vec<_> = ENGLISH.keys().filter(|key| !said.says(key)).collect();
        assert!(unsaid.is_empty(), "nothing says these texts of texts/en.json: {unsaid:#?}");
    }

    #[test]
    fn a_code_that_is_only_looked_for_says_nothing() {
        let mut said = Said::default();
        said.read("match code { \"one\" | \"two\" => t(\"app.name\", &[]), \"three\" => Problem::new(\"four\") }");
        said.read("title={t(`connect.way.${way}`)} <title>%text:app.waiting%</title>");

        for key in ["notice.one", "trouble.two", "wayout.three", "notice.five", "app.lost", "connect.why", "other.four"]
        {
            assert!(!said.says(key), "{key}");
        }
        for key in ["app.name", "app.waiting", "notice.four", "trouble.four.of", "cli.hint.four", "connect.way.link"] {
            assert!(said.says(key), "{key}");
        }
    }

    #[test]
    fn no_key_stands_twice_in_the_file() {
        for (file, texts) in [(EN, &*ENGLISH), (DE, &*GERMAN)] {
            let key = |line: &'static str| line.trim().strip_prefix('"')?.split('"').next();
            let keys: Vec<&str> = file.lines().filter_map(key).collect();
            let mut once = keys.clone();
            once.sort_unstable();
            once.dedup();

            assert_eq!(once.len(), keys.len());
            assert_eq!(once.len(), texts.len());
        }
    }

    #[test]
    fn every_language_says_everything_with_the_same_places_to_fill() {
        for language in Language::ALL {
            let texts = texts_of(language);
            assert_eq!(texts.keys().collect::<Vec<_>>(), ENGLISH.keys().collect::<Vec<_>>(), "{language:?}");
            for (key, text) in texts {
                assert!(!text.trim().is_empty(), "{language:?} {key} is empty");
                assert_eq!(places(text), places(&ENGLISH[key]), "{language:?} {key}: {text}");
            }
        }
    }

    #[test]
    fn german_is_written_as_in_print() {
        for (key, text) in &*GERMAN {
            let english_quotes =
                text.contains(['"', '\'', '”']) || text.matches('„').count() != text.matches('“').count();
            assert!(!english_quotes, "{key}: {text}");
            assert!(!text.contains("...") && !text.contains(" - ") && !text.contains("  "), "{key}: {text}");
        }
    }

    #[test]
    fn a_text_comes_in_the_language_that_is_asked_for() {
        assert_eq!(said(Language::En, "room.leads.said", &[("name", "Ana")]), "Ana leads now");
        assert_eq!(said(Language::De, "room.leads.said", &[("name", "Ana")]), "Jetzt führt Ana");
    }

    /// What sources say: texts by their whole keys, by codes that are put behind a family's name, by a key's beginning.
    #[derive(Default)]
    struct Said {
        words: BTreeSet<String>,
        beginnings: Vec<String>,
    }

    /// Families whose keys the program puts together of a code.
    const FAMILIES: [&str; 7] = ["notice.", "trouble.", "wayout.", "status.", "doctor.", "update.", "cli.hint."];

    impl Said {
        fn walk(&mut self, path: &Path) {
            if path.is_dir() {
                std::fs::read_dir(path).unwrap().for_each(|entry| self.walk(&entry.unwrap().path()));
                return;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            let source = [".rs", ".ts", ".svelte", ".html"].iter().any(|end| name.ends_with(end));
            let other = ["tests.rs", "texts.rs", "fake.ts", "api.ts"].contains(&name) || name.ends_with(".test.ts");
            if source && !other {
                self.read(&std::fs::read_to_string(path).unwrap());
            }
        }

        fn read(&mut self, source: &str) {
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for (at, mark) in source.match_indices(['"', '`', ':']) {
                let rest = &source[at + 1..];
                let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_' || c == '.')).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                let text = mark == ":" && source[..at].ends_with("%text") && after.starts_with('%');
                // A pattern asks for a code that somebody else says.
                let asked = |after: &str| after.starts_with("=>") || after.starts_with('|') && !after.starts_with("||");
                let literal = mark == "\"" && after.starts_with('"') && !source[..at].trim_end().ends_with('|');
                if text || literal && !asked(after[1..].trim_start()) {
                    self.words.insert(word.to_owned());
                } else if mark == "`" && word.contains('.') && after.starts_with("${") {
                    self.beginnings.push(word.to_owned());
                }
            }
        }

        fn says(&self, key: &str) -> bool {
            let code = FAMILIES.iter().find_map(|family| key.strip_prefix(family));
            let code = code.map(|code| code.strip_suffix(".of").unwrap_or(code));
            self.words.contains(key)
                || code.is_some_and(|code| self.words.contains(code))
                || self.beginnings.iter().any(|beginning| key.starts_with(beginning))
        }
    }

    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<&str> = text.split('{').skip(1).filter_map(|rest| Some(&rest[..rest.find('}')?])).collect();
        places.sort_unstable();
        places
    }

    fn walk(folder: &Path, keys: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, keys);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("texts.rs") {
                keys_in(&std::fs::read_to_string(&path).unwrap(), keys);
            }
        }
    }

    /// Codes of problems, troubles, ways out and statuses, whose keys are put together at run time.
    fn codes_in(source: &str, keys: &mut Vec<String>) {
        let families = [
            ("Problem::new(\"", &["notice", "trouble"][..]),
            ("Told::new(\"", &["trouble"]),
            ("way_out(\"", &["wayout"]),
            (".out(\"", &["wayout"]),
            ("status(\"", &["status"]),
        ];
        for (call, families) in families {
            for code in source.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                let key = |family: &&str| format!("{family}.{code}");
                keys.push(families.iter().map(key).find(|key| has(key)).unwrap_or_else(|| key(&families[0])));
            }
        }
    }

    /// String literals that look like keys: a known first word, a dot, lower-case words.
    fn keys_in(source: &str, keys: &mut Vec<String>) {
        let families: Vec<&str> = ENGLISH.keys().filter_map(|key| key.split('.').next()).collect();
        let source = source.split("#[cfg(test)]").next().unwrap();
        codes_in(source, keys);
        for literal in source.split('"').skip(1).step_by(2) {
            let words: Vec<&str> = literal.split('.').collect();
            let plain = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let file = literal.ends_with(".json") || literal.ends_with(".html");
            if words.len() > 1 && words.iter().all(plain) && families.contains(&words[0]) && !file {
                keys.push(literal.to_owned());
            }
        }
    }
}
