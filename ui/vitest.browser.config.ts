import { defineConfig } from "vitest/config";

/** Stories with the real programs in a real browser, one after the other. A busy machine may take minutes for what takes seconds. */
export default defineConfig({
  test: {
    include: ["tests/real/*.story.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
