import { expect, test } from "vitest";
import { place, whisker } from "./ruler";

test("the ruler is at true scale around the leader's now", () => {
  expect([-500, -250, 0, 100, 500].map((ms) => place(ms).at)).toEqual([-1, -0.5, 0, 0.2, 1]);
  expect(place(500).beyond).toBeNull();
});

test("beyond the ruler the dot stands at the edge and says which", () => {
  expect(place(-501)).toEqual({ at: -1, beyond: "left" });
  expect(place(30_000)).toEqual({ at: 1, beyond: "right" });
});

test("the whisker spans the bound and is cut where the ruler ends", () => {
  expect(whisker(-50, 30)).toEqual({ from: -0.16, to: -0.04 });
  expect(whisker(490, 50)).toEqual({ from: 0.88, to: 1 });
});
