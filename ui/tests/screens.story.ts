import { expect, test } from "vitest";
import { someAccounts } from "../src/host/fake";
import { t } from "../src/lib/texts";
import { arrives, program, start, window } from "./stage";

const CLIENT_ID = "0123456789abcdef0123456789abcdef";

const press = (name: string) => window.page.getByRole("button", { name, exact: true }).click();

test("the welcome screen leads into the demo", async () => {
  await start();
  await press(t("welcome.demo"));
  await window.page.getByTestId("room").waitFor();
  expect(program.last("start_demo")).toBeDefined();
});

test("the welcome screen leads to connecting, and back", async () => {
  await start();
  await press(t("welcome.connect"));
  await window.page.getByTestId("connect").waitFor();
  await press(t("app.back"));
  await window.page.getByTestId("welcome").waitFor();
});

test("the redirect URI of the program can be copied", async () => {
  await start((fake) => (fake.screen = "connect"));
  await press(t("connect.redirect.copy", { address: "tutti://callback" }));
  await window.page.getByText(t("app.copied")).first().waitFor();
  expect(await window.page.evaluate(() => navigator.clipboard.readText())).toBe("tutti://callback");
});

test("the client id is checked in words while it is typed, and only a good one is sent", async () => {
  await start((fake) => (fake.screen = "connect"));
  const field = window.page.getByTestId("client-id");
  const words = window.page.getByTestId("client-id-check");
  expect(await words.textContent()).toBe(t("connect.id.empty"));
  await window.page.getByTestId("connect-submit").click();
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  await field.fill("0123");
  expect(await words.textContent()).toBe(t("connect.id.short", { count: 4 }));
  await field.fill(`${CLIENT_ID.slice(1)}z`);
  expect(await words.textContent()).toContain("“z”");
  await window.page.getByTestId("connect-submit").click();
  expect(program.actions).toEqual([]);
  await field.fill(` ${CLIENT_ID} `);
  expect(await words.textContent()).toBe(t("connect.id.good"));
  await window.page.getByLabel(t("connect.name")).fill("Anna");
  await window.page.getByRole("radio", { name: "http://127.0.0.1/callback" }).check();
  await window.page.getByTestId("connect-submit").click();
  await arrives("connect").toEqual({ type: "connect", client_id: CLIENT_ID, name: "Anna", way: "loopback" });
  expect(program.actions).toHaveLength(1);
});

test("while the browser is waited for, the page can be opened again, copied, or given up", async () => {
  await start((fake) => {
    fake.screen = "connect";
    fake.act({ type: "connect", client_id: CLIENT_ID, name: null, way: null });
  });
  const waiting = window.page.getByTestId("sign-in");
  expect(await waiting.textContent()).toContain(t("sign_in.waiting"));
  await press(t("connect.waiting.again"));
  await arrives("open_sign_in_page").toBeDefined();
  await press(t("connect.waiting.copy"));
  await waiting.getByText(t("app.copied")).first().waitFor();
  expect(await window.page.evaluate(() => navigator.clipboard.readText())).toContain("accounts.spotify.com/authorize");
  await press(t("wayout.by_loopback"));
  await arrives("connect").toMatchObject({ client_id: CLIENT_ID, way: "loopback" });
  await press(t("connect.waiting.cancel"));
  await arrives("cancel_sign_in").toBeDefined();
  await window.page.getByTestId("client-id").waitFor();
});

test("in the lobby accounts and devices are chosen, and a session is hosted", async () => {
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
  });
  await window.page.getByText(t("lobby.chosen.many", { count: 2 })).waitFor();
  await window.page.locator("[data-account=ben] label.who").click();
  await arrives("choose_account").toEqual({ type: "choose_account", account: "ben", chosen: false });
  await window.page.getByText(t("lobby.chosen.one")).waitFor();
  const device = window.page.getByLabel(t("lobby.device.of", { name: "Anna" }));
  await device.selectOption("Kitchen");
  await arrives("choose_device").toEqual({ type: "choose_device", account: "anna", device: "d2" });
  await device.selectOption(t("lobby.device.active"));
  await arrives("choose_device").toEqual({ type: "choose_device", account: "anna", device: null });
  expect(await device.locator("option", { hasText: "Car" }).isDisabled()).toBe(true);
  await window.page.locator("[data-account=anna] label.who").click();
  await window.page.getByText(t("lobby.chosen.none")).waitFor();
  await window.page.getByTestId("host").click();
  await window.page.locator("[data-notice=need_an_account]").waitFor();
  await window.page.locator("[data-account=anna] label.who").click();
  await window.page.getByTestId("host").click();
  await arrives("host_session").toEqual({ type: "host_session", relay: null, listen: null });
  await window.page.getByTestId("room").waitFor();
  expect(await window.page.getByTestId("demo").count()).toBe(0);
});

test("an invite that is pasted asks first; no and Escape change nothing, yes joins", async () => {
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
  });
  const field = window.page.getByTestId("invite-field");
  await field.fill("something else");
  await window.page.getByTestId("join").click();
  await window.page.locator("[data-notice=bad_invite]").waitFor();
  await field.fill("tutti://join/1f6c?hub=ws://192.168.1.7:7450");
  await field.press("Enter");
  const question = window.page.getByTestId("question");
  await question.waitFor();
  expect(await question.textContent()).toContain(t("join.ask.title", { host: "Ada" }));
  expect(await question.textContent()).toContain("Anna and Ben");
  expect(await question.textContent()).toContain("192.168.1.7:7450");
  await window.page.keyboard.press("Escape");
  await arrives("answer_invite").toEqual({ type: "answer_invite", question: 1, join: false });
  await question.waitFor({ state: "detached" });
  expect(await window.page.getByTestId("room").count()).toBe(0);
  await window.page.getByTestId("join").click();
  await window.page.getByTestId("answer-join").click();
  await window.page.getByTestId("room").waitFor();
});

test("an invite without an account leads to one first, and waiting for a room says for what and can be given up", async () => {
  await start((fake) => {
    fake.screen = "welcome";
    fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
  });
  const question = window.page.getByTestId("question");
  await question.waitFor();
  expect(await question.textContent()).toContain(t("join.ask.none"));
  await question.getByRole("button", { name: t("join.ask.connect") }).click();
  await arrives("answer_invite").toEqual({ type: "answer_invite", question: 1, join: true });
  await window.page.getByTestId("connect").waitFor();

  await start((fake) => {
    fake.screen = "room";
    fake.accounts = someAccounts();
    fake.waiting = { text: t("opening.join", { host: "Ada" }), long: "192.168.1.7:7450" };
  });
  const waiting = window.page.getByTestId("waiting");
  await waiting.getByRole("heading", { name: t("opening.join", { host: "Ada" }) }).waitFor();
  await waiting.getByText("192.168.1.7:7450").waitFor();
  await window.page.getByTestId("give-up").click();
  await arrives("give_up").toEqual({ type: "give_up" });
  await window.page.getByTestId("lobby").waitFor();
});

test("the host's invite is copied, and who may lead and who comes in is the host's to say", async () => {
  await start((fake) => {
    fake.fill(4, 2);
    fake.act({ type: "host_session", relay: null, listen: null });
  });
  await window.page.getByTestId("invite").click();
  await press(t("invite.copy"));
  await expect.poll(() => window.page.evaluate(() => navigator.clipboard.readText())).toContain("tutti://join/");
  await window.page.getByLabel(t("invite.lead")).selectOption("host");
  await arrives("may_lead").toEqual({ type: "may_lead", who: "host" });
  await window.page.getByLabel(t("invite.lock")).check();
  await arrives("lock").toEqual({ type: "lock", on: true });
  await window.page.keyboard.press("Escape");
  expect(await window.page.locator("[data-member='0']").textContent()).toContain(t("member.host"));
  expect(await window.page.locator("[data-member='3']").textContent()).toContain(t("member.reconnecting"));
});

test("an account's trouble has its words and its way out; signing out names the account", async () => {
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
  });
  const card = window.page.locator("[data-account=chiara]");
  expect(await card.locator("[data-trouble=needs_login]").textContent()).toContain("Spotify no longer accepts Chiara’s sign-in.");
  await card.getByRole("button", { name: t("wayout.sign_in_again") }).click();
  await window.page.getByTestId("connect").waitFor();
  await press(t("app.back"));
  await window.page.getByRole("button", { name: t("lobby.sign_out.of", { name: "Ben" }) }).click();
  await arrives("sign_out").toEqual({ type: "sign_out", account: "ben" });
  await expect.poll(() => window.page.locator("[data-account]").count()).toBe(2);
});

test("an empty lobby says what to do next", async () => {
  await start((fake) => (fake.screen = "lobby"));
  await window.page.getByText(t("lobby.empty")).waitFor();
  await press(t("welcome.connect"));
  await window.page.getByTestId("connect").waitFor();
});

test("another server than Spotify is named on every screen", async () => {
  await start((fake) => (fake.other_server = "http://127.0.0.1:8080/v1"));
  for (const screen of ["welcome", "connect", "lobby", "room"] as const) {
    program.fake.screen = screen;
    if (screen === "room") program.fake.fill(3, 0);
    program.send();
    await window.page.getByTestId(screen).waitFor();
    expect(await window.page.getByTestId("other-server").textContent()).toContain("http://127.0.0.1:8080/v1");
  }
});

test("before the program answers the page says what it waits for, and what to do", async () => {
  await start(undefined, {}, /ERR_|Failed to load/);
  await window.page.route("**/events", (route) => route.abort());
  await window.page.reload();
  await window.page.getByTestId("waiting").waitFor();
  await window.page.getByText(t("app.lost.start")).waitFor();
  await window.page.unroute("**/events");
  await window.page.getByTestId("welcome").waitFor({ timeout: 10_000 });
});

test("a page older than the program asks to be loaded again", async () => {
  await start();
  await window.page.getByTestId("welcome").waitFor();
  program.send({ ...program.fake.snapshot, version: 2 });
  await window.page.getByTestId("newer").waitFor();
});

test("a device name of odd characters is only text", async () => {
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts().map((a) => ({ ...a, name: `<img src=x onerror=alert(1)> ${a.name} ‮` }));
  });
  await window.page.getByTestId("lobby").waitFor();
  expect(await window.page.locator("img").count()).toBe(0);
});

test("the lobby says what is left of each client id's requests", async () => {
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
  });
  await window.page.getByText(t("ration.title"), { exact: true }).click();
  const rations = window.page.getByTestId("rations");
  await rations.waitFor();
  expect(await rations.getByRole("listitem").count()).toBe(2);
  expect(await rations.textContent()).toContain("12,400 requests left for the next 24 h, 26 of them for the next half minute");
});

test("the lobby says beside each account that it concerns until when Spotify asked to wait, and why", async () => {
  const words = t("ration.asked.quota", { until: "08:00 on 22 Nov" });
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
    fake.waits = { who: ["Anna", "Ben"], until_ms: 1_795_266_300_000, text: words };
  });
  const waits = (account: string) => window.page.locator(`[data-account=${account}]`).getByText("Spotify asked us to wait until 08:00 on 22 Nov");
  await waits("anna").waitFor();
  await waits("ben").waitFor();
  expect(await waits("chiara").count()).toBe(0);
});
