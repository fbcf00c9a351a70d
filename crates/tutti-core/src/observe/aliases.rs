//! Items that this account knows by another id: what plays after our play is what we asked for (A7).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::playback::Item;
use crate::reading::PlayerSeen;
use crate::time::Span;

/// An alias has the same length as what was asked for, within this.
const SAME_LENGTH: Span = Span::from_secs(2);
/// Aliases remembered.
const KEPT: usize = 64;

/// Which of this account's ids stand for which item of the room.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    known: VecDeque<(String, Arc<Item>)>,
}

impl Aliases {
    /// What is shown, as the room calls it.
    pub(super) fn item(&self, seen: &PlayerSeen) -> Option<Arc<Item>> {
        let item = seen.item.as_ref()?;
        let known = self.known.iter().rev().find(|(uri, _)| *uri == item.uri);
        Some(Arc::clone(known.map_or(item, |(_, wanted)| wanted)))
    }

    /// `seen` is what this account plays for `wanted`, if it can be: another id, the same length.
    pub(super) fn learn(&mut self, seen: &Item, wanted: &Arc<Item>) -> bool {
        let can_be = seen.uri != wanted.uri && (seen.duration - wanted.duration).abs() <= SAME_LENGTH;
        if can_be {
            self.known.push_back((seen.uri.clone(), Arc::clone(wanted)));
            if self.known.len() > KEPT {
                self.known.pop_front();
            }
        }
        can_be
    }
}
