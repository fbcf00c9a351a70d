import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { someAccounts, type FakeProgram } from "../src/host/fake";
import { setLanguage } from "../src/lib/texts";
import { openBrowser, openWindow, THEMES } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";
import { isOpened, Scenes, still, STILLS } from "./stills";

/** Where the pictures go: `SHOTS`, else `shots` beside the program. */
const FOLDER = process.env["SHOTS"] ?? fileURLToPath(new URL("../../shots", import.meta.url));
const SIZES = [
  { width: 360, height: 760 },
  { width: 800, height: 640 },
  { width: 1400, height: 860 },
];
/** English in every size; German where room is scarcest. */
const LOOKS = [...SIZES.map((size) => ({ ...size, language: "en" as const })), { ...SIZES[0], language: "de" as const }];

let browser: Browser;
let scenes: Scenes;
beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  browser = await openBrowser();
  scenes = await Scenes.open(browser);
});
afterAll(async () => {
  await scenes.still.close();
  await browser.close();
});

for (const name of STILLS) {
  test(`pictures of ${name}`, async () => {
    for (const { language, ...size } of LOOKS) {
      // The scripted program speaks it, and the window follows.
      setLanguage(language);
      for (const theme of THEMES) {
        const path = resolve(FOLDER, `${name}-${theme}-${size.width}${language === "en" ? "" : `-${language}`}.png`);
        if (isOpened(name)) {
          const { window, close } = await still(browser, name, { ...size, theme });
          await window.page.screenshot({ path });
          expect(window.faults).toEqual([]);
          await close();
        } else {
          const page = await scenes.show(name, { ...size, theme });
          await page.screenshot({ path, fullPage: size.width === 360 });
          expect(scenes.still.window.faults).toEqual([]);
        }
      }
    }
  });
}

/** Those of the README, in the folder `readme`, to be laid over docs/images. */
const calmLobby = (fake: FakeProgram) => {
  fake.screen = "lobby";
  fake.accounts = someAccounts().map((account) => ({ ...account, name: account.name.split(" ")[0] ?? "", trouble: null }));
};
for (const [name, theme, height, prepare] of [
  ["lobby", "light", 600, calmLobby],
  ["room-dark", "dark", 700, SCENES["room-network"]],
  ["room-light", "light", 700, SCENES["room-network"]],
] as const) {
  test(`the README's picture ${name}`, async () => {
    setLanguage("en");
    const program = await Program.start(prepare);
    const window = await openWindow(browser, program.url, { width: 1060, height, theme, calm: true });
    await window.page.waitForSelector("main");
    await window.page.waitForTimeout(250);
    await window.page.screenshot({ path: resolve(FOLDER, "readme", `${name}.png`) });
    expect(window.faults).toEqual([]);
    await window.close();
    await program.cut();
  });
}
