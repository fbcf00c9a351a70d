import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

/** What the window's bundle carries of others. */
const CARRIED = ["@fontsource-variable/figtree/LICENSE", "svelte/LICENSE.md", "uplot/LICENSE", "uqr/LICENSE", "simple-icons/LICENSE.md", "@tauri-apps/api/LICENSE-MIT"];

interface Crate {
  id: string;
  name: string;
  version: string;
  license: string | null;
  repository: string | null;
  source: string | null;
  manifest_path: string;
}
interface Metadata {
  packages: Crate[];
  resolve: { nodes: { id: string; deps: { pkg: string; dep_kinds: { kind: string | null }[] }[] }[] };
}

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(path, "utf8").trim();

/** The crates that are built into the program. */
function crates(): Crate[] {
  const ask = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: root, maxBuffer: 64 << 20, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const host = /^host: (.+)$/m.exec(ask("rustc", "-vV"))?.[1] ?? "";
  const { packages, resolve } = JSON.parse(ask("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host)) as Metadata;
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const open = packages.filter((crate) => crate.name === "tutti-desktop").map((crate) => crate.id);
  const reached = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    const deps = nodes.get(id)?.deps ?? [];
    open.push(...deps.filter((dep) => dep.dep_kinds.some(({ kind }) => kind === null)).map((dep) => dep.pkg));
  }
  const others = packages.filter((crate) => crate.source !== null && reached.has(crate.id));
  return others.sort((one, other) => one.name.localeCompare(other.name));
}

/** Its own words; of a choice of licences one is enough. */
function words(crate: Crate): string[] {
  const folder = dirname(crate.manifest_path);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^(un)?licen[cs]e|^copying|^notice/i.test(name) && !/\.(toml|json|rs)$/.test(name)) : [];
  const mit = files.filter((name) => /mit/i.test(name)).slice(0, 1);
  const chosen = mit.length > 0 && /MIT/.test(crate.license ?? "") ? mit : files;
  return chosen.flatMap((name) => {
    try {
      return [read(join(folder, name))];
    } catch {
      return [];
    }
  });
}

/** Each text once, below the names of all who have it. */
function licences(): string {
  const texts = new Map<string, string[]>();
  const add = (text: string, name: string) => texts.set(text, [...(texts.get(text) ?? []), name]);
  for (const path of CARRIED) add(read(join(root, "ui/node_modules", path)), path.slice(0, path.lastIndexOf("/")));
  const all = crates();
  const named = all.map((crate) => `${crate.name} ${crate.version}: ${crate.license ?? "?"}, ${crate.repository ?? "crates.io"}`);
  for (const crate of all) for (const text of words(crate)) add(text, `${crate.name} ${crate.version}`);
  const parts = [...texts].map(([text, names]) => `${names.join(", ")}\n\n${text}`);
  return [named.join("\n"), ...parts].join("\n\n----\n\n");
}

/** Markdown as far as docs/privacy.md has it. */
function html(markdown: string): string {
  const spans = (text: string) =>
    text
      .replace(/&/g, "&amp;")
      .replace(/</g, "&lt;")
      .replace(/\*\*(.+?)\*\*/g, "<b>$1</b>")
      .replace(/`(.+?)`/g, "<code>$1</code>")
      .replace(/\[(.+?)\]\(.+?\)/g, "$1");
  const cells = (row: string, cell: string) => `<tr>${row.split("|").slice(1, -1).map((text) => `<${cell}>${spans(text.trim())}</${cell}>`).join("")}</tr>`;
  const block = (text: string): string => {
    const lines = text.split("\n");
    const first = lines[0] ?? "";
    if (first.startsWith("# ")) return lines.length > 1 ? block(lines.slice(1).join("\n").trim()) : "";
    if (first.startsWith("## ")) return `<h4>${spans(first.slice(3))}</h4>${lines.length > 1 ? block(lines.slice(1).join("\n")) : ""}`;
    if (first.startsWith("|")) return `<table><thead>${cells(first, "th")}</thead><tbody>${lines.slice(2).map((row) => cells(row, "td")).join("")}</tbody></table>`;
    if (first.startsWith("- ")) return `<ul>${text.slice(2).split("\n- ").map((item) => `<li>${spans(item.replace(/\n\s*/g, " "))}</li>`).join("")}</ul>`;
    return `<p>${spans(text.replace(/\n/g, " "))}</p>`;
  };
  return markdown.trim().split(/\n\n+/).map(block).join("");
}

const PAPERS: Record<string, () => unknown> = {
  "virtual:licences": licences,
  "virtual:privacy": () => ({ en: html(read(join(root, "docs/privacy.md"))), de: html(read(join(root, "docs/privacy.de.md"))) }),
};

/** Whether a file of the bundle is one that no screen needs: it is loaded when somebody asks to read it. */
export const isPaper = (file: string): boolean => /^_virtual_(licences|privacy)-/.test(file);

/** The privacy notice, and the licences of what the program is made of, as modules of their own. */
export function papers(): Plugin {
  return {
    name: "papers",
    resolveId: (id) => (id in PAPERS ? `\0${id}` : null),
    load(id) {
      const paper = PAPERS[id.slice(1)];
      return id.startsWith("\0") && paper !== undefined ? `export default ${JSON.stringify(paper())}` : null;
    },
  };
}
