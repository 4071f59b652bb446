/**
 * A member's balance, proved here rather than believed. The node says what block N is; from there
 * on every step is computed: block hash from the header, account and storage from the state root,
 * the rules from the hash of the code, the balance from the stored word.
 */
import { keccak256 } from "viem/utils";
import type { Address, Hex } from "viem";

import { programAbi, question, topicOf } from "../abi";
import { logsOf } from "../logs";
import { type Calendar, periodAt } from "../program/calendar";
import { parseClone } from "../program/clone";
import { agedWord, decodeWord, type MemberWord, pointsOf, slotOf } from "../program/word";
import { asArray, asBig, asHex, asNumber, asObject, quantity, type Rpc, RpcError } from "../rpc";
import { headerHash, type RawBlock } from "./header";
import { big, decoded, hex, ProofError, provedValue } from "./trie";

export type CheckId = "header" | "account" | "code" | "storage" | "balance" | "logs" | "second";

export interface Check {
  id: CheckId;
  /** "open" where the question could not be asked: neither proved nor refuted. */
  state: "ok" | "failed" | "open";
  /** What was compared: what the node said, and what it should have been. */
  said?: string;
  proved?: string;
  why?: string;
}

export interface Verdict {
  /** 0 read only or refuted, 2 proved, 3 confirmed by a second node. */
  level: 1 | 2 | 3;
  refuted: boolean;
  block: number;
  blockHash: string;
  timestamp: number;
  checks: Check[];
  said: bigint;
  word: MemberWord | null;
  calendar: Calendar | null;
  milliseconds: number;
  requests: number;
}

export interface Subject {
  program: Address;
  member: Address;
  firstBlock: number;
}

interface Given {
  block: RawBlock;
  number: number;
  proof: Record<string, unknown>;
  code: Hex;
  said: bigint;
}

/** A node may answer for its newest block while it takes in the next one, from two states then. */
const AGAIN_MS = [500, 1500];

const EMPTY_CODE_HASH = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

/**
 * Proves the balance at the newest block. What does not hold is asked again, of the same block: a
 * lie stays one. Throws RpcError when there is nothing to check.
 */
export async function verify(rpc: Rpc, second: Rpc | null, subject: Subject): Promise<Verdict> {
  const started = performance.now();
  const before = rpc.sent;
  const number = asNumber(await rpc.one("eth_blockNumber"));
  let judged = await judge(rpc, second, subject, number);
  for (const wait of AGAIN_MS) {
    if (!judged.refuted) break;
    await new Promise((again) => setTimeout(again, wait));
    judged = await judge(rpc, second, subject, number);
  }
  const milliseconds = Math.round(performance.now() - started);
  return { ...judged, milliseconds, requests: rpc.sent - before };
}

async function judge(
  rpc: Rpc,
  second: Rpc | null,
  subject: Subject,
  number: number,
): Promise<Omit<Verdict, "milliseconds" | "requests">> {
  const given = await gather(rpc, subject, number);
  const checks: Check[] = [];
  const attempt = (id: CheckId, check: () => Omit<Check, "id" | "state"> | null) => {
    try {
      const wrong = check();
      checks.push({ id, state: wrong ? "failed" : "ok", ...wrong });
    } catch (error) {
      if (!(error instanceof ProofError) && !(error instanceof RpcError)) throw error;
      checks.push({ id, state: "failed", why: error.message });
    }
  };

  const blockHash = String(given.block.hash).toLowerCase();
  attempt("header", () => {
    if (asNumber(given.block.number) !== given.number) throw new ProofError("another block");
    return differ(blockHash, headerHash(given.block));
  });
  let storageRoot: Hex | null = null;
  let calendar: Calendar | null = null;
  attempt("account", () => {
    const account = provedAccount(given, subject.program);
    storageRoot = account.storageRoot;
    return differ(keccak256(given.code), account.codeHash);
  });
  attempt("code", () => {
    calendar = parseClone(given.code)?.calendar ?? null;
    return calendar ? null : { why: "not the code of a program" };
  });
  let stored: MemberWord | null = null;
  attempt("storage", () => {
    if (!storageRoot) throw new ProofError("no storage root");
    const slot = slotOf(subject.member);
    const entry = asObject(asArray(given.proof.storageProof)[0]);
    const held = provedValue(storageRoot, slot, asArray(entry.proof).map(asHex));
    const word = held ? big(decodedBytes(held)) : 0n;
    stored = decodeWord(word);
    return null;
  });
  const timestamp = asNumber(given.block.timestamp);
  const live = aged(stored, calendar, timestamp);
  attempt("balance", () => {
    if (!live) throw new ProofError("nothing was proved to compare with");
    return differ(String(given.said), String(pointsOf(live)));
  });
  const [logs, confirmed] = await Promise.all([
    sumCheck(rpc, subject, given.number, stored),
    second ? confirm(second, given.number, blockHash) : null,
  ]);
  checks.push(logs);
  if (confirmed) checks.push(confirmed);

  const refuted = checks.some(({ state }) => state === "failed");
  const sure = checks.find(({ id }) => id === "second")?.state === "ok";
  return {
    level: refuted ? 1 : sure ? 3 : 2,
    refuted,
    block: given.number,
    blockHash,
    timestamp,
    checks,
    said: given.said,
    word: live,
    calendar,
  };
}

async function gather(rpc: Rpc, { program, member }: Subject, number: number): Promise<Given> {
  const at = quantity(number);
  const balanceOf = question(programAbi, program, "balanceOf", [member]);
  const [block, proof, code, said] = await rpc.many([
    ["eth_getBlockByNumber", at, false],
    ["eth_getProof", program, [slotOf(member)], at],
    ["eth_getCode", program, at],
    ["eth_call", { to: program, data: balanceOf.data }, at],
  ]);
  const answer = asHex(said);
  if (answer.length !== 66) throw new RpcError("broken", "balanceOf");
  return {
    block: asObject(block),
    number,
    proof: asObject(proof),
    code: asHex(code),
    said: BigInt(answer),
  };
}

function provedAccount(given: Given, program: Address) {
  const root = asHex(given.block.stateRoot);
  const value = provedValue(root, program, asArray(given.proof.accountProof).map(asHex));
  const account = value ? decoded(value) : [];
  const [, , storageRoot, codeHash] = Array.isArray(account) ? account : [];
  if (!(storageRoot instanceof Uint8Array) || !(codeHash instanceof Uint8Array)) {
    throw new ProofError("no such contract in this state");
  }
  if (hex(codeHash) === EMPTY_CODE_HASH) throw new ProofError("an account without code");
  return { storageRoot: hex(storageRoot), codeHash: hex(codeHash) };
}

function decodedBytes(value: Uint8Array): Uint8Array {
  const word = decoded(value);
  if (!(word instanceof Uint8Array) || word.length > 32) throw new ProofError("not a word");
  return word;
}

function aged(stored: MemberWord | null, calendar: Calendar | null, timestamp: number) {
  if (!stored || !calendar) return null;
  return agedWord(stored, periodAt(timestamp, calendar), calendar.validity);
}

function differ(said: string, proved: string): Omit<Check, "id" | "state"> | null {
  return said === proved ? null : { said, proved };
}

/** Whether all points that came and went add up to what is stored, lapsed ones included. */
async function sumCheck(
  rpc: Rpc,
  subject: Subject,
  block: number,
  stored: MemberWord | null,
): Promise<Check> {
  try {
    const sum = await sumOfLogs(rpc, subject, block);
    if (!stored) return { id: "logs", state: "failed", why: "nothing was proved to compare with" };
    const wrong = differ(String(sum), String(pointsOf(stored)));
    return { id: "logs", state: wrong ? "failed" : "ok", ...wrong };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { id: "logs", state: "open", why: error.message };
  }
}

async function sumOfLogs(rpc: Rpc, subject: Subject, last: number): Promise<bigint> {
  const transfer = topicOf(programAbi, "Transfer");
  const who: Hex = `0x${subject.member.slice(2).toLowerCase().padStart(64, "0")}`;
  const of = (topics: (Hex | null)[]) => {
    return logsOf(rpc, { address: subject.program, topics }, subject.firstBlock, last);
  };
  const [received, sent] = await Promise.all([of([transfer, null, who]), of([transfer, who])]);
  const total = (logs: typeof sent) => logs.reduce((sum, { data }) => sum + asBig(data), 0n);
  return total(received) - total(sent);
}

/** What another node says that block's hash is. A node that is behind is asked again. */
async function confirm(second: Rpc, block: number, hash: string): Promise<Check> {
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const answer = await second.one("eth_getBlockByNumber", quantity(block), false);
      if (answer !== null) {
        const wrong = differ(asHex(asObject(answer).hash), hash);
        return { id: "second", state: wrong ? "failed" : "ok", ...wrong };
      }
      await new Promise((again) => setTimeout(again, 1000));
    }
    return { id: "second", state: "open", why: `block ${block}` };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { id: "second", state: "open", why: error.message };
  }
}
