/** What is read of programs and of the contract that issues them. */
import type { Address, Hex } from "viem";

import {
  decodeLog,
  factoryAbi,
  programAbi,
  question,
  type RawLog,
  settlementAbi,
  topicOf,
} from "../abi";
import { logsOf } from "../logs";
import { asHex, quantity, type Rpc } from "../rpc";
import type { Config } from "../settings";
import { type Birth, parseClone } from "./clone";

export interface Limits {
  supplyCap: bigint;
  mintPerDay: bigint;
  debitPerDay: bigint;
}

export interface ProgramNow {
  supply: bigint;
  nextSeq: bigint;
  paused: boolean;
  limits: Limits;
  wanted: [Limits, bigint];
  budgets: [bigint, bigint, bigint];
  terms: [Hex, string];
  nextTerms: [Hex, string, bigint];
  redemptionUntil: bigint;
}

const VIEWS = [
  "totalSupply",
  "nextSeq",
  "mintPaused",
  "limits",
  "announcedLimits",
  "budgetsLeft",
  "terms",
  "announcedTerms",
  "redemptionUntil",
];

export async function codeOf(rpc: Rpc, address: Address, block: number): Promise<Hex> {
  return asHex(await rpc.one("eth_getCode", address, quantity(block)));
}

export async function readProgram(rpc: Rpc, program: Address, block: number): Promise<ProgramNow> {
  const asked = VIEWS.map((view) => question(programAbi, program, view));
  const [supply, nextSeq, paused, limits, wanted, budgets, terms, nextTerms, redemptionUntil] =
    await rpc.ask(asked, block);
  return {
    supply: supply as bigint,
    nextSeq: nextSeq as bigint,
    paused: paused as boolean,
    limits: limits as Limits,
    wanted: wanted as [Limits, bigint],
    budgets: budgets as [bigint, bigint, bigint],
    terms: terms as [Hex, string],
    nextTerms: nextTerms as [Hex, string, bigint],
    redemptionUntil: redemptionUntil as bigint,
  };
}

export interface Known {
  address: Address;
  birth: Birth;
}

/** The programs that the factory made, oldest first; none where no factory is known. */
export async function knownPrograms(rpc: Rpc, config: Config, block: number): Promise<Known[]> {
  if (!config.factory) return [];
  const filter = { address: config.factory, topics: [topicOf(factoryAbi, "ProgramCreated")] };
  const logs = await logsOf(rpc, filter, config.firstBlock, block);
  const addresses = logs.map((log) => decodeLog(log)?.args.program as Address).filter(Boolean);
  return birthsOf(rpc, addresses, block);
}

/** Those among the addresses that are programs. */
export async function birthsOf(rpc: Rpc, addresses: Address[], block: number): Promise<Known[]> {
  const at = quantity(block);
  const codes = await rpc.many(addresses.map((each) => ["eth_getCode", each, at]));
  return addresses.flatMap((address, index) => {
    const birth = parseClone(asHex(codes[index]));
    return birth ? [{ address, birth }] : [];
  });
}

export interface Roles {
  admin: Address;
  pendingAdmin: Address;
  guardian: Address;
  delaySeconds: bigint;
  operators: { address: Address; from: bigint; active: boolean }[];
  changes: RawLog[];
}

/** Who may do what at a settlement contract, and every change of it. */
export async function readRoles(rpc: Rpc, settlement: Address, first: number, block: number) {
  const events = [
    "OperatorAdded",
    "OperatorRemoved",
    "GuardianNamed",
    "GuardianChanged",
    "AdminTransferStarted",
    "AdminChanged",
  ];
  const topics = [events.map((name) => topicOf(settlementAbi, name))];
  const changes = await logsOf(rpc, { address: settlement, topics }, first, block);
  const named = new Set<Address>();
  for (const log of changes) {
    const event = decodeLog(log, [settlementAbi]);
    if (event?.name === "OperatorAdded") named.add(event.args.operator as Address);
    if (event?.name === "OperatorRemoved") named.delete(event.args.operator as Address);
  }
  const of = (view: string, args: unknown[] = []) =>
    question(settlementAbi, settlement, view, args);
  const operators = [...named];
  const [admin, pendingAdmin, guardian, delaySeconds, ...rest] = await rpc.ask(
    [
      of("admin"),
      of("pendingAdmin"),
      of("guardian"),
      of("roleDelay"),
      ...operators.flatMap((each) => [of("operatorFrom", [each]), of("isOperator", [each])]),
    ],
    block,
  );
  return {
    admin: admin as Address,
    pendingAdmin: pendingAdmin as Address,
    guardian: guardian as Address,
    delaySeconds: delaySeconds as bigint,
    operators: operators.map((address, at) => ({
      address,
      from: rest[at * 2] as bigint,
      active: rest[at * 2 + 1] as boolean,
    })),
    changes,
  } satisfies Roles;
}
