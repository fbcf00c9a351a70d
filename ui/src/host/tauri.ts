import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import type { Snapshot } from "../generated/api";
import { copyText } from "./copy";
import type { Host } from "./host";

/** A program that did not answer is asked again after this. */
const AGAIN_MS = 1000;

/** The desktop program: two commands. */
export function tauriHost(): Host {
  return {
    subscribe(listener) {
      let ended = false;
      let retry: ReturnType<typeof setTimeout> | undefined;
      /** Each is asked for when the one before was taken: whoever is slow gets the newest alone. */
      const follow = async (shown: number | null): Promise<void> => {
        try {
          while (!ended) {
            const snapshot = await invoke<Snapshot>("snapshot", { shown });
            if (ended) return;
            shown = snapshot.seq;
            listener.snapshot(snapshot);
          }
        } catch {
          if (ended) return;
          listener.lost();
          retry = setTimeout(() => void follow(null), AGAIN_MS);
        }
      };
      void follow(null);
      return () => {
        ended = true;
        clearTimeout(retry);
      };
    },
    async dispatch(action) {
      try {
        await invoke("dispatch", { action });
      } catch (refused) {
        throw refused instanceof Error ? refused : new Error(String(refused));
      }
    },
    coverUrl: (key) => convertFileSrc(key, "cover"),
    copy: copyText,
  };
}
