import { language } from "./texts";

/** A true minus sign: as wide as the digits and the plus. */
export const MINUS = "\u2212";

/** Formatters by language and digits: one that is made for each number is large, and WebKit keeps many until it collects. */
const formats = new Map<string, Intl.NumberFormat>();

/** "2.5", in German "2,5"; with exactly as many digits behind the mark, or at most two. */
export function decimal(value: number, digits?: number): string {
  const key = `${language()} ${digits}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(language(), { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 2 });
    formats.set(key, format);
  }
  return format.format(value);
}

/** "1:20", "1:02:03"; milliseconds, cut to whole seconds as every player does. */
export function time(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const s = whole % 60;
  const m = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600);
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "+19", "−230", "0"; whole numbers. */
export function signed(value: number): string {
  const whole = Math.round(value);
  if (whole === 0) return "0";
  return whole > 0 ? `+${whole}` : `${MINUS}${-whole}`;
}

/** A timing error in at most five characters: "+19", "−230", "−2.3 s", "+85 s". */
export function errorText(ms: number): string {
  if (Math.abs(ms) < 999.5) return signed(ms);
  const sign = ms > 0 ? "+" : MINUS;
  const s = Math.abs(ms) / 1000;
  return s < 9.95 ? `${sign}${decimal(s, 1)} s` : `${sign}${Math.min(999, Math.round(s))} s`;
}

/** The same with its unit, for running text: "+19 ms", "−2.3 s". */
export function errorWithUnit(ms: number): string {
  const text = errorText(ms);
  return text.endsWith("s") ? text : `${text} ms`;
}

/** A bound without its ±: "15", "1.2 s". */
export function boundText(ms: number): string {
  return ms < 999.5 ? String(Math.max(0, Math.round(ms))) : `${decimal(Math.min(99, ms / 1000), 1)} s`;
}

/** The room clock's bound: one decimal below ten, whole above. */
export function clockText(ms: number): string {
  return ms < 9.95 ? decimal(ms, 1) : String(Math.round(ms));
}

/** The first letter of a name, as a person would write it. */
export function initial(name: string): string {
  const first = [...new Intl.Segmenter().segment(name.trim())][0]?.segment ?? "?";
  return first.toLocaleUpperCase();
}
