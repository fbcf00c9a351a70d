import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { isPaper, papers } from "./papers";

/** The page itself also takes its words from the one file of texts. */
function pageTexts(): Plugin {
  const file = new URL("../crates/tutti-app/texts/en.json", import.meta.url);
  return {
    name: "page-texts",
    transformIndexHtml(html) {
      const texts = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
      return html.replace(/%text:([a-z_.]+)%/g, (_, key: string) => {
        const text = texts[key];
        if (text === undefined) throw new Error(`index.html asks for the unknown text ${key}`);
        return text;
      });
    },
  };
}

/** The window carries only the texts that its sources name, whole or by a beginning: the program says the others. */
function ownTexts(): Plugin {
  const folder = new URL("src/", import.meta.url);
  const sources = readdirSync(folder, { recursive: true }).map(String).filter((f) => /\.(svelte|ts)$/.test(f) && !/\.test\.ts$|fake\.ts$|generated/.test(f));
  return {
    name: "own-texts",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (!/\/texts\/[a-z]+\.json$/.test(id)) return null;
      const all = sources.map((file) => readFileSync(new URL(file, folder), "utf8")).join("\n");
      const begun = [...all.matchAll(/`([a-z_]+\.[a-z_.]*)\$\{/g)].map(([, beginning = ""]) => beginning);
      const named = ([key]: [string, string]) => all.includes(`"${key}"`) || begun.some((beginning) => key.startsWith(beginning));
      return JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(code) as Record<string, string>).filter(named)));
    },
  };
}

/** What a window loads, all files together, gzip; bytes. What people may want to read is beside them (papers.ts). */
const MOST_BYTES = 120 * 1024;

/** A bundle that has grown too heavy is no bundle. */
function light(): Plugin {
  return {
    name: "light",
    apply: "build",
    writeBundle() {
      const folder = new URL("dist/", import.meta.url);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile() && !isPaper(f.name));
      const sizes = files.map((f) => gzipSync(readFileSync(`${f.parentPath}/${f.name}`), { level: 9 }).length);
      const all = sizes.reduce((sum, size) => sum + size, 0);
      const words = `${(all / 1024).toFixed(1)} KB of ${MOST_BYTES / 1024}, all that a window loads, gzip`;
      if (all > MOST_BYTES) throw new Error(`the bundle is too heavy: ${words}`);
      console.log(words);
    },
  };
}

export default defineConfig({
  // The browser host serves the page under a random path.
  base: "./",
  plugins: [svelte(), pageTexts(), ownTexts(), papers(), light()],
  build: {
    target: "es2022",
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1", fs: { allow: [".."] } },
});
