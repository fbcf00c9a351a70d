import { expect, test } from "vitest";
import type { FakeProgram } from "../src/host/fake";
import { setLanguage } from "../src/lib/texts";
import { THEMES, watchShifts } from "./browser";
import { drawn, program, start, window } from "./stage";
import { laneTrouble, type TroubleKey } from "./troubles";

const LANGUAGES = ["en", "de"] as const;
const SIZES = [
  { width: 360, height: 740 },
  { width: 800, height: 640 },
  { width: 960, height: 720 },
  { width: 1440, height: 900 },
];
/** Of somebody who is still heard: the dot stays. */
const HEARD: TroubleKey[] = ["trouble.sign_in_ends", "trouble.pacing", "trouble.rate_limited"];

const room = (members: number, demo: boolean) => (fake: FakeProgram) => {
  fake.demo = demo;
  fake.fill(members, 4);
  fake.screen = "room";
};
async function open(...[prepare, look]: Parameters<typeof start>): Promise<void> {
  await start(prepare, look);
  await window.page.getByTestId("room").waitFor();
}
const troubled = (key: TroubleKey | null, member: number) =>
  Object.assign(program.fake.people[member] ?? {}, { trouble: key === null ? null : laneTrouble(key, member) });

/** What of a lane's ruler lies in the words of its trouble, or they in it. */
const tangled = (): string[] => {
  const wrong: string[] = [];
  for (const lane of document.querySelectorAll<HTMLElement>("[data-member]:has([data-trouble])")) {
    lane.scrollIntoView({ block: "center" });
    const who = lane.getAttribute("aria-label");
    const words = document.createRange();
    words.selectNodeContents(lane.querySelector("[data-trouble]")!);
    const lines = [...words.getClientRects()].filter((line) => line.width > 0);
    const [dot, rail] = [lane.querySelector(".dot")!.getBoundingClientRect(), lane.querySelector(".rail")!.getBoundingClientRect()];
    const frame = lane.getBoundingClientRect();
    for (const line of lines) {
      const meets = (other: DOMRect) => line.left < other.right && other.left < line.right && line.top < other.bottom && other.top < line.bottom;
      if (meets(dot)) wrong.push(`${who}: the dot lies in the words`);
      if (meets(rail)) wrong.push(`${who}: the ruler lies in the words`);
      if (line.bottom > frame.bottom + 1) wrong.push(`${who}: the words leave the lane`);
      // Where the line of the leader's now would cross them, something that covers it comes first.
      const middle = rail.left + rail.width / 2;
      const through = document.elementsFromPoint(middle, line.top + line.height / 2);
      const now = through.findIndex((part) => part.matches(".now"));
      const cover = through.findIndex((part) => /^rgb\(/.test(getComputedStyle(part).backgroundColor));
      if (now !== -1 && cover > now) wrong.push(`${who}: the leader's now runs through the words`);
    }
    const top = document.elementFromPoint(dot.left + dot.width / 2, dot.top + dot.height / 2);
    if (top?.closest(".track") === null) wrong.push(`${who}: something lies over the dot`);
    if (lines.length === 0) wrong.push(`${who}: no words`);
  }
  return wrong;
};

for (const [name, demo] of [["a room", false], ["the demo", true]] as const) {
  test.each(LANGUAGES)(`in ${name} the words of a trouble and the ruler of its lane are beside each other, in every size, %s`, async (language) => {
    setLanguage(language);
    await open(room(5, demo));
    HEARD.forEach(troubled);
    await drawn();
    for (const size of SIZES) {
      await window.page.setViewportSize(size);
      for (const theme of THEMES) {
        await window.page.emulateMedia({ colorScheme: theme });
        await drawn();
        expect([size.width, theme, await window.page.evaluate(tangled)]).toEqual([size.width, theme, []]);
      }
    }
    setLanguage("en");
  });
}

/** Where what a lane shows stands in it, and where the lanes stand. */
const places = () => {
  const lanes = [...document.querySelectorAll("[data-member]")];
  const lane = lanes[1]!;
  const top = (part: Element) => Math.round(part.getBoundingClientRect().top * 10) / 10;
  const parts = [".dot", ".name", ".status", ".error", ".trim-open"].map((part) => [part, top(lane.querySelector(part)!) - top(lane)]);
  return { parts, lanes: lanes.map(top), chart: top(document.querySelector("[data-testid=chart]")!) };
};

for (const size of SIZES.slice(1)) {
  test(`at ${size.width} px nothing in the lane moves when its trouble comes and goes, and no other lane where its words are short`, async () => {
    await open(room(4, false), size);
    const before = await window.page.evaluate(places);
    // Long words need more lines: the lanes below make room for them.
    troubled("trouble.pacing", 1);
    await drawn();
    const long = await window.page.evaluate(places);
    expect(long.parts).toEqual(before.parts);
    expect(long.lanes.slice(0, 2)).toEqual(before.lanes.slice(0, 2));
    troubled(null, 1);
    await drawn();
    const shifts = await watchShifts(window.page);
    Object.assign(program.fake.people[1] ?? {}, { trouble: { ...laneTrouble("trouble.pacing", 1), text: "Tutti is holding back." } });
    await drawn();
    expect(await window.page.evaluate(places)).toEqual(before);
    troubled(null, 1);
    await drawn();
    expect([await window.page.evaluate(places), await shifts()]).toEqual([before, { sum: 0, moved: [] }]);
  });
}

test("five lanes are seen whole at 800 by 640, with the chart below them, and more can be scrolled to", async () => {
  await open(room(5, false), { width: 800, height: 640 });
  const scrolls = () => window.page.locator(".lanes").evaluate((lanes) => lanes.scrollHeight - lanes.clientHeight);
  expect(await scrolls()).toBe(0);
  const last = await window.page.locator("[data-member='4']").boundingBox();
  const chart = await window.page.getByTestId("chart").boundingBox();
  const canvas = await window.page.locator(".canvas").boundingBox();
  if (last === null || chart === null || canvas === null) throw new Error("all is drawn");
  expect(last.y + last.height).toBeLessThanOrEqual(chart.y);
  // So high that each line's name has room beside its end.
  expect(canvas.height).toBeGreaterThanOrEqual(120);
  program.fake.fill(12, 2);
  await drawn();
  expect(await scrolls()).toBeGreaterThan(0);
});
