import { expect, test } from "vitest";
import { checkClientId } from "./client_id";

const GOOD = "0123456789abcdef0123456789ABCDEF";

test("32 hexadecimal characters are a client id, also with blanks around", () => {
  expect(checkClientId(` ${GOOD}\n`)).toMatchObject({ good: true, wrong: false });
});

test("an unfinished one is not yet wrong, and says how far it is", () => {
  expect(checkClientId("0123")).toEqual({ good: false, wrong: false, text: "4 of 32 characters so far." });
});

test("a foreign character is named", () => {
  const check = checkClientId(`${GOOD.slice(1)}x`);
  expect(check.wrong).toBe(true);
  expect(check.text).toContain("“x”");
});

test("too long, an address, and nothing each get their own words", () => {
  const words = [`${GOOD}00`, "https://developer.spotify.com/dashboard/0123", ""].map((typed) => checkClientId(typed));
  expect(words.map((w) => w.wrong)).toEqual([true, true, false]);
  expect(new Set(words.map((w) => w.text)).size).toBe(3);
  expect(words[0]?.text).toContain("34 characters");
});
