//! The whole contract between the program and its windows: one snapshot out, one action in.
//!
//! These types travel (JSON) and are written to `ui/src/generated/api.ts` by `cargo xtask codegen`; the engine's own
//! types are converted into them in `view`. Words that a user reads arrive ready-made in `text` fields, from the one
//! files of texts (`texts/en.json`, `texts/de.json`); `code` fields are stable names for tests and styling. Positions, durations and
//! errors are milliseconds.

mod settings;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use crate::texts::Language;
pub use settings::{
    Correction, Desktop, LanguageChoice, LeadersAd, MayLead, PauseByOthers, Setting, SettingTrouble, Settings, Theme,
    Updates,
};

/// Everything a window shows. Always sent whole; a window keeps nothing but the newest one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Snapshot {
    /// Version of this contract.
    pub version: u32,
    /// Counts snapshots; a smaller one is older.
    pub seq: u64,
    /// Of all words in here, and of the window's own.
    pub language: Language,
    pub screen: Screen,
    /// Things to tell the user, newest last; each can be dismissed.
    pub notices: Vec<Notice>,
    pub accounts: Vec<Account>,
    /// A sign-in that waits for the browser.
    pub sign_in: Option<SignIn>,
    pub room: Option<Room>,
    /// A room is being opened or gone into; what is there meanwhile goes on.
    pub waiting: Option<Waiting>,
    /// An invite that waits for a yes or no: nothing happens before.
    pub question: Option<Question>,
    /// What was found when everything that a session needs was looked at; none before.
    pub checks: Option<Checks>,
    /// What is left of the requests, for each client id of the accounts shown.
    pub rations: Vec<Ration>,
    pub settings: Settings,
    /// Which Tutti this is: "0.1.0".
    pub program: String,
    /// Set while Tutti talks to another server than Spotify: shown wherever it is in force.
    pub other_server: Option<String>,
    /// The redirect addresses that can be registered in Spotify's dashboard; the one to choose unless it is refused first.
    pub redirects: Vec<Redirect>,
    /// The one of them that the next sign-in takes unless another is chosen.
    pub sign_in_way: SignInWay,
    /// The client id that was used last, offered for the next sign-in.
    pub client_id: Option<String>,
}

/// What was found so far of what a session needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Checks {
    /// There is more to come.
    pub running: bool,
    pub list: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Check {
    /// Stable name of what was found: `keychain_good`, `needs_login`, …
    pub code: String,
    pub state: CheckState,
    pub title: String,
    /// What was found, and what to do.
    pub text: String,
    pub way_out: Option<WayOut>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Good,
    /// It goes on, but not as well as it could.
    Warning,
    /// Nothing goes on like this.
    Problem,
}

/// How a sign-in comes back from the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    /// The system opens `tutti://callback` with Tutti.
    Link,
    /// The browser asks an address of this computer.
    Loopback,
}

/// An address that a sign-in may come back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Redirect {
    pub way: SignInWay,
    /// Exactly as it has to stand in the dashboard.
    pub address: String,
}

/// Which screen is open. The program decides, so that every window of it shows the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    Welcome,
    Connect,
    Lobby,
    Room,
    Settings,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Notice {
    pub id: u64,
    pub kind: NoticeKind,
    /// Stable name, for example `sign_in_denied`.
    pub code: String,
    /// What happened and what to do.
    pub text: String,
    pub way_out: Option<WayOut>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    Info,
    Problem,
}

/// A labelled way out of a trouble: the action that the link or button performs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WayOut {
    pub label: String,
    pub action: Action,
}

/// An account that is signed in on this computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Account {
    /// Spotify's stable account id; the key in every action.
    pub id: String,
    /// The name the user gave it, else Spotify's display name.
    pub name: String,
    /// Chosen for the next room.
    pub chosen: bool,
    pub devices: Vec<Device>,
    /// Id of the device that Tutti may start music on; none = the active one only.
    pub device: Option<String>,
    pub trouble: Option<Trouble>,
    /// Its sign-in ends within days, whatever else is wrong.
    pub ending: Option<Trouble>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Device {
    pub id: Option<String>,
    pub name: String,
    pub kind: String,
    pub active: bool,
    pub restricted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SignIn {
    /// The address that was opened in the browser, to open or copy again.
    pub address: String,
    /// What the program is waiting for, in words.
    pub text: String,
    /// For when Spotify refuses the redirect address: the same over the other one.
    pub other: Option<WayOut>,
}

/// What is waited for on the way to a room; `give_up` ends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Waiting {
    pub text: String,
    /// What is said besides when it takes long.
    pub long: String,
}

/// Whether to go into the session of an invite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Question {
    /// Which one is answered: another link may ask another one at any moment.
    pub id: u64,
    /// Who hosts, as they call themselves; in words where it is not known.
    pub host: String,
    /// Where the session is held.
    pub place: String,
    /// Names of the accounts that Tutti would play, pause and seek on.
    pub accounts: Vec<String>,
    /// The link proves that it is one of the user's own devices.
    pub own_device: bool,
    /// The session of now would be left.
    pub leaves: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Room {
    pub name: String,
    /// The members are simulated: phones can be acted on, and the window says so.
    pub demo: Option<Demo>,
    /// Sync is on: followers are kept in step. Off: everybody is shown, nobody is moved.
    pub sync: bool,
    /// Counts changes of leader.
    pub epoch: u64,
    pub leader: Option<u32>,
    pub members: Vec<Member>,
    pub now_playing: Option<NowPlaying>,
    pub history: History,
    /// How exactly this program knows the room's clock, ± ms.
    pub clock_bound_ms: f64,
    /// Requests to Spotify a minute, all members together, over the last minute.
    pub requests_minute: u32,
    /// What is left of the ration, in words.
    pub ration: String,
    /// Set where members meet over a network.
    pub network: Option<Network>,
}

/// A room on the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Network {
    /// The link that lets others in.
    pub invite: String,
    /// The same as the address of a page on the relay.
    pub page: Option<String>,
    /// No relay: the invite leads to this computer, or to whichever of a member's holds the session by then.
    pub near: bool,
    /// The link for own devices: whoever has it can drive this user's accounts.
    pub own_device: String,
    /// How the hub is reached: `connected`, `reconnecting`, or why it lets nobody of this process in any more.
    pub connection: Status,
    /// A member of this process is the host, who may change what follows.
    pub host: bool,
    pub who_leads: WhoLeads,
    pub locked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WhoLeads {
    Anyone,
    Host,
    Members(Vec<u32>),
}

/// What is left of a client id's requests. They are counted over all programs on this computer that share the profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Ration {
    /// Names of the accounts that use this client id.
    pub accounts: Vec<String>,
    /// Readings that may still go out in the next 30 s.
    pub left_now: u32,
    /// Readings that may still go out in the next 24 h.
    pub left_today: u32,
    /// Until when Spotify asked us to wait, ms since 1970.
    pub wait_until_ms: Option<f64>,
    /// The same in words, with the reason of a wait.
    pub text: String,
}

/// What the demo adds to a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Demo {
    /// Songs and episodes that can be started by hand on any simulated phone.
    pub songs: Vec<Song>,
    /// What really sounds, by the simulator; None where that is another process.
    pub heard: Option<Heard>,
}

/// What comes out of the simulated speakers at one and the same instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Heard {
    /// The instant, ms on the simulator's clock.
    pub at_ms: f64,
    pub players: Vec<HeardPlayer>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HeardPlayer {
    pub member: u32,
    /// The item that sounds; None while nothing does.
    pub uri: Option<String>,
    /// Of the sound, not of the report: the delay of the speakers is in it.
    pub position_ms: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Song {
    pub uri: String,
    pub title: String,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Member {
    pub id: u32,
    pub account: String,
    pub name: String,
    /// Index of the member's colour in the theme (0-based, stable while in the room).
    pub color: u32,
    pub leads: bool,
    /// Name of the device that sounds, as far as it is known.
    pub device: Option<String>,
    /// The line under the name: "one sound", "catching up", "sought to 1:20".
    pub status: Status,
    pub trouble: Option<Trouble>,
    /// None while nothing is known (away, paused room, hearing something else).
    pub timing: Option<Timing>,
    pub trim_ms: i32,
    /// What the member's player does, as far as it is known.
    pub player: Option<Player>,
    /// Of this member, over the last minute.
    pub requests_minute: u32,
    /// Set in a room on the network.
    pub place: Option<Place>,
}

/// Where a member of a room on the network is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Place {
    /// Its account is one of this process.
    pub here: bool,
    /// Its account is driven by this process; else by another device of its user.
    pub drives_here: bool,
    /// Its devices, the one that drives first.
    pub devices: Vec<String>,
    pub reconnecting: bool,
    pub host: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Status {
    pub code: String,
    pub text: String,
}

/// What is wrong with a member or account, in words, with the way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Trouble {
    pub code: String,
    pub text: String,
    pub way_out: Option<WayOut>,
}

/// A member's timing error by Spotify's report: + is ahead of the room.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Timing {
    /// Smoothed over the last readings.
    pub error_ms: f64,
    /// Honest bound: the error lies within ± this of the number.
    pub bound_ms: f64,
    pub band: Band,
}

/// How far apart, in words a listener would use; from the larger side of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// ≤ 40 ms.
    OneSound,
    /// ≤ 100 ms.
    Imperceptible,
    /// ≤ 250 ms.
    Fine,
    /// ≤ 500 ms.
    LittleApart,
    OutOfStep,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Player {
    pub title: Option<String>,
    pub playing: bool,
    /// At the instant of the snapshot; runs on at `speed` ms per ms while playing.
    pub position_ms: f64,
    /// 1 but for episodes.
    pub speed: f64,
    pub duration_ms: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NowPlaying {
    pub uri: String,
    pub episode: bool,
    pub title: String,
    /// Artists, or the show.
    pub by: String,
    pub album: String,
    /// Key for the host's `cover` address; None = no cover.
    pub cover: Option<String>,
    /// The item on open.spotify.com.
    pub link: Option<String>,
    pub playing: bool,
    /// At the instant of the snapshot; runs on at `speed` ms per ms while playing.
    pub position_ms: f64,
    /// 1 but for episodes.
    pub speed: f64,
    pub duration_ms: f64,
    pub next: Option<String>,
}

/// The last minutes of timing errors, one value a step; the newest value is the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct History {
    pub step_ms: u32,
    pub lines: Vec<HistoryLine>,
    pub marks: Vec<HistoryMark>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HistoryLine {
    pub member: u32,
    /// Whole ms; None where it was not known.
    pub errors_ms: Vec<Option<i32>>,
}

/// A takeover on the chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HistoryMark {
    /// How long before the snapshot.
    pub ago_ms: f64,
    pub member: u32,
    /// "Ben sought to 1:20".
    pub text: String,
}

/// All that a window can ask of the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    Show {
        screen: Screen,
    },
    /// Back to the screen from which the settings were opened.
    CloseSettings,
    Set {
        setting: Setting,
    },
    OpenLogFolder,
    LookForUpdate,
    /// The yes to a version that was found. Without `ends_session` it is asked for once more where a session would end.
    InstallUpdate {
        ends_session: bool,
    },
    /// End the program, where a window may.
    Quit,
    /// Sign-ins, settings and log go from this computer. Whoever sends this has asked the user.
    DeleteEverything,
    StartDemo,
    /// Begin a sign-in with this client id; opens the browser.
    Connect {
        client_id: String,
        name: Option<String>,
        /// Which of the redirect addresses is registered; none = as it was last time.
        way: Option<SignInWay>,
    },
    /// Look at everything that a session needs.
    RunChecks,
    /// Open the sign-in page once more.
    OpenSignInPage,
    CancelSignIn,
    SignOut {
        account: String,
    },
    ChooseAccount {
        account: String,
        chosen: bool,
    },
    ChooseDevice {
        account: String,
        device: Option<String>,
    },
    /// Ask Spotify again for the devices of every account.
    RefreshDevices,
    /// In a room: look at once at the player of a member that is driven here, and ask for its devices.
    LookAgain {
        member: u32,
    },
    /// Bring the chosen accounts together in a room on this computer.
    Host,
    /// Opens a room for others: at a relay, or in this program, listening there.
    HostSession {
        relay: Option<String>,
        listen: Option<String>,
    },
    /// A link was opened or pasted: it becomes a question, and nothing else.
    OpenInvite {
        invite: String,
    },
    /// The answer to that question, and to no other.
    AnswerInvite {
        question: u64,
        join: bool,
    },
    /// Goes into the room of an invite. Whoever sends this has asked the user.
    Join {
        invite: String,
    },
    /// The host only: who may lead from now on.
    MayLead {
        who: WhoLeads,
    },
    /// The host only: nobody new comes in.
    Lock {
        on: bool,
    },
    /// The host only: this member goes, for good.
    Remove {
        member: u32,
    },
    Leave,
    /// Waits no more for the room that is being opened or gone into.
    GiveUp,
    Sync {
        on: bool,
    },
    Trim {
        member: u32,
        ms: i32,
    },
    /// Demo only: act by hand on a simulated phone.
    Hand {
        member: u32,
        hand: Hand,
    },
    Dismiss {
        notice: u64,
    },
    /// Open an address that the snapshot carries (the item on open.spotify.com) in the browser.
    OpenLink {
        link: String,
    },
}

/// What somebody does by hand in their own (simulated) Spotify app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Hand {
    /// Start this item, or resume when there is none.
    Play {
        uri: Option<String>,
    },
    Pause,
    Seek {
        position_ms: f64,
    },
    Next,
    Previous,
}
