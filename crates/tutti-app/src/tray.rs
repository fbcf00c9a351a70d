//! The tray's menu and picture as comparable data, so that what it shows can be tested without a tray.

mod there;

use std::sync::Arc;

use tokio::sync::watch;

use crate::api::{Band, Member, Snapshot};
use crate::texts::t;
pub use there::follow;

/// Which picture the tray shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Idle,
    InStep,
    OutOfStep,
    Paused,
}

/// What a click on an entry asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Sync on or off.
    Sync,
    /// Opens a session for others.
    Host,
    CopyInvite,
    Leave,
    Show,
    Settings,
    Quit,
}

macro_rules! picture_of {
    ($name:literal) => {
        if cfg!(windows) {
            &include_bytes!(concat!("../../../icons/tray/", $name, ".png"))[..]
        } else {
            &include_bytes!(concat!("../../../icons/tray/", $name, "@2x.png"))[..]
        }
    };
}

impl Icon {
    /// The picture as PNG.
    pub fn picture(self) -> &'static [u8] {
        match self {
            Self::Idle => picture_of!("idle"),
            Self::InStep => picture_of!("in_step"),
            Self::OutOfStep => picture_of!("out_of_step"),
            Self::Paused => picture_of!("paused"),
        }
    }
}

/// Waits for a tray that is another than `before`, while the desktop has one; None once the program has ended. Most snapshots
/// change nothing of it, and need not wake the window system.
pub async fn after(before: Option<&Tray>, snapshots: &mut watch::Receiver<Arc<Snapshot>>) -> Option<Tray> {
    loop {
        let tray = {
            let snapshot = snapshots.borrow_and_update();
            let there = snapshot.settings.desktop.as_ref().is_some_and(|desktop| desktop.tray);
            there.then(|| Tray::of(&snapshot))
        };
        if let Some(tray) = tray
            && before != Some(&tray)
        {
            return Some(tray);
        }
        snapshots.changed().await.ok()?;
    }
}

impl Entry {
    /// The row's name in a menu.
    pub fn id(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Host => "host",
            Self::CopyInvite => "copy_invite",
            Self::Leave => "leave",
            Self::Show => "show",
            Self::Settings => "settings",
            Self::Quit => "quit",
        }
    }
}

/// One row of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A line of text that cannot be clicked.
    Text(String),
    Check {
        entry: Entry,
        label: String,
        on: bool,
        enabled: bool,
    },
    Button {
        entry: Entry,
        label: String,
        enabled: bool,
    },
    Separator,
}

impl Row {
    /// What a click on it asks for.
    pub fn entry(&self) -> Option<Entry> {
        match self {
            Self::Check { entry, .. } | Self::Button { entry, .. } => Some(*entry),
            Self::Text(_) | Self::Separator => None,
        }
    }

    /// Whether a menu with the other row needs only other words to show this one.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.entry() == other.entry()
    }
}

/// The tray, whole; drawn anew when it differs from the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tray {
    pub icon: Icon,
    pub rows: Vec<Row>,
}

impl Tray {
    /// The tray for a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let room = snapshot.room.as_ref();
        let sync = room.is_some_and(|room| room.sync);
        let button = |entry, label, enabled| Row::Button { entry, label, enabled };
        let others = if room.is_some_and(|room| room.network.is_some()) {
            button(Entry::CopyInvite, t("tray.copy_invite", &[]), true)
        } else {
            let chosen = snapshot.accounts.iter().any(|account| account.chosen);
            button(Entry::Host, t("lobby.host", &[]), room.is_none() && chosen)
        };
        Self {
            icon: icon(snapshot),
            rows: vec![
                Row::Text(summary(snapshot)),
                Row::Separator,
                Row::Check { entry: Entry::Sync, label: t("tray.sync", &[]), on: sync, enabled: room.is_some() },
                others,
                button(Entry::Leave, t("tray.leave", &[]), room.is_some()),
                Row::Separator,
                button(Entry::Show, t("tray.show", &[]), true),
                button(Entry::Settings, t("settings.open", &[]), true),
                Row::Separator,
                button(Entry::Quit, t("tray.quit", &[]), true),
            ],
        }
    }

    /// Whether its menu can become the other's by changing words, so that an open menu stays open.
    pub fn is_like(&self, other: &Self) -> bool {
        self.rows.len() == other.rows.len() && self.rows.iter().zip(&other.rows).all(|(row, other)| row.is_like(other))
    }
}

fn icon(snapshot: &Snapshot) -> Icon {
    let Some(room) = &snapshot.room else { return Icon::Idle };
    if !room.sync {
        return Icon::Idle;
    }
    if room.network.as_ref().is_some_and(|network| network.connection.code != "connected") {
        return Icon::OutOfStep;
    }
    if !room.now_playing.as_ref().is_some_and(|item| item.playing) {
        return Icon::Paused;
    }
    // Who does not listen at the moment is not out of step.
    let listens = |member: &&Member| {
        let gone = member.place.as_ref().is_some_and(|place| place.reconnecting);
        !gone && !matches!(member.status.code.as_str(), "away" | "plays_on")
    };
    let apart = |member: &Member| !member.leads && member.timing.is_none_or(|timing| timing.band > Band::Fine);
    if room.members.iter().filter(listens).any(apart) { Icon::OutOfStep } else { Icon::InStep }
}

fn summary(snapshot: &Snapshot) -> String {
    let Some(room) = &snapshot.room else { return t("tray.idle", &[]) };
    let leader = room.members.iter().find(|member| member.leads).map(|member| member.name.as_str());
    match leader {
        Some(name) => t("tray.leads", &[("name", name)]),
        None => t("tray.no_leader", &[]),
    }
}
