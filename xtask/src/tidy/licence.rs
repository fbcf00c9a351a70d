//! Licence expressions (SPDX), and which of them a dependency may have.

/// Licences whose terms this program can keep: permissive ones, MPL-2.0, which binds only its own files, and OFL-1.1,
/// which is for fonts.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OFL-1.1",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an expression leaves a choice in which every licence is allowed. `None` if it cannot be read.
pub fn allowed(expression: &str) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let allowed = any(&mut rest)?;
    rest.is_empty().then_some(allowed)
}

/// Terms joined by OR.
fn any(rest: &mut &[&str]) -> Option<bool> {
    let mut allowed = all(rest)?;
    while take(rest, "OR") {
        allowed |= all(rest)?;
    }
    Some(allowed)
}

/// Terms joined by AND, which binds closer.
fn all(rest: &mut &[&str]) -> Option<bool> {
    let mut allowed = term(rest)?;
    while take(rest, "AND") {
        allowed &= term(rest)?;
    }
    Some(allowed)
}

fn term(rest: &mut &[&str]) -> Option<bool> {
    if take(rest, "(") {
        let allowed = any(rest)?;
        return take(rest, ")").then_some(allowed);
    }
    let (name, after) = rest.split_first()?;
    *rest = after;
    // An exception only gives more rights than the licence it stands by.
    if take(rest, "WITH") {
        *rest = rest.split_first()?.1;
    }
    Some(ALLOWED.contains(name))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let found = rest.first() == Some(&word);
    if found {
        *rest = &rest[1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_allowed_if_one_side_is_and_a_sum_if_both_are() {
        assert_eq!(allowed("MIT"), Some(true));
        assert_eq!(allowed("MIT/Apache-2.0"), Some(true));
        assert_eq!(allowed("GPL-3.0-only"), Some(false));
        assert_eq!(allowed("GPL-3.0-only OR MIT"), Some(true));
        assert_eq!(allowed("GPL-3.0-only AND MIT"), Some(false));
        assert_eq!(allowed("(MIT OR GPL-2.0) AND Unicode-3.0"), Some(true));
        assert_eq!(allowed("(MIT OR Apache-2.0) AND GPL-2.0"), Some(false));
        assert_eq!(allowed("Apache-2.0 WITH LLVM-exception OR Apache-2.0"), Some(true));
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_allowed() {
        assert_eq!(allowed(""), None);
        assert_eq!(allowed("(MIT"), None);
        assert_eq!(allowed("MIT MIT"), None);
    }
}
