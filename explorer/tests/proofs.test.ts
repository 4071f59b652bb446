/** Tries, headers and words against what a real node answered; see tests/unit/test_explorer.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { keccak256, toHex, toRlp } from "viem/utils";
import type { Hex } from "viem";

import { decodeLog } from "../src/abi";
import { asAddress } from "../src/paths";
import { type Calendar, expiresAt, periodAt } from "../src/program/calendar";
import { parseClone } from "../src/program/clone";
import { holdersOf, movementsOf } from "../src/program/movements";
import { agedWord, decodeWord, pointsOf, slotOf } from "../src/program/word";
import { batchesOf } from "../src/program/words";
import { headerHash, type RawBlock } from "../src/proof/header";
import { releasedAs } from "../src/proof/release";
import { big, decoded, hex, ProofError, provedValue } from "../src/proof/trie";
import { asLog } from "../src/rpc";

interface Answers {
  blocks: RawBlock[];
  program: Hex;
  code: Hex;
  logic: Hex;
  logicCode: Hex;
  accountProof: Hex[];
  members: {
    address: Hex;
    word: Hex;
    balance: Hex;
    storageProof: Hex[];
  }[];
  supply: Hex;
  logs: unknown[];
  settle: Hex;
}

const path = process.env.MEREAU_ANSWERS;
assert.ok(path, "MEREAU_ANSWERS names the file of the node's answers");
const node = JSON.parse(readFileSync(path, "utf8")) as Answers;
const head = node.blocks.at(-1)!;
const stateRoot = head.stateRoot as Hex;

function account() {
  const value = provedValue(stateRoot, node.program, node.accountProof);
  assert.ok(value);
  const [, , storageRoot, codeHash] = decoded(value) as Uint8Array[];
  return { storageRoot: hex(storageRoot!), codeHash: hex(codeHash!) };
}

function tampered(proof: Hex[], at: number): Hex[] {
  const broken = [...proof];
  const last = broken[at]!.at(-1) === "0" ? "1" : "0";
  broken[at] = `${broken[at]!.slice(0, -1)}${last}` as Hex;
  return broken;
}

test("a block's hash is that of its header, and of no other", () => {
  for (const block of node.blocks) assert.equal(headerHash(block), block.hash);
  const changes = {
    stateRoot: `0x${"11".repeat(32)}`,
    number: "0x1",
    timestamp: "0x2",
    gasUsed: "0x3",
  };
  for (const [field, value] of Object.entries(changes)) {
    assert.notEqual(headerHash({ ...head, [field]: value }), head.hash, field);
  }
  assert.notEqual(headerHash({ ...head, requestsHash: undefined }), head.hash);
  assert.throws(() => headerHash({ ...head, stateRoot: 7 }));
});

test("the contract's account is in the state, with the hash of its code", () => {
  assert.equal(account().codeHash, keccak256(node.code));
});

test("every member's word is proved, those without one included", () => {
  const { storageRoot } = account();
  const held = node.members.filter(({ address, word, storageProof }) => {
    const value = provedValue(storageRoot, slotOf(address), storageProof);
    const proved = value ? big(decoded(value) as Uint8Array) : 0n;
    assert.equal(proved, BigInt(word), address);
    return proved !== 0n;
  });
  assert.ok(held.length > 3 && held.length < node.members.length);
});

test("a node that was changed, left out, added or swapped is refused", () => {
  const { storageRoot } = account();
  const [first, second] = node.members as [Answers["members"][0], Answers["members"][0]];
  const slot = slotOf(first.address);
  const proof = first.storageProof;
  const wrong: Hex[][] = [
    ...proof.map((_, at) => tampered(proof, at)),
    proof.slice(0, -1),
    proof.slice(1),
    [],
    [...proof].reverse(),
    second.storageProof,
  ];
  for (const each of wrong) {
    assert.throws(() => provedValue(storageRoot, slot, each), ProofError, JSON.stringify(each));
  }
  assert.throws(() => provedValue(stateRoot, slot, proof), ProofError);
  assert.throws(
    () => provedValue(stateRoot, node.program, node.accountProof.slice(0, 1)),
    ProofError,
  );
});

test("absence cannot be claimed by stopping early", () => {
  const { storageRoot } = account();
  const member = node.members[0]!;
  assert.ok(member.storageProof.length > 1);
  for (let many = 0; many < member.storageProof.length; many += 1) {
    const cut = member.storageProof.slice(0, many);
    assert.throws(() => provedValue(storageRoot, slotOf(member.address), cut), ProofError);
  }
});

test("a trie of one leaf, and one with a node inside a node", () => {
  const key: Hex = "0x01";
  const path = keccak256(key).slice(2);
  const leaf = toRlp([`0x20${path}`, "0x05"]);
  assert.deepEqual(provedValue(keccak256(leaf), key, [leaf]), Uint8Array.of(5));
  const other = toRlp([`0x20${path.slice(0, -2)}ff`, "0x05"]);
  assert.equal(provedValue(keccak256(other), key, [other]), null);
  // An extension of 62 nibbles, then a branch that holds its short leaf itself.
  const [high, low] = [path.at(-2)!, path.at(-1)!];
  const children: (Hex | Hex[])[] = Array.from({ length: 17 }, () => "0x");
  children[parseInt(high, 16)] = [`0x3${low}`, "0x07"];
  const branch = toRlp(children);
  const top = toRlp([`0x00${path.slice(0, -2)}`, keccak256(branch)]);
  assert.deepEqual(provedValue(keccak256(top), key, [top, branch]), Uint8Array.of(7));
  assert.throws(() => provedValue(keccak256(top), key, [top]), ProofError);
  assert.throws(() => provedValue(keccak256("0x83"), key, ["0x83"]), ProofError);
});

test("a word read by hand is what balanceOf says", () => {
  const birth = parseClone(node.code)!;
  const period = periodAt(Number(head.timestamp), birth.calendar);
  for (const { word, balance } of node.members) {
    const live = agedWord(decodeWord(BigInt(word)), period, birth.calendar.validity);
    assert.equal(pointsOf(live), BigInt(balance));
  }
});

test("the clone's code says what the program was born with", () => {
  const birth = parseClone(node.code)!;
  assert.equal(birth.name, "Fidélité");
  assert.equal(birth.symbol, "FID");
  assert.equal(birth.logic, node.logic);
  assert.deepEqual(birth.calendar, { months: 3, validity: 2, offsetMinutes: 60 });
  assert.equal(parseClone(node.logicCode), null);
  assert.equal(parseClone(`${node.code.slice(0, 120)}` as Hex), null);
});

test("ageing drops what is past its validity and nothing else", () => {
  const word = decodeWord(
    (7n << 240n) | (3n << 201n) | (1n << 200n) | (9n << 80n) | (4n << 40n) | 2n,
  );
  assert.deepEqual(word.buckets, [2n, 4n, 9n, 0n, 0n]);
  assert.ok(word.signedOnly);
  assert.equal(word.nonce, 3n);
  assert.deepEqual(agedWord(word, 8, 2).buckets, [0n, 2n, 4n, 0n, 0n]);
  assert.deepEqual(agedWord(word, 12, 4).buckets, [0n, 0n, 0n, 0n, 0n]);
  assert.equal(agedWord(word, 6, 2), word);
});

test("periods are calendar months in the program's time", () => {
  const paris: Calendar = { months: 3, validity: 1, offsetMinutes: 60 };
  const newYear = Date.UTC(2027, 0, 1) / 1000 - 3600;
  assert.equal(periodAt(newYear, paris), 2027 * 4);
  assert.equal(periodAt(newYear - 1, paris), 2027 * 4 - 1);
  assert.equal(expiresAt(2027 * 4, paris), Date.UTC(2027, 6, 1) / 1000 - 3600);
  assert.equal(expiresAt(1, { months: 0, validity: 0, offsetMinutes: 0 }), null);
});

test("the logs add up to the supply, each movement with its reason", () => {
  const movements = movementsOf(node.logs.map(asLog));
  const total = holdersOf(movements).reduce((sum, [, points]) => sum + points, 0n);
  assert.equal(total, BigInt(node.supply));
  const reasons = new Set(movements.map(({ why }) => why));
  const all = ["burned", "earned", "lapsed", "rebound", "redeemed", "restored"];
  assert.deepEqual([...reasons].sort(), all);
});

test("a settlement's words are unpacked", () => {
  const [batch] = batchesOf(node.settle);
  assert.ok(batch);
  const kinds = batch.operations.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["bonus", "redeem", "return", "restore", "credit", "debit"]);
  assert.equal(batch.operations[0]!.points, 20n);
  assert.equal(batch.operations[0]!.reason, 4);
  assert.deepEqual(batchesOf("0x12345678"), []);
});

test("what no interface has is not decoded", () => {
  const log = asLog(node.logs[0]);
  assert.equal(decodeLog(log)?.name, "Transfer");
  assert.equal(decodeLog({ ...log, topics: [keccak256(toHex("Nonsense()"))] }), null);
  assert.equal(decodeLog({ ...log, topics: [] }), null);
});

test("deployed code is recognised by the bytes that the sources give", () => {
  assert.equal(releasedAs(node.logicCode)?.name, "LoyaltyProgram");
  const other = node.logicCode.replace(/.{8}$/, "00000000") as Hex;
  assert.equal(releasedAs(other), null);
  assert.equal(releasedAs("0x"), null);
});

test("an address with a wrong checksum is none", () => {
  const right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
  assert.equal(asAddress(right), right);
  assert.equal(asAddress(right.toLowerCase()), right);
  assert.equal(asAddress(right.replace("aAe", "aae")), null);
  assert.equal(asAddress("0x1234"), null);
});
