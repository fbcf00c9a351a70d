import { expect, test } from "vitest";
import en from "../../crates/tutti-app/texts/en.json";
import type { Trouble } from "../src/generated/api";
import { setLanguage, type TextKey } from "../src/lib/texts";
import { SCENES } from "./scenes";
import { drawn, program, start, window } from "./stage";
import { another, LANES, laneTrouble, LOBBY, lobbyTrouble, today, TROUBLES } from "./troubles";

const LANGUAGES = ["en", "de"] as const;
/** The words of each that was seen, as they were seen. */
const seen = new Map<string, string[]>();

/** It stands there in words, in sight, and its way out asks for what the program said. */
async function stands(place: string, key: TextKey, { code, text, way_out }: Trouble): Promise<void> {
  const words = window.page.locator(`${place} [data-trouble=${code}]`);
  expect(await words.innerText()).toBe([text, way_out?.label].filter(Boolean).join(" "));
  expect(text).not.toMatch(/[{}]/);
  await words.scrollIntoViewIfNeeded();
  expect(await words.isVisible()).toBe(true);
  const buttons = words.getByRole("button");
  expect(await buttons.count()).toBe(way_out === null ? 0 : 1);
  if (way_out !== null) {
    const { screen } = program.fake;
    const before = program.actions.length;
    await buttons.click();
    await expect.poll(() => program.actions.slice(before)).toEqual([way_out.action]);
    // Where it leads elsewhere, the story goes on where it was.
    Object.assign(program.fake, { screen, sign_in: null });
    await drawn();
  }
  seen.set(key, [...(seen.get(key) ?? []), text]);
}

for (const language of LANGUAGES) {
  test.each(Object.entries(LANES))(`the troubles of %s stand in their lanes with their ways out, in ${language}`, async (scene, keys) => {
    setLanguage(language);
    await start(SCENES[scene]);
    await window.page.getByTestId("room").waitFor();
    for (const [i, key] of keys.entries()) await stands(`[data-member='${i + 1}']`, key, laneTrouble(key, i + 1));
  });

  test(`the troubles of accounts stand in the lobby with their ways out, in ${language}`, async () => {
    setLanguage(language);
    await start(SCENES["troubles-lobby"]);
    await window.page.getByTestId("lobby").waitFor();
    for (const [i, key] of LOBBY.entries()) await stands(`[data-account=account-${i}]`, key, lobbyTrouble(key, i));
  });
}

test("every trouble that has a text was seen in words, in both languages", () => {
  setLanguage("en");
  const keys = Object.keys(en).filter((key) => key.startsWith("trouble."));
  const parts = keys.filter((key) => key.startsWith("trouble.until."));
  const told = keys.filter((key) => !parts.includes(key));
  expect(told.filter((key) => (seen.get(key)?.length ?? 0) < LANGUAGES.length)).toEqual([]);
  expect([...seen.keys()].filter((key) => !told.includes(key))).toEqual([]);
  expect(Object.keys(TROUBLES).sort()).toEqual([...told].sort());
  expect(parts.sort()).toEqual(["trouble.until.day", "trouble.until.today"]);
  for (const part of [today(), another()]) expect([...seen.values()].flat().join(" ")).toContain(part);
});
