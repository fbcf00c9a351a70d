import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setLanguage, t } from "../src/lib/texts";
import { cutOff, openBrowser, openWindow, sideways } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
  setLanguage("de");
});
afterAll(() => browser.close());

test.each(Object.keys(SCENES))("%s in German: nothing is cut off, from the narrowest window on", async (name) => {
  const program = await Program.start(SCENES[name]);
  const window = await openWindow(browser, program.url, { width: 360, height: 760, calm: true });
  await window.page.locator("main").waitFor();
  expect(await window.page.locator("html").getAttribute("lang")).toBe("de");
  for (const width of [320, 360, 800, 1400]) {
    await window.page.setViewportSize({ width, height: 760 });
    await window.page.waitForTimeout(120);
    expect([width, await sideways(window.page), await cutOff(window.page)]).toEqual([width, 0, []]);
  }
  expect(window.faults).toEqual([]);
  await window.close();
  await program.cut();
});

test("the words change with the language of the program, and what is typed stays", async () => {
  const program = await Program.start((fake) => void (fake.screen = "connect"));
  const window = await openWindow(browser, program.url);
  const field = window.page.getByTestId("client-id");
  await field.fill("0123");
  setLanguage("en");
  program.send();
  await window.page.getByRole("heading", { name: "Connect Spotify" }).waitFor();
  expect(await field.inputValue()).toBe("0123");
  expect(await window.page.locator("html").getAttribute("lang")).toBe("en");
  setLanguage("de");
  program.send();
  await window.page.getByRole("heading", { name: t("connect.title") }).waitFor();
  await window.close();
  await program.cut();
});

test("before the program answers, the browser’s language is spoken", async () => {
  const program = await Program.start();
  const window = await openWindow(browser, program.url, { locale: "de-AT" }, /./);
  await window.page.getByTestId("welcome").waitFor();
  await window.page.route("**/events", () => {});
  await window.page.reload();
  await window.page.getByText(t("app.waiting")).first().waitFor();
  await window.close();
  await program.cut();
});
