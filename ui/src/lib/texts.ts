import texts from "../../../crates/tutti-app/texts/en.json";

/** A name in the one file of texts. */
export type TextKey = keyof typeof texts;

/** The text of that name, with `{placeholders}` filled in. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return texts[key].replace(/\{([a-z_]+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}
