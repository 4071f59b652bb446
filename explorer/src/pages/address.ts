/** An address: a member's points, program by program, or a contract. */
import type { Address, Hex } from "viem";

import { programAbi, question, type RawLog, topicOf } from "../abi";
import { m } from "../i18n";
import { mergedLogs } from "../logs";
import { asAddress, blockLink, tokenLink, txLink } from "../paths";
import { expiresAt } from "../program/calendar";
import { parseClone } from "../program/clone";
import { type Movement, movementsOf } from "../program/movements";
import { birthsOf, codeOf, type Known, knownPrograms } from "../program/read";
import { agedWord, decodeWord, type MemberWord, pointsOf } from "../program/word";
import { asNumber } from "../rpc";
import type { Context } from "../settings";
import { amount } from "../story";
import { type Child, fill, h } from "../ui/dom";
import { lastDay, periodName, signed } from "../ui/format";
import { alertBox, badge, heading, later, mono, quiet, section, table } from "../ui/parts";
import { contractSections } from "./contract";
import { problem } from "./problem";
import { verifyPanel } from "./verify";
import { whyCell } from "./why";

export async function addressPage(context: Context, address: Address): Promise<Child> {
  const { rpc } = context;
  const block = asNumber(await rpc.one("eth_blockNumber"));
  const code = await codeOf(rpc, address, block);
  if (code !== "0x" && !code.startsWith("0xef0100")) {
    const birth = parseClone(code);
    return [
      heading(mono(address), birth ? m().programContract : m().contract),
      birth ? h("p", null, fill(m().seeToken, { token: tokenLink(address, birth.name) })) : null,
      ...(await contractSections(context, address, code, block)),
    ];
  }
  const named = asAddress(new URLSearchParams(location.search).get("token") ?? "");
  const programs = named
    ? await birthsOf(rpc, [named], block)
    : await knownPrograms(rpc, context.config, block);
  if (programs.length === 0) return [heading(mono(address), m().address), quiet(m().nameProgram)];
  const logs = await memberLogs(context, programs, address, block);
  const holds = programs.filter((each) =>
    logs.some((log) => sameAddress(log.address, each.address)),
  );
  const cards = holds.length > 0 || !named ? holds : programs;
  return [
    heading(mono(address), m().memberAddress),
    cards.length === 0 ? quiet(m().noPoints) : null,
    ...(await Promise.all(cards.map((each) => programCard(context, each, address, logs, block)))),
  ];
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

const NOTES = ["Lapsed", "Restored", "Redeemed", "ReturnShort", "SignedOnlySet", "Rebound"];

/** Every log of these programs that names the member. */
function memberLogs({ rpc, config }: Context, programs: Known[], member: Address, block: number) {
  const who: Hex = `0x${member.slice(2).toLowerCase().padStart(64, "0")}`;
  const transfer = topicOf(programAbi, "Transfer");
  const rebound = topicOf(programAbi, "Rebound");
  const notes = NOTES.map((name) => topicOf(programAbi, name));
  const address = programs.map((each) => each.address);
  const filters = [
    { address, topics: [[transfer, ...notes], who] },
    { address, topics: [[transfer, rebound], null, who] },
  ];
  return mergedLogs(rpc, filters, config.firstBlock, block);
}

async function programCard(
  context: Context,
  { address, birth }: Known,
  member: Address,
  logs: RawLog[],
  block: number,
): Promise<HTMLElement> {
  const { rpc } = context;
  const ask = (view: string) => question(programAbi, address, view, [member]);
  const epoch = question(programAbi, address, "currentEpoch");
  const [said, raw, period] = await rpc.ask([ask("balanceOf"), ask("memberWord"), epoch], block);
  const stored = decodeWord(raw as bigint);
  const live = agedWord(stored, Number(period), birth.calendar.validity);
  const lapsed = pointsOf(stored) - pointsOf(live);
  const movements = movementsOf(logs.filter((log) => sameAddress(log.address, address))).reverse();
  return h(
    "article",
    { class: "program", "data-program": address },
    section(
      birth.name || m().unnamed,
      h(
        "p",
        { class: "big" },
        amount(said as bigint, birth.decimals),
        " ",
        h("small", null, birth.symbol),
      ),
      h(
        "p",
        { class: "quiet" },
        tokenLink(address, m().theProgram),
        stored.signedOnly || birth.signedOnly ? [" · ", badge(m().onlySignature, "good")] : null,
        lapsed > 0n
          ? ` · ${m().lapsedNotSwept.replace("{points}", amount(lapsed, birth.decimals))}`
          : null,
      ),
      h("h3", null, m().proof),
      later(
        () => verifyPanel(context, address, member),
        (error) => problem(error),
      ),
      h("h3", null, m().whatExpires),
      bucketTable(live, { address, birth }),
      h("h3", null, m().movements),
      movementTable(movements, birth.decimals),
    ),
  );
}

function bucketTable(word: MemberWord, { birth }: Known): Child {
  if (birth.calendar.months === 0) return quiet(m().neverExpires);
  const rows = word.buckets
    .map((points, age) => ({ points, period: word.period - age }))
    .slice(0, birth.calendar.validity + 1);
  return table<{ points: bigint; period: number }>(
    m().whatExpires,
    [
      { title: m().earnedIn, cell: ({ period }) => periodName(period, birth.calendar) },
      {
        title: m().pointsTitle,
        cell: ({ points }) => amount(points, birth.decimals),
        number: true,
      },
      {
        title: m().usableUntil,
        cell: ({ period }) => lastDay(expiresAt(period, birth.calendar) ?? 0, birth.calendar),
      },
    ],
    rows,
  );
}

function movementTable(rows: Movement[], decimals: number): HTMLElement {
  return table<Movement>(
    m().movements,
    [
      { title: m().pointsTitle, cell: ({ points }) => signed(points, decimals), number: true },
      { title: m().why, cell: whyCell },
      { title: m().transaction, cell: ({ tx }) => txLink(tx) },
      { title: m().block, cell: ({ block }) => blockLink(block), number: true },
    ],
    rows,
  );
}

export function badChecksumPage(text: string): Child {
  return [heading(m().address), alertBox(fill(m().badChecksum, { address: mono(text) }))];
}
