import { expect, test } from "vitest";
import { someAccounts, type FakeProgram } from "../src/host/fake";
import { setLanguage, t } from "../src/lib/texts";
import { sideways, THEMES, violations, type Look } from "./browser";
import { SCENES } from "./scenes";
import { program, start, window } from "./stage";

async function open(prepare: (fake: FakeProgram) => void = () => {}, look: Look = {}) {
  await start((fake) => {
    fake.screen = "settings";
    fake.accounts = someAccounts();
    prepare(fake);
  }, look);
}
const press = (name: string) => window.page.getByRole("button", { name, exact: true }).click();
const setting = () => expect.poll(() => program.last("set")?.setting);

test("everything can be looked at, and what is wrong has its way out", async () => {
  await open(SCENES["settings-trouble"]);
  await window.page.getByTestId("checks").getByRole("button", { name: t("doctor.again") }).click();
  await expect.poll(() => program.last("run_checks"), { timeout: 5000 }).toBeDefined();
  const wrong = window.page.locator("[data-code=needs_login]");
  expect(await wrong.textContent()).toContain(t("doctor.problem"));
  await wrong.getByRole("button", { name: t("wayout.sign_in_again") }).click();
  await expect.poll(() => program.last("show"), { timeout: 5000 }).toEqual({ type: "show", screen: "connect" });
});

test("the settings are reached from every screen, and lead back to it", async () => {
  await open();
  for (const screen of ["welcome", "lobby", "room"] as const) {
    program.fake.screen = screen;
    if (screen === "room") program.fake.fill(3, 0);
    program.send();
    await window.page.getByTestId(screen).waitFor();
    await window.page.getByTestId("open-settings").click();
    await window.page.getByTestId("settings").waitFor();
    expect(await window.page.evaluate(() => document.activeElement?.textContent)).toBe(t("settings.title"));
    expect(await window.page.getByTestId("open-settings").count()).toBe(0);
    await press(t("app.back"));
    await window.page.getByTestId(screen).waitFor();
  }
});

test("a change is sent at once, and what was written is said quietly", async () => {
  await open();
  const saved = window.page.getByTestId("saved");
  expect(await saved.textContent()).toBe("");
  await window.page.getByLabel(t("settings.may_lead"), { exact: true }).selectOption("host");
  await setting().toEqual({ name: "may_lead", value: "host" });
  await saved.getByText(t("settings.saved")).waitFor();
  const thrifty = window.page.getByRole("switch", { name: t("settings.thrifty") });
  await thrifty.focus();
  await window.page.keyboard.press("Space");
  await setting().toEqual({ name: "thrifty", value: true });
  await expect.poll(() => thrifty.getAttribute("aria-checked")).toBe("true");
  await window.page.getByText(t("settings.login"), { exact: true }).click();
  await setting().toEqual({ name: "start_at_login", value: true });
  await expect.poll(() => saved.textContent(), { timeout: 5000 }).toBe("");
});

test("the language changes at once, with everything on the screen", async () => {
  await open();
  await window.page.getByLabel(t("settings.language"), { exact: true }).selectOption("de");
  await setting().toEqual({ name: "language", value: "de" });
  await window.page.getByRole("heading", { name: "Einstellungen" }).waitFor();
  expect(await window.page.evaluate(() => document.documentElement.lang)).toBe("de");
});

test("a relay is used when it is sent, and one that is none is said beside it", async () => {
  await open();
  const relay = window.page.getByTestId("relay");
  await relay.fill("my relay");
  await relay.press("Enter");
  await window.page.getByRole("alert").getByText(t("notice.bad_relay", { address: "my relay" })).waitFor();
  expect(await relay.getAttribute("aria-invalid")).toBe("true");
  expect(await relay.inputValue()).toBe("my relay");
  await relay.fill(" wss://relay.example.org ");
  await press(t("settings.relay.use"));
  await setting().toEqual({ name: "relay", value: "wss://relay.example.org" });
  await expect.poll(() => window.page.getByRole("alert").count()).toBe(0);
  await expect.poll(() => window.page.getByRole("button", { name: t("settings.relay.use") }).isDisabled()).toBe(true);
  await relay.fill("");
  await relay.press("Enter");
  await setting().toEqual({ name: "relay", value: null });
});

test("the theme is the chosen one, whatever the system has, and the system's again", async () => {
  await open(() => {}, { theme: "dark" });
  const ground = () => window.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const theme = window.page.getByLabel(t("settings.theme"), { exact: true });
  await theme.waitFor();
  const dark = await ground();
  await theme.selectOption("light");
  await expect.poll(ground).toBe("rgb(250, 246, 239)");
  await window.page.emulateMedia({ colorScheme: "light" });
  await theme.selectOption("dark");
  await expect.poll(ground).toBe(dark);
  await theme.selectOption("system");
  await expect.poll(ground).toBe("rgb(250, 246, 239)");
  await window.page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(ground).toBe(dark);
});

test("an account is signed out by name, and everything is deleted after a question that is no dialog", async () => {
  await open();
  await press(t("lobby.sign_out.of", { name: "Ben" }));
  await expect.poll(() => program.last("sign_out")).toEqual({ type: "sign_out", account: "ben" });
  await window.page.getByTestId("delete").click();
  await window.page.getByText(t("settings.delete.ask")).waitFor();
  await window.page.keyboard.press("Enter");
  await window.page.getByTestId("delete").waitFor();
  await window.page.getByTestId("delete").click();
  await window.page.getByTestId("delete-yes").click();
  await window.page.getByTestId("welcome").waitFor();
  expect(program.actions.filter(({ type }) => type === "delete_everything")).toHaveLength(1);
  await window.page.locator("[data-notice=everything_deleted]").waitFor();
});

test("what the system refuses is said beside its switch, and without a tray the window says what closing does", async () => {
  await open((fake) => {
    const desktop = { start_at_login: false, tray: false, close_to_tray: true, notifications: true, log: "/nowhere/logs", updates: null };
    fake.settings = { ...fake.settings, desktop };
  });
  const login = window.page.getByRole("switch", { name: t("settings.login") });
  await login.click();
  await window.page.getByText(t("notice.login_start", { why: "Permission denied" })).waitFor();
  expect(await login.getAttribute("aria-checked")).toBe("false");
  await window.page.getByText(t("settings.tray.none")).waitFor();
  expect(await window.page.getByRole("switch", { name: t("settings.tray"), exact: true }).isDisabled()).toBe(true);
});

test("a newer version has a line with its way, and without a place for one there is no line", async () => {
  await open();
  await window.page.getByText(t("settings.log"), { exact: true }).waitFor();
  expect(await window.page.getByText(t("settings.updates")).count()).toBe(0);
  program.fake.act({ type: "look_for_update" });
  program.send();
  await window.page.locator("[data-updates=found]").getByText(t("update.found", { version: "0.2.0" })).waitFor();
  await press(t("wayout.install"));
  await expect.poll(() => program.last("install_update"), { timeout: 5000 }).toEqual({ type: "install_update", ends_session: false });
  await window.page.locator("[data-updates=installed]").getByRole("button", { name: t("wayout.quit") }).waitFor();
});

test("a browser's page shows nothing of a desktop", async () => {
  await open((fake) => (fake.settings = { ...fake.settings, desktop: null }));
  await window.page.getByText(t("settings.theme"), { exact: true }).waitFor();
  expect(await window.page.getByText(t("settings.log"), { exact: true }).count()).toBe(0);
  expect(await window.page.getByRole("switch").count()).toBe(1);
});

test.each(THEMES)("the privacy notice and every licence can be read, in both languages, %s", async (theme) => {
  await open(() => {}, { theme, width: 360, calm: true });
  const notice = window.page.getByTestId("privacy");
  expect(await notice.locator(".paper").count()).toBe(0);
  await notice.locator("summary").click();
  await notice.getByText("developers.json").waitFor();
  expect(await notice.locator("tbody tr").count()).toBeGreaterThan(8);
  expect(await notice.textContent()).not.toMatch(/\*\*|\]\(|\|/);
  const licences = window.page.getByTestId("licences");
  await licences.locator("summary").click();
  const all = licences.getByRole("region", { name: t("about.licences") });
  await all.getByText("Permission is hereby granted").waitFor();
  for (const carried of [/\btokio 1\./, /\btauri 2\./, /@fontsource-variable\/figtree/, /SIL OPEN FONT LICENSE/i]) expect(await all.textContent()).toMatch(carried);
  expect(await violations(window.page)).toEqual([]);
  expect(await sideways(window.page)).toBe(0);
  setLanguage("de");
  program.send();
  await notice.getByText("Schlüsselbund des Systems").waitFor();
  setLanguage("en");
  expect(window.faults).toEqual([]);
});
