/** What a page that stays open keeps: nothing of the pictures that it was shown, as Chromium counts after collecting. */
import { expect, test } from "vitest";
import { SCENES } from "./scenes";
import { drawn, program, start, window } from "./stage";

/** Pictures until caches are full, and then so many more; a page that kept each would grow by some 10 KB with it. */
const FIRST = 300;
const MORE = 600;
/** MB that the heap may differ by: what is cached differs. */
const FLAT_MB = 2;

async function lives(pictures: number): Promise<void> {
  for (let i = 0; i < pictures; i++) {
    if (i % 60 === 8) program.fake.hand(i % 3, { type: "seek", position_ms: 1000 * (i % 200) });
    if (i % 60 === 30) program.fake.hand(i % 5, { type: "next" });
    program.advance(250);
    await window.page.waitForTimeout(8);
  }
  await drawn();
}

test("a room that goes on leaves nothing behind in the page", async () => {
  await start(SCENES["demo"]);
  const tools = await window.page.context().newCDPSession(window.page);
  const kept = async () => {
    for (let again = 0; again < 3; again++) await tools.send("HeapProfiler.collectGarbage");
    const heap = await tools.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await tools.send("Memory.getDOMCounters");
    return { megabytes: heap.usedSize / 1e6, nodes, listeners: jsEventListeners };
  };

  await lives(FIRST);
  const before = await kept();
  await lives(MORE);
  const after = await kept();

  expect(after.megabytes - before.megabytes).toBeLessThan(FLAT_MB);
  expect(after.nodes).toBeLessThan(before.nodes + 200);
  expect(after.listeners).toBeLessThanOrEqual(before.listeners + 20);
});
