import type { Theme } from "../generated/api";

const LIGHT = "(prefers-color-scheme: light)";

let wanted: Theme = "system";

/** Puts the theme on the page: the chosen one, or the system's, also when that changes. */
export function showTheme(theme: Theme): void {
  wanted = theme;
  put();
}

function put(): void {
  const system = matchMedia(LIGHT).matches ? "light" : "dark";
  const theme = wanted === "system" ? system : wanted;
  const page = document.documentElement.dataset;
  // Whoever watches the theme draws anew whenever it is put, even the same.
  if (page["theme"] !== theme) page["theme"] = theme;
}

/** From now on the page has a theme, and follows the system's. */
export function watchTheme(): void {
  matchMedia(LIGHT).addEventListener("change", put);
  put();
}
