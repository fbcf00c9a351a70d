import type { Heard } from "../generated/api";

/** A tick for every half second of a song: 120 a minute, a calm beat, and far more than what is to be heard of being apart. */
export const BEAT_MS = 500;
/** Every fourth tick is the strong one, so that half a beat apart is not taken for in step. */
const BAR_BEATS = 4;
/** Full left or right is unpleasant on headphones. */
const WIDEST = 0.9;
/** Other songs tick on other notes of one chord: whoever hears something else stands out without hurting. */
const NOTES_HZ = [880, 1109, 1319, 1480, 1760] as const;

/** One tick of one player. */
export type Tick = {
  member: number;
  /** When, ms on the page's clock. */
  at_ms: number;
  strong: boolean;
  /** −1 left, +1 right. */
  pan: number;
  pitch_hz: number;
};

/** Everybody's place from left to right, in the order of the lanes. */
export function panOf(place: number, count: number): number {
  return count < 2 ? 0 : WIDEST * ((2 * place) / (count - 1) - 1);
}

/** The note of a song: the same for all who hear it. */
export function pitchOf(uri: string): number {
  const sum = [...uri].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_521, 7);
  return NOTES_HZ[sum % NOTES_HZ.length] ?? NOTES_HZ[0];
}

/** All ticks from `from_ms` on and before `to_ms`, oldest first. `offset_ms` leads from the simulator's clock to the page's. */
export function ticksBetween(heard: Heard, offset_ms: number, from_ms: number, to_ms: number): Tick[] {
  const ticks = heard.players.flatMap((player, place): Tick[] => {
    const uri = player.uri;
    if (uri === null) return [];
    // When this player's song began, had it played through.
    const zero = heard.at_ms + offset_ms - player.position_ms;
    const first = Math.max(0, Math.ceil((from_ms - zero) / BEAT_MS));
    const count = Math.max(0, Math.ceil((to_ms - zero) / BEAT_MS) - first);
    return Array.from({ length: count }, (_, i) => ({
      member: player.member,
      at_ms: zero + (first + i) * BEAT_MS,
      strong: (first + i) % BAR_BEATS === 0,
      pan: panOf(place, heard.players.length),
      pitch_hz: pitchOf(uri),
    }));
  });
  return ticks.sort((a, b) => a.at_ms - b.at_ms || a.member - b.member);
}

/** So many newest pictures tell the two clocks' distance: about eight seconds of them. */
const REMEMBERED = 32;

/** Which way leads from the simulator's clock to the page's: by the picture that came fastest, as the others were held up. */
export class Clocks {
  #offsets: number[] = [];

  /** A picture of `at_ms` arrived at `arrived_ms`; the answer is the distance as it is known now. */
  arrived(at_ms: number, arrived_ms: number): number {
    this.#offsets = [...this.#offsets, arrived_ms - at_ms].slice(-REMEMBERED);
    return Math.min(...this.#offsets);
  }
}
