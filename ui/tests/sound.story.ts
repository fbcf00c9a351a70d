import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Heard } from "../src/generated/api";
import { ticksBetween } from "../src/lib/ticks";
import { t } from "../src/lib/texts";
import { openBrowser, openWindow } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";

let browser: Browser;
beforeAll(async () => (browser = await openBrowser()));
afterAll(() => browser.close());

/** The window's own code that makes sound, for a page that has nothing else. */
async function soundCode(): Promise<string> {
  const entry = fileURLToPath(new URL("../src/lib/sound.ts", import.meta.url));
  const built = await build({ configFile: false, logLevel: "error", build: { write: false, lib: { entry, formats: ["iife"], name: "sound" } } });
  const output = [built].flat()[0];
  if (output === undefined || !("output" in output)) throw new Error("one bundle is built");
  return output.output[0].code;
}

const RATE = 48_000;
const SONG = "spotify:track:1";

test("rendered in Chromium, each player ticks at its instant and in its place", async () => {
  // Left 60 ms behind, the middle one on the leader's line, right 30 ms ahead.
  const heard: Heard = { at_ms: 0, players: [-60, 0, 30].map((error, member) => ({ member, uri: SONG, position_ms: 9_800 + error })) };
  const ticks = ticksBetween(heard, 0, 0, 1000);
  expect(ticks.map((tick) => [tick.member, tick.at_ms])).toEqual([[2, 170], [1, 200], [0, 260], [2, 670], [1, 700], [0, 760]]);
  const page = await (await browser.newContext()).newPage();
  await page.addScriptTag({ content: await soundCode() });

  const alone = await page.evaluate(
    async ({ ticks, rate }) => {
      type Sound = { renderTick(context: BaseAudioContext, tick: unknown, at_s: number): void };
      const { renderTick } = (globalThis as unknown as { sound: Sound }).sound;
      const heard = [];
      for (const tick of ticks) {
        const context = new OfflineAudioContext(2, rate, rate);
        renderTick(context, tick, tick.at_ms / 1000);
        const buffer = await context.startRendering();
        const [left, right] = [buffer.getChannelData(0), buffer.getChannelData(1)];
        const energy = (channel: Float32Array) => channel.reduce((sum, v) => sum + v * v, 0);
        const onset = left.findIndex((v, i) => Math.hypot(v, right[i] ?? 0) > 0.001);
        const loudest = left.reduce((most, v, i) => Math.max(most, Math.abs(v), Math.abs(right[i] ?? 0)), 0);
        heard.push({ onset_ms: (onset / rate) * 1000, left: energy(left), right: energy(right), loudest });
      }
      return heard;
    },
    { ticks, rate: RATE },
  );

  alone.forEach((sound, i) => {
    const tick = ticks[i];
    if (tick === undefined) throw new Error("one sound for each tick");
    expect(sound.onset_ms).toBeGreaterThanOrEqual(tick.at_ms);
    expect(sound.onset_ms).toBeLessThan(tick.at_ms + 0.5);
    expect(sound.loudest).toBeGreaterThan(0.05);
    expect(sound.loudest).toBeLessThan(0.2);
    if (tick.member === 0) expect(sound.left).toBeGreaterThan(10 * sound.right);
    if (tick.member === 1) expect(sound.left / sound.right).toBeCloseTo(1, 2);
    if (tick.member === 2) expect(sound.right).toBeGreaterThan(10 * sound.left);
  });
});

test("in the demo's room it is off until it is asked for, and again after leaving", async () => {
  const program = await Program.start(SCENES["demo"]);
  const window = await openWindow(browser, program.url);
  const hear = window.page.getByRole("button", { name: t("room.hear") });
  expect(await hear.getAttribute("aria-pressed")).toBe("false");
  await hear.press("Enter");
  await expect.poll(() => hear.getAttribute("aria-pressed")).toBe("true");
  program.run();
  await window.page.waitForTimeout(1200);
  await hear.press("Enter");
  await expect.poll(() => hear.getAttribute("aria-pressed")).toBe("false");
  expect(window.faults).toEqual([]);
  await window.close();
  await program.cut();
});

test.each(["room", "room-network", "room-off"])("nothing ticks where real accounts play: %s", async (scene) => {
  const program = await Program.start(SCENES[scene]);
  const window = await openWindow(browser, program.url);
  await window.page.getByTestId("room").waitFor();
  expect(await window.page.getByTestId("hear").count()).toBe(0);
  await window.close();
  await program.cut();
});
