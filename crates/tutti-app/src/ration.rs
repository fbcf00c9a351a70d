//! Whether a request may go out: one ledger a client id, shared by its accounts in all processes, asked before every
//! request (P2).
//!
//! The ledger is on disk, in a file that is locked for a fraction of a millisecond for each request; what cannot be
//! written is counted in memory. Disk calls are made on threads for that, and nobody waits for them longer than
//! half a second.

mod book;
mod developers;
mod file;
mod line;
mod player;
mod shelf;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, oneshot};
use tutti_core::limit::{Answer, Class, Left, Limits, Wait};
use tutti_core::reading::Failure;
use tutti_core::time::{LocalTime, Span};

pub use player::Rationed;

use crate::clock;
use crate::settings::{Home, short_hash};
use book::Book;
use developers::Family;
use line::Clocks;
use shelf::{DISK_WITHIN, Shelf};

/// Older requests count no longer.
const DAY: Span = Span::from_secs(24 * 3_600);

/// The rations of all client ids that this process uses. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Rations(Arc<All>);

#[derive(Debug, Default)]
struct All {
    /// By the hash of the client id.
    rations: Mutex<BTreeMap<String, Ration>>,
    family: Family,
    /// The user wants few requests (P1).
    thrifty: AtomicBool,
    /// Where ledgers are kept; none = nowhere (the demo).
    home: Option<Home>,
}

/// The ration of one client id. Clones share it.
#[derive(Debug, Clone)]
pub struct Ration {
    /// The hash of the client id.
    id: String,
    book: Arc<Mutex<Book>>,
    shelf: Option<Arc<Disk>>,
    all: Weak<All>,
    /// Readings for which no window has room get one in the order in which they came, so that none starves; commands do
    /// not queue, they are refused.
    line: Arc<tokio::sync::Mutex<()>>,
    /// A wait was asked for: whoever stands in line is answered.
    closed: Arc<Notify>,
}

/// The ledger's file, used by one call at a time.
#[derive(Debug)]
struct Disk {
    shelf: Mutex<Shelf>,
    /// A call was given up and has not come back: nobody else needs to try.
    stuck: AtomicBool,
}

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
    /// Rations whose ledgers outlive the process and are shared with others.
    pub fn kept(home: Home) -> Self {
        let family = Family::kept(&home);
        Self(Arc::new(All { family, home: Some(home), ..All::default() }))
    }

    /// The ration of a client id; read from its file the first time.
    pub fn of(&self, client_id: &str) -> Ration {
        self.0.of_hash(&short_hash(client_id.as_bytes()), &self.0)
    }

    /// Few requests, of every client id and from now on, or as many as are known to be lived with.
    pub fn thrifty(&self, thrifty: bool) {
        self.0.thrifty.store(thrifty, Ordering::Release);
        for ration in self.0.lock().values() {
            ration.lock().limit(limits(thrifty));
        }
    }

    /// The user says which client ids belong to one developer account each; a quota that is used up holds for all of a
    /// group, also one that is already.
    pub fn same_developer(&self, groups: &[Vec<String>]) {
        let hashed = |group: &Vec<String>| group.iter().map(|id| short_hash(id.as_bytes())).collect::<Vec<_>>();
        let groups: Vec<Vec<String>> = groups.iter().map(hashed).collect();
        for group in &groups {
            let rations: Vec<Ration> = group.iter().map(|id| self.0.of_hash(id, &self.0)).collect();
            let quota = rations.iter().filter_map(Ration::waiting).filter(|wait| wait.quota);
            if let Some(longest) = quota.max_by_key(|wait| wait.until) {
                rations.iter().for_each(|ration| ration.wait(longest));
            }
        }
        self.0.family.tell(groups);
    }

    /// Which client ids share a quota is known no longer; what is in its file stays.
    pub fn forget_developers(&self) {
        self.0.family.forget();
    }

    /// Writes down what is not yet, and reads what other processes did. Blocks for the disk.
    pub fn save(&self) {
        let rations: Vec<Ration> = self.0.lock().values().cloned().collect();
        rations.iter().for_each(Ration::save);
    }
}

impl All {
    fn of_hash(&self, id: &str, this: &Arc<Self>) -> Ration {
        if let Some(known) = self.lock().get(id) {
            return known.clone();
        }
        let shelf = self.home.as_ref().map(|home| {
            Arc::new(Disk { shelf: Mutex::new(Shelf::new(home.ledger_file(id))), stuck: AtomicBool::new(false) })
        });
        let ration = Ration {
            id: id.to_owned(),
            book: Arc::new(Mutex::new(Book::new())),
            shelf,
            all: Arc::downgrade(this),
            line: Arc::default(),
            closed: Arc::default(),
        };
        ration.lock().limit(limits(self.thrifty.load(Ordering::Acquire)));
        ration.save();
        self.lock().entry(id.to_owned()).or_insert(ration).clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ration>> {
        self.rations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ration {
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
            match (self.ask(class).await, self.waiting()) {
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
        if self.waiting().is_some() {
            return;
        }
        let turn = self.lock().turn(asked);
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

    /// Asks the ledger and writes the request down, with what other processes wrote in mind.
    async fn ask(&self, class: Class) -> Answer {
        let now = clock::now();
        if let Some(wait) = self.lock().ledger.waiting(now) {
            return Answer::At(wait.until);
        }
        let Some(disk) = self.shelf.clone().filter(|disk| !disk.stuck.load(Ordering::Acquire)) else {
            return self.lock().ask(class, now);
        };
        let (book, decided) = (Arc::clone(&self.book), Arc::new(AtomicBool::new(false)));
        let (theirs, on_disk) = (Arc::clone(&decided), Arc::clone(&disk));
        let (tell, mut told) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            on_disk.turn(&book, |book| {
                if !theirs.swap(true, Ordering::AcqRel) {
                    // An error means that the caller is gone; the request counts all the same.
                    let _ = tell.send(book.ask(class, clock::now()));
                }
            });
        });
        match tokio::time::timeout(DISK_WITHIN * 2, &mut told).await {
            Ok(Ok(answer)) => answer,
            // Decided just now: the answer is there.
            Err(_) if decided.swap(true, Ordering::AcqRel) => {
                told.await.unwrap_or_else(|_| self.lock().ask(class, clock::now()))
            }
            outcome => {
                if outcome.is_err() {
                    disk.stuck.store(true, Ordering::Release);
                    tracing::warn!("the disk does not answer; requests are counted in memory");
                }
                self.lock().ask(class, clock::now())
            }
        }
    }

    /// Notes that Spotify asked us to wait, at once also in the file: it must outlive the process, however that ends,
    /// and hold for the others. A quota holds for all client ids that are known to be of the same developer.
    pub fn heed(&self, failure: &Failure) {
        let Failure::RateLimited { until, quota } = *failure else { return };
        let now = clock::now();
        let wait = Wait { since: now, until, quota };
        if !self.lock().wait(wait, now) {
            return;
        }
        self.closed.notify_waiters();
        let ration = self.clone();
        let write = move || {
            ration.save();
            let Some(all) = ration.all.upgrade().filter(|_| quota) else { return };
            for other in all.family.shut(&ration.id, until) {
                all.of_hash(&other, &all).wait(wait);
            }
        };
        if self.shelf.is_some() {
            tokio::task::spawn_blocking(write);
        } else {
            write();
        }
    }

    /// Notes a wait that was not this client id's own. Blocks for the disk.
    fn wait(&self, wait: Wait) {
        let news = self.lock().wait(wait, clock::now());
        if news {
            self.closed.notify_waiters();
            self.save();
        }
    }

    /// Whether both are the ration of one client id.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.book, &other.book)
    }

    pub fn is_thrifty(&self) -> bool {
        self.lock().is_thrifty()
    }

    pub fn left(&self) -> Left {
        self.lock().ledger.left(clock::now())
    }

    /// The wait that Spotify asked for and that is still in force.
    pub fn waiting(&self) -> Option<Wait> {
        self.lock().ledger.waiting(clock::now())
    }

    /// Writes down what is not yet, and reads what other processes did. Blocks for the disk.
    fn save(&self) {
        if let Some(disk) = self.shelf.as_ref().filter(|disk| !disk.stuck.load(Ordering::Acquire)) {
            disk.turn(&self.book, |_| {});
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

fn limits(thrifty: bool) -> Limits {
    if thrifty { Limits::THRIFTY } else { Limits::default() }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// Opens the file, reads it on, lets `decide` work on the book, and writes what is new. Where the file cannot be
    /// used, only the book is.
    fn turn(&self, book: &Mutex<Book>, decide: impl FnOnce(&mut Book)) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = shelf.open();
        let clocks = Clocks::read();
        let mut entries = lock(book);
        let mut opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                decide(&mut entries);
                say_once(&mut entries, &error);
                drop(entries);
                self.stuck.store(false, Ordering::Release);
                return;
            }
        };
        entries.read(&opened, clocks);
        decide(&mut entries);
        let (lines, at_once) = entries.take_unwritten(clocks);
        let counting = entries.ledger.count(DAY, clocks.now);
        let whole = opened.is_long(counting).then(|| entries.lines(clocks));
        drop(entries);
        let written = match &whole {
            Some(all) => opened.rewrite(all),
            None if lines.is_empty() => Ok(()),
            None => opened.add(&lines, at_once),
        };
        drop(opened);
        let mut entries = lock(book);
        match written {
            Ok(()) => entries.without_file = false,
            Err(error) => {
                entries.not_written(&lines, clocks);
                say_once(&mut entries, &error);
            }
        }
        drop(entries);
        self.stuck.store(false, Ordering::Release);
    }
}

fn say_once(book: &mut Book, error: &std::io::Error) {
    if !std::mem::replace(&mut book.without_file, true) {
        tracing::warn!(%error, "the request ledger cannot be shared or kept; requests are counted in memory");
    }
}

#[cfg(test)]
mod tests;
