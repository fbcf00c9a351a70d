import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setLanguage, t } from "../src/lib/texts";
import { cutOff, openBrowser, openWindow, sideways, violations } from "./browser";
import { Program } from "./program";
import { isOpened, rest, still, STILLS } from "./stills";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
  setLanguage("de");
});
afterAll(() => browser.close());

test.each(STILLS)("%s in German: nothing is cut off from the narrowest window on, and axe has no objection", async (name) => {
  const { window, close } = await still(browser, name, { width: 360, height: 760, theme: "dark" });
  expect(await window.page.locator("html").getAttribute("lang")).toBe("de");
  expect([await cutOff(window.page), await violations(window.page)]).toEqual([[], []]);
  for (const width of isOpened(name) ? [] : [320, 360, 800, 1400]) {
    await window.page.setViewportSize({ width, height: 760 });
    await rest(window.page);
    expect([width, await sideways(window.page), await cutOff(window.page)]).toEqual([width, 0, []]);
  }
  expect(window.faults).toEqual([]);
  await close();
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
