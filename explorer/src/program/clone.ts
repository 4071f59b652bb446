/**
 * What a program can never change, read from its own code: an EIP-1167 clone with its arguments
 * behind it (contracts/program/ProgramRules.sol). Whoever has the code's hash has all of it proved.
 */
import { decodeAbiParameters, hexToString } from "viem/utils";
import type { Address, Hex } from "viem";

import type { Calendar } from "./calendar";

const HEAD = "363d3d373d3d3d363d73";
const TAIL = "5af43d82803e903d91602b57fd5bf3";

/** The strings are read as bytes: their UTF-8 may be anything. */
const ARGUMENTS = [
  { type: "uint256" },
  { type: "uint256" },
  {
    type: "tuple",
    components: [
      { name: "name", type: "bytes" },
      { name: "symbol", type: "bytes" },
      { name: "contractURI", type: "bytes" },
      { name: "termsURI", type: "bytes" },
      { name: "termsHash", type: "bytes32" },
    ],
  },
] as const;

export interface Birth {
  logic: Address;
  issuer: Address;
  decimals: number;
  calendar: Calendar;
  signedOnly: boolean;
  noticeDays: number;
  name: string;
  symbol: string;
  contractURI: string;
}

/** The program that this code makes, null when it is not a program's. */
export function parseClone(code: Hex): Birth | null {
  const text = code.slice(2).toLowerCase();
  if (!text.startsWith(HEAD) || text.slice(60, 90) !== TAIL || text.length < 90 + 8 * 64)
    return null;
  try {
    const [rules, , identity] = decodeAbiParameters(ARGUMENTS, `0x${text.slice(90)}`);
    const field = (shift: bigint, bits: bigint) => Number((rules >> shift) & ((1n << bits) - 1n));
    const offset = field(48n, 16n);
    return {
      logic: `0x${text.slice(20, 60)}`,
      issuer: `0x${(rules >> 96n).toString(16).padStart(40, "0")}`,
      decimals: field(88n, 8n),
      calendar: {
        months: field(80n, 8n),
        validity: field(72n, 8n),
        offsetMinutes: offset >= 0x8000 ? offset - 0x10000 : offset,
      },
      signedOnly: field(64n, 8n) !== 0,
      noticeDays: field(32n, 16n),
      name: hexToString(identity.name),
      symbol: hexToString(identity.symbol),
      contractURI: hexToString(identity.contractURI),
    };
  } catch {
    return null;
  }
}
