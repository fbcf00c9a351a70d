import { expect, test } from "vitest";
import { positionAt, share } from "./progress";

const line = { playing: true, position_ms: 1000, speed: 1, duration_ms: 5000 };

test("playback runs on after the snapshot and stops at the end", () => {
  expect(positionAt(line, 1500)).toBe(2500);
  expect(positionAt(line, 60_000)).toBe(5000);
});

test("an episode runs at the speed of its listener", () => {
  expect(positionAt({ ...line, speed: 1.5 }, 1000)).toBe(2500);
  expect(positionAt({ ...line, speed: 0.5 }, 1000)).toBe(1500);
});

test("paused playback stands", () => {
  expect(positionAt({ ...line, playing: false }, 1500)).toBe(1000);
});

test("a clock that was read before the snapshot came moves nothing back", () => {
  expect(positionAt(line, -80)).toBe(1000);
});

test("without a known duration there is a position but no share", () => {
  expect(positionAt({ ...line, duration_ms: 0 }, 1000)).toBe(2000);
  expect(share(2000, 0)).toBe(0);
});
