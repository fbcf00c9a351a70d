/** A real browser for the stories: opens pages, counts what went wrong, measures shifts, asks axe. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type Page } from "playwright-core";
import { expect } from "vitest";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const THEMES = ["dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

export type Look = { width?: number; height?: number; theme?: Theme; calm?: boolean; locale?: string };

/** Chromium of the system; another one with `CHROMIUM=/path`. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export type Window = {
  page: Page;
  /** Errors of the page and its console so far: refused resources, exceptions, violations of the content policy. */
  faults: string[];
  close(): Promise<void>;
};

/** A window of its own on this address. `expected` faults are not counted. */
export async function openWindow(browser: Browser, url: string, look: Look = {}, expected?: RegExp): Promise<Window> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 960, height: look.height ?? 720 },
    colorScheme: look.theme ?? "dark",
    reducedMotion: look.calm ? "reduce" : "no-preference",
    locale: look.locale ?? "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const faults: string[] = [];
  const count = (text: string) => expected?.test(text) || faults.push(text);
  page.on("pageerror", (fault) => count(String(fault)));
  page.on("console", (line) => (line.type() === "error" || line.type() === "warning") && count(line.text()));
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

/** The window has drawn the snapshot of this number, or one after it: an action may have been answered meanwhile. */
export const shows = (page: Page, seq: number) =>
  expect.poll(async () => Number(await page.locator("[data-seq]").getAttribute("data-seq")), { timeout: 20_000, interval: 10 }).toBeGreaterThanOrEqual(seq);

/** What axe finds on the page as it stands, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy lets no script in but its own; the debugger may.
  if (await page.evaluate(() => !("axe" in globalThis))) await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe;
    type Finding = { id: string; help: string; nodes: Array<{ target: unknown; failureSummary?: string }> };
    const { violations } = await axe.run();
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}: ${String(n.target)} ${n.failureSummary ?? ""}`));
  });
}

/** Counts layout shifts from now on; the answer reads the sum so far, with what moved. */
export async function watchShifts(page: Page): Promise<() => Promise<{ sum: number; moved: string[] }>> {
  await page.evaluate(() => {
    const seen = { sum: 0, moved: [] as string[] };
    (globalThis as Record<string, unknown>)["shifts"] = seen;
    type Shift = PerformanceEntry & { value: number; sources: Array<{ node: Node | null }> };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        seen.sum += entry.value;
        for (const { node } of entry.sources) seen.moved.push(node instanceof Element ? node.outerHTML.slice(0, 120) : `${node?.parentElement?.className}: ${node?.textContent}`);
      }
    }).observe({ type: "layout-shift", buffered: false });
  });
  return () => page.evaluate(() => (globalThis as Record<string, unknown>)["shifts"] as { sum: number; moved: string[] });
}

/** How far the page can be scrolled sideways, px. */
export const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Words that run out of the window or of their button, or are cut off where they are not somebody's name or title; what is
 * there to be scrolled by the keyboard may be wider. */
export const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const wrong: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      const words = node.textContent?.trim() ?? "";
      if (parent === null || words === "" || parent.closest("script, style, select, .unseen, pre[tabindex]") !== null || !parent.checkVisibility()) continue;
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      if (text.width === 0 || parent.classList.contains("cut") || getComputedStyle(parent).clipPath !== "none") continue;
      if (text.left < -1 || text.right > innerWidth + 1) wrong.push(`out of the window: ${words}`);
      const button = parent.closest("button, .button")?.getBoundingClientRect();
      if (button && (text.left < button.left - 1 || text.right > button.right + 1 || text.bottom > button.bottom + 1)) wrong.push(`out of its button: ${words}`);
      if (getComputedStyle(parent).overflowX !== "visible" && parent.scrollWidth > parent.clientWidth + 1) wrong.push(`cut off: ${words}`);
    }
    for (const box of document.querySelectorAll("[role=group], header, footer, form")) {
      const right = box.getBoundingClientRect().right;
      for (const part of box.querySelectorAll("button, input, select")) {
        if (part.checkVisibility() && part.getBoundingClientRect().right > right + 1) wrong.push(`out of its group: ${part.getAttribute("aria-label") ?? part.textContent}`);
      }
    }
    return wrong;
  });
