/** Whether code on a chain is, byte for byte, what this release's sources compile to. */
import { hexToBytes, keccak256 } from "viem/utils";
import type { Hex } from "viem";
import { release, type ReleasedCode } from "virtual:release";

/** The contract of this release that has this code; what a constructor writes is left out. */
export function releasedAs(code: Hex): ReleasedCode | null {
  const bytes = hexToBytes(code);
  for (const each of release) {
    if (each.length !== bytes.length) continue;
    const masked = bytes.slice();
    for (const [start, length] of each.immutables) masked.fill(0, start, start + length);
    if (keccak256(masked) === each.hash) return each;
  }
  return null;
}
