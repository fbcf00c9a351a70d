import type { Action, Snapshot } from "../generated/api";

/** What the outside tells a window. */
export type Listener = {
  /** A whole new picture; it also means that the program answers. */
  snapshot(snapshot: Snapshot): void;
  /** The program stopped answering; the host goes on trying. */
  lost(): void;
};

/** All that the window may ask of the outside. */
export interface Host {
  /** Starts listening; the answer stops it. */
  subscribe(listener: Listener): () => void;
  /** Throws an `Error` whose message can be shown. */
  dispatch(action: Action): Promise<void>;
  /** Where the picture with this key can be loaded from. */
  coverUrl(key: string): string;
  /** Puts text on the clipboard; throws when it may not. */
  copy(text: string): Promise<void>;
}
