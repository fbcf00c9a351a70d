// Written by `cargo xtask codegen` from crates/tutti-app/src/api.rs. Do not edit.

/** An account that is signed in on this computer. */
export type Account = {
  /** Spotify's stable account id; the key in every action. */
  id: string,
  /** The name the user gave it, else Spotify's display name. */
  name: string,
  /** Chosen for the next room. */
  chosen: boolean, devices: Array<Device>,
  /** Id of the device that Tutti may start music on; none = the active one only. */
  device: string | null, trouble: Trouble | null,
  /** Its sign-in ends within days, whatever else is wrong. */
  ending: Trouble | null, };

/** All that a window can ask of the program. */
export type Action = { "type": "show", screen: Screen, } | { "type": "close_settings" } | { "type": "set", setting: Setting, } | { "type": "open_log_folder" } | { "type": "look_for_update" } | { "type": "install_update", ends_session: boolean, } | { "type": "quit" } | { "type": "delete_everything" } | { "type": "start_demo" } | { "type": "connect", client_id: string, name: string | null,
  /** Which of the redirect addresses is registered; none = as it was last time. */
  way: SignInWay | null, } | { "type": "run_checks" } | { "type": "open_sign_in_page" } | { "type": "cancel_sign_in" } | { "type": "sign_out", account: string, } | { "type": "choose_account", account: string, chosen: boolean, } | { "type": "choose_device", account: string, device: string | null, } | { "type": "refresh_devices" } | { "type": "look_again", member: number, } | { "type": "host" } | { "type": "host_session", relay: string | null, listen: string | null, } | { "type": "open_invite", invite: string, } | { "type": "answer_invite", question: number, join: boolean, } | { "type": "join", invite: string, } | { "type": "may_lead", who: WhoLeads, } | { "type": "lock", on: boolean, } | { "type": "remove", member: number, } | { "type": "leave" } | { "type": "give_up" } | { "type": "sync", on: boolean, } | { "type": "trim", member: number, ms: number, } | { "type": "hand", member: number, hand: Hand, } | { "type": "dismiss", notice: number, } | { "type": "open_link", link: string, };

/** How far apart, in words a listener would use; from the larger side of the error. */
export type Band = "one_sound" | "imperceptible" | "fine" | "little_apart" | "out_of_step";

/** One thing that was looked at. */
export type Check = {
  /** Stable name of what was found: `keychain_good`, `needs_login`, … */
  code: string, state: CheckState, title: string,
  /** What was found, and what to do. */
  text: string, way_out: WayOut | null, };

export type CheckState = "good" | "warning" | "problem";

/** What was found so far of what a session needs. */
export type Checks = {
  /** There is more to come. */
  running: boolean, list: Array<Check>, };

/** How eagerly timing errors are corrected. */
export type Correction = "gentle" | "normal" | "tight";

/** What the demo adds to a room. */
export type Demo = {
  /** Songs and episodes that can be started by hand on any simulated phone. */
  songs: Array<Song>,
  /** What really sounds, by the simulator; None where that is another process. */
  heard: Heard | null, };

/** What a browser's page has not. */
export type Desktop = {
  /** As the system has it. */
  start_at_login: boolean,
  /** There is a tray that the program can go to. */
  tray: boolean, close_to_tray: boolean, notifications: boolean,
  /** The folder of the log. */
  log: string,
  /** Set where there is a place that newer versions come from. */
  updates: Updates | null, };

export type Device = { id: string | null, name: string, kind: string, active: boolean, restricted: boolean, };

/** What somebody does by hand in their own (simulated) Spotify app. */
export type Hand = { "type": "play", uri: string | null, } | { "type": "pause" } | { "type": "seek", position_ms: number, } | { "type": "next" } | { "type": "previous" };

/** What comes out of the simulated speakers at one and the same instant. */
export type Heard = {
  /** The instant, ms on the simulator's clock. */
  at_ms: number, players: Array<HeardPlayer>, };

export type HeardPlayer = { member: number,
  /** The item that sounds; None while nothing does. */
  uri: string | null,
  /** Of the sound, not of the report: the delay of the speakers is in it. */
  position_ms: number, };

/** The last minutes of timing errors, one value a step; the newest value is the last. */
export type History = { step_ms: number, lines: Array<HistoryLine>, marks: Array<HistoryMark>, };

export type HistoryLine = { member: number,
  /** Whole ms; None where it was not known. */
  errors_ms: Array<number | null>, };

/** A takeover on the chart. */
export type HistoryMark = {
  /** How long before the snapshot. */
  ago_ms: number, member: number,
  /** "Ben sought to 1:20". */
  text: string, };

/** A language that Tutti speaks. */
export type Language = "en" | "de";

export type LanguageChoice = "system" | "en" | "de";

/** What everybody does while a leader of this computer hears an advertisement. */
export type LeadersAd = "go_on" | "wait";

/** Who may lead a session that is opened; later its host can also name members. */
export type MayLead = "anyone" | "host";

export type Member = { id: number, account: string, name: string,
  /** Index of the member's colour in the theme (0-based, stable while in the room). */
  color: number, leads: boolean,
  /** Name of the device that sounds, as far as it is known. */
  device: string | null,
  /** The line under the name: "one sound", "catching up", "sought to 1:20". */
  status: Status, trouble: Trouble | null,
  /** None while nothing is known (away, paused room, hearing something else). */
  timing: Timing | null, trim_ms: number,
  /** What the member's player does, as far as it is known. */
  player: Player | null,
  /** Of this member, over the last minute. */
  requests_minute: number,
  /** Set in a room on the network. */
  place: Place | null, };

/** A room on the network. */
export type Network = {
  /** The link that lets others in. */
  invite: string,
  /** The same as the address of a page on the relay. */
  page: string | null,
  /** No relay: the invite leads to this computer, or to whichever of a member's holds the session by then. */
  near: boolean,
  /** The link for own devices: whoever has it can drive this user's accounts. */
  own_device: string,
  /** How the hub is reached: `connected`, `reconnecting`, or why it lets nobody of this process in any more. */
  connection: Status,
  /** A member of this process is the host, who may change what follows. */
  host: boolean, who_leads: WhoLeads, locked: boolean, };

export type Notice = { id: number, kind: NoticeKind,
  /** Stable name, for example `sign_in_denied`. */
  code: string,
  /** What happened and what to do. */
  text: string, way_out: WayOut | null, };

export type NoticeKind = "info" | "problem";

export type NowPlaying = { uri: string, episode: boolean, title: string,
  /** Artists, or the show. */
  by: string, album: string,
  /** Key for the host's `cover` address; None = no cover. */
  cover: string | null,
  /** The item on open.spotify.com. */
  link: string | null, playing: boolean,
  /** At the instant of the snapshot; runs on at `speed` ms per ms while playing. */
  position_ms: number,
  /** 1 but for episodes. */
  speed: number, duration_ms: number, next: string | null, };

/** What a pause by another member does to those of this computer. */
export type PauseByOthers = "everybody" | "only_theirs";

/** Where a member of a room on the network is. */
export type Place = {
  /** Its account is one of this process. */
  here: boolean,
  /** Its account is driven by this process; else by another device of its user. */
  drives_here: boolean,
  /** Its devices, the one that drives first. */
  devices: Array<string>, reconnecting: boolean, host: boolean, };

export type Player = { title: string | null, playing: boolean,
  /** At the instant of the snapshot; runs on at `speed` ms per ms while playing. */
  position_ms: number,
  /** 1 but for episodes. */
  speed: number, duration_ms: number, };

/** Whether to go into the session of an invite. */
export type Question = {
  /** Which one is answered: another link may ask another one at any moment. */
  id: number,
  /** Who hosts, as they call themselves; in words where it is not known. */
  host: string,
  /** Where the session is held. */
  place: string,
  /** Names of the accounts that Tutti would play, pause and seek on. */
  accounts: Array<string>,
  /** The link proves that it is one of the user's own devices. */
  own_device: boolean,
  /** The session of now would be left. */
  leaves: boolean, };

/** What is left of a client id's requests. They are counted over all programs on this computer that share the profile. */
export type Ration = {
  /** Names of the accounts that use this client id. */
  accounts: Array<string>,
  /** Readings that may still go out in the next 30 s. */
  left_now: number,
  /** Readings that may still go out in the next 24 h. */
  left_today: number,
  /** Until when Spotify asked us to wait, ms since 1970. */
  wait_until_ms: number | null,
  /** The same in words, with the reason of a wait. */
  text: string, };

/** An address that a sign-in may come back to. */
export type Redirect = { way: SignInWay,
  /** Exactly as it has to stand in the dashboard. */
  address: string, };

export type Room = { name: string,
  /** The members are simulated: phones can be acted on, and the window says so. */
  demo: Demo | null,
  /** Sync is on: followers are kept in step. Off: everybody is shown, nobody is moved. */
  sync: boolean,
  /** Counts changes of leader. */
  epoch: number, leader: number | null, members: Array<Member>, now_playing: NowPlaying | null, history: History,
  /** How exactly this program knows the room's clock, ± ms. */
  clock_bound_ms: number,
  /** Requests to Spotify a minute, all members together, over the last minute. */
  requests_minute: number,
  /** What is left of the ration, in words. */
  ration: string,
  /** Set where members meet over a network. */
  network: Network | null, };

/** Which screen is open. The program decides, so that every window of it shows the same. */
export type Screen = "welcome" | "connect" | "lobby" | "room" | "settings";

/** One setting with the value that it gets. */
export type Setting = { "name": "correction", "value": Correction } | { "name": "pause_by_others", "value": PauseByOthers } | { "name": "ad", "value": LeadersAd } | { "name": "may_lead", "value": MayLead } | { "name": "relay", "value": string | null } | { "name": "thrifty", "value": boolean } | { "name": "language", "value": LanguageChoice } | { "name": "theme", "value": Theme } | { "name": "start_at_login", "value": boolean } | { "name": "close_to_tray", "value": boolean } | { "name": "notifications", "value": boolean };

export type SettingTrouble = {
  /** The name that a change of it has in `Setting`, or `log`. */
  setting: string, text: string, };

/** Everything on the Settings screen but the accounts, which the snapshot has anyway. */
export type Settings = { correction: Correction, pause_by_others: PauseByOthers, ad: LeadersAd,
  /** Who may lead in sessions that are hosted from now on. */
  may_lead: MayLead,
  /** The relay at which sessions are hosted; none = in this program. */
  relay: string | null,
  /** Few requests: followed later, and far from every limit. */
  thrifty: boolean, language: LanguageChoice, theme: Theme,
  /** Set where the program has a window of its own. */
  desktop: Desktop | null,
  /** Counts changes that were written to the disk. */
  saved: number,
  /** What is wrong with one of the settings, to be said beside it. */
  troubles: Array<SettingTrouble>, };

export type SignIn = {
  /** The address that was opened in the browser, to open or copy again. */
  address: string,
  /** What the program is waiting for, in words. */
  text: string,
  /** For when Spotify refuses the redirect address: the same over the other one. */
  other: WayOut | null, };

/** How a sign-in comes back from the browser. */
export type SignInWay = "link" | "loopback";

/** Everything a window shows. Always sent whole; a window keeps nothing but the newest one. */
export type Snapshot = {
  /** Version of this contract. */
  version: number,
  /** Counts snapshots; a smaller one is older. */
  seq: number,
  /** Of all words in here, and of the window's own. */
  language: Language, screen: Screen,
  /** Things to tell the user, newest last; each can be dismissed. */
  notices: Array<Notice>, accounts: Array<Account>,
  /** A sign-in that waits for the browser. */
  sign_in: SignIn | null, room: Room | null,
  /** A room is being opened or gone into; what is there meanwhile goes on. */
  waiting: Waiting | null,
  /** An invite that waits for a yes or no: nothing happens before. */
  question: Question | null,
  /** What was found when everything that a session needs was looked at; none before. */
  checks: Checks | null,
  /** What is left of the requests, for each client id of the accounts shown. */
  rations: Array<Ration>, settings: Settings,
  /** Which Tutti this is: "0.1.0". */
  program: string,
  /** Set while Tutti talks to another server than Spotify: shown wherever it is in force. */
  other_server: string | null,
  /** The redirect addresses that can be registered in Spotify's dashboard; the one to choose unless it is refused first. */
  redirects: Array<Redirect>,
  /** The one of them that the next sign-in takes unless another is chosen. */
  sign_in_way: SignInWay,
  /** The client id that was used last, offered for the next sign-in. */
  client_id: string | null, };

export type Song = { uri: string, title: string, by: string, };

export type Status = { code: string, text: string, };

export type Theme = "system" | "light" | "dark";

/** A member's timing error by Spotify's report: + is ahead of the room. */
export type Timing = {
  /** Smoothed over the last readings. */
  error_ms: number,
  /** Honest bound: the error lies within ± this of the number. */
  bound_ms: number, band: Band, };

/** What is wrong with a member or account, in words, with the way out. */
export type Trouble = { code: string, text: string, way_out: WayOut | null, };

/** Where a newer version of the program stands. */
export type Updates = {
  /** `looking`, `newest`, `found`, `fetching`, `waiting` (fetched, for the end of a session), `installing`, `installed`, `failed`. */
  code: string, text: string, way_out: WayOut | null, };

/** What is waited for on the way to a room; `give_up` ends it. */
export type Waiting = { text: string,
  /** What is said besides when it takes long. */
  long: string, };

/** A labelled way out of a trouble: the action that the link or button performs. */
export type WayOut = { label: string, action: Action, };

export type WhoLeads = "anyone" | "host" | { "members": Array<number> };
