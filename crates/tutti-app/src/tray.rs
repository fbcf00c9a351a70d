//! The tray's menu and picture as comparable data, so that what it shows can be tested without a tray.

use crate::api::{Band, Snapshot};
use crate::texts::t;

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
    Show,
    Leave,
    Quit,
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
        Self {
            icon: icon(snapshot),
            rows: vec![
                Row::Text(summary(snapshot)),
                Row::Separator,
                Row::Check { entry: Entry::Sync, label: t("tray.sync", &[]), on: sync, enabled: room.is_some() },
                Row::Button { entry: Entry::Show, label: t("tray.show", &[]), enabled: true },
                Row::Button { entry: Entry::Leave, label: t("tray.leave", &[]), enabled: room.is_some() },
                Row::Separator,
                Row::Button { entry: Entry::Quit, label: t("tray.quit", &[]), enabled: true },
            ],
        }
    }
}

fn icon(snapshot: &Snapshot) -> Icon {
    let Some(room) = &snapshot.room else { return Icon::Idle };
    if !room.sync {
        return Icon::Idle;
    }
    if !room.now_playing.as_ref().is_some_and(|item| item.playing) {
        return Icon::Paused;
    }
    let apart =
        |member: &crate::api::Member| !member.leads && member.timing.is_none_or(|timing| timing.band > Band::Fine);
    if room.members.iter().any(apart) { Icon::OutOfStep } else { Icon::InStep }
}

fn summary(snapshot: &Snapshot) -> String {
    let Some(room) = &snapshot.room else { return t("tray.idle", &[]) };
    let leader = room.members.iter().find(|member| member.leads).map(|member| member.name.as_str());
    match leader {
        Some(name) => t("tray.leads", &[("name", name)]),
        None => t("tray.no_leader", &[]),
    }
}
