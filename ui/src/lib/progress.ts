/** A line of playback as the snapshot carries it. */
export type Running = { playing: boolean; position_ms: number; speed: number; duration_ms: number };

/** Where it is `elapsed_ms` after the snapshot. */
export function positionAt(line: Running, elapsed_ms: number): number {
  const run = line.playing ? Math.max(0, elapsed_ms) * line.speed : 0;
  const at = Math.max(0, line.position_ms + run);
  return line.duration_ms > 0 ? Math.min(at, line.duration_ms) : at;
}

/** How much of it is over, 0 to 1. */
export function share(position_ms: number, duration_ms: number): number {
  return duration_ms > 0 ? Math.min(1, Math.max(0, position_ms / duration_ms)) : 0;
}
