/** Builds the explorer into build/explorer; EXPLORER_BASE is the path that it is served at. */
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { hexToBytes, keccak256 } from "viem";

const CONTRACTS = ["LoyaltyProgram", "Settlement", "ProgramFactory", "LoyaltyBadge"];
const VIRTUAL = "virtual:release";

interface Artifact {
  compiler: string;
  deployedBytecode: `0x${string}`;
  immutableReferences: Record<string, { start: number; length: number }[]>;
}

/** What the explorer compares deployed code with: hashes, so that the code stays out of it. */
function released(name: string) {
  const path = new URL(`../build/contracts/${name}.json`, import.meta.url);
  const artifact = JSON.parse(readFileSync(path, "utf8")) as Artifact;
  const code = hexToBytes(artifact.deployedBytecode);
  const immutables = Object.values(artifact.immutableReferences)
    .flat()
    .map(({ start, length }) => [start, length] as const);
  for (const [start, length] of immutables) code.fill(0, start, start + length);
  const { compiler } = artifact;
  return { name, compiler, length: code.length, hash: keccak256(code), immutables };
}

export function release(): Plugin {
  return {
    name: "release",
    resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : undefined),
    load: (id) =>
      id === `\0${VIRTUAL}`
        ? `export const release = ${JSON.stringify(CONTRACTS.map(released))};`
        : undefined,
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: process.env.EXPLORER_BASE ?? "/explorer/",
  plugins: [release()],
  build: {
    target: "es2022",
    outDir: "../build/explorer",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    assetsInlineLimit: 0,
  },
});
