/** Points that came and went, each with what the log beside it says about why. */
import type { Address, Hex } from "viem";

import { decodeLog, programAbi, type RawLog } from "../abi";

export const NOBODY = "0x0000000000000000000000000000000000000000";

export type Why = "earned" | "restored" | "burned" | "redeemed" | "lapsed" | "rebound";

export interface Movement {
  program: Address;
  member: Address;
  /** Negative for what went. */
  points: bigint;
  why: Why;
  age?: number;
  /** The other address of a rebind. */
  other?: Address;
  block: number;
  tx: Hex;
  logIndex: number;
}

/** The movements in a list of logs in the chain's order; a note belongs to the log before it. */
export function movementsOf(logs: RawLog[]): Movement[] {
  const found: Movement[] = [];
  for (const log of logs) {
    const event = decodeLog(log, [programAbi]);
    if (!event) continue;
    const { name, args } = event;
    if (name === "Transfer") {
      const minted = args.from === NOBODY;
      if (!minted && args.to !== NOBODY) continue;
      found.push({
        program: log.address,
        member: (minted ? args.to : args.from) as Address,
        points: minted ? (args.value as bigint) : -(args.value as bigint),
        why: minted ? "earned" : "burned",
        block: log.blockNumber,
        tx: log.transactionHash,
        logIndex: log.logIndex,
      });
      continue;
    }
    explain(found, log, name, args);
  }
  return found;
}

function explain(found: Movement[], log: RawLog, name: string, args: Record<string, unknown>) {
  const before = (back: number) => {
    const each = found.findLast(({ logIndex, tx, program }) => {
      const near = logIndex === log.logIndex - back && tx === log.transactionHash;
      return near && program === log.address;
    });
    return each ?? null;
  };
  const last = before(1);
  if (name === "Rebound") {
    // Whoever asked for one member's logs has one of the two transfers.
    const pair = [before(1), before(2)].filter((each) => each !== null);
    for (const each of pair) {
      each.why = "rebound";
      each.other = (each.points > 0n ? args.from : args.to) as Address;
    }
  } else if (last && name === "Lapsed") {
    last.why = "lapsed";
  } else if (last && name === "Redeemed") {
    last.why = "redeemed";
  } else if (last && name === "Restored") {
    last.why = "restored";
    last.age = Number(args.age);
  }
}

/** What every member holds in the ledger of a program, the most first. */
export function holdersOf(movements: Movement[]): [Address, bigint][] {
  const held = new Map<Address, bigint>();
  for (const { member, points } of movements) held.set(member, (held.get(member) ?? 0n) + points);
  return [...held]
    .filter(([, points]) => points !== 0n)
    .sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
}
