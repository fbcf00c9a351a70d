//! Shows a running program in the terminal until Ctrl-C: a live table, plain lines, or JSON.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tutti_app::Program;
use tutti_app::api::{Network, NoticeKind, Room, Screen, Snapshot};

use crate::ending::hint;
use crate::lines::{Json, Plain};
use crate::screen::Screen as Terminal;
use crate::table::table;

/// How snapshots are shown.
pub enum Style {
    Table(Terminal),
    Plain(Plain),
    Json(Json),
    /// Something else is said.
    Silent,
}

/// Positions move between snapshots too: the table is drawn this often.
const DRAW_EVERY: Duration = Duration::from_millis(500);

impl Style {
    /// A table where somebody looks, lines where a program does.
    pub fn new(json: bool) -> Self {
        match (json, std::io::stdout().is_terminal()) {
            (true, _) => Self::Json(Json::default()),
            (false, true) => Self::Table(Terminal::default()),
            (false, false) => Self::Plain(Plain::default()),
        }
    }

    fn show(&mut self, snapshot: &Snapshot, age: Duration) -> std::io::Result<()> {
        match self {
            Self::Table(screen) => screen.draw(&table(snapshot, age, Terminal::width())),
            Self::Plain(lines) => lines.show(snapshot),
            Self::Json(lines) => lines.show(snapshot, age),
            Self::Silent => Ok(()),
        }
    }
}

/// Shows the program until Ctrl-C or until `length` has passed. A room that never opens is the problem that was told.
pub async fn watch(program: &Program, style: Style, length: Option<Duration>) -> anyhow::Result<()> {
    show(program, style, length, |_| Ok(())).await
}

/// The same for a room on the network, which is told once before everything else.
pub async fn watch_room(
    program: &Program,
    style: Style,
    opened: impl FnOnce(&Network) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let mut opened = Some(opened);
    show(program, style, None, |room| match (&room.network, opened.take()) {
        (Some(network), Some(tell)) => tell(network),
        _ => Ok(()),
    })
    .await
}

async fn show(
    program: &Program,
    mut style: Style,
    length: Option<Duration>,
    mut first: impl FnMut(&Room) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let mut snapshots = program.snapshots();
    let mut draw = interval(DRAW_EVERY);
    draw.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = async {
        match length {
            Some(length) => tokio::time::sleep(length).await,
            None => std::future::pending().await,
        }
    };
    // One for all turns: a Ctrl-C that came between two of them would be nobody's.
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(end, interrupted);
    let mut newest: Arc<Snapshot> = snapshots.borrow_and_update().clone();
    let mut came = Instant::now();
    let mut opened = false;
    loop {
        tokio::select! {
            changed = snapshots.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                newest = snapshots.borrow_and_update().clone();
                came = Instant::now();
            }
            _ = draw.tick() => {}
            () = &mut end => return Ok(()),
            _ = &mut interrupted => return Ok(()),
        }
        opened |= newest.room.is_some();
        if !opened && let Some(problem) = never_opened(&newest) {
            return Err(problem);
        }
        if opened && newest.room.is_none() && newest.screen != Screen::Room {
            return Ok(());
        }
        if let Some(room) = &newest.room {
            first(room)?;
            style.show(&newest, came.elapsed())?;
        }
    }
}

/// The newest problem, while there is no room.
fn never_opened(snapshot: &Snapshot) -> Option<anyhow::Error> {
    let told = snapshot.notices.iter().rev().find(|notice| notice.kind == NoticeKind::Problem);
    let told = told.filter(|notice| notice.code != "settings_broken")?;
    Some(Told { code: told.code.clone(), text: told.text.clone() }.into())
}

/// A notice as the reason why a command ends.
#[derive(Debug)]
pub struct Told {
    pub code: String,
    text: String,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        match hint(&self.code) {
            Some(hint) => write!(f, "\n       {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Told {}
