//! The list of things that the user is told, each once until dismissed.

use crate::api::Notice;
use crate::problem::Problem;

/// Older notices make room: a list that nobody dismisses must not grow.
const KEPT: usize = 5;

#[derive(Debug, Default)]
pub(crate) struct Notices {
    list: Vec<(u64, Problem)>,
    given: u64,
}

impl Notices {
    /// Says it, newest last; the same sentence moves to the end.
    pub fn say(&mut self, problem: &Problem) {
        let text = problem.text();
        self.list.retain(|(_, said)| said.text() != text);
        self.given += 1;
        self.list.push((self.given, problem.clone()));
        if self.list.len() > KEPT {
            self.list.remove(0);
        }
    }

    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|(given, _)| *given != id);
    }

    /// Takes back everything of this code: it holds no longer.
    pub fn clear(&mut self, code: &str) {
        self.list.retain(|(_, said)| said.code() != code);
    }

    /// In the language of the moment.
    pub fn list(&self) -> Vec<Notice> {
        self.list.iter().map(|(id, problem)| problem.to_notice(*id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sentence_stands_once_and_old_ones_make_room() {
        let mut notices = Notices::default();
        for name in ["a", "b", "a", "c", "d", "e", "f"] {
            notices.say(&Problem::new("signed_in").with("name", name));
        }

        let texts: Vec<_> = notices.list().iter().map(|notice| notice.text.chars().next()).collect();
        assert_eq!(texts, ["a", "c", "d", "e", "f"].map(|name| name.chars().next()));
    }

    #[test]
    fn a_dismissed_notice_is_gone() {
        let mut notices = Notices::default();
        notices.say(&Problem::new("no_client_id"));

        notices.dismiss(notices.list()[0].id);

        assert!(notices.list().is_empty());
    }
}
