/** The hash of a block, made again from the fields that the node says the block has. */
import { keccak256, toRlp } from "viem/utils";
import type { Hex } from "viem";

import { asBig, asHex } from "../rpc";

type Kind = "bytes" | "quantity";

const FIELDS: [string, Kind][] = [
  ["parentHash", "bytes"],
  ["sha3Uncles", "bytes"],
  ["miner", "bytes"],
  ["stateRoot", "bytes"],
  ["transactionsRoot", "bytes"],
  ["receiptsRoot", "bytes"],
  ["logsBloom", "bytes"],
  ["difficulty", "quantity"],
  ["number", "quantity"],
  ["gasLimit", "quantity"],
  ["gasUsed", "quantity"],
  ["timestamp", "quantity"],
  ["extraData", "bytes"],
  ["mixHash", "bytes"],
  ["nonce", "bytes"],
];

/** Added by London, Shanghai, Cancun and Prague; a header has the first so many of them. */
const LATER: [string, Kind][] = [
  ["baseFeePerGas", "quantity"],
  ["withdrawalsRoot", "bytes"],
  ["blobGasUsed", "quantity"],
  ["excessBlobGas", "quantity"],
  ["parentBeaconBlockRoot", "bytes"],
  ["requestsHash", "bytes"],
];

export type RawBlock = Record<string, unknown>;

/** keccak256 of the header's RLP. Throws RpcError where a field is not what it should be. */
export function headerHash(block: RawBlock): Hex {
  const missing = LATER.findIndex(([name]) => block[name] === undefined || block[name] === null);
  const later = missing < 0 ? LATER : LATER.slice(0, missing);
  return keccak256(toRlp([...FIELDS, ...later].map(([name, kind]) => field(block[name], kind))));
}

function field(value: unknown, kind: Kind): Hex {
  if (kind === "bytes") return asHex(value);
  const number = asBig(value);
  if (number === 0n) return "0x";
  const digits = number.toString(16);
  return `0x${digits.length % 2 ? "0" : ""}${digits}`;
}
