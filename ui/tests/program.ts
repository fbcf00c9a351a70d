/** Stands in for the program: serves the built bundle, sends snapshots, takes actions, as the browser host expects it. */
import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import type { Action, Snapshot } from "../src/generated/api";
import { fakeCover, FakeProgram } from "../src/host/fake";

const DIST = new URL("../dist/", import.meta.url);
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** What the real program sends along: the bundle must live with it. */
const POLICY = "default-src 'self'; img-src 'self' cover: http://cover.localhost; style-src 'self' 'unsafe-inline'";

export class Program {
  fake = new FakeProgram();
  /** Every action that arrived, oldest first. */
  readonly actions: Action[] = [];
  /** When set, actions are answered with these words. */
  refuse: string | null = null;
  #server: Server | null = null;
  #port = 0;
  #streams = new Set<ServerResponse>();
  /** Counts what was sent, also when another scene follows. */
  #sent = 0;
  #ticking: ReturnType<typeof setInterval> | undefined;

  static async start(prepare: (fake: FakeProgram) => void = () => {}): Promise<Program> {
    const program = new Program();
    prepare(program.fake);
    await program.listen();
    return program;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/s3cret/`;
  }

  /** Starts answering, after a cut on the same port again. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", this.url).pathname.replace(/^\/s3cret\//, "");
      if (path === "events") {
        response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
        this.#streams.add(response);
        response.on("close", () => this.#streams.delete(response));
        response.write(message({ ...this.fake.snapshot, seq: this.#sent++ }));
      } else if (path === "dispatch") {
        let body = "";
        request.on("data", (part: Buffer) => (body += part.toString()));
        request.on("end", () => {
          if (this.refuse !== null) {
            response.writeHead(409, { "content-type": "text/plain" }).end(this.refuse);
            return;
          }
          const action = JSON.parse(body) as Action;
          this.actions.push(action);
          this.fake.act(action);
          response.writeHead(204).end();
          this.send();
        });
      } else if (path.startsWith("cover/")) {
        response.writeHead(200, { "content-type": "image/svg+xml" }).end(fakeCover(decodeURIComponent(path.slice(6))));
      } else {
        void file(path || "index.html", response);
      }
    });
    await new Promise<void>((done) => server.listen(this.#port, "127.0.0.1", done));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Sends a snapshot to every window: the scripted one, or another. */
  send(snapshot: Snapshot = this.fake.snapshot): number {
    const seq = this.#sent++;
    for (const stream of this.#streams) stream.write(message({ ...snapshot, seq }));
    return seq;
  }

  /** Every window sees another scene from now on; the number of its snapshot. */
  become(prepare: (fake: FakeProgram) => void = () => {}): number {
    this.fake = new FakeProgram();
    prepare(this.fake);
    return this.send();
  }

  /** Time passes for the scripted room, and everybody is told. */
  advance(ms: number): void {
    this.fake.advance(ms);
    this.send();
  }

  /** Lets the room live on in real time. */
  run(period_ms = 250): void {
    this.#ticking = setInterval(() => this.advance(period_ms), period_ms);
  }

  /** Ends as a killed program would. */
  async cut(): Promise<void> {
    clearInterval(this.#ticking);
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    await closed;
  }

  /** The newest action of this type. */
  last<T extends Action["type"]>(type: T): Extract<Action, { type: T }> | undefined {
    return this.actions.filter((a): a is Extract<Action, { type: T }> => a.type === type).at(-1);
  }
}

const message = (snapshot: Snapshot) => `data: ${JSON.stringify(snapshot)}\n\n`;

async function file(path: string, response: ServerResponse): Promise<void> {
  try {
    const body = await readFile(new URL(path, DIST));
    const headers = { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-security-policy": POLICY };
    response.writeHead(200, headers).end(body);
  } catch {
    response.writeHead(404).end();
  }
}
