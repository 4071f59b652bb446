/** Pieces that pages are made of. */
import { m } from "../i18n";
import { append, type Child, fragment, h } from "./dom";

export function heading(title: Child, kind?: string): HTMLElement {
  return h(
    "header",
    { class: "page-head" },
    kind ? h("p", { class: "kind" }, kind) : null,
    h("h1", { tabindex: -1 }, title),
  );
}

export function section(title: string, ...children: Child[]): HTMLElement {
  return h("section", { class: "card" }, h("h2", null, title), ...children);
}

/** Names and values; values that are null are left out. */
export function facts(rows: [string, Child][]): HTMLElement {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined);
  return h(
    "dl",
    { class: "facts" },
    shown.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

export interface Column<Row> {
  title: string;
  cell: (row: Row) => Child;
  number?: boolean;
}

const PAGE = 25;

/** A table that shows a page of rows, and more when asked. */
export function table<Row>(caption: string, columns: Column<Row>[], rows: Row[]): HTMLElement {
  if (rows.length === 0) return h("p", { class: "quiet" }, m().nothing);
  const body = h("tbody");
  let shown = 0;
  const more = h("button", { type: "button", click: () => show(PAGE * 4) });
  const show = (many: number) => {
    const next = rows.slice(shown, shown + many);
    append(
      body,
      next.map((row) =>
        h(
          "tr",
          null,
          columns.map(({ cell, number, title }) =>
            h("td", { class: number ? "number" : null, "data-title": title }, cell(row)),
          ),
        ),
      ),
    );
    shown += next.length;
    more.hidden = shown >= rows.length;
    more.textContent = m().more.replace("{n}", String(rows.length - shown));
  };
  show(PAGE);
  const heads = columns.map(({ title, number }) =>
    h("th", { scope: "col", class: number ? "number" : null }, title),
  );
  // A table wider than a phone scrolls inside this, by keyboard too.
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, heads)),
      body,
    ),
    more,
  );
}

export function mono(text: string): HTMLElement {
  return h("span", { class: "mono wrap" }, text);
}

export function badge(text: string, tone: "good" | "bad" | "warn" | "plain" = "plain") {
  return h("span", { class: `badge ${tone}` }, text);
}

export function alertBox(text: Child): HTMLElement {
  return h("div", { class: "alert", role: "alert" }, text);
}

export function quiet(text: Child): HTMLElement {
  return h("p", { class: "quiet" }, text);
}

/** A link to what a chain names: only web addresses become links, whatever is written there. */
export function outside(uri: string): Child {
  if (uri === "") return m().none;
  try {
    const { protocol } = new URL(uri);
    if (protocol === "https:" || protocol === "http:") {
      return h(
        "a",
        { href: uri, rel: "noopener noreferrer", target: "_blank", class: "wrap" },
        uri,
      );
    }
  } catch {
    return mono(uri);
  }
  return mono(uri);
}

/** A place that fills itself when `load` is done, and says what went wrong when it fails. */
export function later(load: (place: HTMLElement) => Promise<Child>, failed: (e: unknown) => Child) {
  const place = h("div", { "aria-busy": "true" }, h("p", { class: "quiet spin" }, m().loading));
  load(place)
    .catch((error: unknown) => failed(error))
    .then((child) => {
      place.removeAttribute("aria-busy");
      place.replaceChildren(fragment(child));
    })
    .catch((error: unknown) => {
      throw error;
    });
  return place;
}
