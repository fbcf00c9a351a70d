import type { Band } from "../generated/api";

/** Half the ruler, ms. */
export const RULER_MS = 500;

/** Where the shades change, ms, from the inside out. */
export const BANDS: ReadonlyArray<{ band: Band; up_to_ms: number }> = [
  { band: "one_sound", up_to_ms: 40 },
  { band: "imperceptible", up_to_ms: 100 },
  { band: "fine", up_to_ms: 250 },
  { band: "little_apart", up_to_ms: 500 },
];

/** The marks under which a number is written. */
export const TICKS_MS = [-500, -250, 0, 250, 500] as const;

export type Place = {
  /** −1 at the ruler's left end, 0 at the leader's now, +1 at its right end. */
  at: number;
  /** Beyond the ruler: the dot stands at the edge with an arrow. */
  beyond: "left" | "right" | null;
};

/** Where an error stands on the ruler, at true scale. */
export function place(error_ms: number): Place {
  if (error_ms < -RULER_MS) return { at: -1, beyond: "left" };
  if (error_ms > RULER_MS) return { at: 1, beyond: "right" };
  return { at: error_ms / RULER_MS, beyond: null };
}

/** The whisker's two ends on the same scale, cut at the ruler's ends. */
export function whisker(error_ms: number, bound_ms: number): { from: number; to: number } {
  return { from: place(error_ms - bound_ms).at, to: place(error_ms + bound_ms).at };
}
