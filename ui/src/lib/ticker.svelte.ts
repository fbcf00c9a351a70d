/** Times are shown in whole seconds, and a progress bar moves about a pixel a second. */
const PERIOD_MS = 1000;
/** Pictures of a room where only numbers move come every two seconds: the second after one is drawn by the clock, for the next the
 * clock waits a little longer, so that it is drawn with the picture. */
const WAITS_MS = 200;

/** The page clock, read once a second, in step with what else is drawn, while somebody watches. */
class Ticker {
  now = $state(performance.now());
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the next second is over, ms on the page's clock. */
  #due = 0;
  /** The second that runs began with a picture. */
  #fresh = false;

  /** Runs for as long as somebody uses it; to be called in an effect. */
  use(): () => void {
    if (this.#users++ === 0) this.#from(performance.now());
    return () => {
      if (--this.#users === 0) clearTimeout(this.#timer);
    };
  }

  /** Everything is drawn anew at this instant, with a picture of the program: the second begins there. */
  beat(at: number): void {
    this.now = at;
    if (this.#users > 0) this.#from(at, true);
  }

  #from(at: number, fresh = false): void {
    const waits_ms = this.#fresh && !fresh ? WAITS_MS : 0;
    this.#fresh = fresh;
    this.#due = at + PERIOD_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#tick, Math.max(0, this.#due + waits_ms - performance.now()));
  }

  #tick = () => {
    if (document.hidden) return this.#from(performance.now());
    const due = this.#due;
    requestAnimationFrame((at) => {
      // A picture came in between.
      if (this.#users === 0 || this.#due !== due) return;
      this.now = at;
      // Kept to whole periods, or a second would be skipped now and then.
      this.#from(at - due < PERIOD_MS ? due : at);
    });
  };
}

export const ticker = new Ticker();
