/** Who works with the keyboard goes on where they were, after every panel, question and entry that closes or goes. */
import { expect, test } from "vitest";
import { someAccounts } from "../src/host/fake";
import { t } from "../src/lib/texts";
import { SCENES } from "./scenes";
import { arrives, drawn, program, start, window } from "./stage";

const focused = () =>
  expect.poll(() => window.page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim()));
const button = (name: string) => window.page.getByRole("button", { name, exact: true });

test("Escape in a panel leads back to its button", async () => {
  await start(SCENES["room-network"]);
  for (const name of [t("invite.button"), t("room.trim.of", { name: "Anna", trim: "0 ms" })]) {
    await button(name).press("Enter");
    const panel = window.page.locator(".panel.placed");
    await panel.waitFor();
    await expect.poll(() => panel.evaluate((it) => it.contains(document.activeElement))).toBe(true);
    await window.page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
    await focused().toBe(name);
  }
});

test("a question that came by a link leads back to what it interrupted", async () => {
  await start((fake) => {
    fake.screen = "lobby";
    fake.accounts = someAccounts();
  });
  await window.page.getByTestId("host").focus();
  program.fake.act({ type: "open_invite", invite: "tutti://join/1f6c" });
  program.send();
  await focused().toBe(t("join.ask.no"));
  // Another link asks in its place: nobody who had begun to say yes says it to that.
  await window.page.getByTestId("answer-join").focus();
  program.fake.act({ type: "open_invite", invite: "tutti://join/2a7d" });
  program.send();
  await focused().toBe(t("join.ask.no"));
  await window.page.keyboard.press("Escape");
  await arrives("answer_invite").toEqual({ type: "answer_invite", question: 2, join: false });
  await window.page.getByTestId("question").waitFor({ state: "detached" });
  await focused().toBe(t("lobby.host"));
});

test("no and Escape take back that everything is to be deleted", async () => {
  await start(SCENES["settings"]);
  for (const key of ["Enter", "Escape"]) {
    await window.page.getByTestId("delete").press("Enter");
    await focused().toBe(t("settings.delete.no"));
    await window.page.keyboard.press(key);
    await focused().toBe(t("settings.delete"));
  }
  await drawn();
  expect(program.last("delete_everything")).toBeUndefined();
});

test("after an account has been signed out, the keyboard stays with the others", async () => {
  await start(SCENES["settings"]);
  await button(t("lobby.sign_out.of", { name: "Anna" })).press("Enter");
  await focused().toBe(t("settings.accounts"));
  await window.page.keyboard.press("Tab");
  await focused().toBe(t("lobby.sign_out.of", { name: "Ben" }));
});
