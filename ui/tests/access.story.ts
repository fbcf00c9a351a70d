import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, openWindow, sideways, violations } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";
import { isOpened, rest, still, STILLS } from "./stills";

let browser: Browser;
beforeAll(async () => (browser = await openBrowser()));
afterAll(() => browser.close());

/** Widths from the narrowest window to a full screen, at which nothing is scrolled sideways. */
const WIDTHS = [320, 360, 479, 600, 799, 800, 1100, 1920];

describe.each(STILLS)("%s", (name) => {
  test("has nothing that axe objects to, dark and wide, light and narrow, and needs no sideways scrolling", async () => {
    for (const [width, theme] of [[960, "dark"], [360, "light"]] as const) {
      const { window, close } = await still(browser, name, { width, theme });
      expect(await violations(window.page)).toEqual([]);
      expect([width, await sideways(window.page)]).toEqual([width, 0]);
      for (const width of isOpened(name) || theme === "light" ? [] : WIDTHS) {
        await window.page.setViewportSize({ width, height: 700 });
        await rest(window.page);
        expect([width, await sideways(window.page)]).toEqual([width, 0]);
      }
      expect(window.faults).toEqual([]);
      await close();
    }
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
