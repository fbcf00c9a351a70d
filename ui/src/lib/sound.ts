import type { Heard } from "../generated/api";
import { BEAT_MS, Clocks, ticksBetween, type Tick } from "./ticks";

/** How far ahead ticks are handed to the sound card, and how often; ms. A hand on a phone is heard after the first at the latest. */
const AHEAD_MS = 240;
const EVERY_MS = 80;
/** A dozen players at once stay below full scale. */
const LOUD = { strong: 0.16, weak: 0.08 };
const TICK_S = { attack: 0.0005, length: 0.045 };

/** Puts one tick on a sound card or into a buffer; seconds on its clock. */
export function renderTick(context: BaseAudioContext, tick: Pick<Tick, "strong" | "pan" | "pitch_hz">, at_s: number): void {
  const note = new OscillatorNode(context, { frequency: tick.pitch_hz, type: "triangle" });
  const shape = new GainNode(context, { gain: 0 });
  const place = new StereoPannerNode(context, { pan: tick.pan });
  shape.gain.setValueAtTime(0, at_s);
  shape.gain.linearRampToValueAtTime(tick.strong ? LOUD.strong : LOUD.weak, at_s + TICK_S.attack);
  shape.gain.exponentialRampToValueAtTime(0.0001, at_s + TICK_S.length);
  note.connect(shape).connect(place).connect(context.destination);
  note.start(at_s);
  note.stop(at_s + TICK_S.length);
}

/** Ticks of all simulated players while it is on. Nothing of it sounds where real accounts play: they have no `Heard`. */
export class Sound {
  #context = new AudioContext({ latencyHint: "interactive" });
  #clocks = new Clocks();
  #offset_ms = 0;
  #heard: Heard | null = null;
  /** Up to here everything is with the sound card; ms on the page's clock. */
  #until_ms = performance.now();
  /** When each member ticked last: a picture that shifts a little says no tick twice. */
  #last = new Map<number, number>();
  #timer = setInterval(() => this.#fill(), EVERY_MS);

  show(heard: Heard, arrived_ms: number): void {
    this.#offset_ms = this.#clocks.arrived(heard.at_ms, arrived_ms);
    this.#heard = heard;
  }

  end(): void {
    clearInterval(this.#timer);
    void this.#context.close();
  }

  #fill(): void {
    const now = performance.now();
    const [from, to] = [Math.max(now, this.#until_ms), now + AHEAD_MS];
    this.#until_ms = to;
    if (this.#heard === null || this.#context.state !== "running") return;
    for (const tick of ticksBetween(this.#heard, this.#offset_ms, from, to)) {
      const last = this.#last.get(tick.member) ?? -Infinity;
      if (Math.abs(tick.at_ms - last) < BEAT_MS / 4) continue;
      this.#last.set(tick.member, tick.at_ms);
      renderTick(this.#context, tick, this.#context.currentTime + (tick.at_ms - now) / 1000);
    }
  }
}
