import type { Host } from "./host";
import { webHost } from "./web";

/** Finds out where the window runs: in the desktop program, on the scripted room (development only), or in a browser. */
export async function chooseHost(): Promise<Host> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriHost();
  if (import.meta.env.DEV) {
    const scene = new URLSearchParams(location.search).get("fake");
    if (scene !== null) return (await import("./fake")).fakeHost(scene);
  }
  return webHost();
}
