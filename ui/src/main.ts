import "./lib/known_language";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { chooseHost } from "./host/choose";
import { SESSION, Session } from "./lib/session.svelte";
import { languageOf, setLanguage, t } from "./lib/texts";
import { watchTheme } from "./lib/theme";

const target = document.getElementById("app");
if (target === null) throw new Error("the page holds an element #app");

setLanguage(languageOf(navigator.language));
watchTheme();

try {
  const session = new Session(await chooseHost());
  target.replaceChildren();
  mount(App, { target, context: new Map([[SESSION, session]]) });
} catch (fault) {
  console.error(fault);
  target.textContent = `${t("app.broken")}. ${t("app.broken.why")}`;
}
