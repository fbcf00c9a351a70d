// Written by `cargo xtask codegen` from crates/tutti-app/src/api.rs. Do not edit.

export type Snapshot = { version: number, seq: number, screen: Screen, notices: Array<Notice>, accounts: Array<Account>, sign_in: SignIn | null, room: Room | null, other_server: string | null, redirect_uri: string, };

export type Screen = "welcome" | "connect" | "lobby" | "room";

export type Notice = { id: number, kind: NoticeKind, code: string, text: string, way_out: WayOut | null, };

export type NoticeKind = "info" | "problem";

export type WayOut = { label: string, action: Action, };

export type Account = { id: string, name: string, chosen: boolean, devices: Array<Device>, device: string | null, trouble: Trouble | null, };

export type Device = { id: string | null, name: string, kind: string, active: boolean, restricted: boolean, };

export type SignIn = { address: string, text: string, };

export type Room = { name: string, demo: Demo | null, sync: boolean, epoch: number, leader: number | null, members: Array<Member>, now_playing: NowPlaying | null, history: History, clock_bound_ms: number, requests_minute: number, ration: string, };

export type Demo = { songs: Array<Song>, };

export type Song = { uri: string, title: string, by: string, };

export type Member = { id: number, account: string, name: string, color: number, leads: boolean, device: string | null, status: Status, trouble: Trouble | null, timing: Timing | null, trim_ms: number, player: Player | null, requests_minute: number, };

export type Status = { code: string, text: string, };

export type Trouble = { code: string, text: string, way_out: WayOut | null, };

export type Timing = { error_ms: number, bound_ms: number, band: Band, };

export type Band = "one_sound" | "imperceptible" | "fine" | "little_apart" | "out_of_step";

export type Player = { title: string | null, playing: boolean, position_ms: number, duration_ms: number, };

export type NowPlaying = { uri: string, episode: boolean, title: string, by: string, album: string, cover: string | null, link: string | null, playing: boolean, position_ms: number, duration_ms: number, next: string | null, };

export type History = { step_ms: number, lines: Array<HistoryLine>, marks: Array<HistoryMark>, };

export type HistoryLine = { member: number, errors_ms: Array<number | null>, };

export type HistoryMark = { ago_ms: number, member: number, text: string, };

export type Action = { "type": "show", screen: Screen, } | { "type": "start_demo" } | { "type": "connect", client_id: string, name: string | null, } | { "type": "open_sign_in_page" } | { "type": "cancel_sign_in" } | { "type": "sign_out", account: string, } | { "type": "choose_account", account: string, chosen: boolean, } | { "type": "choose_device", account: string, device: string | null, } | { "type": "refresh_devices" } | { "type": "host" } | { "type": "leave" } | { "type": "sync", on: boolean, } | { "type": "trim", member: number, ms: number, } | { "type": "hand", member: number, hand: Hand, } | { "type": "dismiss", notice: number, } | { "type": "open_link", link: string, };

export type Hand = { "type": "play", uri: string | null, } | { "type": "pause" } | { "type": "seek", position_ms: number, } | { "type": "next" } | { "type": "previous" };
