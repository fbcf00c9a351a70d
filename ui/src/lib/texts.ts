import { SvelteMap } from "svelte/reactivity";
import de from "../../../crates/tutti-app/texts/de.json";
import en from "../../../crates/tutti-app/texts/en.json";
import type { Language } from "../generated/api";

/** A name in the files of texts. */
export type TextKey = keyof typeof en;

const TEXTS: Record<Language, Record<TextKey, string>> = { en, de };
/** Read in a component, it is followed when it changes. */
const spoken = new SvelteMap<"language", Language>([["language", "en"]]);

/** The language of the moment, also for numbers. */
export const language = (): Language => spoken.get("language") ?? "en";

export function setLanguage(to: Language): void {
  if (language() !== to) spoken.set("language", to);
}

/** The language of a locale, `de-AT`: for as long as the program has not said which one. */
export const languageOf = (locale: string): Language => (/^de\b/i.test(locale) ? "de" : "en");

/** The text of that name, with `{placeholders}` filled in. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return TEXTS[language()][key].replace(/\{([a-z_]+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}
