/** A transaction: told in sentences, operation by operation, and as the logs that it left. */
import { formatEther, formatGwei } from "viem/utils";
import type { Address, Hex } from "viem";

import { decodeInput, decodeLog, type RawLog } from "../abi";
import { m } from "../i18n";
import { addressLink, blockLink, short } from "../paths";
import { birthsOf } from "../program/read";
import { type Batch, batchesOf, KINDS, type Operation } from "../program/words";
import { asArray, asBig, asHex, asLog, asNumber, asObject, quantity } from "../rpc";
import type { Context } from "../settings";
import { amount, nameOf, type Names, some, tell } from "../story";
import { type Child, fill, fragment, h } from "../ui/dom";
import { count, moment } from "../ui/format";
import { alertBox, badge, facts, heading, mono, quiet, section, table } from "../ui/parts";

export async function txPage({ rpc }: Context, hash: Hex): Promise<Child> {
  const [rawTx, rawReceipt] = await rpc.many([
    ["eth_getTransactionByHash", hash],
    ["eth_getTransactionReceipt", hash],
  ]);
  if (rawTx === null) return [heading(short(hash), m().transaction), quiet(m().noTx)];
  const tx = asObject(rawTx);
  if (rawReceipt === null) return [heading(short(hash), m().transaction), quiet(m().pendingTx)];
  const receipt = asObject(rawReceipt);
  const block = asNumber(receipt.blockNumber);
  const [header, head] = await rpc.many([
    ["eth_getBlockByNumber", quantity(block), false],
    ["eth_blockNumber"],
  ]);
  const logs = asArray(receipt.logs).map(asLog);
  const input = asHex(tx.input);
  const batches = batchesOf(input);
  const programs = [
    ...new Set([...logs.map(({ address }) => address), ...batches.map((b) => b.program)]),
  ];
  const names: Names = new Map();
  for (const { address, birth } of await birthsOf(rpc, programs, block)) {
    names.set(address.toLowerCase(), birth);
  }
  const ok = asBig(receipt.status) === 1n;
  const told = tell(logs, names);
  const time = asNumber(asObject(header).timestamp);
  return [
    heading(mono(hash), m().transaction),
    ok ? null : alertBox(m().txFailed),
    section(
      m().whatHappened,
      told.length
        ? h(
            "ul",
            { class: "story" },
            told.map((each) => h("li", null, each)),
          )
        : plain(tx, receipt),
    ),
    ...batches.map((batch) => batchSection(batch, names)),
    section(
      m().details,
      facts([
        [m().status, ok ? badge(m().succeeded, "good") : badge(m().reverted, "bad")],
        [m().block, blockLink(block)],
        [m().depth, count(Math.max(0, asNumber(head) - block))],
        [m().time, moment(time)],
        [m().from, addressLink(asHex(tx.from))],
        [m().to, tx.to ? addressLink(asHex(tx.to)) : m().newContract],
        [
          m().functionCalled,
          mono(decodeInput(input)?.name ?? (input === "0x" ? m().none : input.slice(0, 10))),
        ],
        [m().fee, feeOf(receipt)],
        [m().size, m().bytes.replace("{n}", count((input.length - 2) / 2))],
      ]),
    ),
    section(m().logs, logTable(logs, names)),
  ];
}

function plain(tx: Record<string, unknown>, receipt: Record<string, unknown>): Child {
  if (receipt.contractAddress) {
    return quiet(fill(m().deployed, { contract: addressLink(asHex(receipt.contractAddress)) }));
  }
  const value = asBig(tx.value);
  const to = tx.to ? addressLink(asHex(tx.to)) : "";
  const from = addressLink(asHex(tx.from));
  if (value > 0n) return quiet(fill(m().sentEther, { from, to, value: formatEther(value) }));
  return quiet(fill(m().calledOnly, { from, to }));
}

function feeOf(receipt: Record<string, unknown>): string {
  const gas = asBig(receipt.gasUsed);
  const price = asBig(receipt.effectiveGasPrice);
  return `${formatEther(gas * price)} ETH (${count(gas)} × ${formatGwei(price)} gwei)`;
}

function batchSection(batch: Batch, names: Names): HTMLElement {
  const decimals = names.get(batch.program.toLowerCase())?.decimals ?? 0;
  const title = m()
    .batchOf.replace("{seq}", String(batch.seq))
    .replace("{program}", nameOf(names, batch.program));
  const sums = KINDS.flatMap((kind) => {
    const of = batch.operations.filter((each) => each.kind === kind);
    const total = of.reduce((sum, { points }) => sum + points, 0n);
    if (of.length === 0) return [];
    const text = `${m().kinds[kind]}: ${some("operations", of.length)}, ${amount(total, decimals)}`;
    return [h("li", null, text)];
  });
  return section(
    title,
    h("ul", null, sums),
    h("p", { class: "quiet" }, `${m().receiptsRoot} `, mono(batch.receiptsRoot)),
    table<[number, Operation]>(
      title,
      [
        { title: "#", cell: ([at]) => at, number: true },
        { title: m().member, cell: ([, { member }]) => addressLink(member) },
        { title: m().kind, cell: ([, { kind }]) => (kind ? m().kinds[kind] : "?") },
        { title: m().reason, cell: ([, { reason }]) => reason || "", number: true },
        { title: m().pointsTitle, cell: ([, each]) => amount(each.points, decimals), number: true },
      ],
      [...batch.operations.entries()],
    ),
  );
}

function logTable(logs: RawLog[], names: Names): HTMLElement {
  return table<RawLog>(
    m().logs,
    [
      { title: "#", cell: ({ logIndex }) => logIndex, number: true },
      {
        title: m().contract,
        cell: ({ address }) => addressLink(address, contractName(address, names)),
      },
      { title: m().event, cell: (log) => mono(decodeLog(log)?.name ?? m().unknownEvent) },
      { title: m().values, cell: (log) => values(log) },
    ],
    logs,
  );
}

function contractName(address: Address, names: Names): string {
  return names.get(address.toLowerCase())?.name || short(address);
}

function values(log: RawLog): Child {
  const event = decodeLog(log);
  if (!event) return mono([...log.topics, log.data].join(" "));
  const rows = Object.entries(event.args).map(([name, value]) => {
    return fragment(h("span", { class: "quiet" }, `${name} `), shownValue(value), h("br"));
  });
  return h("div", { class: "mono wrap" }, rows);
}

/** A decoded value as it is; addresses lead somewhere. */
export function shownValue(value: unknown): Child {
  if (typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value)) return addressLink(value);
  if (Array.isArray(value)) return ["[", ...value.flatMap((each) => [shownValue(each), " "]), "]"];
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, each]) => [`${name}: `, shownValue(each), " "]);
  }
  return String(value);
}
