import { defineConfig } from "vitest/config";

/** Stories drive the built bundle in a real browser, one file after the other. */
export default defineConfig({
  test: {
    include: ["tests/*.story.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes late on a busy machine, and nothing is wrong.
    expect: { poll: { timeout: 10_000 } },
  },
});
