import { expect, test } from "vitest";
import type { FakeProgram } from "../src/host/fake";
import { t } from "../src/lib/texts";
import { THEMES, violations, watchShifts, type Look } from "./browser";
import { SCENES } from "./scenes";
import { program, start, window } from "./stage";
import { rest } from "./stills";
import { noDevice } from "./troubles";

async function open(prepare: ((fake: FakeProgram) => void) | undefined, look: Look = {}) {
  await start(prepare, look);
  await window.page.getByTestId("room").waitFor();
}

test("the chart is also a table, reached by keyboard, with the takeovers as a list", async () => {
  await open(SCENES["demo"]);
  await window.page.getByRole("button", { name: t("chart.table") }).press("Enter");
  const table = window.page.getByTestId("chart-table");
  expect(await table.getByRole("row").count()).toBe(5);
  const ben = table.getByRole("row").filter({ has: window.page.getByRole("rowheader", { name: "Ben" }) });
  for (const cell of await ben.getByRole("cell").allTextContents()) expect(cell).toMatch(/^[+−]?\d+(\.\d)? (ms|s)$/);
  expect(await table.getByRole("listitem").first().textContent()).toMatch(/ago\.$/);
  await window.page.keyboard.press("Enter");
  await window.page.getByTestId("chart").getByRole("slider").waitFor();
});

test("new values are drawn in the chart that is there, none is made for them", async () => {
  await open(SCENES["demo"]);
  const canvas = window.page.getByTestId("chart").locator("canvas");
  // When its letters have come the chart is made once more.
  await window.page.evaluate(() => document.fonts.ready.then(() => undefined));
  const first = await canvas.elementHandle();
  const picture = () => canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
  const before = await picture();
  for (let second = 0; second < 3; second++) {
    program.advance(1000);
    await window.page.waitForTimeout(50);
  }
  await expect.poll(picture, { timeout: 5000 }).not.toBe(before);
  expect(await canvas.count()).toBe(1);
  expect(await canvas.evaluate((element, same) => element === same, first)).toBe(true);
});

test.each(THEMES)("axe has nothing against the table, the open invite and the question in a lane, %s", async (theme) => {
  await open(SCENES["room-relay"], { theme });
  await window.page.getByRole("button", { name: t("chart.table") }).click();
  await window.page.getByRole("button", { name: t("member.remove", { name: "Ben" }) }).click();
  await rest(window.page);
  expect(await violations(window.page)).toEqual([]);
  await window.page.getByRole("button", { name: t("invite.button") }).click();
  await window.page.getByTestId("qr").waitFor();
  await rest(window.page);
  expect(await violations(window.page)).toEqual([]);
});

test("who drifts apart is said once, and the running numbers are not", async () => {
  await open(SCENES["demo"]);
  const said = window.page.getByTestId("chart-said");
  await expect.poll(() => said.textContent(), { timeout: 9000 }).toBe(t("chart.summary.all", { tolerance: 100 }));
  Object.assign(program.fake.people[3] ?? {}, { rest: -232, error: -232, late_ms: 0 });
  program.send();
  await expect.poll(() => said.textContent(), { timeout: 9000 }).toContain("Deniz −232 ms");
  const words = await said.textContent();
  for (let i = 0; i < 8; i++) program.advance(250);
  await window.page.waitForTimeout(300);
  expect(await said.textContent()).toBe(words);
});

test("with forced colours the dots and the line in the middle can still be seen", async () => {
  await open(SCENES["demo"]);
  await window.page.emulateMedia({ forcedColors: "active" });
  const ground = (selector: string) => window.page.locator(selector).first().evaluate((e) => getComputedStyle(e).backgroundColor);
  const page = await ground("body");
  for (const part of [".dot", ".field .now", ".avatar"]) {
    expect(await ground(part)).not.toBe(page);
    expect(await ground(part)).not.toBe("rgba(0, 0, 0, 0)");
  }
});

test.each([360, 960])("in 20 s of a living room nothing jumps, %i px", async (width) => {
  await open(SCENES["demo"], { width, height: 760 });
  await rest(window.page);
  const shifts = await watchShifts(window.page);
  for (let i = 0; i < 80; i++) {
    if (i === 8) program.fake.hand(1, { type: "seek", position_ms: 200_000 });
    if (i === 24) program.fake.hand(3, { type: "next" });
    if (i === 40) program.fake.hand(3, { type: "pause" });
    if (i === 48) program.fake.hand(0, { type: "play", uri: null });
    if (i === 56 && width > 600) Object.assign(program.fake.people[2] ?? {}, { trouble: noDevice() });
    if (i === 68) Object.assign(program.fake.people[2] ?? {}, { trouble: null });
    program.advance(250);
    await window.page.waitForTimeout(250);
  }
  expect(await shifts()).toEqual({ sum: 0, moved: [] });
});
