import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, openWindow, THEMES } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";

const FOLDER = fileURLToPath(new URL("../../shots/", import.meta.url));
const SIZES = [
  { width: 360, height: 760 },
  { width: 960, height: 680 },
  { width: 1600, height: 1000 },
];

let browser: Browser;
beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  browser = await openBrowser();
});
afterAll(() => browser.close());

for (const [name, prepare] of Object.entries(SCENES)) {
  test(`pictures of ${name}`, async () => {
    const program = await Program.start(prepare);
    for (const theme of THEMES) {
      for (const size of SIZES) {
        const window = await openWindow(browser, program.url, { ...size, theme, calm: true });
        await window.page.waitForSelector("[data-testid]");
        await window.page.waitForTimeout(250);
        await window.page.screenshot({ path: `${FOLDER}${name}-${theme}-${size.width}.png`, fullPage: size.width === 360 });
        expect(window.faults).toEqual([]);
        await window.close();
      }
    }
    await program.cut();
  });
}
