/** Everything that the window can show, by name: the scenes, what is opened over them, and what is there in their place. */
import type { Browser, Page } from "playwright-core";
import { language, t } from "../src/lib/texts";
import { openWindow, shows, type Look, type Window } from "./browser";
import { Program } from "./program";
import { SCENES } from "./scenes";

type Opened = {
  /** Over which scene. */
  scene: string;
  open: (page: Page, program: Program) => Promise<unknown>;
  /** Faults of the page that belong to it. */
  faults?: RegExp;
};

const panel = async (page: Page, button: string) => {
  await page.locator(button).first().click();
  await page.locator(".panel.placed").waitFor();
};
const paper = async (page: Page, name: string, text: string) => {
  const entry = page.getByTestId(name);
  await entry.locator("summary").click();
  await entry.locator(text).waitFor();
};
/** The page begins anew, and nothing comes from the program. */
const silent = async (page: Page, refused: boolean) => {
  await page.route("**/events", (route) => (refused ? route.abort() : undefined));
  await page.reload();
  await page.getByTestId("waiting").waitFor();
  if (refused) await page.getByText(t("app.lost.start")).waitFor();
};
const REFUSED = /ERR_|Failed to load/;

const OPENED: Record<string, Opened> = {
  "open-invite": { scene: "room-network", open: (page) => panel(page, "button:has([data-testid=invite])") },
  "open-invite-named": { scene: "room-relay", open: (page) => panel(page, "button:has([data-testid=invite])") },
  "open-own-device": {
    scene: "room-apart",
    open: async (page) => {
      await panel(page, "button:has([data-testid=invite])");
      await page.locator(".invite summary").click();
      await page.locator(".invite details .copy").scrollIntoViewIfNeeded();
    },
  },
  "open-trim": { scene: "room", open: (page) => panel(page, "[data-member='1'] .trim-open") },
  "open-remove": {
    scene: "room-network",
    open: async (page) => {
      await page.locator("[data-member='1'] .trim-open").click();
      await page.getByTestId("remove").waitFor();
    },
  },
  "open-songs": { scene: "demo", open: (page) => panel(page, "[data-member='1'] [aria-haspopup=menu]") },
  "open-rations": { scene: "room-trouble", open: (page) => panel(page, ".rations-open") },
  "open-rations-lobby": { scene: "lobby-waiting", open: (page) => page.locator(".requests summary").click() },
  "open-delete": { scene: "settings", open: (page) => page.getByTestId("delete").click() },
  "open-privacy": { scene: "settings", open: (page) => paper(page, "privacy", ".paper") },
  "open-licences": { scene: "settings", open: (page) => paper(page, "licences", "pre") },
  "opening-long": {
    scene: "opening",
    open: async (page, program) => {
      // It is said after some seconds, which nobody has to wait for here.
      await page.clock.install();
      await page.reload();
      await page.getByTestId("give-up").waitFor();
      await page.clock.fastForward(10_000);
      await page.getByText(program.fake.waiting?.long ?? "").waitFor();
    },
  },
  waiting: { scene: "welcome", open: (page) => silent(page, false) },
  "waiting-refused": { scene: "welcome", open: (page) => silent(page, true), faults: REFUSED },
  lost: {
    scene: "room",
    open: async (page, program) => {
      await program.cut();
      await page.getByTestId("lost").waitFor();
    },
    faults: REFUSED,
  },
  newer: {
    scene: "lobby",
    open: async (page, program) => {
      program.send({ ...program.fake.snapshot, version: 2 });
      await page.getByTestId("newer").waitFor();
    },
  },
  broken: {
    scene: "demo",
    open: async (page, program) => {
      program.send(JSON.parse(JSON.stringify(program.fake.snapshot).replace(/"members":\[.*?\],"now_playing"/, '"members":null,"now_playing"')));
      await page.getByTestId("broken").waitFor();
    },
    faults: /TypeError|Cannot read/,
  },
};

export const STILLS = [...Object.keys(SCENES), ...Object.keys(OPENED)];
/** They have a window of their own: what is opened closes when the window's size changes, or the page begins anew. */
export const isOpened = (name: string): boolean => OPENED[name] !== undefined;

/** Two frames, and everything that glides has arrived. */
export const rest = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const moves = document.getAnimations().filter((move) => move.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.all(moves.map((move) => move.finished.catch(() => {})));
  });

export type Still = { program: Program; window: Window; close(): Promise<void> };

/** One of them in a window of its own, at rest; the language is that of the moment. */
export async function still(browser: Browser, name: string, look: Look): Promise<Still> {
  const opened = OPENED[name];
  const program = await Program.start(SCENES[opened?.scene ?? name]);
  const window = await openWindow(browser, program.url, { calm: true, locale: language() === "de" ? "de-DE" : "en-GB", ...look }, opened?.faults);
  await window.page.locator("main").waitFor();
  await opened?.open(window.page, program);
  await rest(window.page);
  const close = async () => {
    await window.close();
    await program.cut();
  };
  return { program, window, close };
}

/** A window that goes from scene to scene as the program does, without being opened anew. */
export class Scenes {
  private constructor(readonly still: Still) {}

  static async open(browser: Browser): Promise<Scenes> {
    return new Scenes(await still(browser, "welcome", {}));
  }

  async show(name: string, { width = 960, height = 720, theme = "dark" }: Look): Promise<Page> {
    const { program, window } = this.still;
    await window.page.emulateMedia({ colorScheme: theme });
    await window.page.setViewportSize({ width, height });
    await shows(window.page, program.become(SCENES[name]));
    await rest(window.page);
    return window.page;
  }
}
