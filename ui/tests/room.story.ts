import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FakeProgram } from "../src/host/fake";
import { t } from "../src/lib/texts";
import { openBrowser, openWindow, shows, violations, watchShifts, type Window } from "./browser";
import { Program } from "./program";
import { rest } from "./stills";
import { laneTrouble, needsLogin, noDevice, own, restricted } from "./troubles";

let browser: Browser;
let program: Program;
let window: Window;

beforeAll(async () => (browser = await openBrowser()));
afterAll(() => browser.close());

async function open(prepare: (fake: FakeProgram) => void, look = {}, expected?: RegExp) {
  program = await Program.start(prepare);
  window = await openWindow(browser, program.url, look, expected);
  await window.page.getByTestId("room").waitFor();
}
const demo = (fake: FakeProgram) => {
  fake.fill(4, 4);
  fake.screen = "room";
};
const lane = (name: string) => window.page.getByRole("article", { name, exact: true });
const press = (name: string) => window.page.getByRole("button", { name, exact: true }).click();
/** The next action of this type; the click's request needs a moment to arrive. */
const arrives = <T extends Parameters<Program["last"]>[0]>(type: T) => expect.poll(() => program.last(type));

afterEach(async () => {
  expect(window.faults).toEqual([]);
  await window.close();
  await program.cut();
});

describe("the demo room", () => {
  beforeEach(() => open(demo));

  test("shows a lane a member, marks the one who leads, and carries each timing error", async () => {
    const lanes = window.page.locator("[data-member]");
    expect(await lanes.count()).toBe(4);
    const leading = window.page.locator("[data-leads=true]");
    expect(await leading.count()).toBe(1);
    expect(await leading.getAttribute("aria-label")).toBe("Chiara");
    const shown = Number(await lane("Ben").getAttribute("data-error-ms"));
    expect(shown).toBeCloseTo(program.fake.people[1]?.error ?? NaN, 0);
  });

  test("puts the dot at true scale on the ruler", async () => {
    Object.assign(program.fake.people[0] ?? {}, { error: -250, late_ms: 0 });
    program.send();
    await expect.poll(() => lane("Anna").getAttribute("data-error-ms")).toBe("-250");
    await rest(window.page);
    const dot = await lane("Anna").locator(".dot").boundingBox();
    const track = await lane("Anna").locator(".track").boundingBox();
    if (dot === null || track === null) throw new Error("the lane is drawn");
    expect((dot.x + dot.width / 2 - track.x) / track.width).toBeCloseTo(0.25, 2);
  });

  test("moves with every snapshot, and the accent passes with the lead", async () => {
    await press("Ben: seek forward 15 seconds");
    await expect.poll(() => lane("Ben").getAttribute("data-leads")).toBe("true");
    expect(await lane("Chiara").getAttribute("data-leads")).toBe("false");
    await expect.poll(async () => Math.abs(Number(await lane("Anna").getAttribute("data-error-ms")))).toBeGreaterThan(5000);
    expect(await lane("Anna").locator("[data-status]").textContent()).toContain("catching up");
    expect(await lane("Anna").locator(".arrow").count()).toBe(1);
    for (let i = 0; i < 12; i++) program.advance(250);
    await expect.poll(async () => Math.abs(Number(await lane("Anna").getAttribute("data-error-ms")))).toBeLessThan(150);
    expect(await window.page.getByTestId("announcer").textContent()).toBe("Ben leads now");
  });

  test("shows in the footer what is left of the requests, and the details of a wait behind it", async () => {
    program.fake.waits = { who: ["Chiara"], until_ms: 1_795_266_300_000, text: t("ration.asked.rate", { until: "14:05" }) };
    program.send();
    const button = window.page.getByRole("button", { name: t("ration.waiting", { until: "14:05" }) });
    await button.click();
    const panel = window.page.getByRole("dialog", { name: t("ration.title") });
    await panel.waitFor();
    expect(await panel.textContent()).toContain("Spotify asked us to wait until 14:05: too much was asked at once");
    expect(await panel.getByRole("listitem").count()).toBe(2);
    await window.page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
  });

  test("sends what each button of a phone says", async () => {
    const at = program.fake.people[1]?.phone.position_ms ?? 0;
    await press("Ben: seek forward 15 seconds");
    await arrives("hand").toMatchObject({ member: 1, hand: { type: "seek" } });
    const sought = program.last("hand")?.hand;
    expect(sought?.type === "seek" && Math.abs(sought.position_ms - at - 15_000)).toBeLessThan(3000);
    await press("Ben: seek back 15 seconds");
    await expect.poll(() => program.actions.length).toBe(2);
    for (const [name, type] of [
      ["Anna: pause", "pause"],
      ["Anna: play", "play"],
      ["Deniz: next song", "next"],
      ["Deniz: previous song", "previous"],
    ] as const) {
      await press(name);
      await expect.poll(() => program.last("hand")?.hand.type).toBe(type);
    }
  });

  test("starts another song from the menu, also by keyboard alone", async () => {
    await window.page.getByRole("button", { name: "Anna: choose another song" }).focus();
    await window.page.keyboard.press("Enter");
    await window.page.getByRole("menuitem").first().waitFor();
    await expect.poll(() => window.page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("menuitem");
    await window.page.keyboard.press("ArrowDown");
    await window.page.keyboard.press("Enter");
    await arrives("hand").toEqual({ type: "hand", member: 0, hand: { type: "play", uri: "spotify:track:2" } });
    await expect.poll(() => window.page.locator("aside h2").textContent()).toContain("Paper Lanterns");
    expect(await window.page.getByRole("menuitem").count()).toBe(0);
  });

  test("seeks with the slider's keys", async () => {
    const slider = window.page.getByRole("slider", { name: "Deniz: position" });
    await slider.focus();
    await window.page.keyboard.press("End");
    await arrives("hand").toMatchObject({ member: 3, hand: { type: "seek" } });
    const hand = program.last("hand")?.hand;
    expect(hand?.type === "seek" && hand.position_ms).toBeGreaterThan(270_000);
  });

  test("says that the phones are simulated", async () => {
    expect(await window.page.getByTestId("demo").textContent()).toBe(t("room.demo"));
  });

  test("turns sync off and on with the one primary button", async () => {
    const sync = window.page.getByRole("switch", { name: "Sync" });
    expect(await sync.getAttribute("aria-checked")).toBe("true");
    expect(await window.page.locator(".button.primary").count()).toBe(1);
    await sync.click();
    await arrives("sync").toEqual({ type: "sync", on: false });
    await expect.poll(() => sync.getAttribute("aria-checked")).toBe("false");
    await sync.click();
    await arrives("sync").toEqual({ type: "sync", on: true });
  });

  test("leaves", async () => {
    await window.page.getByTestId("leave").click();
    await window.page.getByTestId("welcome").waitFor();
    expect(program.last("leave")).toBeDefined();
    expect(await window.page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  });

  test("trims a member in small steps", async () => {
    await press("Ben: Trim 0 ms");
    await press("Ben: trim 5 ms more");
    await arrives("trim").toEqual({ type: "trim", member: 1, ms: 5 });
    await window.page.getByRole("button", { name: "Ben: Trim +5 ms" }).waitFor();
    await press("Ben: trim 50 ms less");
    await arrives("trim").toEqual({ type: "trim", member: 1, ms: -45 });
    await window.page.keyboard.press("Escape");
    await expect.poll(() => window.page.getByRole("button", { name: "Ben: trim 5 ms more" }).count()).toBe(0);
  });

  test("lets the chart be read with the arrow keys, and describes it in words", async () => {
    const chart = window.page.getByTestId("chart").getByRole("slider");
    await chart.focus();
    for (let i = 0; i < 10; i++) await window.page.keyboard.press("ArrowLeft");
    expect(await chart.getAttribute("aria-valuetext")).toMatch(/^0:05 ago: Anna [+−]?\d+ ms, Ben /);
    expect(await window.page.locator(".reading").textContent()).toContain("0:05 ago");
    const words = await window.page.locator(`#${await chart.getAttribute("aria-describedby")}`).textContent();
    expect(words).toMatch(/Anna: now .* between .* Chiara started “Northbound, Second Class”, 0:\d\d ago/);
  });

  test("shows values under the pointer", async () => {
    await window.page.locator(".u-over").hover();
    await expect.poll(() => window.page.locator(".reading").textContent()).toMatch(/ago.*Anna.*ms/);
  });

  test("ticks the progress on between snapshots", async () => {
    const before = await window.page.getByTestId("position").textContent();
    await expect.poll(() => window.page.getByTestId("position").textContent(), { timeout: 4000 }).not.toBe(before);
  });

  test("opens the song in Spotify through the program and stays where it is", async () => {
    await window.page.getByRole("link", { name: t("now.open") }).click();
    await arrives("open_link").toMatchObject({ link: expect.stringContaining("https://open.spotify.com/") });
    expect(window.page.url()).toBe(program.url);
  });

  test("moves nothing while numbers, words and the lead change", async () => {
    await rest(window.page);
    const shifts = await watchShifts(window.page);
    for (let i = 0; i < 20; i++) {
      if (i === 5) program.fake.hand(1, { type: "seek", position_ms: 200_000 });
      if (i === 12) program.fake.hand(3, { type: "next" });
      if (i === 15) Object.assign(program.fake.people[0] ?? {}, { trouble: noDevice() });
      if (i === 17) program.fake.tell("info", "already_there", t("notice.already_there"));
      program.advance(250);
      await window.page.waitForTimeout(60);
    }
    expect(await shifts()).toEqual({ sum: 0, moved: [] });
  });
});

test("trouble stands in its lane, in words, with its way out", async () => {
  await open((fake) => {
    demo(fake);
    Object.assign(fake.people[3] ?? {}, { trouble: noDevice(3) });
  });
  const words = lane("Deniz").locator("[data-trouble=no_device]");
  expect(await words.textContent()).toContain(t("trouble.no_device"));
  expect(await lane("Deniz").getAttribute("data-error-ms")).toBeNull();
  await lane("Deniz").getByRole("button", { name: t("wayout.look_again") }).click();
  await arrives("look_again").toEqual({ type: "look_again", member: 3 });
});

test("the trouble of somebody at another computer is said of them, and nothing is asked of whoever looks", async () => {
  await open((fake) => {
    fake.act({ type: "host_session", relay: null, listen: null });
    fake.fill(4, 4);
    Object.assign(fake.people[1] ?? {}, { trouble: needsLogin("Ben") });
  });
  const words = lane("Ben").locator("[data-trouble=needs_login]");
  expect((await words.textContent())?.trim()).toBe("Ben has to sign in again.");
  expect(await words.getByRole("button").count()).toBe(0);
});

test("the name of a host who leads is read whole, and that they host is still told, however narrow the lanes", async () => {
  await open((fake) => {
    fake.act({ type: "host_session", relay: null, listen: null });
    fake.fill(3, 1);
    fake.hand(0, { type: "pause" });
  });
  for (const width of [360, 640, 800, 960, 1400]) {
    await window.page.setViewportSize({ width, height: 700 });
    const name = lane("Anna").locator(".name > .cut").first();
    await expect.poll(() => name.evaluate((it) => [it.clientWidth > 0, it.scrollWidth - it.clientWidth]), { timeout: 5000 }).toEqual([true, 0]);
    expect(await lane("Anna").innerText()).toContain(t("member.host"));
    expect(await lane("Anna").locator(".status").getAttribute("title")).toContain(t("member.host"));
  }
});

for (const width of [360, 1280]) {
  test(`at ${width} px, one's own device is chosen where the trim is, with the keyboard alone`, async () => {
    await open(
      (fake) => {
        fake.act({ type: "host_session", relay: null, listen: null });
        fake.fill(4, 4);
        fake.accounts = [own(0, "Anna")];
      },
      { width },
    );
    await window.page.getByRole("button", { name: "Anna: Trim 0 ms, device", exact: true }).press("Enter");
    const device = window.page.getByRole("combobox", { name: t("lobby.device.of", { name: "Anna" }) });
    await device.waitFor();
    await arrives("look_again").toEqual({ type: "look_again", member: 0 });
    const panel = await window.page.locator(".panel.placed").boundingBox();
    expect(panel !== null && panel.x >= 0 && panel.x + panel.width <= width).toBe(true);
    const offered = await device.locator("option:not([disabled])").allTextContents();
    expect(offered).toEqual([t("lobby.device.active"), "Anna’s laptop (active)", "Kitchen"]);
    await device.focus();
    await window.page.keyboard.press("K");
    await arrives("choose_device").toEqual({ type: "choose_device", account: "account-0", device: "d2" });
    await expect.poll(() => device.inputValue()).toBe("d2");
    expect(await violations(window.page)).toEqual([]);
    // Of the others nothing can be chosen here.
    expect(await lane("Ben").getByRole("button", { name: /Trim|device/ }).count()).toBe(0);
  });
}

test("where another device would help, it can be chosen in the trouble, and the keyboard goes on when it is over", async () => {
  await open((fake) => {
    fake.demo = false;
    fake.fill(3, 4);
    fake.screen = "room";
    fake.accounts = [own(1, "Ben")];
    Object.assign(fake.people[1] ?? {}, { trouble: restricted("Phone") });
    Object.assign(fake.people[2] ?? {}, { trouble: restricted("Laptop") });
  });
  expect(await lane("Chiara").locator("[data-trouble]").getByRole("button").count()).toBe(0);
  await lane("Ben").getByRole("button", { name: t("room.device"), exact: true }).press("Enter");
  await arrives("look_again").toEqual({ type: "look_again", member: 1 });
  const device = window.page.getByRole("combobox", { name: t("lobby.device.of", { name: "Ben" }) });
  await expect.poll(() => device.evaluate((it) => it === document.activeElement)).toBe(true);
  await window.page.keyboard.press("K");
  await arrives("choose_device").toEqual({ type: "choose_device", account: "account-1", device: "d2" });
  Object.assign(program.fake.people[1] ?? {}, { trouble: null });
  program.send();
  await lane("Ben").locator("[data-trouble]").waitFor({ state: "detached" });
  await window.page.keyboard.press("Escape");
  await expect
    .poll(() => window.page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
    .toBe("Ben: Trim 0 ms, device");
});

test("trouble of somebody who is still heard leaves the dot in sight", async () => {
  await open((fake) => {
    demo(fake);
    fake.sync = true;
  });
  const snapshot = program.fake.snapshot;
  const anna = snapshot.room?.members[0];
  if (anna === undefined) throw new Error("Anna is in the room");
  anna.trouble = { code: "rate_limited", text: t("trouble.rate_limited", { seconds: 12 }), way_out: null };
  program.send(snapshot);
  await lane("Anna").locator("[data-trouble=rate_limited]").waitFor();
  expect(await lane("Anna").locator(".dot").isVisible()).toBe(true);
});

test("a sign-in that ends takes nobody out of the lane, and beside another trouble it stands in the lobby too", async () => {
  await open((fake) => {
    fake.demo = false;
    fake.fill(3, 4);
    fake.screen = "room";
    fake.accounts = [{ ...own(1, "Ben"), trouble: restricted("Phone"), ending: laneTrouble("trouble.sign_in_ends", 1) }];
    Object.assign(fake.people[1] ?? {}, { trouble: laneTrouble("trouble.sign_in_ends", 1) });
  });
  const snapshot = program.fake.snapshot;
  const ben = snapshot.room?.members[1];
  if (ben === undefined) throw new Error("Ben is in the room");
  for (const timing of [ben.timing, null]) {
    const members = snapshot.room?.members.map((m) => (m === ben ? { ...m, timing } : m)) ?? [];
    await shows(window.page, program.send({ ...snapshot, room: snapshot.room && { ...snapshot.room, members } }));
    expect(await lane("Ben").getAttribute("data-error-ms") === null).toBe(timing === null);
    await lane("Ben").getByRole("button", { name: t("wayout.sign_in_again") }).waitFor();
    expect(await lane("Ben").locator(".track").isVisible()).toBe(true);
  }
  program.fake.screen = "lobby";
  program.send();
  const card = window.page.locator("[data-account=account-1]");
  await card.locator("[data-trouble=restricted_device]").waitFor();
  await card.locator("[data-trouble=sign_in_ends]").getByRole("button", { name: t("wayout.sign_in_again") }).click();
  await arrives("connect").toMatchObject({ type: "connect" });
});

test("a notice can be dismissed, and a refused action shows the program's words", async () => {
  await open((fake) => {
    demo(fake);
    fake.tell("problem", "port_taken", t("notice.port_taken", { address: "127.0.0.1:80" }));
  }, {}, /409/);
  const notice = window.page.locator("[data-notice=port_taken]");
  expect(await notice.textContent()).toContain("127.0.0.1:80 is already in use");
  await notice.getByRole("button", { name: t("app.dismiss") }).click();
  await expect.poll(() => notice.count()).toBe(0);
  program.refuse = "Ben’s phone has gone.";
  await press("Ben: next song");
  const failure = window.page.locator("[data-notice=failed]");
  await failure.waitFor();
  expect(await failure.textContent()).toContain("That did not work: Ben’s phone has gone.");
});

test("a cut connection is said, and the room goes on when the program is back", async () => {
  await open(demo, {}, /ERR_|Failed to load/);
  await program.cut();
  await window.page.getByTestId("lost").waitFor();
  expect(await window.page.getByTestId("lost").textContent()).toBe(t("app.lost"));
  expect(await lane("Ben").isVisible()).toBe(true);
  program.fake.hand(1, { type: "pause" });
  await program.listen();
  await expect.poll(() => lane("Ben").getAttribute("data-leads"), { timeout: 10_000 }).toBe("true");
  expect(await window.page.getByTestId("lost").count()).toBe(0);
});

test("a screen that cannot be drawn says so and comes back", async () => {
  await open(demo, {}, /TypeError|Cannot read/);
  const broken = program.fake.snapshot;
  program.send(JSON.parse(JSON.stringify(broken).replace(/"members":\[.*?\],"now_playing"/, '"members":null,"now_playing"')));
  await window.page.getByTestId("broken").waitFor();
  expect(await window.page.getByTestId("broken").textContent()).toContain(t("app.broken.why"));
  program.send();
  // Whoever presses before the next snapshot is there sees the same once more.
  await expect
    .poll(async () => {
      if (await window.page.getByTestId("broken").isVisible()) await press(t("app.broken.again"));
      return window.page.getByTestId("room").isVisible();
    })
    .toBe(true);
});

test("twelve members fit: lanes scroll, the chart and the buttons stay in sight", async () => {
  await open((fake) => {
    fake.fill(12, 2);
    fake.screen = "room";
  });
  await lane("Liv").scrollIntoViewIfNeeded();
  for (const part of [lane("Liv"), window.page.getByTestId("chart"), window.page.getByTestId("leave"), window.page.getByTestId("sync")]) {
    const box = await part.boundingBox();
    expect(box !== null && box.y >= 0 && box.y + box.height <= 720).toBe(true);
  }
});

test("in a wide and low window the title stands below the cover", async () => {
  await open(demo, { width: 1440, height: 640 });
  const cover = await window.page.locator(".cover").boundingBox();
  const title = await window.page.locator("aside h2").boundingBox();
  if (cover === null || title === null) throw new Error("both are drawn");
  expect(cover.height).toBeCloseTo(cover.width, 0);
  expect(title.y).toBeGreaterThanOrEqual(cover.y + cover.height);
  const hidden = await window.page.locator("aside").evaluate((aside) => aside.scrollHeight - aside.clientHeight);
  expect(hidden).toBe(0);
});

test("at 360 px the chart is folded away and opens", async () => {
  await open(demo, { width: 360, height: 740 });
  expect(await window.page.locator(".u-over").count()).toBe(0);
  await press(t("chart.show"));
  await window.page.locator(".u-over").waitFor();
  await press(t("chart.hide"));
  await expect.poll(() => window.page.locator(".u-over").count()).toBe(0);
});
