/** EIP-3091 paths: /block, /tx, /address, /token, below wherever the explorer is served. */
import { getAddress, isAddress } from "viem/utils";
import type { Address, Hex } from "viem";

import { h } from "./ui/dom";

export type Page =
  | { name: "home" }
  | { name: "settings" }
  | { name: "block"; block: string }
  | { name: "tx"; hash: Hex }
  | { name: "address"; address: Address }
  | { name: "token"; address: Address }
  | { name: "search"; text: string }
  | { name: "badChecksum"; text: string }
  | { name: "unknown" };

const BASE = import.meta.env.BASE_URL;

/** The page of a path; an address whose letters fail its checksum is refused, not corrected. */
export function pageOf(pathname: string, search: string): Page {
  const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : pathname.slice(1);
  const [kind = "", rest = ""] = path.replace(/\/$/, "").split("/");
  const value = decodeURIComponent(rest);
  if (kind === "" || kind === "index.html") return { name: "home" };
  if (kind === "settings") return { name: "settings" };
  if (kind === "search")
    return { name: "search", text: new URLSearchParams(search).get("q") ?? "" };
  if (kind === "block" && (isBlockNumber(value) || isHash(value))) {
    return { name: "block", block: value };
  }
  if (kind === "tx" && isHash(value)) return { name: "tx", hash: value };
  if (kind === "address" || kind === "token") {
    const address = asAddress(value);
    if (address) return { name: kind, address };
    if (isAddress(value, { strict: false })) return { name: "badChecksum", text: value };
  }
  return { name: "unknown" };
}

export function isBlockNumber(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

export function isHash(text: string): text is Hex {
  return /^0x[0-9a-fA-F]{64}$/.test(text);
}

/** The checksummed address, null for what is none: one case is no checksum, mixed case is one. */
export function asAddress(text: string): Address | null {
  if (!isAddress(text, { strict: false })) return null;
  const digits = text.slice(2);
  const plain = digits === digits.toLowerCase() || digits === digits.toUpperCase();
  const address = getAddress(text.toLowerCase());
  return plain || address === text ? address : null;
}

export function pathTo(page: Page): string {
  switch (page.name) {
    case "block":
      return `${BASE}block/${page.block}`;
    case "tx":
      return `${BASE}tx/${page.hash}`;
    case "address":
    case "token":
      return `${BASE}${page.name}/${getAddress(page.address)}`;
    case "settings":
      return `${BASE}settings`;
    case "search":
      return `${BASE}search?q=${encodeURIComponent(page.text)}`;
    default:
      return BASE;
  }
}

export function short(hex: string): string {
  return `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}

export function addressLink(address: string, text?: string): HTMLElement {
  const full = getAddress(address);
  const page: Page = { name: "address", address: full };
  return h(
    "a",
    { href: pathTo(page), class: text ? null : "mono", title: full },
    text ?? short(full),
  );
}

export function tokenLink(address: string, text: string): HTMLElement {
  const full = getAddress(address);
  return h("a", { href: pathTo({ name: "token", address: full }), title: full }, text);
}

export function txLink(hash: Hex): HTMLElement {
  return h("a", { href: pathTo({ name: "tx", hash }), class: "mono", title: hash }, short(hash));
}

export function blockLink(block: number): HTMLElement {
  return h("a", { href: pathTo({ name: "block", block: String(block) }) }, String(block));
}
