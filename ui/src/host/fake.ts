/** A scripted program for development and tests: the same contract, with errors that move and no music. */
import type { Account, Action, Band, Hand, Heard, HistoryMark, Member, Network, Place, Ration, Screen, Setting, Settings, Snapshot, Song, Trouble, WayOut } from "../generated/api";
import { time } from "../lib/format";
import { language, t, type TextKey } from "../lib/texts";
import type { Host } from "./host";

const SONGS: ReadonlyArray<Song & { album: string; duration_ms: number }> = [
  { uri: "spotify:track:1", title: "Harbour Lights", by: "Mira Solen", album: "Slow Ferries", duration_ms: 241_000 },
  { uri: "spotify:track:2", title: "Paper Lanterns", by: "The Night Gardeners", album: "Small Hours", duration_ms: 198_000 },
  { uri: "spotify:track:3", title: "Northbound, Second Class", by: "Ada Lindqvist", album: "Timetables", duration_ms: 276_000 },
  { uri: "spotify:track:4", title: "A Rather Long Title for a Short Song about the Weather", by: "Grey & Daughters", album: "Forecasts", duration_ms: 164_000 },
  { uri: "spotify:episode:5", title: "What the Tides Know", by: "Coastal Talk", album: "Coastal Talk", duration_ms: 1_860_000 },
];
export const NAMES = ["Anna", "Ben", "Chiara", "Deniz", "Emil", "Farida", "Goran", "Hye-jin", "Ines", "Jonas", "Kaya", "Liv"];
const DEVICES = ["Desktop", "Phone", "Laptop", "Kitchen speaker", "Tablet"];
const STEP_MS = 500;
const KEPT = 1200;

/** A room that this program hosts. */
const NETWORK: Network = {
  invite: "tutti://join/1f6c0a8e52b94d07a3c5e1907b2d4f68?hub=ws%3A%2F%2F192.168.1.7%3A7450&host=Anna",
  page: null,
  near: true,
  own_device: "tutti://join/1f6c0a8e52b94d07a3c5e1907b2d4f68?hub=ws%3A%2F%2F192.168.1.7%3A7450&user=00112233445566778899aabbccddeeff",
  connection: { code: "connected", text: t("network.connected") },
  host: true,
  who_leads: "anyone",
  locked: false,
};

const SETTINGS: Settings = {
  correction: "normal",
  pause_by_others: "everybody",
  ad: "go_on",
  may_lead: "anyone",
  relay: null,
  thrifty: false,
  language: "system",
  theme: "system",
  desktop: { start_at_login: false, tray: true, close_to_tray: true, notifications: true, log: "/home/anna/.config/tutti/logs", updates: null },
  saved: 0,
  troubles: [],
};

type Phone = { song: number; position_ms: number; playing: boolean };
type Person = {
  phone: Phone;
  /** Where the error rests, and where it is now; ms. */
  rest: number;
  error: number;
  bound: number;
  /** While catching up: how long still, ms. */
  late_ms: number;
  did: { code: TextKey; values: Record<string, string>; age_ms: number } | null;
  trouble: Trouble | null;
  trim: number;
  line: Array<number | null>;
};

const isHeard = ({ trouble }: Person): boolean => trouble === null || /^(sign_in_ends|pacing|rate_limited)/.test(trouble.code);

/** Repeatable noise. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function bandOf(error: number): Band {
  const size = Math.abs(error);
  if (size <= 40) return "one_sound";
  if (size <= 100) return "imperceptible";
  if (size <= 250) return "fine";
  return size <= 500 ? "little_apart" : "out_of_step";
}

export class FakeProgram {
  screen: Screen = "welcome";
  demo = true;
  sync = true;
  accounts: Account[] = [];
  sign_in: Snapshot["sign_in"] = null;
  client_id: string | null = null;
  checks: Snapshot["checks"] = null;
  notices: Snapshot["notices"] = [];
  other_server: string | null = null;
  network: Network | null = null;
  question: Snapshot["question"] = null;
  #asked = 0;
  waiting: Snapshot["waiting"] = null;
  settings: Settings = { ...SETTINGS };
  /** Where the settings were opened from. */
  #from: Screen = "welcome";
  people: Person[] = [];
  leader = 0;
  epoch = 1;
  #seq = 0;
  #since_step = 0;
  #marks: HistoryMark[] = [];
  #noise: () => number;

  constructor(seed = 7) {
    this.#noise = generator(seed);
  }

  /** A room that has been running for a while. */
  fill(members: number, minutes: number): this {
    const rests = [0, 19, -48, 8, 64, -22, 31, -75, 12, -9, 44, -36];
    this.people = Array.from({ length: members }, (_, i) => ({
      phone: { song: 0, position_ms: 20_000, playing: true },
      rest: rests[i % rests.length] ?? 0,
      error: (rests[i % rests.length] ?? 0) * 3,
      bound: 12 + ((i * 9) % 34),
      late_ms: i === 0 ? 0 : 4000,
      did: null,
      trouble: null,
      trim: 0,
      line: [],
    }));
    this.leader = 0;
    const steps = Math.round((minutes * 60_000) / STEP_MS);
    for (let i = 0; i < steps; i++) {
      if (members > 1 && i === steps - 250) this.hand(1, { type: "seek", position_ms: 80_000 });
      if (members > 2 && i === steps - 70) this.hand(2, { type: "play", uri: "spotify:track:3" });
      if (members > 1 && i === steps - 480) this.hand(1, { type: "next" });
      this.advance(STEP_MS);
    }
    return this;
  }

  advance(ms: number): void {
    this.clock_ms += ms;
    for (const [i, person] of this.people.entries()) {
      if (person.phone.playing) person.phone.position_ms += ms;
      if (person.did !== null) person.did.age_ms += ms;
      if (i === this.leader) {
        person.error = 0;
        continue;
      }
      if (person.late_ms > 0) {
        person.late_ms -= ms;
        if (person.late_ms <= 0 && this.sync) this.#arrive(person);
      }
      const wobble = (this.#noise() - 0.5) * 14 * Math.sqrt(ms / STEP_MS);
      if (person.late_ms <= 0 || !this.sync) person.error += (person.rest - person.error) * Math.min(1, (0.2 * ms) / STEP_MS) + wobble;
    }
    for (const mark of this.#marks) mark.ago_ms += ms;
    this.#marks = this.#marks.filter((mark) => mark.ago_ms < KEPT * STEP_MS);
    this.#since_step += ms;
    while (this.#since_step >= STEP_MS) {
      this.#since_step -= STEP_MS;
      for (const person of this.people) {
        const known = isHeard(person) && this.#leading.phone.playing;
        person.line = [...person.line, known ? Math.round(person.error) : null].slice(-KEPT);
      }
    }
  }

  hand(member: number, hand: Hand): void {
    const person = this.people[member];
    if (person === undefined) return;
    const before = { ...person.phone };
    const phone = person.phone;
    const did = (code: TextKey, values: Record<string, string> = {}) => (person.did = { code, values, age_ms: 0 });
    if (hand.type === "play" && hand.uri !== null) {
      phone.song = Math.max(0, SONGS.findIndex((s) => s.uri === hand.uri));
      Object.assign(phone, { position_ms: 0, playing: true });
      did("status.started", { title: SONGS[phone.song]?.title ?? "" });
    } else if (hand.type === "play") {
      phone.playing = true;
      did("status.resumed");
    } else if (hand.type === "pause") {
      phone.playing = false;
      did("status.paused");
    } else if (hand.type === "seek") {
      phone.position_ms = hand.position_ms;
      did("status.sought", { to: time(hand.position_ms) });
    } else {
      phone.song = (phone.song + (hand.type === "next" ? 1 : SONGS.length - 1)) % SONGS.length;
      Object.assign(phone, { position_ms: 0, playing: true });
      did("status.started", { title: SONGS[phone.song]?.title ?? "" });
    }
    if (member !== this.leader) this.epoch++;
    this.leader = member;
    this.#marks = [...this.#marks, { ago_ms: 0, member, text: `${NAMES[member]} ${this.#said(person)}` }];
    const jump = phone.song === before.song ? before.position_ms - phone.position_ms : 4000;
    this.people.forEach((other, i) => {
      if (i === member) return;
      if (i !== this.leader) other.did = null;
      other.error = Math.max(-30_000, Math.min(30_000, jump || 600));
      other.late_ms = 1400 + i * 300;
    });
  }

  /** In a room on the network: the first one is here and hosts. */
  #place(member: number): Place | null {
    if (this.network === null) return null;
    const devices = member === 1 ? ["Desktop", "Laptop"] : ["Laptop"];
    return { here: member === 0, drives_here: member === 0, devices, reconnecting: member === 3, host: member === 0 };
  }

  /** What Spotify asked of a client id: nothing goes out before it. */
  waits: { who: string[]; until_ms: number; text: string } | null = null;

  get #rations(): Ration[] {
    const names = this.screen === "room" ? this.people.map((_, i) => NAMES[i % NAMES.length] ?? "?") : this.accounts.map((a) => a.name);
    const some = (accounts: string[]): Ration => {
      const [now, today] = [28 - accounts.length, 14_200 - 900 * accounts.length];
      const text = t("ration.left", { today: today.toLocaleString(language()), now });
      return { accounts, left_now: now, left_today: today, wait_until_ms: null, text };
    };
    if (names.length === 0) return [];
    if (this.waits === null) return names.length > 2 ? [some(names.slice(0, 2)), some(names.slice(2))] : [some(names)];
    const { who, until_ms, text } = this.waits;
    const others = names.filter((name) => !who.includes(name));
    const waiting: Ration = { accounts: who, left_now: 0, left_today: 9000, wait_until_ms: until_ms, text };
    return others.length > 0 ? [waiting, some(others)] : [waiting];
  }

  act(action: Action): void {
    switch (action.type) {
      case "show":
        if (action.screen === "settings") this.#from = this.screen;
        this.screen = action.screen;
        break;
      case "close_settings":
        this.screen = this.#from;
        break;
      case "set":
        this.#set(action.setting);
        break;
      case "delete_everything":
        this.accounts = [];
        this.settings = { ...SETTINGS };
        this.screen = "welcome";
        this.tell("info", "everything_deleted", t("notice.everything_deleted"));
        break;
      case "start_demo":
        this.demo = true;
        this.screen = "room";
        if (this.people.length === 0) this.fill(5, 8);
        break;
      case "connect":
        this.sign_in = {
          address: `https://accounts.spotify.com/authorize?client_id=${action.client_id}&response_type=code&state=k3v9`,
          text: t("sign_in.waiting"),
          other: {
            label: t("wayout.by_loopback"),
            action: { ...action, way: "loopback" },
          },
        };
        break;
      case "cancel_sign_in":
        this.sign_in = null;
        break;
      case "sign_out":
        this.accounts = this.accounts.filter((a) => a.id !== action.account);
        break;
      case "choose_account":
        this.#change(action.account, (a) => ({ ...a, chosen: action.chosen }));
        break;
      case "choose_device":
        this.#change(action.account, (a) => ({ ...a, device: action.device }));
        break;
      case "host":
        if (this.accounts.filter((a) => a.chosen).length < 2) {
          this.tell("problem", "need_two_accounts", t("notice.need_two_accounts"));
        } else {
          this.demo = false;
          this.fill(this.accounts.length, 0);
          this.screen = "room";
        }
        break;
      case "host_session":
        if (this.accounts.every((a) => !a.chosen) && this.accounts.length > 0) {
          this.tell("problem", "need_an_account", t("notice.need_an_account"));
          break;
        }
        this.demo = false;
        this.network = { ...NETWORK };
        this.fill(4, 0);
        this.screen = "room";
        break;
      case "open_invite":
        if (action.invite.startsWith("tutti://join/")) {
          const accounts = this.accounts.filter((a) => a.chosen).map((a) => a.name);
          this.question = { id: ++this.#asked, host: "Ada", place: "192.168.1.7:7450", accounts, own_device: false, leaves: this.screen === "room" };
        } else {
          this.tell("problem", "bad_invite", t("notice.bad_invite"));
        }
        break;
      case "answer_invite":
        if (action.question !== this.question?.id) break;
        if (action.join && this.question.accounts.length === 0) this.screen = this.accounts.length === 0 ? "connect" : "lobby";
        else if (action.join) this.act({ type: "host_session", relay: null, listen: null });
        this.question = null;
        break;
      case "give_up":
        this.waiting = null;
        this.screen = "lobby";
        break;
      case "join":
        break;
      case "may_lead":
        if (this.network !== null) this.network.who_leads = action.who;
        break;
      case "lock":
        if (this.network !== null) this.network.locked = action.on;
        break;
      case "remove":
        this.people.splice(action.member, 1);
        break;
      case "leave":
        this.network = null;
        this.screen = this.accounts.length > 0 ? "lobby" : "welcome";
        break;
      case "sync":
        this.sync = action.on;
        break;
      case "trim": {
        const person = this.people[action.member];
        if (person !== undefined) person.trim = action.ms;
        break;
      }
      case "hand":
        this.hand(action.member, action.hand);
        break;
      case "dismiss":
        this.notices = this.notices.filter((n) => n.id !== action.notice);
        break;
      case "look_for_update":
        this.#update("found", { label: t("wayout.install"), action: { type: "install_update", ends_session: false } });
        break;
      case "install_update":
        this.#update("installed", { label: t("wayout.quit"), action: { type: "quit" } });
        break;
      case "quit":
      case "open_log_folder":
      case "open_sign_in_page":
      case "refresh_devices":
      case "look_again":
      case "open_link":
        break;
    }
  }

  #set(setting: Setting): void {
    const { settings } = this;
    const troubles = settings.troubles.filter((trouble) => trouble.setting !== setting.name);
    const said = (code: TextKey, values: Record<string, string>) =>
      (this.settings = { ...settings, troubles: [...troubles, { setting: setting.name, text: t(code, values) }] });
    if (setting.name === "relay" && setting.value !== null && !/^wss?:/.test(setting.value)) {
      said("notice.bad_relay", { address: setting.value });
    } else if (setting.name === "start_at_login" && settings.desktop?.log.startsWith("/nowhere")) {
      said("notice.login_start", { why: "Permission denied" });
    } else {
      const change = { [setting.name]: setting.value };
      const desktop = settings.desktop === null ? null : { ...settings.desktop };
      if (desktop !== null && setting.name in desktop) Object.assign(desktop, change);
      this.settings = { ...settings, ...(setting.name in settings ? change : {}), desktop, troubles, saved: settings.saved + 1 };
    }
  }

  #update(code: "found" | "installed", way_out: WayOut): void {
    if (this.settings.desktop === null) return;
    const updates = { code, text: t(`update.${code}`, { version: "0.2.0" }), way_out };
    this.settings = { ...this.settings, desktop: { ...this.settings.desktop, updates } };
  }

  tell(kind: "info" | "problem", code: string, text: string): void {
    this.notices = [...this.notices, { id: this.#seq + 1000, kind, code, text, way_out: null }];
  }

  get snapshot(): Snapshot {
    return {
      version: 1,
      seq: this.#seq++,
      language: this.settings.language === "system" ? language() : this.settings.language,
      screen: this.screen,
      notices: this.notices,
      accounts: this.accounts,
      sign_in: this.sign_in,
      room: this.screen === "room" && this.waiting === null ? this.#room() : null,
      rations: this.#rations,
      question: this.question,
      waiting: this.waiting,
      settings: this.settings,
      program: "0.1.0",
      checks: this.checks,
      other_server: this.other_server,
      redirects: [
        { way: "link", address: "tutti://callback" },
        { way: "loopback", address: "http://127.0.0.1/callback" },
      ],
      sign_in_way: "link",
      client_id: this.client_id,
    };
  }

  #room(): Snapshot["room"] {
    const leading = this.#leading;
    const song = SONGS[leading.phone.song];
    const next = SONGS[(leading.phone.song + 1) % SONGS.length];
    return {
      name: this.demo ? "Demo" : "Friday call",
      demo: this.demo ? { songs: SONGS.map(({ uri, title, by }) => ({ uri, title, by })), heard: this.#heard() } : null,
      sync: this.sync,
      epoch: this.epoch,
      leader: this.leader,
      members: this.people.map((person, i) => this.#member(person, i)),
      now_playing:
        song === undefined
          ? null
          : {
              uri: song.uri,
              episode: song.uri.includes("episode"),
              title: song.title,
              by: song.by,
              album: song.album,
              cover: `cover-${leading.phone.song}`,
              link: `https://open.spotify.com/track/${leading.phone.song}`,
              playing: leading.phone.playing,
              position_ms: leading.phone.position_ms,
              speed: 1,
              duration_ms: song.duration_ms,
              next: next?.title ?? null,
            },
      history: {
        step_ms: STEP_MS,
        lines: this.people.map((person, member) => ({ member, errors_ms: person.line })),
        marks: this.#marks,
      },
      clock_bound_ms: 0.4,
      requests_minute: 18 * this.people.length,
      network: this.network,
      ration: this.waits === null ? t("ration.plenty") : t("ration.waiting", { until: "14:05" }),
    };
  }

  /** The clock that what is heard is told by, ms. */
  clock_ms = 0;

  #heard(): Heard {
    const leading = this.#leading;
    return {
      at_ms: this.clock_ms,
      players: this.people.map((person, member) => ({
        member,
        uri: person.phone.playing ? (SONGS[person.phone.song]?.uri ?? null) : null,
        // Somebody who catches up is where their phone is; the others stand by their error from the leader.
        position_ms: person.late_ms > 0 ? person.phone.position_ms : leading.phone.position_ms + person.error,
      })),
    };
  }

  #member(person: Person, id: number): Member {
    const leads = id === this.leader;
    const playing = this.#leading.phone.playing;
    const known = isHeard(person) && playing;
    const band = bandOf(person.error);
    const status = (code: string, text: string) => ({ code, text });
    return {
      id,
      account: `account-${id}`,
      name: NAMES[id % NAMES.length] ?? "?",
      color: id,
      leads,
      device: DEVICES[id % DEVICES.length] ?? null,
      status:
        person.did !== null && (leads || person.did.age_ms < 6000)
          ? status(person.did.code.replace("status.", ""), this.#said(person))
          : leads
            ? status("leads_playing", t(playing ? "status.leads_playing" : "status.leads_paused"))
            : !this.sync
              ? status("watching", t("status.watching"))
              : !playing
                ? status("paused_with_room", t("status.paused_with_room"))
                : person.trouble?.code === "other_speed"
                  ? status("own_speed", t("status.own_speed"))
                  : person.late_ms > 0
                    ? status("catching_up", t("status.catching_up"))
                    : known
                      ? status(band, t(`status.${band}`))
                      : status("waiting", t("status.waiting")),
      trouble: person.trouble,
      timing: known ? { error_ms: person.error, bound_ms: leads ? 8 : person.bound, band } : null,
      trim_ms: person.trim,
      player: {
        title: SONGS[person.phone.song]?.title ?? null,
        playing: person.phone.playing,
        position_ms: person.phone.position_ms,
        speed: 1,
        duration_ms: SONGS[person.phone.song]?.duration_ms ?? 0,
      },
      requests_minute: 18,
      place: this.#place(id),
    };
  }

  #arrive(person: Person): void {
    person.phone = { ...this.#leading.phone };
    person.error = person.rest + (this.#noise() - 0.5) * 90;
    person.late_ms = 0;
  }

  #said(person: Person): string {
    return person.did === null ? "" : t(person.did.code, person.did.values);
  }

  get #leading(): Person {
    const person = this.people[this.leader] ?? this.people[0];
    if (person === undefined) throw new Error("a room has at least one member");
    return person;
  }

  #change(id: string, to: (account: Account) => Account): void {
    this.accounts = this.accounts.map((a) => (a.id === id ? to(a) : a));
  }
}

export const someAccounts = (): Account[] => [
  {
    id: "anna",
    name: "Anna",
    chosen: true,
    devices: [
      { id: "d1", name: "Anna’s laptop", kind: "Computer", active: true, restricted: false },
      { id: "d2", name: "Kitchen", kind: "Speaker", active: false, restricted: false },
      { id: null, name: "Car", kind: "Automobile", active: false, restricted: true },
    ],
    device: null,
    trouble: null,
    ending: null,
  },
  {
    id: "ben",
    name: "Ben",
    chosen: true,
    devices: [{ id: "d3", name: "Pixel 9", kind: "Smartphone", active: false, restricted: false }],
    device: "d3",
    trouble: null,
    ending: null,
  },
  {
    id: "chiara",
    name: "Chiara of the very long name that somebody once chose",
    chosen: false,
    devices: [],
    device: null,
    trouble: {
      code: "needs_login",
      text: t("trouble.needs_login", { name: "Chiara" }),
      way_out: { label: t("wayout.sign_in_again"), action: { type: "show", screen: "connect" } },
    },
    ending: null,
  },
];

/** The program in the state that development asks for: `?fake=room`, `?fake=welcome`, … */
export function fakeProgram(scene: string): FakeProgram {
  const program = new FakeProgram();
  if (scene === "lobby" || scene === "real") program.accounts = someAccounts();
  if (scene === "room" || scene === "real") program.fill(5, 8);
  program.demo = scene !== "real";
  program.screen = scene === "lobby" || scene === "connect" || scene === "welcome" ? scene : "room";
  if (program.screen === "room" && program.people.length === 0) program.fill(5, 8);
  return program;
}

/** A square of two colours, drawn from the key. */
export function fakeCover(key: string): string {
  const hue = [...key].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(${hue} 45% 42%)"/><stop offset="1" stop-color="hsl(${(hue + 50) % 360} 50% 22%)"/></linearGradient></defs><path fill="url(#g)" d="M0 0h300v300H0z"/><circle cx="205" cy="112" r="62" fill="hsl(${(hue + 25) % 360} 70% 78%)"/><path d="M0 212q75-34 150 0t150 0v88H0z" fill="hsl(${(hue + 70) % 360} 45% 14%)"/></svg>`;
}

export function fakeHost(scene: string): Host {
  const program = fakeProgram(scene);
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const send = () => listeners.forEach((show) => show(program.snapshot));
  setInterval(() => {
    program.advance(250);
    send();
  }, 250);
  return {
    subscribe(listener) {
      const show = (snapshot: Snapshot) => listener.snapshot(snapshot);
      listeners.add(show);
      show(program.snapshot);
      return () => listeners.delete(show);
    },
    async dispatch(action) {
      program.act(action);
      send();
    },
    coverUrl: (key) => `data:image/svg+xml,${encodeURIComponent(fakeCover(key))}`,
    copy: (text) => navigator.clipboard.writeText(text),
  };
}
