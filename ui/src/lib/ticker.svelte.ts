/** Times are shown in whole seconds, and a progress bar moves about a pixel a second. */
const PERIOD_MS = 1000;

/** The page clock, read once a second, in step with the screen, while somebody watches. */
class Ticker {
  now = $state(performance.now());
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Runs for as long as somebody uses it; to be called in an effect. */
  use(): () => void {
    if (this.#users++ === 0) this.#next();
    return () => {
      if (--this.#users === 0) clearTimeout(this.#timer);
    };
  }

  #next = () => {
    this.#timer = setTimeout(() => {
      if (document.hidden) this.#next();
      else
        requestAnimationFrame((at) => {
          this.now = at;
          if (this.#users > 0) this.#next();
        });
      // Kept to whole periods, or a second would be skipped now and then.
    }, PERIOD_MS - (performance.now() % PERIOD_MS));
  };
}

export const ticker = new Ticker();
