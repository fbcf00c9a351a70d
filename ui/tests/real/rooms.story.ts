import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { t } from "../../src/lib/texts";
import { openBrowser, openWindow } from "../browser";
import { COMES_MS, inStep, leader, members, song } from "./looks";
import { endAll, Profile, Running, Spotify } from "./programs";

const CLIENT_ID = "0123456789abcdef0123456789abcdef";

let browser: Browser;
beforeAll(async () => (browser = await openBrowser()));
afterEach(endAll);
afterAll(() => browser.close());

/** From the first screen over Spotify’s page to the lobby; false where this computer keeps no sign-ins. */
async function connect(page: Page, user: string, name: string): Promise<boolean> {
  await page.getByRole("button", { name: t("welcome.connect"), exact: true }).click();
  await page.getByTestId("client-id").fill(CLIENT_ID);
  await page.getByTestId("connect-submit").click();
  const address = page.getByTestId("sign-in").locator("input");
  const none = page.locator("[data-notice=no_keychain]");
  await address.or(none).first().waitFor({ timeout: COMES_MS });
  if (await none.isVisible()) return false;
  const spotify = await page.context().newPage();
  await spotify.goto(`${await address.inputValue()}&sim_user=${user}`);
  expect(new URL(spotify.url()).pathname).toBe("/callback");
  await spotify.close();
  await page.getByTestId("lobby").waitFor({ timeout: COMES_MS });
  await page.locator("[data-account] .name").getByText(name, { exact: true }).waitFor({ timeout: COMES_MS });
  return true;
}

/** In the settings, as everybody does it. */
async function useRelay(page: Page, address: string): Promise<void> {
  await page.getByTestId("open-settings").click();
  await page.getByTestId("relay").fill(address);
  await page.getByTestId("relay").press("Enter");
  await page.getByTestId("saved").getByText(t("settings.saved")).waitFor({ timeout: COMES_MS });
  await page.getByRole("button", { name: t("app.back"), exact: true }).click();
}

/** The invite, which was copied in another browser. */
async function paste(page: Page): Promise<void> {
  await page.getByTestId("invite-field").focus();
  await page.keyboard.press("ControlOrMeta+V");
  await page.keyboard.press("Enter");
}

test("two browsers, two programs, one relay: host, invite, question, join, in step; the other one leads, the host leaves, the room goes on, and they come back", async ({ skip }) => {
  const spotify = await Spotify.start(2);
  const [relay, hub] = await Running.start("tutti-relay", ["--listen", "127.0.0.1:0"]);
  const profiles = [await Profile.at(spotify), await Profile.at(spotify)] as const;
  const [hosts, hosted] = await profiles[0].open();
  const [joins, joined] = await profiles[1].open();
  const anna = await openWindow(browser, hosted);
  const ben = await openWindow(browser, joined, { theme: "light" });
  try {
    if (!(await connect(anna.page, "anna", "Anna"))) skip("no sign-in can be kept on this computer: rooms are tested without a browser");
    await connect(ben.page, "ben", "Ben");

    await useRelay(anna.page, hub);
    await anna.page.getByTestId("host").click();
    await anna.page.getByTestId("room").waitFor({ timeout: COMES_MS });
    await spotify.hand("anna", "play");
    await leader(anna.page, "Anna");
    await anna.page.getByTestId("invite").click();
    await anna.page.getByRole("button", { name: t("invite.copy"), exact: true }).click();
    await anna.page.getByText(t("app.copied")).first().waitFor();

    await paste(ben.page);
    const question = ben.page.getByTestId("question");
    await question.waitFor({ timeout: COMES_MS });
    const asked = await question.innerText();
    expect([asked.includes("Anna"), asked.includes(hub.slice("ws://".length)), asked.includes("Ben")], asked).toEqual([true, true, true]);
    await ben.page.getByTestId("answer-join").click();
    for (const { page } of [anna, ben]) await members(page, ["Anna", "Ben"]);
    for (const { page } of [anna, ben]) await inStep(page, "Anna", 2);

    await spotify.hand("ben", "next");
    for (const { page } of [anna, ben]) await leader(page, "Ben");
    for (const { page } of [anna, ben]) await inStep(page, "Ben", 2);
    expect(await song(anna.page)).toBe(await song(ben.page));
    const together = await spotify.truth();
    expect(together["anna"]?.uri).toBe(together["ben"]?.uri);

    await anna.page.keyboard.press("Escape");
    await anna.page.getByTestId("leave").click();
    await anna.page.getByTestId("lobby").waitFor({ timeout: COMES_MS });
    await members(ben.page, ["Ben"]);
    await ben.page.locator("article").getByText(t("member.host"), { exact: true }).waitFor({ timeout: COMES_MS });
    await spotify.hand("ben", "next");
    await expect.poll(() => song(ben.page), { timeout: COMES_MS }).not.toBe(together["ben"]?.uri);
    const apart = await spotify.truth();
    expect([apart["anna"]?.uri, apart["anna"]?.playing], "what Anna hears stays as it was").toEqual([together["anna"]?.uri, true]);
    await paste(anna.page);
    await anna.page.getByTestId("answer-join").click();
    for (const { page } of [anna, ben]) await members(page, ["Anna", "Ben"]);
    for (const { page } of [anna, ben]) await inStep(page, "Ben", 2);

    expect([...anna.faults, ...ben.faults]).toEqual([]);
    expect([await hosts.interrupt(), await joins.interrupt(), await relay.interrupt()]).toEqual([0, 0, 0]);
  } finally {
    await anna.close();
    await ben.close();
    await endAll();
    await profiles[0].forget("anna");
    await profiles[1].forget("ben");
  }
});
