//! Whether a request may go out: one ledger a client id, shared by its accounts, asked before every request (P2).

mod file;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tutti_core::command::{Answered, Command, Outcome};
use tutti_core::limit::{Answer, Class, Ledger, Left, Limits, Wait};
use tutti_core::reading::{Failure, Reading, Seen};
use tutti_core::time::{LocalTime, Span};

use crate::clock;
use crate::players::{Coming, Listed, Player};
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
}

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    file: Option<PathBuf>,
    /// Something is not written down yet.
    dirty: bool,
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
        Ration { book: Arc::new(Mutex::new(Book { ledger, file, dirty: false })) }
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
    /// Waits until a request may go out; the request counts as made. While Spotify asked us to wait nothing is waited
    /// for: the answer is at once what was asked of us. Commands that come too early are refused as well, since where
    /// they aim would be wrong later.
    pub async fn admit(&self, class: Class) -> Result<(), Failure> {
        loop {
            let now = clock::now();
            let (answer, waiting) = {
                let mut book = self.lock();
                let answer = book.ledger.ask(class, now);
                book.dirty |= answer == Answer::Now;
                (answer, book.ledger.waiting(now))
            };
            match (answer, waiting) {
                (Answer::Now, _) => return Ok(()),
                (Answer::At(until), Some(Wait { quota, .. })) => return Err(Failure::RateLimited { until, quota }),
                (Answer::At(until), None) if class == Class::Command => {
                    return Err(Failure::RateLimited { until, quota: false });
                }
                (Answer::At(until), None) => tokio::time::sleep_until(clock::instant(until).into()).await,
            }
        }
    }

    /// Writes down that Spotify asked us to wait.
    pub fn heed(&self, failure: &Failure) {
        if let Failure::RateLimited { until, quota } = *failure {
            let mut book = self.lock();
            let now = clock::now();
            if until > now && book.ledger.waiting(now).is_none_or(|wait| wait.until < until) {
                book.ledger.wait(now, until, quota);
                book.dirty = true;
            }
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

/// A player whose every request is asked for first and written down.
pub struct Rationed {
    player: Arc<dyn Player>,
    ration: Ration,
    made: Mutex<VecDeque<LocalTime>>,
}

/// The window of "requests a minute".
const MINUTE: Span = Span::from_secs(60);

impl Rationed {
    pub fn new(player: Arc<dyn Player>, ration: Ration) -> Self {
        Self { player, ration, made: Mutex::default() }
    }

    pub fn ration(&self) -> &Ration {
        &self.ration
    }

    /// Requests made in the last minute.
    pub fn requests_minute(&self) -> u32 {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        made.iter().filter(|&&at| now - at < MINUTE).count() as u32
    }

    async fn admit(&self, class: Class) -> Result<(), Failure> {
        self.ration.admit(class).await?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        while made.front().is_some_and(|&at| now - at >= MINUTE) {
            made.pop_front();
        }
        made.push_back(now);
        Ok(())
    }

    async fn read<T>(&self, request: BoxFuture<'_, Result<T, Failure>>) -> Result<T, Failure> {
        self.admit(Class::Read).await?;
        let answer = request.await;
        if let Err(failure) = &answer {
            self.ration.heed(failure);
        }
        answer
    }
}

impl Player for Rationed {
    fn look(&self) -> BoxFuture<'_, Reading> {
        async {
            if let Err(failure) = self.admit(Class::Read).await {
                let now = clock::now();
                return Reading { asked: now, answered: now, seen: Seen::Failed(failure) };
            }
            let reading = self.player.look().await;
            if let Seen::Failed(failure) = &reading.seen {
                self.ration.heed(failure);
            }
            reading
        }
        .boxed()
    }

    fn queue(&self) -> BoxFuture<'_, Result<Coming, Failure>> {
        self.read(self.player.queue()).boxed()
    }

    fn command(&self, command: Command) -> BoxFuture<'_, Answered> {
        async {
            if let Err(failure) = self.admit(Class::Command).await {
                let now = clock::now();
                return Answered { id: command.id, sent: now, answered: now, outcome: Outcome::Failed(failure) };
            }
            let answered = self.player.command(command).await;
            if let Outcome::Failed(failure) = &answered.outcome {
                self.ration.heed(failure);
            }
            answered
        }
        .boxed()
    }

    fn devices(&self) -> BoxFuture<'_, Result<Vec<Listed>, Failure>> {
        self.read(self.player.devices()).boxed()
    }
}
