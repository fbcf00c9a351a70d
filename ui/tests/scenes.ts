/** Every screen that a user can meet, by name, for the looks and the access checks. */
import { someAccounts, type FakeProgram } from "../src/host/fake";
import { t } from "../src/lib/texts";
import { inLanes, inLobby, LANES, needsLogin, noDevice, otherSpeed, own, restricted } from "./troubles";

export const SCENES: Record<string, (fake: FakeProgram) => void> = {
  welcome: (fake) => {
    fake.screen = "welcome";
  },
  connect: (fake) => {
    fake.screen = "connect";
  },
  "connect-waiting": (fake) => {
    fake.screen = "connect";
    fake.act({ type: "connect", client_id: "0123456789abcdef0123456789abcdef", name: null, way: null });
  },
  lobby: (fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
    fake.other_server = "http://127.0.0.1:8080/v1";
  },
  "lobby-waiting": (fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
    fake.waits = { who: ["Anna", "Ben"], until_ms: 1_795_266_300_000, text: t("ration.asked.quota", { until: "08:00 on 22 Nov" }) };
  },
  "lobby-empty": (fake) => {
    fake.screen = "lobby";
    fake.tell("problem", "sign_in_denied", t("notice.sign_in_denied"));
  },
  demo: (fake) => {
    fake.fill(4, 8);
    fake.screen = "room";
  },
  room: (fake) => {
    fake.demo = false;
    fake.fill(5, 8);
    fake.screen = "room";
    fake.accounts = [own(1, "Ben"), own(4, "Emil")];
    Object.assign(fake.people[1] ?? {}, { trouble: restricted("Phone") });
    Object.assign(fake.people[3] ?? {}, { error: -232, rest: -232, late_ms: 0 });
    Object.assign(fake.people[4] ?? {}, { trouble: noDevice(4) });
  },
  "room-trouble": (fake) => {
    fake.fill(5, 8);
    fake.screen = "room";
    fake.other_server = "http://127.0.0.1:8080/v1";
    fake.hand(1, { type: "seek", position_ms: 122_000 });
    fake.advance(500);
    fake.waits = { who: ["Chiara"], until_ms: 1_795_266_300_000, text: t("ration.asked.rate", { until: "14:05" }) };
    Object.assign(fake.people[2] ?? {}, {
      trouble: { code: "rate_limited", text: t("trouble.rate_limited", { seconds: 12 }), way_out: null },
    });
    Object.assign(fake.people[4] ?? {}, { trouble: noDevice(4) });
    fake.tell("info", "already_there", t("notice.already_there"));
  },
  "room-network": (fake) => {
    fake.fill(4, 8);
    fake.act({ type: "host_session", relay: null, listen: null });
    fake.fill(4, 8);
  },
  "room-others": (fake) => {
    fake.act({ type: "host_session", relay: null, listen: null });
    fake.fill(4, 8);
    Object.assign(fake.people[1] ?? {}, { trouble: needsLogin("Ben") });
  },
  "room-relay": (fake) => {
    fake.act({ type: "host_session", relay: "wss://relay.example.org", listen: null });
    fake.fill(4, 8);
    if (fake.network === null) return;
    const tail = "1f6c0a8e52b94d07a3c5e1907b2d4f68?hub=wss%3A%2F%2Frelay.example.org%3A443&host=Anna";
    fake.network = { ...fake.network, page: `https://relay.example.org/join#${tail}`, invite: `tutti://join/${tail}`, near: false, who_leads: { members: [0, 2] } };
  },
  "room-apart": (fake) => {
    fake.act({ type: "host_session", relay: null, listen: null });
    fake.fill(4, 8);
    if (fake.network !== null) fake.network.connection = { code: "reconnecting", text: t("network.reconnecting") };
  },
  settings: (fake) => {
    fake.screen = "settings";
    fake.accounts = someAccounts();
  },
  "settings-update": (fake) => {
    fake.screen = "settings";
    fake.accounts = someAccounts();
    fake.act({ type: "look_for_update" });
  },
  "settings-trouble": (fake) => {
    fake.screen = "settings";
    const connect = { label: t("wayout.sign_in_again"), action: { type: "show" as const, screen: "connect" as const } };
    const address = "accounts.spotify.com";
    fake.checks = {
      running: false,
      list: [
        { code: "keychain_good", state: "good", title: t("doctor.keychain"), text: t("doctor.keychain_good"), way_out: null },
        { code: "spotify_slow", state: "warning", title: t("doctor.spotify"), text: t("doctor.spotify_slow", { address, ms: 2310 }), way_out: null },
        { code: "needs_login", state: "problem", title: "Anna", text: t("trouble.needs_login", { name: "Anna" }), way_out: connect },
      ],
    };
    const desktop = { start_at_login: false, tray: false, close_to_tray: true, notifications: true, log: "/nowhere/logs", updates: null };
    fake.settings = { ...fake.settings, desktop, thrifty: true };
    fake.act({ type: "set", setting: { name: "start_at_login", value: true } });
    fake.settings = { ...fake.settings, troubles: [...fake.settings.troubles, { setting: "relay", text: t("notice.bad_relay", { address: "my relay" }) }] };
    const values = { path: "/home/anna/.config/tutti/settings.json", why: "No space left on device (os error 28)" };
    fake.tell("problem", "settings_not_written", t("notice.settings_not_written", values));
  },
  "join-question": (fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
    fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
  },
  "join-first": (fake) => {
    fake.screen = "welcome";
    fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
  },
  opening: (fake) => {
    fake.screen = "room";
    fake.accounts = someAccounts();
    const place = "192.168.1.7:7450";
    fake.waiting = { text: t("opening.join", { host: "Ada" }), long: t("opening.join.long", { address: place }) };
  },
  "room-podcast": (fake) => {
    fake.demo = false;
    fake.fill(4, 8);
    fake.screen = "room";
    Object.assign(fake.people[1] ?? {}, { trouble: otherSpeed() });
  },
  "room-off": (fake) => {
    fake.demo = false;
    fake.fill(3, 2);
    fake.screen = "room";
    fake.sync = false;
    fake.hand(0, { type: "pause" });
    fake.advance(1000);
  },
  "troubles-1": (fake) => {
    fake.demo = false;
    inLanes(fake, LANES["troubles-1"]);
  },
  "troubles-2": (fake) => {
    fake.demo = false;
    inLanes(fake, LANES["troubles-2"]);
  },
  "troubles-others": (fake) => {
    fake.act({ type: "host_session", relay: null, listen: null });
    inLanes(fake, LANES["troubles-others"]);
  },
  "troubles-demo": (fake) => inLanes(fake, LANES["troubles-1"]),
  "troubles-lobby": (fake) => {
    fake.screen = "lobby";
    fake.accounts = inLobby();
  },
  "join-nobody": (fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts().map((account) => ({ ...account, chosen: false }));
    fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
  },
  "join-leaves": (fake) => {
    fake.accounts = someAccounts();
    fake.act({ type: "host_session", relay: null, listen: null });
    fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
  },
  "join-own": (fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
    fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
    if (fake.question !== null) Object.assign(fake.question, { own_device: true, host: "a computer whose name nobody ever made any shorter" });
  },
};
