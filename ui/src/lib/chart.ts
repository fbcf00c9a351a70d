import type { History, Member } from "../generated/api";
import { decimal, errorWithUnit, time } from "./format";
import { t } from "./texts";

export type ChartLine = { member: number; name: string; color: number; leads: boolean; values: Array<number | null> };

export type ChartMark = { x: number; member: number; text: string };

/** The last minutes, ready to draw: x in seconds, 0 is now, the past is negative. */
export type ChartData = { seconds: number; xs: number[]; lines: ChartLine[]; marks: ChartMark[] };

/** What nobody notices on a call, ms: the shaded band. */
export const TOLERANCE_MS = 100;

/** Each second gets about this many pixels: a wider window shows more history, not wider lines. */
const PIXELS_A_SECOND = 3.4;

/** The span of time on a chart of this width, in whole half minutes, never more than there is. */
export function spanSeconds(width_px: number, history: History): number {
  const longest = Math.max(0, ...history.lines.map((line) => line.errors_ms.length));
  const known = Math.max(1, ((longest - 1) * history.step_ms) / 1000);
  const wanted = Math.max(60, Math.floor(width_px / PIXELS_A_SECOND / 30) * 30);
  const whole = Math.ceil(known / 30) * 30;
  return Math.min(wanted, Math.max(60, whole));
}

/** Cuts the history to the span and puts names and colours to its lines. */
export function chartData(history: History, members: Member[], seconds: number): ChartData {
  const step = history.step_ms / 1000;
  const count = Math.max(1, Math.floor(seconds / step) + 1);
  const xs = Array.from({ length: count }, (_, i) => (i - (count - 1)) * step);
  const lines = history.lines.flatMap((line): ChartLine[] => {
    const member = members.find((m) => m.id === line.member);
    if (member === undefined) return [];
    const tail = line.errors_ms.slice(-count);
    const values = [...Array<null>(count - tail.length).fill(null), ...tail];
    return [{ member: member.id, name: member.name, color: member.color, leads: member.leads, values }];
  });
  const marks = history.marks
    .filter((mark) => mark.ago_ms / 1000 <= seconds)
    .map((mark) => ({ x: -mark.ago_ms / 1000, member: mark.member, text: mark.text }));
  return { seconds, xs, lines, marks };
}

/** Half the height of the chart, ms: the smallest step that holds nearly all values, so that it seldom changes. */
export function halfRange(data: ChartData): number {
  const steps = [160, 320, 640];
  const all = data.lines.flatMap((l) => l.values.filter((v) => v !== null).map(Math.abs));
  const outside = (limit: number) => all.filter((v) => v > limit).length;
  return steps.find((step) => outside(step) <= all.length * 0.08) ?? 640;
}

/** Moves labels apart that would overlap, keeping their order; heights in px. */
export function spreadLabels(wanted: number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  const placed: number[] = [];
  for (const { y } of order) {
    const floor = placed.length > 0 ? (placed[placed.length - 1] ?? low) + gap : low;
    placed.push(Math.max(y, floor));
  }
  for (let i = placed.length - 1, ceiling = high; i >= 0; i--, ceiling -= gap) {
    placed[i] = Math.min(placed[i] ?? ceiling, ceiling);
  }
  const result = [...wanted];
  order.forEach(({ i }, n) => (result[i] = placed[n] ?? 0));
  return result;
}

/** "2 minutes", "2.5 minutes", "90 seconds". */
export function spanText(seconds: number): string {
  if (seconds < 120 && seconds % 60 !== 0) return t("chart.seconds", { count: seconds });
  return seconds === 60 ? t("chart.minutes.one") : t("chart.minutes.many", { count: decimal(seconds / 60) });
}

/** What stands at one instant of the chart, in words. */
export function valuesAt(data: ChartData, index: number): string {
  const x = data.xs[index] ?? 0;
  const when = x > -0.5 ? t("chart.now") : t("chart.ago", { time: time(-x * 1000) });
  const values = data.lines.map((line) => {
    const value = line.values[index] ?? null;
    return value === null
      ? t("chart.value.none", { name: line.name })
      : t("chart.value", { name: line.name, error: errorWithUnit(value) });
  });
  return `${when}: ${values.join(", ")}`;
}

/** The moment in one sentence, and the members that it names, which change seldom. */
export function summary(members: Member[]): { text: string; named: string } {
  if (members.every((m) => m.timing === null)) return { text: t("chart.summary.none"), named: "?" };
  const apart = members.filter((m) => m.timing === null || Math.abs(m.timing.error_ms) > TOLERANCE_MS);
  const tolerance = TOLERANCE_MS;
  if (apart.length === 0) return { text: t("chart.summary.all", { tolerance }), named: "" };
  const others = apart
    .map(({ name, timing }) =>
      timing === null ? t("chart.value.none", { name }) : t("chart.value", { name, error: errorWithUnit(timing.error_ms) }),
    )
    .join(", ");
  const [within, count] = [members.length - apart.length, members.length];
  return { text: t("chart.summary.some", { within, count, tolerance, others }), named: apart.map((m) => m.id).join() };
}

/** What is known of a line: its last, lowest and highest value, ms. */
export function extent(line: ChartLine): { now: number | null; low: number; high: number } | null {
  const known = line.values.filter((v) => v !== null);
  if (known.length === 0) return null;
  return { now: line.values.at(-1) ?? null, low: Math.min(...known), high: Math.max(...known) };
}

/** The whole chart in words, for whoever cannot see it. */
export function describe(data: ChartData): string {
  const lines = data.lines.map((line) => {
    const known = line.values.filter((v) => v !== null);
    const now = known.at(-1);
    if (now === undefined) return t("chart.describe.line.none", { name: line.name });
    return t("chart.describe.line", {
      name: line.name,
      now: errorWithUnit(now),
      low: errorWithUnit(Math.min(...known)),
      high: errorWithUnit(Math.max(...known)),
    });
  });
  const marks = data.marks.map((m) => t("chart.describe.mark", { text: m.text, time: time(-m.x * 1000) }));
  return [t("chart.describe", { minutes: spanText(data.seconds) }), ...lines, ...marks].join(" ");
}
