import { expect, test } from "vitest";
import type { Heard } from "../generated/api";
import { BEAT_MS, Clocks, panOf, pitchOf, ticksBetween } from "./ticks";

const SONG = "spotify:track:1";
const heard = (...positions: Array<number | null>): Heard => ({
  at_ms: 1000,
  players: positions.map((position, member) => ({ member, uri: position === null ? null : SONG, position_ms: position ?? 0 })),
});
const instants = (heard: Heard, member: number, from = 1000, to = 2000) =>
  ticksBetween(heard, 0, from, to)
    .filter((tick) => tick.member === member)
    .map((tick) => tick.at_ms);

test("a player ticks where its song passes a beat", () => {
  expect(instants(heard(10_200), 0)).toEqual([1300, 1800]);
  expect(instants(heard(10_000), 0)).toEqual([1000, 1500]);
});

test("who is ahead ticks earlier by exactly that much, who is behind later", () => {
  const room = heard(10_200, 10_230, 10_140);
  expect(instants(room, 1)).toEqual([1270, 1770]);
  expect(instants(room, 2)).toEqual([1360, 1860]);
});

test("in step is one tick", () => {
  const at = ticksBetween(heard(7300, 7300, 7300), 0, 1000, 1500).map((tick) => tick.at_ms);
  expect(new Set(at).size).toBe(1);
});

test("who plays nothing is silent, and no song ticks before its beginning", () => {
  expect(instants(heard(10_000, null), 1)).toEqual([]);
  expect(instants(heard(-700), 0, 1000, 2500)).toEqual([1700, 2200]);
});

test("spans that follow each other hold every tick once", () => {
  const room = heard(10_123.4, 9_877.7);
  const whole = ticksBetween(room, 0, 1000, 6000);
  const cut = [1000, 1100, 1376.6, 2000, 3333, 6000].flatMap((to, i, all) => (i === 0 ? [] : ticksBetween(room, 0, all[i - 1] ?? 0, to)));
  expect(cut).toEqual(whole);
  expect(whole).toHaveLength((2 * 5000) / BEAT_MS);
});

test("every fourth tick is strong, at the same places of the song for everybody", () => {
  const strong = ticksBetween(heard(0, 250), 0, 1000, 5000).filter((tick) => tick.strong);
  expect(strong.map((tick) => [tick.member, tick.at_ms])).toEqual([[0, 1000], [1, 2750], [0, 3000], [1, 4750]]);
});

test("places go from left to right; another song ticks on another note", () => {
  expect([0, 1, 2].map((place) => panOf(place, 3))).toEqual([-0.9, 0, 0.9]);
  expect(panOf(0, 1)).toBe(0);
  expect(pitchOf(SONG)).toBe(pitchOf(SONG));
  expect(pitchOf(SONG)).not.toBe(pitchOf("spotify:track:2"));
});

test("a picture that was held up moves no tick", () => {
  const clocks = new Clocks();
  expect(clocks.arrived(1000, 5010)).toBe(4010);
  expect(clocks.arrived(1250, 5310)).toBe(4010);
  expect(clocks.arrived(1500, 5503)).toBe(4003);
  for (let i = 0; i < 40; i++) clocks.arrived(2000 + i * 250, 6006 + i * 250);
  expect(clocks.arrived(20_000, 24_006)).toBe(4006);
});
