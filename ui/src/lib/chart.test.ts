import { expect, test } from "vitest";
import type { History, Member } from "../generated/api";
import { chartData, describe, extent, halfRange, spanSeconds, spanText, spreadLabels, summary, valuesAt } from "./chart";

test("the newest value is now, and a line that began later starts with gaps", () => {
  const data = chartData(history([[1, 2, 3, 4], [7, null]]), members("Anna", "Ben"), 3);
  expect(data.xs).toEqual([-3, -2, -1, 0]);
  expect(data.lines.map((l) => l.values)).toEqual([
    [1, 2, 3, 4],
    [null, null, 7, null],
  ]);
});

test("a longer history is cut to the span, marks too", () => {
  const long = history([Array.from({ length: 100 }, (_, i) => i)], [
    { ago_ms: 2000, member: 0, text: "Anna sought to 1:20" },
    { ago_ms: 60_000, member: 0, text: "Anna paused" },
  ]);
  const data = chartData(long, members("Anna"), 10);
  expect(data.lines[0]?.values.at(0)).toBe(89);
  expect(data.marks.map((m) => [m.x, m.text])).toEqual([[-2, "Anna sought to 1:20"]]);
});

test("a line of somebody who left is not drawn", () => {
  expect(chartData(history([[1], [2]]), members("Anna"), 60).lines).toHaveLength(1);
});

test("a wider window shows more history, never more than there is", () => {
  const minutes = (count: number) => history([Array<number>(count * 60 + 1).fill(0)]);
  expect(spanSeconds(640, minutes(10))).toBe(180);
  expect(spanSeconds(1300, minutes(10))).toBe(360);
  expect(spanSeconds(1300, minutes(4))).toBe(240);
  expect(spanSeconds(1300, minutes(0))).toBe(60);
});

test("the height holds nearly all values and keeps still for a short excursion", () => {
  const calm = Array<number>(200).fill(30);
  expect(halfRange(chartData(history([calm]), members("Anna"), 199))).toBe(160);
  expect(halfRange(chartData(history([[...calm, -9000, 4000]]), members("Anna"), 201))).toBe(160);
  expect(halfRange(chartData(history([calm.map(() => -240)]), members("Anna"), 199))).toBe(320);
});

test("labels that would overlap are moved apart in their order and stay inside", () => {
  expect(spreadLabels([50, 20, 52], 10, 0, 100)).toEqual([50, 20, 60]);
  expect(spreadLabels([98, 99, 97], 10, 0, 100)).toEqual([90, 100, 80]);
});

test("values at an instant are read with names, signs and units", () => {
  const data = chartData(history([[0, 0], [null, -1200]]), members("Anna", "Ben"), 1);
  expect(valuesAt(data, 1)).toBe("now: Anna 0 ms, Ben −1.2 s");
  expect(valuesAt(data, 0)).toBe("0:01 ago: Anna 0 ms, Ben not known");
});

test("the description tells each line's now and range, and each takeover", () => {
  const data = chartData(
    history([[-40, 60, 19], [null, null, null]], [{ ago_ms: 42_000, member: 0, text: "Anna sought to 1:20" }]),
    members("Anna", "Ben"),
    60,
  );
  expect(describe(data)).toBe(
    "One line for each member over the last minute. Anna: now +19 ms, between −40 ms and +60 ms. Ben: nothing known. Anna sought to 1:20, 0:42 ago.",
  );
});

test("spans are told in minutes where they are long", () => {
  expect([60, 90, 150, 180].map(spanText)).toEqual(["minute", "90 seconds", "2.5 minutes", "3 minutes"]);
});

function history(lines: Array<Array<number | null>>, marks: History["marks"] = []): History {
  return { step_ms: 1000, lines: lines.map((errors_ms, member) => ({ member, errors_ms })), marks };
}

/** Members with these timing errors, ms. */
function apart(...errors: Array<number | null>): Member[] {
  const names = ["Anna", "Ben", "Chiara"];
  return members(...names.slice(0, errors.length)).map((member, i) => {
    const error = errors[i] ?? null;
    return { ...member, timing: error === null ? null : { error_ms: error, bound_ms: 10, band: "fine" } };
  });
}

test("the moment is one sentence, which names only who is apart", () => {
  expect(summary(apart(0, 40, -99)).text).toBe("Everybody is within 100 ms.");
  expect(summary(apart(0, 40, -232)).text).toBe("2 of 3 are within 100 ms; Chiara −232 ms.");
  expect(summary(apart(0, null, 1500)).text).toBe("1 of 3 are within 100 ms; Ben not known, Chiara +1.5 s.");
  expect(summary(apart(null, null)).text).toBe("Nothing is known at the moment.");
});

test("what is said aloud changes with who is apart, not with a number", () => {
  expect(summary(apart(0, 20, -232)).named).toBe(summary(apart(0, 30, -240)).named);
  expect(summary(apart(0, 20, -232)).named).not.toBe(summary(apart(0, 120, -232)).named);
});

test("a line is told by its last, lowest and highest value", () => {
  const [line] = chartData(history([[-20, 40, null, 7]]), members("Anna"), 3).lines;
  expect(line && extent(line)).toEqual({ now: 7, low: -20, high: 40 });
  const [gone] = chartData(history([[null, null]]), members("Anna"), 3).lines;
  expect(gone && extent(gone)).toBeNull();
});

function members(...names: string[]): Member[] {
  return names.map((name, id) => ({
    id,
    account: name,
    name,
    color: id,
    leads: id === 0,
    device: null,
    status: { code: "fine", text: "fine" },
    trouble: null,
    timing: null,
    trim_ms: 0,
    player: null,
    requests_minute: 0,
    place: null,
  }));
}
