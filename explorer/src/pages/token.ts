/** A program as a token: what it promises, who holds it, who may change what. */
import type { Address } from "viem";

import { decodeLog, programAbi, type RawLog, topicOf } from "../abi";
import { m } from "../i18n";
import { logsOf } from "../logs";
import { addressLink, blockLink, txLink } from "../paths";
import { type Birth, parseClone } from "../program/clone";
import { holdersOf, type Movement, movementsOf } from "../program/movements";
import { codeOf, type Limits, type ProgramNow, readProgram, readRoles } from "../program/read";
import { releasedAs } from "../proof/release";
import { asNumber } from "../rpc";
import type { Context } from "../settings";
import { amount, tell } from "../story";
import { type Child, fill, h } from "../ui/dom";
import { count, moment, offset, points, signed } from "../ui/format";
import {
  alertBox,
  badge,
  facts,
  heading,
  later,
  mono,
  outside,
  quiet,
  section,
  table,
} from "../ui/parts";
import { problem } from "./problem";
import { whyCell } from "./why";

const DAY = 86_400;
const NOTES = ["Transfer", "Lapsed", "Restored", "Redeemed", "Rebound"];

export async function tokenPage(context: Context, address: Address): Promise<Child> {
  const { rpc } = context;
  const block = asNumber(await rpc.one("eth_blockNumber"));
  const birth = parseClone(await codeOf(rpc, address, block));
  if (!birth) {
    return [
      heading(mono(address), m().program),
      quiet(fill(m().notProgram, { address: addressLink(address, m().address) })),
    ];
  }
  const now = await readProgram(rpc, address, block);
  const transfers = later(
    (place) => ledgerSections(context, address, birth, now, block, place),
    (error) => problem(error),
  );
  return [
    heading([birth.name || m().unnamed, " ", h("small", null, birth.symbol)], m().program),
    h("p", { class: "mono wrap" }, addressLink(address, address)),
    h("p", null, state(now)),
    h(
      "div",
      { class: "tiles" },
      tile(m().supply, points(now.supply, birth.decimals)),
      tile(m().batches, count(now.nextSeq - 1n)),
    ),
    termsSection(birth, now),
    limitsSection(birth, now),
    transfers,
    later(
      () => rolesSection(context, birth.issuer, block),
      (error) => section(m().roles, problem(error)),
    ),
    later(
      () => sourceSection(context, birth.logic, block),
      (error) => section(m().source, problem(error)),
    ),
  ];
}

function tile(name: string, value: Child): HTMLElement {
  return h("div", { class: "tile" }, h("span", { class: "quiet" }, name), h("strong", null, value));
}

function state(now: ProgramNow): Child {
  const closing = now.redemptionUntil > 0n;
  return [
    now.paused ? badge(m().mintPaused, "warn") : null,
    closing
      ? badge(m().closing.replace("{until}", moment(Number(now.redemptionUntil))), "warn")
      : null,
    !now.paused && !closing ? badge(m().open, "good") : null,
    " ",
    badge(m().nonTransferable),
  ];
}

function termsSection(birth: Birth, { terms, nextTerms }: ProgramNow): HTMLElement {
  const { months, validity, offsetMinutes } = birth.calendar;
  const rule = m().validityRule.replace("{months}", count(months)).replace("{n}", count(validity));
  return section(
    m().terms,
    facts([
      [m().expiry, months === 0 ? m().neverExpires : rule],
      [m().time, months === 0 ? null : offset(offsetMinutes)],
      [m().consent, birth.signedOnly ? m().consentAlways : m().consentChosen],
      [m().notice, m().days.replace("{n}", count(birth.noticeDays))],
      [m().termsUri, outside(terms[1])],
      [m().termsHash, mono(terms[0])],
      [
        m().announcedTerms,
        nextTerms[2] > 0n
          ? [`${moment(Number(nextTerms[2]))}: `, outside(nextTerms[1]), " ", mono(nextTerms[0])]
          : null,
      ],
      [m().metadata, birth.contractURI ? outside(birth.contractURI) : null],
    ]),
  );
}

function limitsSection(birth: Birth, now: ProgramNow): HTMLElement {
  const of = (value: bigint, most: bigint) => {
    return value >= most ? m().unlimited : amount(value, birth.decimals);
  };
  const told = ({ supplyCap, mintPerDay, debitPerDay }: Limits) => {
    const values = [of(BigInt(supplyCap), 2n ** 64n - 1n), of(BigInt(mintPerDay), 2n ** 48n - 1n)];
    return [...values, of(BigInt(debitPerDay), 2n ** 48n - 1n)].join(" · ");
  };
  const [mintLeft, debitLeft, renewsAt] = now.budgets;
  const [wanted, effectiveAt] = now.wanted;
  return section(
    m().limits,
    facts([
      [m().cap, of(BigInt(now.limits.supplyCap), 2n ** 64n - 1n)],
      [m().mintPerDay, of(BigInt(now.limits.mintPerDay), 2n ** 48n - 1n)],
      [m().debitPerDay, of(BigInt(now.limits.debitPerDay), 2n ** 48n - 1n)],
      [
        m().leftToday,
        fill(m().leftTodayText, {
          mint: of(mintLeft, 2n ** 48n - 1n - BigInt(DAY)),
          debit: of(debitLeft, 2n ** 48n - 1n - BigInt(DAY)),
          renews: moment(Number(renewsAt)),
        }),
      ],
      [
        m().announcedLimits,
        effectiveAt > 0n ? `${moment(Number(effectiveAt))}: ${told(wanted)}` : null,
      ],
    ]),
  );
}

async function ledgerSections(
  { rpc, config }: Context,
  address: Address,
  birth: Birth,
  now: ProgramNow,
  block: number,
  place: HTMLElement,
): Promise<Child> {
  const topics = [NOTES.map((name) => topicOf(programAbi, name))];
  const bar = h("progress", { max: 1, value: 0, "aria-label": m().readingTransfers });
  place.replaceChildren(h("p", { class: "quiet" }, m().readingTransfers, " ", bar));
  const logs = await logsOf(rpc, { address, topics }, config.firstBlock, block, (share) => {
    bar.value = share;
  });
  const movements = movementsOf(logs);
  const holders = holdersOf(movements);
  const sum = holders.reduce((total, [, held]) => total + held, 0n);
  return [
    sum === now.supply
      ? null
      : alertBox(
          m().supplyDiffers.replace("{sum}", count(sum)).replace("{supply}", count(now.supply)),
        ),
    section(
      `${m().holders} (${count(holders.length)})`,
      quiet(sum === now.supply ? m().supplyAgrees : ""),
      holderTable(holders, sum, birth),
    ),
    section(
      `${m().movements} (${count(movements.length)})`,
      movementTable(movements.reverse(), birth),
    ),
  ];
}

function holderTable(holders: [Address, bigint][], sum: bigint, { decimals }: Birth): HTMLElement {
  return table<[Address, bigint]>(
    m().holders,
    [
      { title: m().member, cell: ([member]) => addressLink(member) },
      { title: m().pointsTitle, cell: ([, held]) => points(held, decimals), number: true },
      { title: m().share, cell: ([, held]) => share(held, sum), number: true },
    ],
    holders,
  );
}

function share(part: bigint, whole: bigint): string {
  const perMille = whole === 0n ? 0 : Number((part * 1000n) / whole);
  return `${count(perMille / 10)} %`;
}

function movementTable(rows: Movement[], { decimals }: Birth): HTMLElement {
  return table<Movement>(
    m().movements,
    [
      { title: m().member, cell: ({ member }) => addressLink(member) },
      { title: m().pointsTitle, cell: (each) => signed(each.points, decimals), number: true },
      { title: m().why, cell: whyCell },
      { title: m().transaction, cell: ({ tx }) => txLink(tx) },
      { title: m().block, cell: (each) => blockLink(each.block), number: true },
    ],
    rows,
  );
}

async function rolesSection({ rpc, config }: Context, issuer: Address, block: number) {
  const roles = await readRoles(rpc, issuer, config.firstBlock, block);
  const nobody = (address: Address) => (/^0x0+$/.test(address) ? m().none : addressLink(address));
  const changes = [...roles.changes].reverse();
  return section(
    m().roles,
    quiet(m().rolesExplained),
    facts([
      [m().issuer, addressLink(issuer)],
      [m().admin, nobody(roles.admin)],
      [
        m().pendingAdmin,
        /^0x0+$/.test(roles.pendingAdmin) ? null : addressLink(roles.pendingAdmin),
      ],
      [m().guardian, nobody(roles.guardian)],
      [m().roleDelay, m().hours.replace("{n}", count(Number(roles.delaySeconds) / 3600))],
      [m().operators, roles.operators.length === 0 ? m().none : operatorList(roles.operators)],
    ]),
    h("h3", null, m().roleChanges),
    table<RawLog>(
      m().roleChanges,
      [
        { title: m().event, cell: (log) => tell([log], new Map())[0] ?? decodeLog(log)?.name },
        { title: m().transaction, cell: ({ transactionHash }) => txLink(transactionHash) },
        { title: m().block, cell: ({ blockNumber }) => blockLink(blockNumber), number: true },
      ],
      changes,
    ),
  );
}

function operatorList(operators: { address: Address; from: bigint; active: boolean }[]): Child {
  return operators.map(({ address, from, active }) => {
    const since = active ? null : ` (${m().activeFrom.replace("{time}", moment(Number(from)))})`;
    return h("div", null, addressLink(address), since);
  });
}

async function sourceSection({ rpc }: Context, logic: Address, block: number) {
  const match = releasedAs(await codeOf(rpc, logic, block));
  return section(
    m().source,
    match
      ? h("p", null, badge(m().sourceMatches, "good"), " ", m().sourceMatchesText)
      : h("p", null, badge(m().sourceUnknown, "warn"), " ", m().sourceUnknownText),
    facts([
      [m().logic, addressLink(logic)],
      [m().compiler, match ? mono(`solc ${match.compiler}`) : null],
    ]),
    quiet(m().seeContract),
  );
}
