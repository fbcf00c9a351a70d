/** Times are shown in whole seconds, and a progress bar moves about a pixel a second. */
const PERIOD_MS = 1000;
/** While pictures come every second, the page is drawn with them alone: the clock waits a little longer for each. */
const WAITS_MS = 200;

/** The page clock, read once a second, in step with what else is drawn, while somebody watches. */
class Ticker {
  now = $state(performance.now());
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the next second is over, ms on the page's clock. */
  #due = 0;

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
    if (this.#users > 0) this.#from(at, WAITS_MS);
  }

  #from(at: number, waits_ms = 0): void {
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
