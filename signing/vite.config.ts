/** Builds the card's signing script into build/signing: one classic script, served as an asset. */
import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "../build/signing",
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: fileURLToPath(new URL("src/main.ts", import.meta.url)),
      output: { format: "iife", entryFileNames: "signing.js" },
    },
  },
});
