//! How many tests a check ran and which of them failed, read from the words of test runners.

/// Tests that passed and failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Count {
    pub passed: u32,
    pub failed: u32,
    /// The failed ones that their runner named.
    pub names: Vec<String>,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.names.extend(other.names);
    }
}

impl Count {
    /// One check without tests of its own.
    pub fn one(success: bool) -> Self {
        Self::some(u32::from(success), u32::from(!success))
    }

    fn some(passed: u32, failed: u32) -> Self {
        Self { passed, failed, names: Vec::new() }
    }

    /// The tests that a runner reports, or one check when it reports none; a runner that failed has at least one failure.
    pub fn of(success: bool, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(|line| plain(line).trim().to_owned()).collect();
        // Nextest repeats what a failed test printed, the summary of its one test too.
        let nextest: Vec<Self> = lines.iter().filter_map(|line| of_nextest(line)).collect();
        let counts = if nextest.is_empty() { lines.iter().filter_map(|line| of_line(line)).collect() } else { nextest };
        let mut sum = Self::default();
        for count in counts {
            sum += count;
        }
        if sum == Self::default() {
            return Self::one(success);
        }
        if !success {
            sum.failed = sum.failed.max(1);
        }
        if sum.failed > 0 {
            sum.names = failed(text);
        }
        sum
    }
}

/// The failed tests that runners name, each once, in the order in which they ended; nextest's name of one ends with the
/// one that its own program gives it.
fn failed(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = plain(line);
        let name = of_failed(line.trim()).map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
        if let Some(name) = name.filter(|name| !names.iter().any(|known| known.ends_with(name))) {
            names.push(name);
        }
    }
    names
}

/// `FAIL [   0.5s] (3/9) tutti-core engine::name` of nextest, `FAIL  tests/room.story.ts > name` of vitest, or
/// `test engine::name ... FAILED` of cargo test.
fn of_failed(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("FAIL ").or_else(|| line.strip_prefix("TIMEOUT ")) {
        // After how long, and as which of how many, nextest says in brackets before it.
        return Some(after(after(rest, '[', ']'), '(', ')'));
    }
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// What comes after brackets at its beginning, or all of it.
fn after(text: &str, open: char, close: char) -> &str {
    let text = text.trim_start();
    text.strip_prefix(open).and_then(|inner| inner.split_once(close)).map_or(text, |(_, rest)| rest)
}

/// `Summary [   0.512s] 12 tests run: 11 passed, 1 failed, 0 skipped`.
fn of_nextest(line: &str) -> Option<Count> {
    let rest = line.strip_prefix("Summary [")?.split(" run:").nth(1)?;
    Some(Count::some(before(rest, "passed"), before(rest, "failed")))
}

/// One line of a summary of cargo test, vitest, node's runner, or Playwright.
fn of_line(line: &str) -> Option<Count> {
    let number = |prefix: &[&str]| prefix.iter().find_map(|prefix| line.strip_prefix(prefix)?.trim().parse().ok());
    if let Some(passed) = number(&["# pass ", "ℹ pass "]) {
        return Some(Count::some(passed, 0));
    }
    if let Some(failed) = number(&["# fail ", "ℹ fail "]) {
        return Some(Count::some(0, failed));
    }
    let summary = line.starts_with("test result:") || line.starts_with("Tests ") || is_playwright(line);
    summary.then(|| Count::some(before(line, "passed"), before(line, "failed")))
}

/// `12 passed (3.4s)` or `1 failed`, alone on their line.
fn is_playwright(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|word| word.parse::<u32>().is_ok())
        && matches!(words.next(), Some("passed" | "failed"))
        && words.next().is_none_or(|word| word.starts_with('('))
}

/// The number before a word.
fn before(text: &str, word: &str) -> u32 {
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|candidate| candidate.trim_matches([';', ',', '|']) == word);
    at.and_then(|at| at.checked_sub(1)).and_then(|at| words[at].parse().ok()).unwrap_or(0)
}

/// A line without the escape sequences that colour it.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line.chars();
    while let Some(char) = rest.next() {
        if char == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(char);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> (u32, u32) {
        let count = Count::of(true, text);
        (count.passed, count.failed)
    }

    #[test]
    fn every_runner_s_summary_is_understood() {
        assert_eq!(counts("     Summary [   0.512s] 12 tests run: 11 passed (1 slow), 1 failed, 0 skipped"), (11, 1));
        assert_eq!(counts("     Summary [   0.512s] 1 test run: 1 passed, 0 skipped"), (1, 0));
        assert_eq!(
            counts(
                "test result: FAILED. 5 passed; 2 failed; 0 ignored\ntest result: ok. 3 passed; 0 failed; 0 ignored"
            ),
            (8, 2)
        );
        assert_eq!(counts(" Test Files  2 passed (2)\n      Tests  1 failed | 12 passed (13)"), (12, 1));
        assert_eq!(counts("# tests 3\n# pass 2\n# fail 1"), (2, 1));
        assert_eq!(counts("  1 failed\n    story.spec.ts:3 > opens\n  4 passed (3.4s)"), (4, 1));
        assert_eq!(
            counts("\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m7 passed\u{1b}[39m\u{1b}[22m (7)"),
            (7, 0)
        );
    }

    #[test]
    fn a_failed_test_is_counted_once_although_nextest_repeats_its_words() {
        let text = "    test result: FAILED. 0 passed; 1 failed; 44 filtered out\n     Summary [ 0.5s] 12 tests run: 11 passed, 1 failed, 0 skipped";
        assert_eq!(counts(text), (11, 1));
    }

    #[test]
    fn failed_tests_are_named_once_whoever_ran_them() {
        let nextest = "        PASS [   0.1s] core other\n        FAIL [   0.5s] (2/3) core some\ntest some ... FAILED\n        FAIL [   0.5s] (2/3) core some";
        assert_eq!(failed(nextest), ["core some"]);
        let vitest = "\u{1b}[41m\u{1b}[1m FAIL \u{1b}[22m\u{1b}[49m tests/room.story.ts\u{1b}[2m > \u{1b}[22mopens";
        assert_eq!(failed(vitest), ["tests/room.story.ts > opens"]);
        assert_eq!(failed("test a::b ... FAILED\ntest a::c ... ok\ntest result: FAILED. 1 passed"), ["a::b"]);
        assert_eq!(failed("no test FAILED here\n1 failed"), [""; 0]);
    }

    #[test]
    fn a_check_without_tests_counts_once() {
        assert_eq!(Count::of(true, "all is well"), Count::some(1, 0));
        assert_eq!(Count::of(false, "error: it is not"), Count::some(0, 1));
    }

    #[test]
    fn a_runner_that_fails_without_naming_a_test_still_fails() {
        assert_eq!(Count::of(false, "test result: ok. 5 passed; 0 failed").failed, 1);
    }
}
