import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setLanguage, t } from "../src/lib/texts";
import { cutOff, openBrowser, openWindow, sideways, violations, type Window } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";
import { isOpened, rest, Scenes, still, STILLS } from "./stills";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
  setLanguage("de");
});
afterAll(() => browser.close());

/** Nothing runs out of its place, and axe has no objection. */
async function fine({ page, faults }: Window): Promise<void> {
  expect(await page.locator("html").getAttribute("lang")).toBe("de");
  expect([await sideways(page), await cutOff(page), await violations(page), faults]).toEqual([0, [], [], []]);
}
const NARROW = { width: 360, height: 760, theme: "dark" } as const;

test.each(STILLS.filter(isOpened))("%s in German: nothing is cut off in a narrow window, and axe has no objection", async (name) => {
  const { window, close } = await still(browser, name, NARROW);
  await fine(window);
  await close();
});

describe("the scenes", () => {
  let scenes: Scenes;
  beforeAll(async () => (scenes = await Scenes.open(browser)));
  afterAll(() => scenes.still.close());

  test.each(Object.keys(SCENES))("%s in German: nothing is cut off from the narrowest window on, and axe has no objection", async (name) => {
    const page = await scenes.show(name, NARROW);
    await fine(scenes.still.window);
    for (const width of [320, 360, 800, 1400]) {
      await page.setViewportSize({ width, height: 760 });
      await rest(page);
      expect([width, await sideways(page), await cutOff(page)]).toEqual([width, 0, []]);
    }
  });
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
