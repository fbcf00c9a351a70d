import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import german from "../../../crates/tutti-app/texts/de.json";
import texts from "../../../crates/tutti-app/texts/en.json";
import { languageOf, setLanguage, t } from "./texts";

/** Beginnings of the names that only the window uses; the program fills in the others. */
const UI = ["app.", "welcome.", "connect.", "lobby.", "room.", "now.", "phone.", "chart.", "settings."];
const BY_PROGRAM = ["room.name."];
const ours = (key: string) => UI.some((p) => key.startsWith(p)) && !BY_PROGRAM.some((p) => key.startsWith(p));
const entries = Object.entries(texts);
const sources = files("src").filter((f) => /\.(svelte|ts)$/.test(f) && !/\.test\.ts$|fake\.ts$|generated/.test(f));
const code = new Map([...sources, "index.html"].map((file) => [file, readFileSync(file, "utf8")]));

test("placeholders are filled, and one without a value stays to be seen", () => {
  expect(t("room.people.many", { count: 5 })).toBe("5 in the room");
  expect(t("room.people.many")).toBe("{count} in the room");
});

test("a text comes in the language that is set", () => {
  setLanguage("de");
  expect(t("room.people.many", { count: 5 })).toBe("5 im Raum");
  setLanguage("en");
  expect(t("room.people.many", { count: 5 })).toBe("5 in the room");
});

test("a browser’s locale names the language until the program has said one", () => {
  expect(["de", "de-AT", "en-GB", "fr", "del"].map(languageOf)).toEqual(["de", "de", "en", "en", "en"]);
});

test("every text of the window is used by the window", () => {
  const all = [...code.values()].join("\n");
  // Where the end of a name is filled in, all of that beginning are used.
  const begun = [...all.matchAll(/`([a-z_]+\.[a-z_.]*)\$\{/g)].map(([, beginning = ""]) => beginning);
  const used = (key: string) => all.includes(key) || begun.some((beginning) => key.startsWith(beginning));
  const unused = entries.map(([key]) => key).filter((key) => ours(key) && !used(key));
  expect(unused).toEqual([]);
});

test("every call hands over what its text has a place for", () => {
  const wrong: string[] = [];
  for (const [file, text] of code) {
    for (const call of text.matchAll(/\bt\("([a-z_.]+)"(?:\)|, \{([^}]*)\})/g)) {
      const [, key = "", values = ""] = call;
      const needed = [...((texts as Record<string, string>)[key] ?? "").matchAll(/\{([a-z_]+)\}/g)].map((m) => m[1]);
      const given = [...values.matchAll(/(?:^|,)\s*([a-z_]+)/g)].map((m) => m[1]);
      if (needed.toSorted().join() !== given.toSorted().join()) wrong.push(`${file}: ${key} needs ${needed.join()}, gets ${given.join()}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("no word stands in the markup itself", () => {
  const bare: string[] = [];
  for (const [file, text] of code) {
    if (!file.endsWith(".svelte")) continue;
    const markup = text.replace(/<!--[^]*?-->|<script[^]*?<\/script>|<style[^]*?<\/style>/g, "").replace(/=>/g, "");
    for (const [, words = ""] of markup.matchAll(/>([^<>{}]*[a-z]{3,}[^<>{}]*)</gi)) bare.push(`${file}: ${words.trim()}`);
    for (const [whole] of markup.matchAll(/\b(?:aria-label|title|alt|placeholder)="[^"{]+"/g)) bare.push(`${file}: ${whole}`);
  }
  expect(bare).toEqual([]);
});

test("texts are whole: no double blanks, no straight quotes, no hyphen for a minus", () => {
  const wrong = [...entries, ...Object.entries(german)]
    .filter(([key]) => /^(status|trouble|notice|wayout)/.test(key) || ours(key))
    .filter(([, text]) => text.trim() !== text || / {2}|["']|(^|\s)-\d/.test(text));
  expect(wrong.map(([key]) => key)).toEqual([]);
});

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}
