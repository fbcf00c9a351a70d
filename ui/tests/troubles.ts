/** Troubles as the program tells them. */
import type { Account, Trouble, WayOut } from "../src/generated/api";
import { NAMES, type FakeProgram } from "../src/host/fake";
import { decimal } from "../src/lib/format";
import { language, t, type TextKey } from "../src/lib/texts";

export const noDevice = (member = 0): Trouble => ({
  code: "no_device",
  text: t("trouble.no_device"),
  way_out: { label: t("wayout.look_again"), action: { type: "look_again", member } },
});

/** As it is said of somebody at another computer. */
export const needsLogin = (name: string): Trouble => ({
  code: "needs_login",
  text: t("trouble.needs_login.of", { name }),
  way_out: null,
});

export const restricted = (device: string): Trouble => ({
  code: "restricted_device",
  text: t("trouble.restricted_device", { device }),
  way_out: null,
});

/** The account of a member of the scripted room, signed in on this computer. */
export const own = (member: number, name: string): Account => ({
  id: `account-${member}`,
  name,
  chosen: true,
  devices: [
    { id: "d1", name: `${name}’s laptop`, kind: "Computer", active: true, restricted: false },
    { id: "d2", name: "Kitchen", kind: "Speaker", active: false, restricted: false },
    { id: null, name: "Car", kind: "Automobile", active: false, restricted: true },
  ],
  device: null,
  trouble: null,
  ending: null,
});

export const otherSpeed = (): Trouble => ({
  code: "other_speed",
  text: t("trouble.other_speed", { own: decimal(1.2), room: decimal(1.5) }),
  way_out: null,
});

const signIn = (): WayOut => ({ label: t("wayout.sign_in_again"), action: { type: "show", screen: "connect" } });
const renew = (): WayOut => ({ label: t("wayout.sign_in_again"), action: { type: "connect", client_id: "0123456789abcdef0123456789abcdef", name: null, way: null } });
/** When a quota comes back: today, or another day. */
export const today = () => t("trouble.until.today", { time: "14:05" });
export const another = () => t("trouble.until.day", { time: "08:00", day: language() === "de" ? "22. Nov." : "22 Nov" });
const device = "Kitchen speaker";

/** The name of a trouble’s words; those that are parts of others are not told by themselves. */
export type TroubleKey = Exclude<Extract<TextKey, `trouble.${string}`>, `trouble.until.${string}`>;

type Example = {
  values?: Record<string, string | number>;
  /** What the program offers for it. */
  way_out?: WayOut | null;
};
/** As it is said to whoever can do something: of a member by its number, of an account by its name. */
type Stands = { lane?: (member: number, name: string) => Example; lobby?: (name: string) => Example };

const both = (example: (name: string) => Example): Stands => ({ lane: (_, name) => example(name), lobby: example });

/** Every trouble that a person can be told of, and where it stands. */
export const TROUBLES: Record<TroubleKey, Stands> = {
  "trouble.no_device": {
    lane: (member) => ({ way_out: noDevice(member).way_out }),
    lobby: () => ({ way_out: { label: t("wayout.look_again"), action: { type: "refresh_devices" } } }),
  },
  "trouble.sign_in_ends": both(() => ({ values: { days: 6 }, way_out: renew() })),
  "trouble.sign_in_ends_today": both(() => ({ way_out: renew() })),
  "trouble.needs_login": both((name) => ({ values: { name }, way_out: signIn() })),
  "trouble.sign_in_gone": { lobby: (name) => ({ values: { name }, way_out: signIn() }) },
  "trouble.not_premium": { lane: () => ({}) },
  "trouble.not_allowed_here": both(() => ({
    way_out: { label: t("wayout.dashboard"), action: { type: "open_link", link: "https://developer.spotify.com/dashboard" } },
  })),
  "trouble.owner_premium_lapsed": both(() => ({})),
  "trouble.rate_limited": both(() => ({ values: { seconds: 12 } })),
  "trouble.quota": { lane: () => ({ values: { until: today() } }), lobby: () => ({ values: { until: another() } }) },
  "trouble.network": both(() => ({})),
  "trouble.server_error": both(() => ({})),
  "trouble.other_server_gone": both(() => ({ values: { address: "http://127.0.0.1:8080/v1" } })),
  "trouble.unavailable_item": { lane: () => ({ values: { title: "A Rather Long Title for a Short Song about the Weather" } }) },
  "trouble.restricted_device": { lane: () => ({ values: { device } }) },
  "trouble.private_session": { lane: () => ({}) },
  "trouble.no_effect": { lane: () => ({ values: { device } }) },
  "trouble.stepped_out": { lane: () => ({}) },
  "trouble.other_speed": { lane: () => ({ values: { own: decimal(1.2), room: decimal(1.5) } }) },
  "trouble.ad": { lane: () => ({}) },
  "trouble.pacing": { lane: () => ({}) },
  "trouble.no_device.of": { lane: (_, name) => ({ values: { name } }) },
  "trouble.needs_login.of": { lane: (_, name) => ({ values: { name } }) },
  "trouble.not_allowed_here.of": { lane: (_, name) => ({ values: { name } }) },
  "trouble.owner_premium_lapsed.of": { lane: (_, name) => ({ values: { name } }) },
  "trouble.rate_limited.of": { lane: (_, name) => ({ values: { name, seconds: 12 } }) },
  "trouble.quota.of": { lane: (_, name) => ({ values: { name, until: another() } }) },
  "trouble.network.of": { lane: (_, name) => ({ values: { name } }) },
  "trouble.restricted_device.of": { lane: (_, name) => ({ values: { name, device } }) },
  "trouble.no_effect.of": { lane: (_, name) => ({ values: { name, device } }) },
  "trouble.stepped_out.of": { lane: (_, name) => ({ values: { name } }) },
};

const told = (key: TroubleKey, { values, way_out }: Example): Trouble => ({
  code: key.replace(/^trouble\./, "").replace(/\.of$/, ""),
  text: t(key, values),
  way_out: way_out ?? null,
});

const KEYS = Object.keys(TROUBLES) as TroubleKey[];
/** In the lanes of those who are here, in two rooms; of others at their computers; and on the accounts of the lobby. */
const here = KEYS.filter((key) => !key.endsWith(".of") && TROUBLES[key].lane !== undefined);
export const LANES: Record<"troubles-1" | "troubles-2" | "troubles-others", TroubleKey[]> = {
  "troubles-1": here.slice(0, Math.ceil(here.length / 2)),
  "troubles-2": here.slice(Math.ceil(here.length / 2)),
  "troubles-others": KEYS.filter((key) => key.endsWith(".of")),
};
export const LOBBY = KEYS.filter((key) => TROUBLES[key].lobby !== undefined);

/** A room in which each but the leader has one of these troubles. */
export function inLanes(fake: FakeProgram, keys: TroubleKey[]): void {
  fake.fill(keys.length + 1, 1);
  fake.screen = "room";
  // Who acts leads, and has none.
  fake.hand(0, { type: "seek", position_ms: 60_000 });
  keys.forEach((key, i) => Object.assign(fake.people[i + 1] ?? {}, { trouble: laneTrouble(key, i + 1), late_ms: 0 }));
  fake.advance(1000);
}

export const laneTrouble = (key: TroubleKey, member: number): Trouble => told(key, TROUBLES[key].lane?.(member, NAMES[member] ?? "") ?? {});
export const lobbyTrouble = (key: TroubleKey, i: number): Trouble => told(key, TROUBLES[key].lobby?.(NAMES[i] ?? "") ?? {});

/** Accounts with a trouble each; the end of a sign-in stands by itself. */
export const inLobby = (): Account[] =>
  LOBBY.map((key, i) => {
    const place = key.startsWith("trouble.sign_in_ends") ? "ending" : "trouble";
    return { id: `account-${i}`, name: NAMES[i] ?? "", chosen: i < 2, devices: [], device: null, trouble: null, ending: null, [place]: lobbyTrouble(key, i) };
  });
