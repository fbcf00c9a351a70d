//! The ledger of a client id as it was kept before: one JSON object, taken over once.

use std::path::Path;

use serde::Deserialize;
use tutti_core::limit::Class;

use super::line::Line;

const VERSION: u32 = 1;

#[derive(Debug, Deserialize)]
struct Written {
    version: u32,
    /// The oldest request, ms since 1970; 0 = none.
    first_ms: i64,
    /// Each further request: ms after the one before.
    then_ms: Vec<i64>,
    /// Spotify asked us to wait.
    wait: Option<WrittenWait>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct WrittenWait {
    since_ms: i64,
    until_ms: i64,
    quota: bool,
}

/// What the file says; `None` if there is none that can be used. What a request was for is not in it: all of them count
/// as readings.
pub(super) fn load(path: &Path) -> Option<Vec<Line>> {
    let text = std::fs::read(path).ok()?;
    let written: Written = match serde_json::from_slice(&text) {
        Ok(written) => written,
        Err(error) => {
            tracing::warn!(%error, "the request ledger is broken and begins anew");
            return None;
        }
    };
    (written.version == VERSION).then(|| written.lines())
}

impl Written {
    fn lines(&self) -> Vec<Line> {
        let stamps = std::iter::once(0).chain(self.then_ms.iter().copied()).scan(self.first_ms, |at_ms, after_ms| {
            *at_ms = at_ms.saturating_add(after_ms);
            Some(*at_ms)
        });
        let any = self.first_ms != 0;
        let made = stamps.filter(|_| any).map(|at_ms| Line::Made { class: Class::Read, at_ms });
        let wait =
            self.wait.map(|wait| Line::Wait { since_ms: wait.since_ms, until_ms: wait.until_ms, quota: wait.quota });
        made.chain(wait).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_ledger_as_it_was_before_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger-x.json");
        std::fs::write(
            &path,
            r#"{"version":1,"first_ms":1000,"then_ms":[5,7],"wait":{"since_ms":1012,"until_ms":9000,"quota":true}}"#,
        )
        .unwrap();

        let made = |at_ms| Line::Made { class: Class::Read, at_ms };
        let wait = Line::Wait { since_ms: 1012, until_ms: 9000, quota: true };
        assert_eq!(load(&path), Some(vec![made(1000), made(1005), made(1012), wait]));
    }

    #[test]
    fn an_empty_one_a_broken_one_and_a_newer_one_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger-x.json");
        for (text, lines) in [
            (r#"{"version":1,"first_ms":0,"then_ms":[],"wait":null}"#, Some(vec![])),
            (r#"{"version":1,"first_ms":0,"#, None),
            (r#"{"version":9,"first_ms":5,"then_ms":[],"wait":null}"#, None),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(load(&path), lines, "{text}");
        }
        assert_eq!(load(&folder.path().join("none")), None);
    }
}
