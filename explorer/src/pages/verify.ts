/** The proof of a balance as the reader sees it: three levels, and every step that led there. */
import type { Address } from "viem";

import { m } from "../i18n";
import { pathTo, short } from "../paths";
import { type Check, verify, type Verdict } from "../proof/verify";
import type { Context } from "../settings";
import { fill, h } from "../ui/dom";
import { count, moment } from "../ui/format";
import { alertBox } from "../ui/parts";

const STALE_SECONDS = 15 * 60;
const MARKS = { ok: "✓", failed: "✗", open: "–" } as const;

export async function verifyPanel(
  { rpc, second, config }: Context,
  program: Address,
  member: Address,
): Promise<HTMLElement> {
  const verdict = await verify(rpc, second, { program, member, firstBlock: config.firstBlock });
  const age = Math.floor(Date.now() / 1000) - verdict.timestamp;
  return h(
    "div",
    { class: `verify ${verdict.refuted ? "refuted" : "proved"}`, "data-level": verdict.level },
    verdict.refuted ? alertBox(m().caught) : null,
    h(
      "ol",
      { class: "levels" },
      [1, 2, 3].map((level) => levelLine(level as 1 | 2 | 3, verdict)),
    ),
    age > STALE_SECONDS
      ? h("p", { class: "warn" }, fill(m().stale, { time: moment(verdict.timestamp) }))
      : null,
    h(
      "details",
      verdict.refuted ? { open: true } : null,
      h("summary", null, m().steps),
      h("ul", { class: "checks" }, verdict.checks.map(checkLine)),
      h("p", { class: "quiet" }, effort(verdict)),
    ),
  );
}

function levelLine(level: 1 | 2 | 3, verdict: Verdict): HTMLElement {
  const reached = level === 1 || (!verdict.refuted && verdict.level >= level);
  const confirmation = verdict.checks.find(({ id }) => id === "second");
  const state = reached ? "ok" : verdict.refuted && level === 2 ? "failed" : "open";
  const shown = level === 3 && confirmation?.state === "failed" ? "failed" : state;
  const missed = level === 3 ? m().notReached.confirmed : m().notReached.proved;
  const reachedText = [m().levels.read, m().levels.proved, m().levels.confirmed][level - 1]!;
  const text = shown === "failed" ? missed : reachedText;
  const block = h(
    "a",
    { href: pathTo({ name: "block", block: String(verdict.block) }) },
    String(verdict.block),
  );
  const ask =
    level === 3 && !confirmation
      ? [" ", h("a", { href: pathTo({ name: "settings" }) }, m().nameSecond)]
      : null;
  return h("li", { class: shown }, mark(shown), fill(text, { block }), ask);
}

function checkLine(check: Check): HTMLElement {
  const differs = check.said !== undefined && check.proved !== undefined;
  return h(
    "li",
    { class: check.state, "data-check": check.id },
    mark(check.state),
    m().checks[check.id],
    check.why ? h("span", { class: "quiet" }, ` (${check.why})`) : null,
    differs
      ? h(
          "span",
          { class: "mono wrap" },
          " ",
          fill(m().saidProved, {
            said: shortened(check.said!),
            proved: shortened(check.proved!),
          }),
        )
      : null,
  );
}

/** A sign for the eye and a word for the ear. */
function mark(state: Check["state"]): HTMLElement {
  const words = { ok: m().markOk, failed: m().markFailed, open: m().markOpen };
  return h("span", { class: "mark", role: "img", "aria-label": words[state] }, MARKS[state]);
}

function shortened(value: string): string {
  return value.startsWith("0x") ? short(value) : value;
}

function effort({ milliseconds, requests }: Verdict): string {
  return m().effort.replace("{ms}", count(milliseconds)).replace("{n}", count(requests));
}
