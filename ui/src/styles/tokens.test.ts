import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Rgb = [number, number, number];

const css = readFileSync("src/styles/tokens.css", "utf8");
const [darkCss = "", lightCss = ""] = css.split(':root[data-theme="light"]');
const themes = { dark: colours(darkCss), light: { ...colours(darkCss), ...colours(lightCss) } };

/** How eyes without one kind of cone see a colour (linear light, full severity). */
const EYES: Record<string, [Rgb, Rgb, Rgb]> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

/** Distance in OKLab from which two thin lines are told apart without effort. */
const APART = 0.075;

for (const [theme, tokens] of Object.entries(themes)) {
  for (const [eye, matrix] of Object.entries(EYES)) {
    test(`${theme}: member colours and the accent stay apart for ${eye} eyes`, () => {
      const all = [...Array.from({ length: 8 }, (_, i) => `--member-${i}`), "--accent"];
      const close: string[] = [];
      all.forEach((a, i) =>
        all.slice(i + 1).forEach((b) => {
          const distance = Math.hypot(...lab(seen(of(tokens, a), matrix)).map((v, k) => v - (lab(seen(of(tokens, b), matrix))[k] ?? 0)));
          if (distance < APART) close.push(`${a} ${b} ${distance.toFixed(3)}`);
        }),
      );
      expect(close).toEqual([]);
    });
  }

  test(`${theme}: words can be read on every ground`, () => {
    const weak: string[] = [];
    const need = (ink: string, ground: string, ratio: number) => {
      const is = contrast(of(tokens, ink), of(tokens, ground));
      if (is < ratio) weak.push(`${ink} on ${ground}: ${is.toFixed(2)}`);
    };
    for (const ground of ["--ground", "--panel", "--raised"]) {
      for (const ink of ["--ink", "--ink-soft", "--ink-faint", "--accent-ink", "--trouble"]) need(ink, ground, 4.5);
    }
    need("--on-accent", "--accent", 4.5);
    for (let i = 0; i < 8; i++) {
      need("--on-member", `--member-${i}`, 4.5);
      need(`--member-${i}`, "--ground", 3);
    }
    need("--edge-strong", "--ground", 3);
    expect(weak).toEqual([]);
  });
}

test("sizes come from the five, distances from the steps of four", () => {
  const odd: string[] = [];
  for (const file of readdirSync("src", { recursive: true }).map(String)) {
    if (!/\.(svelte|css)$/.test(file) || file.endsWith("tokens.css")) continue;
    const text = readFileSync(`src/${file}`, "utf8");
    for (const [line] of text.matchAll(/font-size: .*;/g)) if (!/var\(--size-[1-5]\)|inherit/.test(line)) odd.push(`${file}: ${line}`);
    for (const [line] of text.matchAll(/(?<![a-z-])(?:gap|padding(?:-[a-z]+)*): .*;/g)) {
      const px = [...line.matchAll(/(\d+)px/g)].map((m) => Number(m[1]));
      if (px.some((n) => n > 2 && n % 4 !== 0)) odd.push(`${file}: ${line}`);
    }
  }
  expect(odd).toEqual([]);
});

function colours(text: string): Record<string, Rgb> {
  const found = [...text.matchAll(/(--[a-z0-9-]+): #([0-9a-f]{6});/g)];
  return Object.fromEntries(found.map(([, name = "", hex = ""]) => [name, [0, 2, 4].map((i) => linear(parseInt(hex.slice(i, i + 2), 16) / 255)) as Rgb]));
}

function of(tokens: Record<string, Rgb>, name: string): Rgb {
  const colour = tokens[name];
  if (colour === undefined) throw new Error(`no colour ${name}`);
  return colour;
}

function linear(c: number): number {
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function seen(colour: Rgb, matrix: [Rgb, Rgb, Rgb]): Rgb {
  return matrix.map((row) => Math.min(1, Math.max(0, row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2]))) as Rgb;
}

function lab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function contrast(a: Rgb, b: Rgb): number {
  const y = ([r, g, bl]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  const [high = 0, low = 0] = [y(a), y(b)].sort((p, q) => q - p);
  return (high + 0.05) / (low + 0.05);
}
