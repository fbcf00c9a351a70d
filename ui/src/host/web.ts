import type { Snapshot } from "../generated/api";
import { t } from "../lib/texts";
import { copyText } from "./copy";
import type { Host } from "./host";

/** First and longest pause between two attempts to reach the program again. */
const RETRY_MS = { first: 500, longest: 5000 };

/** The same window in a browser: snapshots as server-sent events, actions as posts, all beside the page's own address. */
export function webHost(): Host {
  return {
    subscribe(listener) {
      let source: EventSource | null = null;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let pause = RETRY_MS.first;
      let ended = false;
      const open = () => {
        // A fresh stream begins anew: a restarted program counts its snapshots from the start.
        let newest = -1;
        source = new EventSource("./events");
        source.onmessage = (message: MessageEvent<string>) => {
          const snapshot = JSON.parse(message.data) as Snapshot;
          if (snapshot.seq < newest) return;
          newest = snapshot.seq;
          pause = RETRY_MS.first;
          listener.snapshot(snapshot);
        };
        source.onerror = () => {
          source?.close();
          if (ended) return;
          listener.lost();
          timer = setTimeout(open, pause);
          pause = Math.min(pause * 2, RETRY_MS.longest);
        };
      };
      open();
      return () => {
        ended = true;
        clearTimeout(timer);
        source?.close();
      };
    },
    async dispatch(action) {
      const answer = await fetch("./dispatch", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(action),
      }).catch(() => {
        throw new Error(t("app.failed.no_answer"));
      });
      if (answer.ok) return;
      const words = (await answer.text().catch(() => "")).trim();
      throw new Error(words || t("app.failed.no_answer"));
    },
    coverUrl: (key) => `./cover/${encodeURIComponent(key)}`,
    copy: copyText,
  };
}
