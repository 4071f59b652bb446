#!/usr/bin/env node
// solc's command line as py-solc-x and Ape use it, in front of the npm package `solc`.
//
// Only `--version` and `--standard-json` are answered. The process ends by running out of
// work and never by process.exit: exiting right after a write truncates piped output at 64 KiB.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

function answer(argv) {
  if (argv.includes("--version")) {
    const solc = require("solc");
    return `solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`;
  }
  if (argv.includes("--standard-json")) {
    const solc = require("solc");
    return solc.compile(readFileSync(0, "utf8")) + "\n";
  }
  process.stderr.write("usage: solc --version | --standard-json < input.json\n");
  process.exitCode = 1;
  return "";
}

process.stdout.write(answer(process.argv.slice(2)));
