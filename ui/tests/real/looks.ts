/** What somebody sees in a room, and acts that take several steps. */
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Anything that a person waits for. A busy machine is slow, and nothing is wrong with the program. */
export const COMES_MS = 60_000;
/** Nobody hears more than this as apart on a call. */
const TOGETHER_MS = 250;
/** In step is who stays it. */
const STEADY_MS = 2000;

export type Lane = { name: string; leads: boolean; error: number | null };

export const lanes = (page: Page): Promise<Lane[]> =>
  page.locator("article[data-member]").evaluateAll((all) =>
    all.map((lane) => {
      const { leads, errorMs } = (lane as HTMLElement).dataset;
      return { name: lane.getAttribute("aria-label") ?? "", leads: leads === "true", error: errorMs === undefined ? null : Number(errorMs) };
    }),
  );

/** These and nobody else are in the room, in any order. */
export const members = (page: Page, names: string[]) =>
  expect.poll(async () => (await lanes(page)).map((lane) => lane.name).sort(), { timeout: COMES_MS }).toEqual([...names].sort());

export const leader = (page: Page, name: string) =>
  expect.poll(async () => (await lanes(page)).find((lane) => lane.leads)?.name, { timeout: COMES_MS }).toBe(name);

/** Everybody else is together with this leader, and stays it. */
export async function inStep(page: Page, leads: string, count: number): Promise<void> {
  let since: number | null = null;
  const together = (lane: Lane) => (lane.leads ? lane.name === leads : lane.error !== null && Math.abs(lane.error) <= TOGETHER_MS);
  const steady = (all: Lane[]) => {
    const good = all.length === count && all.some((lane) => lane.leads) && all.every(together);
    since = good ? (since ?? performance.now()) : null;
    return since !== null && performance.now() - since >= STEADY_MS;
  };
  await expect.poll(() => lanes(page), { timeout: COMES_MS, interval: 200 }).toSatisfy(steady);
}

/** What plays in the room; none while nothing does. */
export const song = (page: Page): Promise<string | null> => page.locator("aside.now").getAttribute("data-uri");
