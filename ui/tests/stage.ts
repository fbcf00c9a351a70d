/** For the stories of a file: a scripted program and a window on it, gone after each story, and without a fault. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { FakeProgram } from "../src/host/fake";
import { openBrowser, openWindow, shows, type Look, type Window } from "./browser";
import { Program } from "./program";

let browser: Browser;
export let program: Program;
export let window: Window;

beforeAll(async () => (browser = await openBrowser()));
afterAll(() => browser.close());
afterEach(async () => {
  expect(window.faults).toEqual([]);
  await window.close();
  await program.cut();
});

/** Starts both; `expected` are faults that belong to the story. */
export async function start(prepare?: (fake: FakeProgram) => void, look: Look = {}, expected?: RegExp): Promise<void> {
  program = await Program.start(prepare);
  window = await openWindow(browser, program.url, look, expected);
}

/** The last action of this kind that reached the program. */
export const arrives = <T extends Parameters<Program["last"]>[0]>(type: T) => expect.poll(() => program.last(type));

/** The window has drawn what the program says now: whatever was said before is on the page no more. */
export const drawn = (): Promise<void> => shows(window.page, program.send());
