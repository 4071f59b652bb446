/**
 * What a Merkle Patricia trie holds under a key, shown by the nodes on the way to it (Yellow
 * Paper, appendix D). Keys are hashed first, as Ethereum's state and storage tries do.
 */
import { fromRlp, hexToBytes, keccak256 } from "viem/utils";
import type { Hex } from "viem";

export class ProofError extends Error {}

type Item = Uint8Array | Item[];

/** keccak256 of the RLP of nothing: the root of an empty trie. */
const EMPTY_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

/**
 * The value under `key`, null where the proof shows that there is none. Throws ProofError when the
 * nodes do not lead from `root` to an answer: whoever made them up, or left one out, is caught.
 */
export function provedValue(root: Hex, key: Hex, proof: readonly Hex[]): Uint8Array | null {
  if (proof.length === 0 && root === EMPTY_ROOT) return null;
  const path = nibbles(hexToBytes(keccak256(key)));
  let depth = 0;
  let next = 0;
  let node: Item = stored(root, proof[next++]);
  for (;;) {
    if (!Array.isArray(node)) throw new ProofError("a node is not a list");
    let below: Item | undefined;
    if (node.length === 17) {
      if (depth === path.length) return value(node[16]);
      below = node[path[depth]!];
      depth += 1;
    } else if (node.length === 2) {
      const [own, isLeaf] = unpacked(node[0]);
      const agrees = own.every((nibble, at) => nibble === path[depth + at]);
      if (isLeaf) {
        return agrees && depth + own.length === path.length ? value(node[1]) : absent(proof, next);
      }
      if (!agrees) return absent(proof, next);
      depth += own.length;
      below = node[1];
    } else {
      throw new ProofError("a node has neither 2 nor 17 items");
    }
    if (below === undefined) throw new ProofError("a node is cut short");
    if (Array.isArray(below)) {
      // A node shorter than a hash stands inside the one above it.
      node = below;
    } else if (below.length === 0) {
      return absent(proof, next);
    } else if (below.length === 32) {
      node = stored(hex(below), proof[next++]);
    } else {
      throw new ProofError("a reference is neither a hash nor a node");
    }
  }
}

/** The node that hashes to `hash`. */
function stored(hash: Hex, node: Hex | undefined): Item {
  if (node === undefined) throw new ProofError("a node is missing");
  if (keccak256(node) !== hash.toLowerCase()) throw new ProofError("a node has another hash");
  return decoded(node);
}

/** Nothing is there, if the proof ends where the way does. */
function absent(proof: readonly Hex[], used: number): null {
  if (proof.length > used) throw new ProofError("nodes that lead nowhere");
  return null;
}

function value(item: Item | undefined): Uint8Array | null {
  if (!(item instanceof Uint8Array)) throw new ProofError("a value is not bytes");
  return item.length === 0 ? null : item;
}

/** Hex-prefix encoding: the nibbles of a leaf or an extension, and which it is. */
function unpacked(item: Item | undefined): [number[], boolean] {
  if (!(item instanceof Uint8Array) || item.length === 0) throw new ProofError("a path is empty");
  const packed = nibbles(item);
  const flags = packed[0]!;
  if (flags > 3) throw new ProofError("a path has unknown flags");
  return [packed.slice(flags & 1 ? 1 : 2), flags >= 2];
}

function nibbles(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** RLP as bytes and lists; ProofError where it is no RLP. */
export function decoded(encoded: Hex | Uint8Array): Item {
  try {
    return fromRlp(encoded, "bytes") as Item;
  } catch {
    throw new ProofError("not RLP");
  }
}

export function hex(bytes: Uint8Array): Hex {
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function big(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(hex(bytes));
}
