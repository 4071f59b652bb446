/** What the host of these pages says, and what the reader set instead; kept in this browser. */
import { isAddress } from "viem/utils";
import type { Address } from "viem";

import { Rpc } from "./rpc";

export interface Config {
  /** URL of the node's JSON-RPC; empty when the reader has to name one. */
  rpc: string;
  /** A Sourcify-shaped `…/v2/contract`; empty for none. */
  sources: string;
  factory: Address | "";
  settlement: Address | "";
  /** No log of ours is older. */
  firstBlock: number;
}

export interface Chosen {
  rpc: string;
  secondRpc: string;
}

const KEY = "mereau.explorer";
const NOTHING: Config = { rpc: "", sources: "", factory: "", settlement: "", firstBlock: 0 };

export async function loadConfig(): Promise<Config> {
  try {
    const response = await fetch(`${import.meta.env.BASE_URL}config.json`, { cache: "no-cache" });
    const read = (await response.json()) as Partial<Config>;
    const address = (value: unknown) => {
      return typeof value === "string" && isAddress(value, { strict: false }) ? value : "";
    };
    return {
      rpc: absolute(read.rpc),
      sources: absolute(read.sources),
      factory: address(read.factory),
      settlement: address(read.settlement),
      firstBlock: Number.isSafeInteger(read.firstBlock) ? (read.firstBlock ?? 0) : 0,
    };
  } catch {
    return NOTHING;
  }
}

export function loadChosen(): Chosen {
  const kept: Chosen = { rpc: "", secondRpc: "" };
  try {
    const read = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Chosen>;
    return { rpc: absolute(read.rpc), secondRpc: absolute(read.secondRpc) };
  } catch {
    return kept;
  }
}

export function keepChosen(chosen: Chosen): void {
  localStorage.setItem(KEY, JSON.stringify(chosen));
}

/** The URL in full, empty for what is none. */
export function absolute(url: unknown): string {
  if (typeof url !== "string" || url.trim() === "") return "";
  try {
    const parsed = new URL(url.trim(), location.origin);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : "";
  } catch {
    return "";
  }
}

/** What every page reads through. */
export interface Context {
  config: Config;
  rpc: Rpc;
  second: Rpc | null;
}

export function makeContext(config: Config, chosen: Chosen): Context | null {
  const url = chosen.rpc || config.rpc;
  if (!url) return null;
  return { config, rpc: new Rpc(url), second: chosen.secondRpc ? new Rpc(chosen.secondRpc) : null };
}
