import { expect, test } from "vitest";
import { t } from "../src/lib/texts";
import { watchShifts } from "./browser";
import { SCENES } from "./scenes";
import { arrives, drawn, program, start, window } from "./stage";

async function open(scene: string, look = {}) {
  await start(SCENES[scene], look);
  await window.page.getByTestId("room").waitFor();
}
const button = (name: string) => window.page.getByRole("button", { name, exact: true });
const clipboard = () => window.page.evaluate(() => navigator.clipboard.readText());

test("an invite is a code for a camera, a link, and words to send along; that it was copied is said", async () => {
  await open("room-network");
  await button(t("invite.button")).press("Enter");
  const panel = window.page.getByRole("dialog", { name: t("invite.panel") });
  const code = await panel.getByRole("img", { name: t("invite.qr") }).boundingBox();
  expect(Math.min(code?.width ?? 0, code?.height ?? 0)).toBeGreaterThan(150);
  await button(t("invite.message.copy")).press("Enter");
  await panel.getByRole("status").filter({ hasText: t("app.copied") }).waitFor();
  expect(await clipboard()).toBe(t("invite.share", { link: program.fake.network?.invite ?? "" }));
});

test("with a relay the invite is a page, and the link that opens Tutti stands beside it", async () => {
  await open("room-relay");
  await button(t("invite.button")).click();
  await button(t("invite.copy")).click();
  await expect.poll(clipboard).toBe(program.fake.network?.page);
  await button(t("invite.direct.copy")).click();
  await expect.poll(clipboard).toBe(program.fake.network?.invite);
});

test("while nobody holds the session, that the invite lets nobody in yet is said with it; then it is as before", async () => {
  await open("room-apart");
  await button(t("invite.button")).click();
  const text = window.page.getByTestId("invite-text");
  expect(await text.textContent()).toBe(t("invite.apart"));
  await window.page.getByRole("dialog", { name: t("invite.panel") }).getByRole("button", { name: t("invite.copy"), exact: true }).waitFor();
  if (program.fake.network !== null) program.fake.network = { ...program.fake.network, connection: { code: "connected", text: t("network.connected") } };
  program.send();
  await expect.poll(() => text.textContent()).toBe(t("invite.text"));
});

test("the host names who may lead, by keyboard", async () => {
  await open("room-network");
  await button(t("invite.button")).press("Enter");
  await window.page.getByRole("combobox", { name: t("invite.lead") }).selectOption("members");
  await arrives("may_lead").toEqual({ type: "may_lead", who: { members: [0, 1, 2, 3] } });
  await window.page.getByRole("checkbox", { name: t("invite.lead.of", { name: "Ben" }) }).press("Space");
  await arrives("may_lead").toEqual({ type: "may_lead", who: { members: [0, 2, 3] } });
  await drawn();
  await window.page.getByRole("checkbox", { name: t("invite.lead.of", { name: "Ben" }) }).press("Space");
  await arrives("may_lead").toEqual({ type: "may_lead", who: { members: [0, 2, 3, 1] } });
});

test("a member is removed after a question in its lane, which moves no other lane; no changes nothing", async () => {
  await open("room-network");
  const ben = window.page.getByRole("article", { name: "Ben", exact: true });
  const shifts = await watchShifts(window.page);
  await button(t("member.remove", { name: "Ben" })).press("Enter");
  await ben.getByRole("group", { name: t("member.remove.ask", { name: "Ben" }) }).waitFor();
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.textContent)).toBe(t("member.remove.no"));
  await window.page.keyboard.press("Escape");
  await expect.poll(() => window.page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(t("member.remove", { name: "Ben" }));
  expect(await shifts()).toEqual({ sum: 0, moved: [] });
  await button(t("member.remove", { name: "Ben" })).press("Enter");
  await ben.getByRole("button", { name: t("member.remove.short"), exact: true }).click();
  await arrives("remove").toEqual({ type: "remove", member: 1 });
  expect(program.actions.filter(({ type }) => type === "remove")).toHaveLength(1);
});

test("only others can be removed, and only by the host", async () => {
  await open("room-network");
  expect(await window.page.getByRole("button", { name: t("member.remove", { name: "Anna" }) }).count()).toBe(0);
  if (program.fake.network !== null) program.fake.network = { ...program.fake.network, host: false };
  program.send();
  await expect.poll(() => window.page.locator("[aria-label^=Remove]").count()).toBe(0);
});
