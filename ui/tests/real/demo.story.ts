import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { t } from "../../src/lib/texts";
import { openBrowser, openWindow } from "../browser";
import { COMES_MS, inStep, lanes, leader, members, song } from "./looks";
import { endAll, window as open } from "./programs";

const FIVE = ["Anna", "Ben", "Chiara", "Deniz", "Emil"];

let browser: Browser;
beforeAll(async () => (browser = await openBrowser()));
afterEach(endAll);
afterAll(() => browser.close());

test("the demo of the real program: five in step, somebody presses next and leads, everybody follows, and a second page shows the same", async () => {
  const [demo, address] = await open(["demo", "--web", "--members", "5"]);
  const one = await openWindow(browser, address);
  await members(one.page, FIVE);
  await one.page.getByTestId("demo").waitFor();
  const first = (await lanes(one.page)).find((lane) => lane.leads)?.name ?? "";
  await inStep(one.page, first, 5);

  const before = await song(one.page);
  const acts = first === "Chiara" ? "Ben" : "Chiara";
  await one.page.getByRole("button", { name: t("phone.next", { name: acts }), exact: true }).click();
  await leader(one.page, acts);
  await expect.poll(() => song(one.page), { timeout: COMES_MS }).not.toBe(before);
  await inStep(one.page, acts, 5);

  const other = await openWindow(browser, address, { theme: "light", width: 1280 });
  await members(other.page, FIVE);
  await inStep(other.page, acts, 5);
  expect(await song(other.page)).toBe(await song(one.page));
  await other.page.getByTestId("sync").click();
  for (const { page } of [one, other]) await expect.poll(() => page.getByTestId("sync").getAttribute("aria-checked")).toBe("false");

  expect([...one.faults, ...other.faults]).toEqual([]);
  expect([await demo.interrupt(), demo.said.split("\n").length]).toEqual([0, 2]);
  for (const { page } of [one, other]) await page.getByTestId("lost").waitFor({ timeout: COMES_MS });
  await one.close();
  await other.close();
});
