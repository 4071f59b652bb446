/** The frame around every page: search, language, navigation, and what is shown meanwhile. */
import "./style.css";

import { keepLanguage, type Language, language, m, preferredLanguage, useLanguage } from "./i18n";
import { type Page, pageOf, pathTo } from "./paths";
import { problem } from "./pages/problem";
import { type Config, type Context, loadChosen, loadConfig, makeContext } from "./settings";
import { type Child, fragment, h } from "./ui/dom";
import { heading, quiet } from "./ui/parts";

let config: Config;
let context: Context | null;
let shown = 0;

const main = h("main", { id: "main" });

async function start(): Promise<void> {
  const [read] = await Promise.all([loadConfig(), useLanguage(preferredLanguage())]);
  config = read;
  context = makeContext(config, loadChosen());
  document.addEventListener("click", followed);
  window.addEventListener("popstate", () => void show(false));
  frame();
  await show(false);
}

/** Header, main and footer; made anew when the language changes. */
function frame(): void {
  const query = h("input", {
    id: "q",
    name: "q",
    type: "search",
    autocomplete: "off",
    spellcheck: "false",
  });
  query.placeholder = m().searchHint;
  const submit = (event: Event) => {
    event.preventDefault();
    if (query.value.trim()) go({ name: "search", text: query.value.trim() });
  };
  const other: Language = language() === "fr" ? "en" : "fr";
  const switchLanguage = async () => {
    keepLanguage(other);
    await useLanguage(other);
    frame();
    await show(false);
  };
  const otherName = other === "fr" ? "Français" : "English";
  document.body.replaceChildren(
    h("a", { href: "#main", class: "skip" }, m().skip),
    h(
      "header",
      { class: "top" },
      h("a", { href: pathTo({ name: "home" }), class: "brand" }, "Méreau"),
      h(
        "form",
        { role: "search", submit },
        h("label", { for: "q", class: "unseen" }, m().search),
        query,
        h("button", { type: "submit" }, m().search),
      ),
      h(
        "nav",
        { "aria-label": m().options },
        h("a", { href: pathTo({ name: "settings" }) }, m().settings),
        h("button", { type: "button", lang: other, click: () => void switchLanguage() }, otherName),
      ),
    ),
    main,
    h("footer", null, quiet(m().footer)),
  );
}

/** A click on a link of ours stays on the page. */
function followed(event: MouseEvent): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname) return;
  if (!link.pathname.startsWith(import.meta.env.BASE_URL)) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  void show(true);
}

function go(page: Page): void {
  history.pushState(null, "", pathTo(page));
  void show(true);
}

async function show(focus: boolean): Promise<void> {
  const mine = ++shown;
  const page = pageOf(location.pathname, location.search);
  if (page.name === "address" || page.name === "token" || page.name === "tx") {
    history.replaceState(null, "", pathTo(page) + location.search + location.hash);
  }
  main.setAttribute("aria-busy", "true");
  const waiting = h("p", { class: "quiet spin", role: "status" }, m().loading);
  main.replaceChildren(waiting);
  let content: Child;
  try {
    content = await contentOf(page);
  } catch (error) {
    content = [heading(m().title), problem(error, () => void show(true))];
  }
  if (mine !== shown) return;
  main.replaceChildren(fragment(content));
  main.removeAttribute("aria-busy");
  const title = main.querySelector("h1");
  document.title = title?.textContent ? `${title.textContent} · ${m().title}` : m().title;
  if (focus) title?.focus();
}

async function contentOf(page: Page): Promise<Child> {
  if (page.name === "settings") {
    const { settingsPage } = await import("./pages/settings");
    return settingsPage(config, () => (context = makeContext(config, loadChosen())));
  }
  if (page.name === "badChecksum") {
    return (await import("./pages/address")).badChecksumPage(page.text);
  }
  if (page.name === "search") return search(page.text);
  if (page.name === "unknown")
    return (await import("./pages/home")).nothingFound(location.pathname);
  if (!context) return [heading(m().title), quiet(m().noNode), problemFree()];
  switch (page.name) {
    case "home":
      return (await import("./pages/home")).homePage(context);
    case "block":
      return (await import("./pages/block")).blockPage(context, page.block);
    case "tx":
      return (await import("./pages/tx")).txPage(context, page.hash);
    case "address":
      return (await import("./pages/address")).addressPage(context, page.address);
    case "token":
      return (await import("./pages/token")).tokenPage(context, page.address);
  }
}

function problemFree(): Child {
  return h("p", null, h("a", { href: pathTo({ name: "settings" }) }, m().chooseNode));
}

async function search(text: string): Promise<Child> {
  const { nothingFound, searched } = await import("./pages/home");
  const found = await searched(context, text);
  if (!found) return nothingFound(text);
  if (found.name === "badChecksum") return contentOf(found);
  history.replaceState(null, "", pathTo(found));
  return contentOf(found);
}

void start();
