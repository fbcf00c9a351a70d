import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { Snapshot } from "../generated/api";
import { copyText } from "./copy";
import type { Host } from "./host";

/** The desktop program: one command, one event. */
export function tauriHost(): Host {
  return {
    subscribe(listener) {
      let ended = false;
      let newest = -1;
      const show = (snapshot: Snapshot) => {
        // The first picture is asked for and may arrive after a newer event.
        if (ended || snapshot.seq < newest) return;
        newest = snapshot.seq;
        listener.snapshot(snapshot);
      };
      const listening = listen<Snapshot>("snapshot", (event) => show(event.payload));
      listening
        .then(() => invoke<Snapshot>("snapshot"))
        .then(show)
        .catch(() => ended || listener.lost());
      return () => {
        ended = true;
        void listening.then((stop) => stop());
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
