import { t } from "./texts";

/** What the field says about what was typed so far. */
export type Check = { good: boolean; wrong: boolean; text: string };

const LENGTH = 32;

/** Spotify's client ids are 32 hexadecimal characters. */
export function checkClientId(typed: string): Check {
  const id = typed.trim();
  if (id === "") return { good: false, wrong: false, text: t("connect.id.empty") };
  if (/[:/]/.test(id)) return { good: false, wrong: true, text: t("connect.id.address") };
  const foreign = [...id].find((c) => !/[0-9a-f]/i.test(c));
  if (foreign !== undefined) return { good: false, wrong: true, text: t("connect.id.characters", { character: foreign }) };
  if (id.length < LENGTH) return { good: false, wrong: false, text: t("connect.id.short", { count: id.length }) };
  if (id.length > LENGTH) return { good: false, wrong: true, text: t("connect.id.long", { count: id.length }) };
  return { good: true, wrong: false, text: t("connect.id.good") };
}
