/** The contracts' interfaces as the compiler wrote them, and what is read of them. */
import {
  decodeEventLog,
  decodeFunctionData,
  decodeFunctionResult,
  encodeFunctionData,
  toEventSelector,
} from "viem/utils";
import type { Abi, AbiEvent, AbiFunction, Address, Hex } from "viem";

import { abi as badgeAbi } from "../../build/contracts/ILoyaltyBadge.json";
import { abi as programAbi } from "../../build/contracts/ILoyaltyProgram.json";
import { abi as factoryAbi } from "../../build/contracts/IProgramFactory.json";
import { abi as settlementAbi } from "../../build/contracts/ISettlement.json";

export { badgeAbi, factoryAbi, programAbi, settlementAbi };

export type Values = Record<string, unknown>;

export interface Decoded {
  name: string;
  args: Values;
}

export interface RawLog {
  address: Address;
  topics: Hex[];
  data: Hex;
  blockNumber: number;
  transactionHash: Hex;
  logIndex: number;
}

/** The first topic of an event, by its name in an interface. */
export function topicOf(abi: Abi, name: string): Hex {
  const event = abi.find((item): item is AbiEvent => item.type === "event" && item.name === name);
  if (!event) throw new Error(`no event ${name}`);
  return toEventSelector(event);
}

/** A log of one of our contracts in words; null for any other. */
export function decodeLog(log: RawLog, abis = [programAbi, settlementAbi, factoryAbi, badgeAbi]) {
  for (const abi of abis) {
    try {
      const { eventName, args } = decodeEventLog({
        abi,
        topics: log.topics as [Hex, ...Hex[]],
        data: log.data,
        strict: true,
      });
      return { name: eventName ?? "", args: (args ?? {}) as Values } satisfies Decoded;
    } catch {
      continue;
    }
  }
  return null;
}

/** A call's function and arguments; null when no interface of ours has it. */
export function decodeInput(data: Hex): { abi: AbiFunction; name: string; args: unknown[] } | null {
  for (const abi of [settlementAbi, programAbi, factoryAbi, badgeAbi]) {
    try {
      const { functionName, args } = decodeFunctionData({ abi, data });
      const item = abi.find((each) => each.type === "function" && each.name === functionName);
      return { abi: item as AbiFunction, name: functionName, args: (args ?? []) as unknown[] };
    } catch {
      continue;
    }
  }
  return null;
}

export interface Question {
  to: Address;
  data: Hex;
  decode: (answer: Hex) => unknown;
}

/** A call of a view: what to send, and how to read the answer. */
export function question(abi: Abi, to: Address, functionName: string, args: unknown[] = []) {
  return {
    to,
    data: encodeFunctionData({ abi, functionName, args }),
    decode: (data: Hex) => decodeFunctionResult({ abi, functionName, data, args }) as unknown,
  } satisfies Question;
}
