import { expect, test } from "vitest";
import { known } from "./known_language";

test("a locale that is no language counts as English, and every language stays", () => {
  expect(known("C")).toBe("en");
  expect(known("")).toBe("en");
  expect(known("de-AT")).toBe("de-AT");
});
