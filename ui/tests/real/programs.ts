/** Real programs for the stories: started from the build, told to end as Ctrl-C would, and gone in any case. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The build's programs; another build with `TUTTI_PROGRAMS=/folder`. */
const FOLDER = process.env["TUTTI_PROGRAMS"] ?? fileURLToPath(new URL("../../../target/debug", import.meta.url));
/** Programs say their first line within a moment; a busy machine is slow and nothing is wrong. */
const STARTS_MS = 30_000;
/** An ordered end takes some hundred ms. */
const ENDS_MS = 15_000;

type Name = "tutti" | "tutti-sim" | "tutti-relay";
type Env = Record<string, string>;

/** A program that runs. */
export class Running {
  /** What it said beside its lines. */
  said = "";
  #child: ChildProcess;
  /** Its exit code, when it has ended by itself or by us. */
  readonly ended: Promise<number | null>;

  private constructor(
    readonly name: Name,
    args: string[],
    env: Env,
  ) {
    this.#child = spawn(join(FOLDER, name), args, { env: surroundings(env), stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.said += text));
    // Not at its exit: what it said last may still be read then.
    this.ended = once(this.#child, "close").then(([code]) => code as number | null);
  }

  /** Starts it, and reads the first line that it prints. */
  static async start(name: Name, args: string[], env: Env = {}): Promise<[Running, string]> {
    const running = new Running(name, args, env);
    ALL.add(running);
    const lines = createInterface({ input: running.#child.stdout! });
    const first = once(lines, "line").then(([line]) => String(line));
    const none = running.ended.then((code) => {
      ALL.delete(running);
      throw new Error(`${name} ended with ${code}: ${running.said}`);
    });
    none.catch(() => {});
    return [running, await within(STARTS_MS, `a line of ${name}`, Promise.race([first, none]))];
  }

  /** Ends it as Ctrl-C does; the exit code. */
  async interrupt(): Promise<number | null> {
    ALL.delete(this);
    this.#child.kill("SIGINT");
    try {
      return await within(ENDS_MS, `the end of ${this.name}`, this.ended);
    } finally {
      this.#child.kill("SIGKILL");
    }
  }
}

const ALL = new Set<Running>();

/** A program that serves its window, and the address of that. */
export async function window(args: string[], env: Env = {}): Promise<[Running, string]> {
  const [running, address] = await Running.start("tutti", [...args, "--no-browser"], env);
  const page = await fetch(address);
  if (!page.ok) throw new Error(`the window is not served: ${await page.text()}`);
  return [running, address];
}

/** Ends what still runs, the newest first. */
export async function endAll(): Promise<void> {
  for (const running of [...ALL].reverse()) await running.interrupt();
}

/** What belongs to a program, and nothing of whoever runs the stories: no keychain of theirs is touched. */
function surroundings(env: Env): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("TUTTI_"));
  return { ...Object.fromEntries(kept), DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent", TUTTI_LANG: "en", ...env };
}

async function within<T>(ms: number, what: string, done: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what} did not come within ${ms / 1000} s`)), ms);
  });
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

/** A profile of its own on a pretend Spotify. */
export class Profile {
  private constructor(readonly env: Env) {}

  static async at(spotify: Spotify): Promise<Profile> {
    const home = await mkdtemp(join(tmpdir(), "tutti-story-"));
    return new Profile({ TUTTI_HOME: home, TUTTI_SPOTIFY_API: `${spotify.url}/v1`, TUTTI_SPOTIFY_ACCOUNTS: spotify.url });
  }

  /** The window of this profile; its address. */
  open(): Promise<[Running, string]> {
    return window(["web"], this.env);
  }

  /** What was kept of an account goes, and then the profile. */
  async forget(account: string): Promise<void> {
    // Where nobody signed in there is nothing to forget.
    await Running.start("tutti", ["logout", account], this.env).then(([logout]) => logout.ended, () => {});
    await rm(this.env["TUTTI_HOME"]!, { recursive: true });
  }
}

/** A pretend Spotify in a process of its own. */
export class Spotify {
  private constructor(readonly url: string) {}

  static async start(accounts: number): Promise<Spotify> {
    const [, line] = await Running.start("tutti-sim", ["serve", "--profile", "lan", "--accounts", String(accounts)]);
    return new Spotify((JSON.parse(line) as { base_url: string }).base_url);
  }

  /** Acts by hand on somebody's phone. */
  async hand(user: string, action: "play" | "pause" | "next"): Promise<void> {
    const answer = await fetch(`${this.url}/_sim/accounts/${user}/hand`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ action }),
    });
    if (!answer.ok) throw new Error(`${user}’s phone: ${await answer.text()}`);
  }

  /** Who really plays what. */
  async truth(): Promise<Record<string, { uri: string | null; playing: boolean }>> {
    const answer = await fetch(`${this.url}/_sim/truth`);
    const { players } = (await answer.json()) as { players: Array<{ user: string; uri: string | null; playing: boolean }> };
    return Object.fromEntries(players.map(({ user, ...player }) => [user, player]));
  }
}
