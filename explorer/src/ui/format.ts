/** Numbers, dates and names in the reader's language. */
import { language, locale, m } from "../i18n";
import type { Calendar } from "../program/calendar";
import { startOf } from "../program/calendar";

export function count(value: bigint | number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

/** An amount of points; `decimals` 2 for a cashback pot. */
export function points(value: bigint, decimals = 0): string {
  if (decimals === 0) return count(value);
  const unit = 10n ** BigInt(decimals);
  const size = value < 0n ? -value : value;
  const separator = language() === "fr" ? "," : ".";
  const rest = (size % unit).toString().padStart(decimals, "0");
  return `${value < 0n ? "−" : ""}${count(size / unit)}${separator}${rest}`;
}

export function signed(value: bigint, decimals = 0): string {
  const size = value < 0n ? -value : value;
  return `${value < 0n ? "−" : "+"}${points(size, decimals)}`;
}

/** A moment in UTC. */
export function moment(timestamp: number): string {
  const form = { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" } as const;
  return `${new Intl.DateTimeFormat(locale(), form).format(timestamp * 1000)} UTC`;
}

/** The last day before `timestamp`, in the program's own time. */
export function lastDay(timestamp: number, { offsetMinutes }: Calendar): string {
  const form = { dateStyle: "long", timeZone: "UTC" } as const;
  const local = (timestamp - 1 + offsetMinutes * 60) * 1000;
  return new Intl.DateTimeFormat(locale(), form).format(local);
}

/** The months of an earning period, as "January – March 2027". */
export function periodName(period: number, calendar: Calendar): string {
  const start = startOf(period, calendar);
  const next = startOf(period + 1, calendar);
  if (start === null || next === null) return m().noPeriods;
  const form = { month: "long", year: "numeric", timeZone: "UTC" } as const;
  const local = (timestamp: number) => (timestamp + calendar.offsetMinutes * 60) * 1000;
  return new Intl.DateTimeFormat(locale(), form).formatRange(local(start), local(next) - 1);
}

export function offset(minutes: number): string {
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${String(size % 60).padStart(2, "0")}` : "";
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}
