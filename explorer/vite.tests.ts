/** Bundles the unit tests for Node's own runner. */
import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

import { release } from "./vite.config";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [release()],
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: "node20",
    outDir: "../build/explorer-tests",
    emptyOutDir: true,
    copyPublicDir: false,
    minify: false,
    rollupOptions: {
      input: fileURLToPath(new URL("tests/proofs.test.ts", import.meta.url)),
      output: { entryFileNames: "[name].mjs" },
    },
  },
});
