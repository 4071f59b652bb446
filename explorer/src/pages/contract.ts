/** A contract: its source, and a form that calls its views at a block of the reader's choice. */
import type { Abi, AbiFunction, AbiParameter, Address, Hex } from "viem";

import { badgeAbi, factoryAbi, programAbi, question, settlementAbi } from "../abi";
import { m } from "../i18n";
import { addressLink, isBlockNumber } from "../paths";
import { parseClone } from "../program/clone";
import { releasedAs } from "../proof/release";
import { asNumber, quantity } from "../rpc";
import type { Context } from "../settings";
import { type Child, fill, h } from "../ui/dom";
import { count } from "../ui/format";
import { badge, facts, mono, quiet, section } from "../ui/parts";
import { problem } from "./problem";
import { shownValue } from "./tx";

const ABIS: Record<string, Abi> = {
  LoyaltyProgram: programAbi,
  Settlement: settlementAbi,
  ProgramFactory: factoryAbi,
  LoyaltyBadge: badgeAbi,
};

interface Verified {
  match: string | null;
  abi?: Abi;
  sources?: Record<string, { content: string }>;
  compilation?: { fullyQualifiedName?: string; compilerVersion?: string };
}

export async function contractSections(
  context: Context,
  address: Address,
  code: Hex,
  block: number,
): Promise<Child[]> {
  const { rpc } = context;
  const birth = parseClone(code);
  const home = birth ? birth.logic : address;
  const logicCode = birth ? await codeAt(context, birth.logic, block) : code;
  const match = releasedAs(logicCode);
  // What this release knows it needs nobody to describe; the files are fetched when looked at.
  const known = ABIS[birth ? "LoyaltyProgram" : (match?.name ?? "")];
  const published = known ? null : await publishedSource(context, home);
  const abi = known ?? published?.abi;
  const balance = await rpc.one("eth_getBalance", address, quantity(block));
  return [
    section(
      m().details,
      facts([
        [m().codeSize, m().bytes.replace("{n}", count((code.length - 2) / 2))],
        [m().logic, birth ? addressLink(birth.logic) : null],
        [m().issuer, birth ? addressLink(birth.issuer) : null],
        [m().balanceEther, count(Number(BigInt(String(balance)) / 10n ** 12n) / 1e6)],
        [
          m().source,
          match
            ? [badge(m().sourceMatches, "good"), ` ${match.name}, solc ${match.compiler}`]
            : badge(m().sourceUnknown, "warn"),
        ],
      ]),
    ),
    abi ? readSection(context, address, abi, block) : null,
    section(
      m().source,
      sourceFiles(() => published ?? publishedSource(context, home)),
    ),
  ];
}

async function codeAt({ rpc }: Context, address: Address, block: number): Promise<Hex> {
  return (await rpc.one("eth_getCode", address, quantity(block))) as Hex;
}

/** What a Sourcify-shaped server has; null where it has nothing or there is none. */
async function publishedSource({ rpc, config }: Context, address: Address) {
  if (!config.sources) return null;
  const chain = asNumber(await rpc.one("eth_chainId"));
  const url = `${config.sources}/${chain}/${address}?fields=sources,abi,compilation`;
  try {
    const response = await fetch(url, { credentials: "omit" });
    return response.ok ? ((await response.json()) as Verified) : null;
  } catch {
    return null;
  }
}

type Load = () => Verified | null | Promise<Verified | null>;

/** The files behind a heading that fetches them when it is opened. */
function sourceFiles(load: Load): HTMLElement {
  const list = h("div");
  const whole = h("details", null, h("summary", null, m().sourceFiles), list);
  const open = async () => {
    list.replaceChildren(quiet(m().loading));
    list.replaceChildren(...filesOf(await load()));
  };
  whole.addEventListener("toggle", () => void open(), { once: true });
  return whole;
}

function filesOf(published: Verified | null): HTMLElement[] {
  const sources = Object.entries(published?.sources ?? {});
  if (sources.length === 0) return [quiet(m().noSource)];
  const main = published?.compilation?.fullyQualifiedName?.split(":")[0];
  sources.sort(([a], [b]) => Number(b === main) - Number(a === main) || a.localeCompare(b));
  return sources.map(([name, { content }]) =>
    h(
      "details",
      null,
      h("summary", { class: "mono wrap" }, name),
      h("pre", { tabindex: 0, "aria-label": name }, content),
    ),
  );
}

function readSection(context: Context, address: Address, abi: Abi, block: number): HTMLElement {
  const views = abi
    .filter((item): item is AbiFunction => item.type === "function")
    .filter(({ stateMutability }) => stateMutability === "view" || stateMutability === "pure")
    .filter(({ outputs }) => outputs.length > 0)
    .sort((a, b) => a.name.localeCompare(b.name));
  const place = h("div", { class: "answer", "aria-live": "polite" });
  const fields = h("div", { class: "fields" });
  const pick = h(
    "select",
    { id: "view", name: "view" },
    views.map(({ name, inputs }) => {
      return h("option", { value: name }, `${name}(${inputs.map(({ type }) => type).join(", ")})`);
    }),
  );
  const at = h("input", {
    id: "at",
    name: "at",
    inputmode: "numeric",
    value: block,
    pattern: "\\d+",
  });
  const chosen = () => views.find(({ name }) => name === pick.value) ?? views[0]!;
  const layOut = () => fields.replaceChildren(...chosen().inputs.map(inputField));
  pick.addEventListener("change", layOut);
  layOut();
  const ask = async (event: Event) => {
    event.preventDefault();
    place.replaceChildren(quiet(m().loading));
    place.replaceChildren(...(await answer(context, address, abi, chosen(), fields, at.value)));
  };
  return section(
    m().read,
    h(
      "form",
      { submit: (event: Event) => void ask(event) },
      h("label", { for: "view" }, m().viewName),
      pick,
      fields,
      h("label", { for: "at" }, m().atBlock),
      at,
      h("button", { type: "submit" }, m().ask),
    ),
    place,
  );
}

function inputField({ name, type }: AbiParameter, index: number): HTMLElement {
  const id = `argument-${index}`;
  return h(
    "div",
    null,
    h("label", { for: id }, `${name || index} (${type})`),
    h("input", { id, name: id, "data-type": type, spellcheck: "false", autocomplete: "off" }),
  );
}

async function answer(
  { rpc }: Context,
  address: Address,
  abi: Abi,
  view: AbiFunction,
  fields: HTMLElement,
  at: string,
): Promise<Node[]> {
  if (!isBlockNumber(at)) return [h("p", { class: "warn" }, m().badBlock)];
  let asked;
  try {
    const inputs = [...fields.querySelectorAll("input")];
    const args = inputs.map(({ value, dataset }) => parsed(value.trim(), dataset.type ?? ""));
    asked = question(abi, address, view.name, args);
  } catch {
    return [h("p", { class: "warn" }, m().badArgument)];
  }
  try {
    const [value] = await rpc.ask([asked], Number(at));
    const heading = fill(m().answerAt, { view: mono(view.name), block: at });
    return [h("p", { class: "quiet" }, heading), h("p", { class: "mono wrap" }, shownValue(value))];
  } catch (error) {
    return [h("div", null, problem(error))];
  }
}

/** An argument as its type wants it; lists and tuples are written as JSON. */
function parsed(text: string, type: string): unknown {
  if (type.endsWith("]") || type.startsWith("tuple")) return JSON.parse(text) as unknown;
  if (type === "bool") return text === "true";
  if (/^u?int/.test(type)) return BigInt(text);
  return text;
}
