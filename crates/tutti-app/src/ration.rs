//! Whether a request may go out: one ledger a client id, shared by its accounts, asked before every request (P2).

mod file;
mod player;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tutti_core::limit::{Answer, Class, Ledger, Left, Limits, Wait};
use tutti_core::reading::Failure;
use tutti_core::time::{LocalTime, Span};

pub use player::Rationed;

use crate::clock;
use crate::settings::Home;

/// The rations of all client ids that this process uses. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Rations {
    by_client_id: Arc<Mutex<BTreeMap<String, Ration>>>,
    /// Where ledgers are kept; none = nowhere (the demo).
    home: Option<Home>,
}

/// The ration of one client id. Clones share it.
#[derive(Debug, Clone)]
pub struct Ration {
    book: Arc<Mutex<Book>>,
    /// Readings for which no window has room get one in the order in which they came, so that none starves; commands do
    /// not queue, they are refused.
    line: Arc<tokio::sync::Mutex<()>>,
    /// A wait was asked for: whoever stands in line is answered.
    closed: Arc<Notify>,
}

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    file: Option<PathBuf>,
    /// Something is not written down yet.
    dirty: bool,
    /// The next turn of a planned reading; behind the clock while a burst is allowed.
    next_turn: LocalTime,
    /// Accounts that use it now.
    sharers: usize,
}

/// The part of a window's readings that planned ones may use: the rest is there for those that are urgent. Several
/// accounts of one client id have more that is urgent, since what one does concerns all.
const PLANNED_PERCENT_ALONE: i64 = 75;
const PLANNED_PERCENT_SHARED: i64 = 50;
/// While what is urgent has used so much that fewer than these are left, planned ones step back further.
const URGENT_NEED: u32 = 12;
const PLANNED_PERCENT_SCARCE: i64 = 33;
/// So many planned readings may follow each other at once before they are spaced.
const BURST_ALONE: i64 = 12;
const BURST_SHARED: i64 = 8;
/// After a wait that Spotify asked for the ledger allows half as much, and more again over this time.
const HALVED_FOR: Span = Span::from_secs(3_600);
/// The long windows count only when less than this share of them is left.
const SCARCE_PERCENT: u32 = 25;

/// Whether a reading that was only planned has become urgent while it waits. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Hurry(Arc<(AtomicBool, Notify)>);

impl Hurry {
    /// A reading that cannot wait for its turn.
    pub fn urgent() -> Self {
        let hurry = Self::default();
        hurry.hurry();
        hurry
    }

    /// It cannot wait any longer.
    pub fn hurry(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_one();
    }

    fn is_urgent(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    async fn wait(&self) {
        self.0.1.notified().await;
    }
}

impl Rations {
    /// Rations whose ledgers outlive the process.
    pub fn kept(home: Home) -> Self {
        Self { by_client_id: Arc::default(), home: Some(home) }
    }

    /// The ration of a client id; read from its file the first time.
    pub fn of(&self, client_id: &str) -> Ration {
        let mut rations = self.by_client_id.lock().unwrap_or_else(PoisonError::into_inner);
        rations.entry(client_id.to_owned()).or_insert_with(|| self.open(client_id)).clone()
    }

    fn open(&self, client_id: &str) -> Ration {
        let file = self.home.as_ref().map(|home| home.ledger_file(client_id));
        let ledger = file.as_deref().and_then(file::load).unwrap_or_else(|| Ledger::new(Limits::default()));
        Ration::of(Book { ledger, file, dirty: false, next_turn: LocalTime::default(), sharers: 0 })
    }

    /// Writes down what is new. Blocks for a disk write.
    pub fn save(&self) {
        let rations: Vec<Ration> =
            self.by_client_id.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for ration in rations {
            ration.save();
        }
    }
}

impl Ration {
    fn of(book: Book) -> Self {
        Self { book: Arc::new(Mutex::new(book)), line: Arc::default(), closed: Arc::default() }
    }

    /// Waits until a request may go out; the request counts as made. While Spotify asked us to wait nothing is waited
    /// for: the answer is at once what was asked of us. Commands that come too early are refused as well, since where
    /// they aim would be wrong later.
    pub async fn admit(&self, class: Class) -> Result<(), Failure> {
        self.admit_unless(class, &Hurry::urgent()).await
    }

    /// As [`Ration::admit`], for a reading that takes its turn when readings are scarce, unless it becomes urgent.
    async fn admit_unless(&self, class: Class, hurry: &Hurry) -> Result<(), Failure> {
        let asked = clock::now();
        if !hurry.is_urgent() {
            self.turn_comes(asked, hurry).await;
        }
        let _in_line = match class {
            Class::Read => Some(self.line.lock().await),
            Class::Command => None,
        };
        loop {
            let closed = self.closed.notified();
            let (answer, waiting) = self.lock().ask(class, clock::now());
            match (answer, waiting) {
                (Answer::Now, _) => {
                    let waited_ms = (clock::now() - asked).as_ms();
                    tracing::debug!(?class, urgent = hurry.is_urgent(), waited_ms, "a request goes out");
                    return Ok(());
                }
                (Answer::At(until), Some(Wait { quota, .. })) => return Err(Failure::RateLimited { until, quota }),
                (Answer::At(until), None) if class == Class::Command => {
                    return Err(Failure::RateLimited { until, quota: false });
                }
                (Answer::At(until), None) => tokio::select! {
                    () = tokio::time::sleep_until(clock::instant(until)) => {}
                    () = closed => {}
                },
            }
        }
    }

    /// Waits for the turn of a planned reading, unless it becomes urgent or Spotify asks to wait.
    async fn turn_comes(&self, asked: LocalTime, hurry: &Hurry) {
        let closed = self.closed.notified();
        let turn = {
            let mut book = self.lock();
            if book.ledger.waiting(asked).is_some() {
                return;
            }
            book.turn(asked)
        };
        if turn <= asked {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep_until(clock::instant(turn)) => {}
            () = closed => self.lock().give_back(),
            () = hurry.wait() => {
                if turn > clock::now() {
                    self.lock().give_back();
                }
            }
        }
    }

    /// Notes that Spotify asked us to wait, at once also in the file: it must outlive the process, however that ends.
    pub fn heed(&self, failure: &Failure) {
        let Failure::RateLimited { until, quota } = *failure else { return };
        let now = clock::now();
        let mut book = self.lock();
        if until <= now || book.ledger.waiting(now).is_some_and(|wait| wait.until >= until) {
            return;
        }
        book.ledger.wait(now, until, quota);
        book.dirty = true;
        self.closed.notify_waiters();
        if book.file.is_some() {
            let ration = self.clone();
            tokio::task::spawn_blocking(move || ration.save());
        }
    }

    pub fn left(&self) -> Left {
        self.lock().ledger.left(clock::now())
    }

    /// The wait that Spotify asked for and that is still in force.
    pub fn waiting(&self) -> Option<Wait> {
        self.lock().ledger.waiting(clock::now())
    }

    fn save(&self) {
        let mut book = self.lock();
        if let (true, Some(path)) = (book.dirty, book.file.clone()) {
            book.dirty = false;
            let text = file::text(&book.ledger);
            drop(book);
            if let Err(error) = crate::settings::write_atomically(&path, &text) {
                tracing::warn!(%error, "the request ledger could not be written");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Whether it may go out, and what Spotify asked of us if it may not.
    fn ask(&mut self, class: Class, now: LocalTime) -> (Answer, Option<Wait>) {
        let answer = self.ledger.ask(class, now);
        self.dirty |= answer == Answer::Now;
        (answer, self.ledger.waiting(now))
    }

    /// Gives a planned reading its turn: one after the other, evenly spaced behind a short burst.
    fn turn(&mut self, now: LocalTime) -> LocalTime {
        let burst = if self.sharers > 1 { BURST_SHARED } else { BURST_ALONE };
        let spacing = self.spacing(now);
        let turn = self.next_turn.max(now - spacing * burst);
        self.next_turn = turn + spacing;
        turn.max(now)
    }

    /// A reading did not wait for its turn: the ones behind it move up.
    fn give_back(&mut self) {
        self.next_turn = self.next_turn - self.spacing(clock::now());
    }

    /// So far apart planned readings use their part of each window and no more.
    fn spacing(&self, now: LocalTime) -> Span {
        let limits = Limits::default();
        let left = self.ledger.left(now);
        let part = match self.sharers {
            0 | 1 => PLANNED_PERCENT_ALONE,
            _ if left.in_30_s >= URGENT_NEED => PLANNED_PERCENT_SHARED,
            _ => PLANNED_PERCENT_SCARCE,
        };
        let readings = |limit: u32| i64::from(limit * (100 - limits.reserve_percent) / 100).max(1);
        let apart = |window: Span, limit| window * 100 / (readings(limit) * part);
        let scarce = |left: u32, limit: u32| u64::from(left) * 100 < u64::from(limit) * u64::from(SCARCE_PERCENT);
        let mut spacing = apart(Span::from_secs(30), limits.in_30_s);
        if self.ledger.entries().1.is_some_and(|wait| now < wait.until + HALVED_FOR) {
            spacing = spacing * 2;
        }
        if scarce(left.in_hour, limits.in_hour) {
            spacing = spacing.max(apart(Span::from_secs(3_600), limits.in_hour));
        }
        if scarce(left.in_day, limits.in_day) {
            spacing = spacing.max(apart(Span::from_secs(24 * 3_600), limits.in_day));
        }
        spacing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let ledger = Ledger::new(Limits::default());
        Book { ledger, file: None, dirty: false, next_turn: LocalTime::default(), sharers: 0 }
    }

    #[test]
    fn several_accounts_take_turns_and_leave_room_for_what_is_urgent() {
        let start = LocalTime::from_micros(1_000_000_000);
        let mut book = Book { sharers: 3, ..book() };
        let mut waits = Vec::new();
        let mut members = [start; 3];

        while let Some(next) = members.iter_mut().min().filter(|at| **at < start + Span::from_secs(120)) {
            let turn = book.turn(*next);
            waits.push(turn - *next);
            assert_eq!(book.ask(Class::Read, turn).0, Answer::Now);
            *next = turn + Span::from_secs(1);
        }

        let longest = waits.iter().max().copied().unwrap_or_default();
        assert!(longest < Span::from_secs(9), "nobody waits for a whole window: {longest:?}");
        let now = start + Span::from_secs(120);
        for urgent in 0..12 {
            assert_eq!(book.ask(Class::Read, now).0, Answer::Now, "urgent reading {urgent} finds room");
        }
    }

    #[test]
    fn one_account_alone_is_not_held_back() {
        let mut book = Book { sharers: 1, ..book() };
        let start = LocalTime::from_micros(1_000_000_000);
        for second in 0..60 {
            let now = start + Span::from_millis(second * 1_300);
            assert_eq!(book.turn(now), now, "after {second} readings");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_waits_for_its_turn_goes_out_when_it_becomes_urgent() {
        let ration = Ration::of(book());
        ration.lock().next_turn = clock::now() + Span::from_secs(3_600);
        let hurry = Hurry::default();

        let waiting = ration.admit_unless(Class::Read, &hurry);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        hurry.hurry();

        assert_eq!(waiting.await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn readings_without_room_go_out_in_their_order_and_what_is_urgent_starves_nobody() {
        let ration = Ration::of(book());
        while ration.lock().ask(Class::Read, clock::now()).0 == Answer::Now {}
        let order = Mutex::new(Vec::new());
        let (allowed, written) = (&ration, &order);
        let read = |name: &'static str| async move {
            allowed.admit(Class::Read).await.expect("nobody asked to wait");
            written.lock().expect("no reading panics").push(name);
        };

        let urgent = async {
            read("second").await;
            read("fourth").await;
        };
        tokio::join!(read("first"), urgent, read("third"));

        assert_eq!(order.into_inner().expect("no reading panics"), ["first", "second", "third", "fourth"]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stands_in_line_is_answered_when_spotify_asks_to_wait() {
        let ration = Ration::of(book());
        while ration.lock().ask(Class::Read, clock::now()).0 == Answer::Now {}
        let until = clock::now() + Span::from_secs(600);

        let heeding = async {
            tokio::task::yield_now().await;
            ration.heed(&Failure::RateLimited { until, quota: false });
        };
        let begun = clock::now();
        let (first, second, ()) = tokio::join!(ration.admit(Class::Read), ration.admit(Class::Read), heeding);

        let refused = Err(Failure::RateLimited { until, quota: false });
        assert_eq!((&first, &second), (&refused, &refused));
        assert!(clock::now() - begun < Span::from_secs(1));
    }

    #[tokio::test]
    async fn a_wait_that_spotify_asked_for_is_answered_at_once() {
        let ration = Ration::of(book());
        let until = clock::now() + Span::from_secs(60);
        ration.heed(&Failure::RateLimited { until, quota: true });

        let refused = Err(Failure::RateLimited { until, quota: true });
        assert_eq!(ration.admit(Class::Read).await, refused);
        assert_eq!(ration.admit_unless(Class::Read, &Hurry::default()).await, refused);
        assert_eq!(ration.admit(Class::Command).await, refused);
    }

    #[tokio::test]
    async fn a_wait_is_in_the_file_at_once_and_holds_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder for tests");
        let home = Home::at(folder.path());
        let until = clock::now() + Span::from_secs(600);

        Rations::kept(home.clone()).of("id").heed(&Failure::RateLimited { until, quota: true });
        while !home.ledger_file("id").exists() {
            tokio::task::yield_now().await;
        }

        let again = Rations::kept(home).of("id");
        let refused = again.admit(Class::Read).await;
        assert!(matches!(refused, Err(Failure::RateLimited { quota: true, .. })), "{refused:?}");
    }
}
