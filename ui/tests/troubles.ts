/** Troubles as the program tells them. */
import type { Trouble } from "../src/generated/api";
import { decimal } from "../src/lib/format";
import { t } from "../src/lib/texts";

export const noDevice = (member = 0): Trouble => ({
  code: "no_device",
  text: t("trouble.no_device"),
  way_out: { label: t("wayout.look_again"), action: { type: "look_again", member } },
});

/** As it is said of somebody at another computer. */
export const needsLogin = (name: string): Trouble => ({
  code: "needs_login",
  text: t("trouble.needs_login.of", { name }),
  way_out: null,
});

export const otherSpeed = (): Trouble => ({
  code: "other_speed",
  text: t("trouble.other_speed", { own: decimal(1.2), room: decimal(1.5) }),
  way_out: null,
});
