//! The settings as they travel: all of them for the Settings screen, and one change of one of them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::WayOut;

/// Everything on the Settings screen but the accounts, which the snapshot has anyway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Settings {
    pub correction: Correction,
    pub pause_by_others: PauseByOthers,
    pub ad: LeadersAd,
    /// Who may lead in sessions that are hosted from now on.
    pub may_lead: MayLead,
    /// The relay at which sessions are hosted; none = in this program.
    pub relay: Option<String>,
    /// Few requests: followed later, and far from every limit.
    pub thrifty: bool,
    pub language: LanguageChoice,
    pub theme: Theme,
    /// Set where the program has a window of its own.
    pub desktop: Option<Desktop>,
    /// Counts changes that were written to the disk.
    pub saved: u32,
    /// What is wrong with one of the settings, to be said beside it.
    pub troubles: Vec<SettingTrouble>,
}

/// What a browser's page has not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Desktop {
    /// As the system has it.
    pub start_at_login: bool,
    /// There is a tray that the program can go to.
    pub tray: bool,
    pub close_to_tray: bool,
    pub notifications: bool,
    /// The folder of the log.
    pub log: String,
    /// Set where there is a place that newer versions come from.
    pub updates: Option<Updates>,
}

/// Where a newer version of the program stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Updates {
    /// `looking`, `newest`, `found`, `fetching`, `waiting` (fetched, for the end of a session), `installing`, `installed`, `failed`.
    pub code: String,
    pub text: String,
    pub way_out: Option<WayOut>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingTrouble {
    /// The name that a change of it has in `Setting`, or `log`.
    pub setting: String,
    pub text: String,
}

/// One setting with the value that it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "name", content = "value", rename_all = "snake_case")]
pub enum Setting {
    Correction(Correction),
    PauseByOthers(PauseByOthers),
    Ad(LeadersAd),
    MayLead(MayLead),
    Relay(Option<String>),
    Thrifty(bool),
    Language(LanguageChoice),
    Theme(Theme),
    StartAtLogin(bool),
    CloseToTray(bool),
    Notifications(bool),
}

/// How eagerly timing errors are corrected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    Gentle,
    #[default]
    Normal,
    Tight,
}

/// What a pause by another member does to those of this computer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PauseByOthers {
    #[default]
    Everybody,
    OnlyTheirs,
}

/// What everybody does while a leader of this computer hears an advertisement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LeadersAd {
    #[default]
    GoOn,
    Wait,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LanguageChoice {
    /// As the system has it.
    #[default]
    System,
    En,
    De,
}

/// Who may lead a session that is opened; later its host can also name members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MayLead {
    #[default]
    Anyone,
    Host,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}
