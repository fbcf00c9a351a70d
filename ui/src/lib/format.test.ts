import { expect, test } from "vitest";
import { boundText, clockText, decimal, errorText, errorWithUnit, initial, signed, time } from "./format";
import { setLanguage } from "./texts";

test("times are cut to whole seconds, with hours only where there are some", () => {
  expect([0, 999, 1000, 80_000, 241_999, 3_723_000].map(time)).toEqual(["0:00", "0:00", "0:01", "1:20", "4:01", "1:02:03"]);
});

test("a time before the start is the start", () => {
  expect(time(-400)).toBe("0:00");
});

test("numbers carry a plus or a true minus, and zero carries none", () => {
  expect([19, -50, 0, -0.4, 0.4].map(signed)).toEqual(["+19", "−50", "0", "0", "0"]);
});

test("an error of a second or more is told in seconds, never wider than six signs", () => {
  expect([-230, 999.4, 999.6, -2300, 9960, -85_000, 5_000_000].map(errorText)).toEqual([
    "−230",
    "+999",
    "+1.0 s",
    "−2.3 s",
    "+10 s",
    "−85 s",
    "+999 s",
  ]);
});

test("running text names the unit once", () => {
  expect([19, -2300].map(errorWithUnit)).toEqual(["+19 ms", "−2.3 s"]);
});

test("a bound is never negative and has no sign", () => {
  expect([15.4, -1, 1200].map(boundText)).toEqual(["15", "0", "1.2 s"]);
});

test("the clock's bound has a decimal only where it tells something", () => {
  expect([0.41, 9.94, 12.3].map(clockText)).toEqual(["0.4", "9.9", "12"]);
});

test("the letter of a name is its first sign as a person would write it", () => {
  expect(["anna", " ødegård", "👩‍🎤 Mia", ""].map(initial)).toEqual(["A", "Ø", "👩‍🎤", "?"]);
});

test("numbers are written as the language writes them", () => {
  expect([decimal(2.5), decimal(2.345, 1), decimal(12_000)]).toEqual(["2.5", "2.3", "12,000"]);
  setLanguage("de");
  expect([decimal(2.5), decimal(2.345, 1), errorText(-2300), clockText(0.4), boundText(1200)]).toEqual(["2,5", "2,3", "−2,3 s", "0,4", "1,2 s"]);
  setLanguage("en");
});
