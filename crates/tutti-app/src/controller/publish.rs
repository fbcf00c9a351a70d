//! When snapshots go out: only after a change, at most four times a second, and once a second while only numbers move.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::{Correction, LanguageChoice, LeadersAd, MayLead, PauseByOthers, Screen, Settings, Snapshot, Theme};
use crate::program::Options;
use crate::texts;

/// Four a second are as live as a number can be read; drawing each costs the window more than making it costs us.
const APART: Duration = Duration::from_millis(250);
/// While only numbers and positions are others than before, they are shown this often: a window counts positions on by
/// itself, and each picture that it draws keeps its drawing awake for a third of a second.
const NUMBERS_APART: Duration = Duration::from_secs(1);
/// A change waits this long for others that come with it.
const GATHER: Duration = Duration::from_millis(10);
/// The version of the contract in `api`.
const VERSION: u32 = 1;

pub(super) struct Publisher {
    to: watch::Sender<Arc<Snapshot>>,
    seq: u64,
    last: Instant,
    due: Option<Instant>,
}

impl Publisher {
    pub fn new(first: Snapshot) -> Self {
        Self { to: watch::Sender::new(Arc::new(first)), seq: 0, last: Instant::now() - APART, due: None }
    }

    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.to.subscribe()
    }

    pub fn newest(&self) -> Arc<Snapshot> {
        self.to.borrow().clone()
    }

    /// Something changed: a snapshot is due soon.
    pub fn changed(&mut self) {
        let soon = (self.last + APART).max(Instant::now() + GATHER);
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    /// Only numbers moved: a snapshot is due when it is their turn.
    pub fn moved(&mut self) {
        self.due.get_or_insert_with(|| (self.last + NUMBERS_APART).max(Instant::now() + GATHER));
    }

    /// Waits until a snapshot is due; for ever while nothing changed.
    pub async fn due(&self) {
        match self.due {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    pub fn publish(&mut self, mut snapshot: Snapshot) {
        self.seq += 1;
        snapshot.seq = self.seq;
        // As it was due: a late one does not put off all that follow.
        self.last = self.due.take().unwrap_or_else(Instant::now);
        // `cargo xtask bench window` reads from it how long a snapshot takes to the screen.
        tracing::trace!(seq = self.seq, "published");
        self.to.send_replace(Arc::new(snapshot));
    }
}

/// A snapshot of nothing yet.
pub(super) fn empty(options: &Options) -> Snapshot {
    Snapshot {
        version: VERSION,
        seq: 0,
        language: texts::language(),
        screen: Screen::Welcome,
        notices: Vec::new(),
        accounts: Vec::new(),
        sign_in: None,
        room: None,
        question: None,
        waiting: None,
        checks: None,
        rations: Vec::new(),
        settings: Settings {
            correction: Correction::default(),
            pause_by_others: PauseByOthers::default(),
            ad: LeadersAd::default(),
            may_lead: MayLead::default(),
            relay: None,
            thrifty: false,
            language: LanguageChoice::default(),
            theme: Theme::default(),
            desktop: None,
            saved: 0,
            troubles: Vec::new(),
        },
        other_server: options.endpoints.shown(),
        program: env!("CARGO_PKG_VERSION").into(),
        redirects: options.links.redirects(),
        sign_in_way: options.links.way(None),
        client_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_changes_make_few_snapshots() {
        let options = options();
        let mut publisher = Publisher::new(empty(&options));
        let start = Instant::now();

        while start.elapsed() < Duration::from_secs(10) {
            publisher.changed();
            tokio::select! {
                () = publisher.due() => publisher.publish(empty(&options)),
                () = tokio::time::sleep(Duration::from_millis(7)) => {}
            }
        }

        assert!((38..=41).contains(&publisher.seq), "{} in 10 s", publisher.seq);
    }

    #[tokio::test(start_paused = true)]
    async fn numbers_alone_go_out_once_a_second_and_news_does_not_wait_for_them() {
        let options = options();
        let mut publisher = Publisher::new(empty(&options));
        let start = Instant::now();
        let mut at = Vec::new();

        while start.elapsed() < Duration::from_millis(3_700) {
            publisher.moved();
            if start.elapsed() == Duration::from_millis(2_300) {
                publisher.changed();
            }
            tokio::select! {
                () = publisher.due() => {
                    publisher.publish(empty(&options));
                    at.push(start.elapsed().as_millis());
                }
                () = tokio::time::sleep(Duration::from_millis(10)) => {}
            }
        }

        // The first is new, since there was none for a while.
        assert_eq!(at, [750, 1_750, 2_310, 3_310]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_change_nothing_is_due() {
        let options = options();
        let publisher = Publisher::new(empty(&options));

        assert!(tokio::time::timeout(Duration::from_secs(3600), publisher.due()).await.is_err());
    }

    fn options() -> Options {
        Options {
            demo: None,
            home: crate::settings::Home::at("/nowhere"),
            endpoints: crate::settings::Endpoints::default(),
            secrets: Arc::new(crate::secrets::Memory::default()),
            chosen: None,
            links: crate::sign_in::Links::None,
            way: crate::players::spotify::Way::default(),
            seed: None,
            tap: None,
        }
    }
}
