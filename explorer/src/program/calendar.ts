/**
 * Earning periods: whole calendar months at a fixed offset from UTC, numbered
 * `(year * 12 + month - 1) / months`, as contracts/program/Calendar.sol counts them.
 */
const ENDLESS = 1;

export interface Calendar {
  /** Months per period; 0 for points that never expire. */
  months: number;
  /** Whole periods that points live after their own. */
  validity: number;
  offsetMinutes: number;
}

export function periodAt(timestamp: number, { months, offsetMinutes }: Calendar): number {
  if (months === 0) return ENDLESS;
  const local = new Date((timestamp + offsetMinutes * 60) * 1000);
  return Math.floor((local.getUTCFullYear() * 12 + local.getUTCMonth()) / months);
}

/** The first second of a period, null without an end. */
export function startOf(period: number, { months, offsetMinutes }: Calendar): number | null {
  if (months === 0) return null;
  const month = period * months;
  return Date.UTC(Math.floor(month / 12), month % 12, 1) / 1000 - offsetMinutes * 60;
}

/** The first second at which points of `period` are gone; null when they never are. */
export function expiresAt(period: number, calendar: Calendar): number | null {
  return startOf(period + calendar.validity + 1, calendar);
}
