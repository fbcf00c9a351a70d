import type uPlot from "uplot";
import { halfRange, spreadLabels, TOLERANCE_MS, type ChartData } from "./chart";
import { MINUS, signed, time } from "./format";

/** Colours and type of the theme in force, for the canvas. */
export type Colours = {
  ink: string;
  soft: string;
  faint: string;
  edge: string;
  ground: string;
  accent: string;
  band: string;
  now: string;
  members: string[];
  font: string;
};

export type Drawing = { show(data: ChartData, read: number | null): void; destroy(): void };

/** How many member colours a theme has. */
export const MEMBER_COLOURS = 8;

const LABEL_PX = 12;
/** Room for the names at the lines' ends, and for the numbers on the left, px. */
const NAMES_PX = 68;
const NUMBERS_PX = 44;
/** Room for the takeovers above the lines, px. */
const HEADS_PX = 20;

export function readColours(element: Element): Colours {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: of("--ink"),
    soft: of("--ink-soft"),
    faint: of("--ink-faint"),
    edge: of("--edge"),
    ground: of("--ground"),
    accent: of("--accent"),
    band: of("--band-3"),
    now: of("--now"),
    members: Array.from({ length: MEMBER_COLOURS }, (_, i) => of(`--member-${i}`)),
    font: style.fontFamily,
  };
}

type Options = {
  width: number;
  height: number;
  colours: Colours;
  data: ChartData;
  /** The pointer is over this value; null = no longer over the chart. */
  hovered: (index: number | null) => void;
};

/** Puts a chart into the box. uPlot is handed in, so that this file stays loadable without a page. */
export function drawChart(make: typeof uPlot, box: HTMLElement, options: Options): Drawing {
  const { colours } = options;
  let data = options.data;
  const colour = (i: number) => colours.members[i % MEMBER_COLOURS] ?? colours.ink;
  const px = (plot: uPlot, css: number) => css * (plot.bbox.width / plot.over.clientWidth || 1);
  const write = (plot: uPlot, weight = 500) => {
    plot.ctx.font = `${weight} ${px(plot, LABEL_PX)}px ${colours.font}`;
    plot.ctx.textBaseline = "middle";
    plot.ctx.textAlign = "left";
  };

  /** The shaded band, the line of the leader's now and the takeovers, below the lines. */
  function below(plot: uPlot) {
    const { ctx, bbox } = plot;
    const y = (ms: number) => plot.valToPos(ms, "y", true);
    ctx.save();
    ctx.fillStyle = colours.band;
    ctx.fillRect(bbox.left, y(TOLERANCE_MS), bbox.width, y(-TOLERANCE_MS) - y(TOLERANCE_MS));
    ctx.fillStyle = colours.now;
    ctx.fillRect(bbox.left, y(0) - px(plot, 0.5), bbox.width, px(plot, 1));
    ctx.restore();
  }

  /** Each takeover: a thin line under the lines of the members. */
  function stems(plot: uPlot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colours.edge;
    for (const mark of data.marks) {
      ctx.fillRect(Math.round(plot.valToPos(mark.x, "x", true)), bbox.top, px(plot, 1), bbox.height);
    }
    ctx.restore();
  }

  /** Its head above the chart, with the name of who took over where there is room for it. */
  function heads(plot: uPlot) {
    const { ctx, bbox } = plot;
    let free = -Infinity;
    ctx.save();
    write(plot, 600);
    for (const mark of [...data.marks].sort((a, b) => a.x - b.x)) {
      const x = Math.round(plot.valToPos(mark.x, "x", true));
      const [wide, high] = [px(plot, 4), px(plot, 6)];
      ctx.fillStyle = colours.accent;
      ctx.beginPath();
      ctx.moveTo(x - wide, bbox.top - high);
      ctx.lineTo(x + wide + 1, bbox.top - high);
      ctx.lineTo(x + 0.5, bbox.top);
      ctx.fill();
      const name = data.lines.find((l) => l.member === mark.member)?.name ?? "";
      const start = x + px(plot, 8);
      if (start < free) continue;
      free = start + ctx.measureText(name).width + px(plot, 16);
      ctx.fillStyle = colours.soft;
      ctx.fillText(name, start, bbox.top - px(plot, 8));
    }
    ctx.restore();
  }

  /** The names at the lines' ends: colour is never the only sign. */
  function names(plot: uPlot) {
    const { ctx, bbox } = plot;
    const half = plot.scales.y?.max ?? 1;
    const ends = data.lines.flatMap((line) => {
      const value = line.values.findLast((v) => v !== null) ?? null;
      return value === null ? [] : [{ line, y: plot.valToPos(Math.max(-half, Math.min(half, value)), "y", true) }];
    });
    const gap = px(plot, LABEL_PX + 3);
    // More names than the height holds would lie on each other: the leader's and the first ones stay.
    ends.sort((a, b) => Number(b.line.leads) - Number(a.line.leads) || a.line.member - b.line.member);
    ends.splice(Math.max(1, Math.floor(bbox.height / gap)));
    const places = spreadLabels(
      ends.map((end) => end.y),
      gap,
      bbox.top + gap / 2,
      bbox.top + bbox.height - gap / 2,
    );
    ctx.save();
    write(plot, 600);
    const right = bbox.left + bbox.width;
    ends.forEach(({ line, y }, i) => {
      const at = places[i] ?? y;
      ctx.strokeStyle = ctx.fillStyle = colour(line.color);
      ctx.lineWidth = px(plot, 1);
      ctx.beginPath();
      ctx.moveTo(right + px(plot, 2), y);
      ctx.lineTo(right + px(plot, 9), at);
      ctx.stroke();
      ctx.fillText(short(ctx, line.name, px(plot, NAMES_PX - 14)), right + px(plot, 13), at);
    });
    ctx.restore();
  }

  const plot = new make(
    {
      width: options.width,
      height: options.height,
      padding: [HEADS_PX, NAMES_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: (_, min) => [min, 0] },
        y: {
          range: () => {
            const half = halfRange(data);
            return [-half, half];
          },
        },
      },
      axes: [
        {
          stroke: colours.faint,
          font: `${LABEL_PX}px ${colours.font}`,
          size: 22,
          gap: 5,
          grid: { show: false },
          ticks: { show: false },
          space: 90,
          incrs: [10, 15, 30, 60, 120, 300],
          values: (_, splits) => splits.map((x) => (x === 0 ? "0" : MINUS + time(-x * 1000))),
        },
        {
          stroke: colours.faint,
          font: `${LABEL_PX}px ${colours.font}`,
          size: NUMBERS_PX,
          gap: 6,
          grid: { show: false },
          ticks: { show: false },
          splits: (u) => ((u.scales.y?.max ?? 0) > 400 ? [-500, -100, 100, 500] : [-TOLERANCE_MS, 0, TOLERANCE_MS]),
          values: (_, splits) => splits.map((y) => signed(y)),
        },
      ],
      series: [
        {},
        ...data.lines.map((line) => ({
          stroke: colour(line.color),
          width: line.leads ? 2 : 1.5,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: {
        drawClear: [below, stems],
        draw: [heads, names],
        setCursor: [
          (u) => {
            // Only a pointer over the chart counts; the arrow keys move the same cursor.
            if (pointed) options.hovered(u.cursor.idx ?? null);
          },
        ],
      },
    },
    table(data),
    box,
  );
  let pointed = false;
  plot.over.addEventListener("mouseenter", () => (pointed = true));
  plot.over.addEventListener("mouseleave", () => {
    pointed = false;
    options.hovered(null);
  });

  return {
    show(next, read) {
      if (next !== data) {
        data = next;
        plot.setData(table(data));
      }
      if (pointed) return;
      const x = read === null ? undefined : data.xs[read];
      plot.setCursor(x === undefined ? { left: -10, top: -10 } : { left: plot.valToPos(x, "x"), top: 0 }, false);
    },
    destroy: () => plot.destroy(),
  };
}

const table = (data: ChartData): uPlot.AlignedData => [data.xs, ...data.lines.map((line) => line.values)];

function short(ctx: CanvasRenderingContext2D, name: string, width: number): string {
  if (ctx.measureText(name).width <= width) return name;
  const letters = [...name];
  while (letters.length > 1 && ctx.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return `${letters.join("")}…`;
}
