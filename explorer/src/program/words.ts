/** The operations that a settlement sent, unpacked (contracts/interfaces/IProgramBatch.sol). */
import type { Address, Hex } from "viem";

import { decodeInput } from "../abi";

export const KINDS = ["accrue", "bonus", "redeem", "return", "restore", "credit", "debit"] as const;
export type Kind = (typeof KINDS)[number];

export interface Operation {
  member: Address;
  kind: Kind | null;
  age: number;
  reason: number;
  points: bigint;
}

export interface Batch {
  program: Address;
  seq: bigint;
  receiptsRoot: Hex;
  operations: Operation[];
}

export function unpackWord(word: bigint): Operation {
  const field = (shift: bigint, bits: bigint) => Number((word >> shift) & ((1n << bits) - 1n));
  return {
    member: `0x${(word >> 96n).toString(16).padStart(40, "0")}`,
    kind: KINDS[field(88n, 8n) - 1] ?? null,
    age: field(80n, 8n),
    reason: field(64n, 16n),
    points: word & ((1n << 40n) - 1n),
  };
}

/** The batches of a `settle` call, none for any other. */
export function batchesOf(input: Hex): Batch[] {
  const call = decodeInput(input);
  if (call?.name !== "settle") return [];
  const given = call.args[0] as {
    program: Address;
    seq: bigint;
    receiptsRoot: Hex;
    words: bigint[];
  }[];
  return given.map(({ words, ...batch }) => ({ ...batch, operations: words.map(unpackWord) }));
}
