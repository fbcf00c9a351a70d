import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, openWindow, sideways, violations, type Window } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";
import { isOpened, rest, Scenes, still, STILLS } from "./stills";

let browser: Browser;
beforeAll(async () => (browser = await openBrowser()));
afterAll(() => browser.close());

/** Widths from the narrowest window to a full screen, at which nothing is scrolled sideways. */
const WIDTHS = [320, 360, 479, 600, 799, 800, 1100, 1920];

/** Nothing that axe objects to, no sideways scrolling, no fault. */
async function fine({ page, faults }: Window): Promise<void> {
  expect([await sideways(page), await violations(page), faults]).toEqual([0, [], []]);
}
const LOOKS = [{ width: 960, theme: "dark" }, { width: 360, theme: "light" }] as const;

test.each(STILLS.filter(isOpened))("%s has nothing that axe objects to, dark and wide, light and narrow", async (name) => {
  for (const look of LOOKS) {
    const { window, close } = await still(browser, name, look);
    await fine(window);
    await close();
  }
});

describe("the scenes", () => {
  let scenes: Scenes;
  beforeAll(async () => (scenes = await Scenes.open(browser)));
  afterAll(() => scenes.still.close());

  test.each(Object.keys(SCENES))("%s has nothing that axe objects to, dark and wide, light and narrow, and needs no sideways scrolling", async (name) => {
    const { window } = scenes.still;
    await scenes.show(name, LOOKS[0]);
    await fine(window);
    for (const width of WIDTHS) {
      await window.page.setViewportSize({ width, height: 700 });
      await rest(window.page);
      expect([width, await sideways(window.page)]).toEqual([width, 0]);
    }
    await scenes.show(name, LOOKS[1]);
    await fine(window);
  });
});

test("with reduced motion nothing glides", async () => {
  const program = await Program.start(SCENES["demo"]);
  const window = await openWindow(browser, program.url, { calm: true });
  await window.page.getByTestId("room").waitFor();
  const moving = await window.page.evaluate(() =>
    [...document.querySelectorAll("*")].filter((e) => getComputedStyle(e).transitionDuration.split(",").some((d) => parseFloat(d) > 0)).length,
  );
  expect(moving).toBe(0);
  await window.close();
  await program.cut();
});

test("with forced colours it is seen whether a switch is on, and how far the song has come", async () => {
  const shown = async (scene: string, whole: string, part: string) => {
    const program = await Program.start(SCENES[scene]);
    const window = await openWindow(browser, program.url);
    await window.page.emulateMedia({ forcedColors: "active" });
    const ground = (of: string) => window.page.locator(of).first().evaluate((it) => getComputedStyle(it).backgroundColor);
    const both = [await ground(whole), await ground(part)];
    await window.close();
    await program.cut();
    return both;
  };
  for (const on of ["true", "false"]) {
    const [ground, knob] = await shown("settings", `.switch[aria-checked=${on}]`, `.switch[aria-checked=${on}] .knob`);
    expect(knob).not.toBe(ground);
  }
  const [line, done] = await shown("demo", ".progress .line", ".progress .line i");
  expect(done).not.toBe(line);
  const [rail, played] = await shown("demo", ".phone .rail", ".phone .rail i");
  expect(played).not.toBe(rail);
});

test("every control of a lane is reached by Tab and shows it", async () => {
  const program = await Program.start(SCENES["demo"]);
  const window = await openWindow(browser, program.url);
  await window.page.getByTestId("room").waitFor();
  const reached = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await window.page.keyboard.press("Tab");
    const now = await window.page.evaluate(() => {
      const e = document.activeElement as HTMLElement;
      return { name: e.getAttribute("aria-label") ?? e.textContent?.trim() ?? "", outline: getComputedStyle(e).outlineStyle };
    });
    if (now.name !== "" && now.outline !== "none") reached.add(now.name);
  }
  for (const name of ["Ben: previous song", "Ben: seek back 15 seconds", "Ben: pause", "Ben: position", "Ben: choose another song", "Ben: Trim 0 ms", "Leave"]) {
    expect([...reached]).toContain(name);
  }
  await window.close();
  await program.cut();
});
