import { getContext } from "svelte";
import type { Action, Snapshot } from "../generated/api";
import type { Host } from "../host/host";
import { setLanguage, t } from "./texts";
import { ticker } from "./ticker.svelte";

/** An action that was refused, with the program's words. */
export type Failure = { id: number; text: string };

/** The newest snapshot and the way to ask for something: all the state that a window holds. */
export class Session {
  /** The newest picture with the instant (page clock, ms) at which it came. */
  shown = $state.raw<{ snapshot: Snapshot; at: number } | null>(null);
  answering = $state<"not_yet" | "yes" | "no">("not_yet");
  /** The program speaks another version than this page was made for. */
  newer = $state(false);
  failures = $state.raw<Failure[]>([]);
  #counted = 0;

  constructor(readonly host: Host) {}

  start(): () => void {
    return this.host.subscribe({
      snapshot: (snapshot) => {
        const before = this.shown?.snapshot.version;
        if (before !== undefined && before !== snapshot.version) this.newer = true;
        setLanguage(snapshot.language);
        const at = performance.now();
        this.shown = { snapshot, at };
        ticker.beat(at);
        this.answering = "yes";
      },
      lost: () => (this.answering = "no"),
    });
  }

  /** Asks the program; a refusal is shown, never thrown. */
  act = async (action: Action): Promise<void> => {
    try {
      await this.host.dispatch(action);
    } catch (refused) {
      const why = refused instanceof Error ? refused.message : String(refused);
      this.failures = [...this.failures, { id: this.#counted++, text: t("app.failed", { why }) }];
    }
  };

  forget(failure: number): void {
    this.failures = this.failures.filter((f) => f.id !== failure);
  }
}

/** Under this key the parts of the page find their session. */
export const SESSION = Symbol("session");

export const useSession = (): Session => getContext(SESSION);
