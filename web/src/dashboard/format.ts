// Numbers, money, days and times as people read them.
import type { AmountFragment, AppointmentStatus } from "../../generated/graphql";

const LANGUAGE = "en";

export const count = (number: number) => new Intl.NumberFormat(LANGUAGE).format(number);
export const days = (number: number) => `${count(number)} ${number === 1 ? "day" : "days"}`;

// A share of 1; an en dash where there is nothing to share.
export const percent = (share: number | null | undefined) =>
  share == null
    ? "–"
    : new Intl.NumberFormat(LANGUAGE, { style: "percent", maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);

export function money({ amount, currency }: AmountFragment, options: Intl.NumberFormatOptions = {}): string {
  const style = { style: "currency", currency } as const;
  const decimals = new Intl.NumberFormat(LANGUAGE, style).resolvedOptions().maximumFractionDigits ?? 2;
  return new Intl.NumberFormat(LANGUAGE, { ...style, ...options }).format(amount / 10 ** decimals);
}

export const roundMoney = (amount: AmountFragment) => money(amount, { notation: "compact", maximumFractionDigits: 1 });
export const wholeMoney = (amount: AmountFragment) => money(amount, { maximumFractionDigits: 0 });

// A day such as 2026-06-15, which has no time zone.
export function day(iso: string, options: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" }): string {
  return new Intl.DateTimeFormat(LANGUAGE, { ...options, timeZone: "UTC" }).format(new Date(`${iso}T00:00Z`));
}

// An instant on the clock of a place.
export function time(instant: string, timeZone: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(
    new Date(instant),
  );
}

export function dayAndTime(instant: string, timeZone?: string): string {
  const options = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  const place = timeZone ? { timeZone } : {};
  return new Intl.DateTimeFormat(LANGUAGE, { ...options, ...place, hourCycle: "h23" }).format(new Date(instant));
}

// How long ago, for what has just happened.
export function ago(instant: string): string {
  const minutes = Math.round((Date.parse(instant) - Date.now()) / 60_000);
  const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
  if (minutes > -60) return relative.format(minutes, "minute");
  return minutes > -60 * 24 ? relative.format(Math.round(minutes / 60), "hour") : dayAndTime(instant);
}

export const STATUS: Record<AppointmentStatus, string> = {
  PENDING: "Pending",
  CONFIRMED: "Confirmed",
  CHECKED_IN: "Checked in",
  IN_PROGRESS: "In progress",
  COMPLETED: "Completed",
  CANCELLED: "Cancelled",
  NO_SHOW: "No-show",
  DECLINED: "Declined",
};
