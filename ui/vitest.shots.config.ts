import { defineConfig } from "vitest/config";

/** Pictures of every screen, to be looked at. */
export default defineConfig({
  test: { include: ["tests/shots.ts"], environment: "node", testTimeout: 120_000, hookTimeout: 60_000 },
});
