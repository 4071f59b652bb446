/** A transaction told in sentences, from the logs that it left. */
import type { Address } from "viem";

import { type Decoded, decodeLog, type RawLog } from "./abi";
import { m } from "./i18n";
import { addressLink, short, tokenLink } from "./paths";
import { type Movement, movementsOf, type Why } from "./program/movements";
import { type Child, fill } from "./ui/dom";
import { count, moment, points } from "./ui/format";

export interface ProgramName {
  name: string;
  decimals: number;
}

export type Names = Map<string, ProgramName>;

/** The name of a program by its address, its address where it is none we know. */
export function nameOf(names: Names, program: Address): string {
  return names.get(program.toLowerCase())?.name || short(program);
}

export function some(kind: "members" | "operations" | "programs", value: bigint | number): string {
  const [one, other] = m()[kind];
  const plural = new Intl.PluralRules(document.documentElement.lang).select(Number(value));
  return (plural === "one" ? one : other).replace("{n}", count(value));
}

export function amount(value: bigint, decimals: number): string {
  const size = value < 0n ? -value : value;
  const [one, other] = m().points;
  const plural = new Intl.PluralRules(document.documentElement.lang).select(Number(size));
  return (plural === "one" ? one : other).replace("{n}", points(size, decimals));
}

/** What happened, program by program, in the order in which it was logged. */
export function tell(logs: RawLog[], names: Names): Child[] {
  const byProgram = new Map<Address, Movement[]>();
  for (const each of movementsOf(logs)) {
    byProgram.set(each.program, [...(byProgram.get(each.program) ?? []), each]);
  }
  const told: Child[] = [];
  for (const log of logs) {
    const event = decodeLog(log);
    if (!event) continue;
    if (event.name === "BatchApplied" || event.name === "Redeemed" || event.name === "Lapsed") {
      told.push(...movementSentences(byProgram.get(log.address) ?? [], names));
      byProgram.delete(log.address);
    }
    told.push(sentence(event, log, names));
  }
  return told.filter((each) => each !== null);
}

function movementSentences(movements: Movement[], names: Names): Child[] {
  const kinds = new Set(movements.map(({ why }) => why));
  return [...kinds].flatMap((why) => {
    const of = movements.filter((each) => each.why === why);
    return why === "rebound" ? [] : [movementSentence(why, of, names)];
  });
}

function movementSentence(why: Why, movements: Movement[], names: Names): Child {
  const { program } = movements[0]!;
  const decimals = names.get(program.toLowerCase())?.decimals ?? 0;
  const members = [...new Set(movements.map(({ member }) => member))];
  const who = members.length === 1 ? addressLink(members[0]!) : some("members", members.length);
  const total = movements.reduce((sum, each) => sum + each.points, 0n);
  const values = { who, points: amount(total, decimals), program: link(program, names) };
  return fill(m().moved[why], values);
}

function link(program: Address, names: Names): Child {
  return tokenLink(program, nameOf(names, program));
}

/** One event in words; null where the movements have said it already. */
function sentence({ name, args }: Decoded, log: RawLog, names: Names): Child {
  const told = (m().told as Record<string, string>)[name];
  if (!told) return null;
  const decimals = names.get(log.address.toLowerCase())?.decimals ?? 0;
  const values: Record<string, Child> = { program: link(log.address, names) };
  for (const [key, value] of Object.entries(args)) {
    values[key] = shown(key, value, decimals);
  }
  if (name === "BatchApplied") values.operations = some("operations", args.wordCount as bigint);
  if (name === "MintPauseSet") return fill(args.paused ? m().paused : m().unpaused, values);
  if (name === "SignedOnlySet") return fill(args.signedOnly ? m().signedOn : m().signedOff, values);
  if (name === "ProgramCreated")
    values.name = tokenLink(args.program as Address, String(args.name));
  return fill(told, values);
}

const MOMENTS = new Set(["effectiveAt", "activeFrom", "redemptionUntil"]);
const AMOUNTS = new Set(["amount", "unpaid", "supplyCap", "mintPerDay", "debitPerDay"]);

function shown(key: string, value: unknown, decimals: number): Child {
  if (typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value)) return addressLink(value);
  if (typeof value === "string" && value.startsWith("0x")) return short(value);
  if (MOMENTS.has(key) && typeof value === "bigint") return moment(Number(value));
  if (AMOUNTS.has(key) && typeof value === "bigint") return amount(value, decimals);
  if (AMOUNTS.has(key)) return amount(BigInt(String(value)), decimals);
  return typeof value === "object" ? "" : String(value);
}
