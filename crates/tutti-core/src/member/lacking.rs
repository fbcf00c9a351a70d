//! The room's item that this account cannot play: waited for in silence, after it was asked for alone once (A7, F7).

use super::*;

/// So many refusals of a play mean that the item is not available.
const REFUSED: u32 = 2;
/// An item that a list passed over is asked for alone so long after that: if it lacks, that is refused and disturbs
/// nobody; if its listener had skipped just then, they are back.
const ASKED_ALONE_AFTER: Span = Span::from_secs(8);

/// What is known of items that this account cannot play.
#[derive(Debug, Default)]
pub(super) struct Lacking {
    /// The room's item that is taken for missing here.
    item: Option<Missing>,
    /// The uri whose play was refused last, and how often in a row.
    refused: (String, u32),
}

#[derive(Debug)]
struct Missing {
    uri: String,
    title: String,
    since: LocalTime,
    /// It was refused when asked for alone, or is being asked for.
    asked_alone: bool,
}

impl Member {
    /// A list that we gave went on to a later item of it.
    pub(super) fn passed_over(&mut self, now: LocalTime) {
        self.lacks(false, now);
    }

    /// A play that is refused twice with a look in between is not redundant: the account cannot play the item (A7).
    pub(super) fn play_refused(&mut self, kind: &CommandKind, now: LocalTime) {
        let CommandKind::Play { uris, .. } = kind else { return };
        let Some(uri) = uris.first() else { return };
        let times = if self.lacking.refused.0 == *uri { self.lacking.refused.1 + 1 } else { 1 };
        self.lacking.refused = (uri.clone(), times);
        if times >= REFUSED {
            self.lacks(true, now);
        }
    }

    fn lacks(&mut self, asked_alone: bool, now: LocalTime) {
        self.lacking.item = self.wanted(now).map(|want| {
            let (uri, title) = (want.item.uri.clone(), want.item.title.clone());
            Missing { uri, title, since: now, asked_alone }
        });
    }

    /// The title of the room's item, while this account cannot play it: it waits for the next one (F7).
    pub(super) fn lacked(&self) -> Option<&str> {
        let room = self.room.as_ref().and_then(|room| room.playback.as_ref())?;
        let missing = self.lacking.item.as_ref().filter(|missing| missing.uri == room.item.uri)?;
        let on_it = self.observer.line().is_some_and(|line| line.item.same_recording(&room.item));
        (!on_it).then_some(missing.title.as_str())
    }

    pub(super) fn lacks_item(&self) -> bool {
        self.lacked().is_some()
    }

    /// The item that was passed over is to be asked for alone now.
    pub(super) fn asks_alone(&self, now: LocalTime) -> bool {
        let missing = self.lacking.item.as_ref().filter(|_| self.lacks_item());
        missing.is_some_and(|missing| !missing.asked_alone && now - missing.since >= ASKED_ALONE_AFTER)
    }

    /// A command goes out: if it asks for the missing item, that was that.
    pub(super) fn asked_alone(&mut self) {
        if let Some(missing) = &mut self.lacking.item {
            missing.asked_alone = true;
        }
    }

    /// It plays here after all.
    pub(super) fn plays_after_all(&mut self) {
        if !self.lacks_item() {
            self.lacking.item = None;
        }
    }
}
